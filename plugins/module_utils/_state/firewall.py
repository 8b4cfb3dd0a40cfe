# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps people of the host, and other apps, from an app's port: what they want there goes through the front.

nftables refuses a connection on the loopback interface by its port and by the user who opens it. People are refused by
their uids, and apps are; the host's services are not, so that a front, whoever's it is, always gets through. A table
of our own holds it, and no other rule is touched. An established connection is not looked at.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import subprocess
import time
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import read_text
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord, RecordError
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import owner_uid

TABLE = "inet pyapps"
NFT = "/usr/sbin/nft"
PEOPLE = "1000-60000, 65534"
"""Uids that Debian gives to people, UID_MIN to UID_MAX of ``/etc/login.defs``, and nobody's."""
AGAIN = 60.0
"""Seconds after which the same rules are written again: who loads rules of his own may have flushed ours."""
_LONGEST = 20.0  # seconds
_NET_ADMIN = 12  # linux/capability.h
_NGINX_CONF = "/etc/nginx/nginx.conf"
_NGINX_USER = re.compile(r"^\s*user\s+([^\s;]+)", re.MULTILINE)

_RULES = """\
table %(table)s { }
delete table %(table)s
table %(table)s {
    set barred { type uid; flags interval; elements = { %(barred)s } }
    set ports { type inet_service; elements = { %(ports)s } }
    set owners { type inet_service . uid; elements = { %(owners)s } }
    chain output {
        type filter hook output priority filter; policy accept;
        oifname "lo" tcp flags & (syn | ack) == syn tcp dport @ports meta skuid @barred %(fronts)s\
tcp dport . meta skuid != @owners reject with tcp reset
    }
}
"""


class FirewallError(Exception):
    """The rules cannot be written; the text says why, and what to do."""


class Port(t.NamedTuple):
    """A port of an instance.

    :ivar uid: of its app's user
    :ivar confined: whether the app is kept from other apps' ports
    """

    port: int
    uid: int
    confined: bool


class _Nft(subprocess.Popen[str]):
    """nft(8), which reads its rules from its input."""

    def __init__(self, *words: str) -> None:
        pipe = subprocess.PIPE
        super().__init__([NFT, *words], stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True, errors="replace")


def is_for(layout: Layout) -> bool:
    """Whether a host has these rules: root's own, but for a container of our image, where nobody else is."""
    return os.geteuid() == 0 and layout.root == "/" and not os.path.exists(layout.container_mark)


def obstacle() -> str | None:
    """Why this host cannot have the rules, and what to do; None when it can."""
    if not is_installed():
        return "nftables is not installed: apt install nftables"
    if not may_change():
        return "this container may not change the rules of its network: start it with --cap-add=NET_ADMIN"
    return None


def is_installed() -> bool:
    return os.access(NFT, os.X_OK)


def may_change() -> bool:
    """Whether this process may change the rules of its network: root of a container may not always."""
    status = read_text("/proc/self/status") or ""
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return found is not None and bool(int(found.group(1), 16) & 1 << _NET_ADMIN)


def ports_of(layout: Layout) -> list[Port]:
    """The ports of every instance of a host.

    :raises OSError: the apps' folders cannot be read
    """
    found = []
    for app in map(layout.app, layout.app_names()):
        uid = owner_uid(app)
        with contextlib.suppress(FileNotFoundError):
            for name in sorted(os.listdir(app.instances)):
                with contextlib.suppress(RecordError):
                    record = InstanceRecord.read(os.path.join(app.instances, name))
                    if uid is not None:
                        found.append(Port(record.port, uid, record.confined is not False))
    return found


def rules(ports: t.Sequence[Port], fronts: t.Iterable[int] = ()) -> str:
    """What nft reads: our table anew, in one step.

    :param fronts: uids of servers that are let through, whoever they are
    """
    barred = [PEOPLE, *map(str, sorted({port.uid for port in ports if port.confined}))]
    letting = ", ".join(map(str, sorted(set(fronts))))
    return _RULES % {
        "table": TABLE,
        "barred": ", ".join(barred),
        "ports": ", ".join(map(str, sorted({port.port for port in ports}))),
        "owners": ", ".join(sorted({"%d . %d" % (port.port, port.uid) for port in ports})),
        "fronts": "meta skuid != { %s } " % letting if letting else "",
    }


def nginx_uids() -> set[int]:
    """Who Debian's nginx works as, which can be a person."""
    found = _NGINX_USER.search(read_text(_NGINX_CONF) or "")
    with contextlib.suppress(KeyError):
        return {pwd.getpwnam(found.group(1)).pw_uid} if found else set()
    return set()


class Firewall:
    """The rules of one host, kept in line with its instances."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._written, self._when = "", 0.0

    def refresh(self) -> None:
        """Write the rules, unless that has been done a moment ago.

        :raises FirewallError: it cannot be done
        :raises OSError: the apps' folders cannot be read
        """
        ports = ports_of(self._layout)
        wanted = rules(ports, nginx_uids()) if ports else ""
        if wanted == self._written and time.monotonic() - self._when < AGAIN:
            return
        if wanted:
            write(wanted)
        else:
            remove()
        self._written, self._when = wanted, time.monotonic()


def write(text: str) -> None:
    """Have the kernel take rules.

    :raises FirewallError: it does not
    """
    reason = obstacle()
    if reason is None:
        with _Nft("-f", "-") as nft:
            try:
                output, _none = nft.communicate(text, timeout=_LONGEST)
            except subprocess.TimeoutExpired:
                nft.kill()
                output = "no answer within %g s" % _LONGEST
        if nft.returncode == 0:
            return
        reason = "nft: " + output.strip()[:500]
    raise FirewallError("other users of this host can reach the ports of apps: " + reason)


def is_there() -> bool:
    """Whether the kernel has rules of ours."""
    if obstacle():
        return False
    with _Nft("list", "table", *TABLE.split()) as nft:
        nft.communicate()
    return nft.returncode == 0


def remove() -> None:
    """Have the kernel forget our rules, if it has any.

    :raises FirewallError: it does not
    """
    if is_there():
        write("delete table %s\n" % TABLE)
