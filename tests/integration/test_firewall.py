# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewall in a kernel, in a network of the test's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t

from helpers.checkout import CHECKOUT

PERSON, SERVICE, NOBODY, APP, OTHER_APP = 1000, 33, 65534, 60706, 60707
RULES_OF_OTHERS = "table inet filter {\nchain input {\ntype filter hook input priority filter; policy accept;\n}\n}\n"
PROGRAM = """
import json, os, socket, subprocess, sys
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import firewall as _firewall
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.firewall import Port

subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
servers = []
for port in (20001, 20002, 20003):
    servers.append(socket.create_server(("127.0.0.1", port)))


def dial(uid, port):
    child = os.fork()
    if child == 0:
        os.setuid(uid)
        with socket.socket() as connection:
            connection.settimeout(5)
            os._exit(connection.connect_ex(("127.0.0.1", port)))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def ask(given):
    if "write" in given:
        _firewall.write(_firewall.rules([Port(*port) for port in given["write"]], given.get("fronts", [])))
    if "nft" in given:
        subprocess.run([_firewall.NFT, "-f", "-"], input=given["nft"], text=True, check=True)
    if "remove" in given:
        _firewall.remove()
    if "list" in given:
        return subprocess.run([_firewall.NFT, "list", "tables"], check=True, stdout=-1, text=True).stdout.split("\\n")
    return [dial(*words) for words in given.get("dial", [])]


for line in sys.stdin:
    print(json.dumps(ask(json.loads(line))), flush=True)
"""
REFUSED = 111  # ECONNREFUSED


class Network:
    """A network with three ports, and who dials them."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["unshare", "--net", sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONPATH": str(CHECKOUT / "collections")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **given: t.Any) -> t.Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(given) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def dial(self, uid: int, port: int) -> bool:
        """Whether a user gets a connection, or else is refused at once."""
        code: int = self.ask(dial=[(uid, port)])[0]
        assert code in (0, REFUSED)
        return code == 0

    def close(self) -> None:
        self._process.communicate()


def test_people_and_other_apps_get_no_connection_and_services_do() -> None:
    network = Network()
    try:
        assert network.dial(PERSON, 20001)
        network.ask(nft=RULES_OF_OTHERS, write=[(20001, APP, True), (20002, OTHER_APP, True)])
        assert not any(network.dial(uid, 20001) for uid in (PERSON, 60000, NOBODY, OTHER_APP))
        assert all(network.dial(uid, 20001) for uid in (0, SERVICE, 60001, APP))
        assert network.dial(PERSON, 20003), "no port of ours"

        # The next rules replace these: another port, another app that may use any, a front that works as a person.
        network.ask(write=[(20002, APP, False), (20003, OTHER_APP, True)], fronts=[PERSON])
        assert all(network.dial(uid, 20001) for uid in (PERSON, NOBODY, OTHER_APP))
        assert network.dial(APP, 20003)
        assert not network.dial(OTHER_APP, 20002)
        assert network.dial(PERSON, 20002)
        assert not network.dial(1001, 20002)

        network.ask(remove=True)
        assert network.dial(1001, 20002)
        assert network.ask(list=True) == ["table inet filter", ""]
        network.ask(remove=True)
    finally:
        network.close()
