# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts in a URL are this host, so that a front can refuse every other one.

A page of ``evil.example`` whose name suddenly leads to this host's address (DNS rebinding) is of the same origin as the
apps, for the browser: it may read them, and open their WebSockets. Only the name in ``Host`` tells it from a visitor.

What counts as this host's, and why:

- Names that were given, and those that the machine itself has. No DNS server is asked: who answers it is exactly who is
  not believed here, and a front's configuration must not change with the network.
- Every address, written as one. A browser sends an address as ``Host`` only for a URL that has it, and where that leads
  is no matter of DNS: a page of that origin came from this very address. So nothing changes when a host gets another
  one. (A neighbour who had this address before us, or takes it, could be taken for us; so could one who answers for a
  name of ours. Only TLS tells them apart.)
"""

from __future__ import annotations

import re
import socket
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import read_bytes

EVERY = "*"
"""In place of a name: any host is this one."""

_LOCAL_DOMAINS = ("local", "lan", "home.arpa", "internal")
"""Domains of a network at home (mDNS, routers). Nobody on the internet can have a name in them."""
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_ADDRESS = r"%s(?:\.%s){3}|\[[0-9a-f:.]+\]" % (_OCTET, _OCTET)
_LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(r"%s|(?:\*\.)?%s(?:\.%s)*" % (_ADDRESS, _LABEL, _LABEL))
_WILD = r"(?:%s\.)+" % _LABEL
_LONGEST = 253
# Python knows IDNA 2003, in which these become other letters than in a browser.
_DEVIATING = frozenset("\u00df\u03c2\u200c\u200d")


class HostNameError(ValueError):
    """This is no host's name; the text says what is allowed."""


def normal_name(name: str) -> str:
    """A name as browsers send it: small letters, no dot at the end, ``xn--`` in place of other letters.

    :param name: a name, an address (of IPv6 in brackets), ``*.`` and a name, or ``*``
    :raises HostNameError: it is none of these
    """
    if name == EVERY:
        return name
    try:
        if _DEVIATING & set(name):
            raise UnicodeError("IDNA 2003 and 2008 differ")
        normal = name.lower() if name.isascii() else name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise HostNameError("%r has no sure form in ASCII; write it as browsers send it (xn--...)" % name) from None
    normal = normal[:-1] if normal.endswith(".") else normal
    if not _HOST.fullmatch(normal) or len(normal) > _LONGEST:
        raise HostNameError(
            "%r is not allowed; expected a host name such as apps.example.com, *.example.com for every name below it, "
            "or * alone for every name" % name
        )
    return normal


def possible_names(words: t.Iterable[str]) -> list[str]:
    """Those of these words that can be a name; an inventory may call a host whatever it likes."""
    found = []
    for word in words:
        try:
            name = normal_name(word)
        except HostNameError:
            continue
        if EVERY not in name:
            found.append(name)
    return list(dict.fromkeys(found))


def own_names() -> list[str]:
    """The names that this machine has without asking anybody."""
    hosts = read_bytes("/etc/hosts") or b""
    return machine_names(socket.gethostname(), hosts.decode("utf-8", "replace"))


def machine_names(node: str, hosts: str) -> list[str]:
    """The names of a machine.

    :param node: its host name, with a domain or without
    :param hosts: the text of ``/etc/hosts``; lines that have the host name have further ones
    """
    node = node.lower()
    short = node.partition(".")[0]
    found = ["localhost", node, short, *("%s.%s" % (short, domain) for domain in _LOCAL_DOMAINS)]
    for line in hosts.splitlines():
        words = line.partition("#")[0].lower().split()[1:]
        if {node, short} & set(words):
            found += words
    return possible_names(found)


def patterns(names: t.Iterable[str]) -> list[str]:
    """Of every host in a URL that is this host, without a port, for readers that see no capitals.

    They have no group that captures, and are read alike by PCRE and RE2.
    """
    return [_ADDRESS, *(_one(name) for name in dict.fromkeys(names) if not re.fullmatch(_ADDRESS, name))]


def _one(name: str) -> str:
    return _WILD + re.escape(name[2:]) if name.startswith("*.") else re.escape(name)
