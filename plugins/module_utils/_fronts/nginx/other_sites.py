# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other sites of a host's nginx would take from ours, read from its configuration files. Changes nothing."""

from __future__ import annotations

import glob
import hashlib
import os
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import read_bytes, read_text
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout

NGINX_DIR = "/etc/nginx"
_OWN_FILE = "pyapps.conf"
_DPKG_STATUS = "/var/lib/dpkg/status"
_TOKEN = re.compile(
    r"""[ \t\r\n]+|\#[^\n]*|(?P<mark>[{};])|"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'"""
    r"""|(?P<word>(?:\$\{|\\.|[^ \t\r\n{};])+)""",
    re.DOTALL,
)
_ANY_ADDRESS = frozenset(("", "*", "0.0.0.0", "::"))  # noqa: S104 - words of a configuration
_LOOPBACK = re.compile(r"127\.|::1$|localhost$")
_INCLUDES = 8  # how deep files may include each other

Words = list[str]


@dataclass(frozen=True)
class Listen:
    """One address of a server: ``""`` for all, of IPv6 without brackets; and whether it is the port's default."""

    address: str
    port: int
    default: bool


@dataclass(frozen=True)
class Server:
    """A ``server`` block of a file: where it listens, and its names."""

    file: str
    listens: tuple[Listen, ...]
    names: tuple[str, ...]


def servers(nginx_dir: str) -> list[Server]:
    """Every server of HTTP in the order in which nginx reads them; none where there is no configuration.

    :param nginx_dir: the folder of ``nginx.conf``
    """
    found: list[Server] = []
    for path, block in _server_blocks(nginx_dir):
        listens = [_listen(words[1:]) for words in block if words[0] == "listen" and len(words) > 1]
        names = [name.lower() for words in block if words[0] == "server_name" for name in words[1:]]
        places = [listen for listen in listens if listen is not None]
        # Without a line `listen`, nginx takes port 80.
        found.append(Server(path, tuple(places if listens else [Listen("", 80, False)]), tuple(names)))
    return found


def default_site_makes_way(nginx_dir: str) -> bool:
    """Whether the enabled default site is Debian's own, as the package has brought it."""
    link = os.path.join(nginx_dir, "sites-enabled", "default")
    target = os.path.join(nginx_dir, "sites-available", "default")
    if not os.path.islink(link) or os.path.realpath(link) != os.path.realpath(target):
        return False
    content = read_bytes(target)
    # dpkg's own sum of the file it has brought; it protects nothing, it only tells whether somebody has edited it.
    return content is not None and hashlib.md5(content, usedforsecurity=False).hexdigest() == _packaged_sum()


def has_made_way(layout: Layout) -> bool:
    """Whether a run of ours has taken the default site out."""
    return os.path.exists(default_site_memory(layout))


def default_site_memory(layout: Layout) -> str:
    """The file that says where the link of the default site went."""
    return os.path.join(layout.front, "default-site")


def site_problems(
    layout: Layout, port: int, address: str, server_names: t.Sequence[str], disable: bool, nginx_dir: str = NGINX_DIR
) -> list[str]:
    """Why visitors of the URLs in a run's table would not reach our site: another site gets their requests.

    :param port: of our site
    :param address: of our site, ``""`` for all
    :param server_names: those that our site is given
    :param disable: whether the default site is taken out, changed or not
    """
    makes_way = default_site_makes_way(nginx_dir)
    is_default = disable or makes_way or has_made_way(layout)
    default_file = os.path.join(nginx_dir, "sites-enabled", "default")
    goes = (disable and os.path.islink(default_file)) or makes_way
    others = [server for server in servers(nginx_dir) if not (goes and server.file == default_file)]
    names = ["localhost", *(name.lower() for name in server_names if "*" not in name)]
    found = []
    for server in others:
        reason = _taken(server, port, address, names, is_default, any(name != "*" for name in server_names))
        if reason:
            found.append("%s %s. %s" % (server.file, reason, _ways_out(server.file == default_file, port)))
    return found


def _taken(
    server: Server, port: int, address: str, names: t.Sequence[str], is_default: bool, has_names: bool
) -> str | None:
    listens = [listen for listen in server.listens if listen.port == port and _meets(listen.address, address)]
    if not listens:
        return None
    shared = [name for name in names if name in server.names]
    if shared:
        return "serves %s on port %d, which is a name of this host's apps" % (", ".join(shared), port)
    if is_default and any(listen.default for listen in listens):
        return "is the default server of port %d, which the apps' site would be" % port
    if not is_default and not has_names:
        return "gets the requests for http://localhost%s" % ("" if port == 80 else ":%d" % port)
    return None


def _ways_out(is_default_site: bool, port: int) -> str:
    """What a person can do about it: let the other site go, or let both be there."""
    first = (
        "Set pyapps_disable_default_site: true to switch it off (its file stays)"
        if is_default_site
        else "Take it out of nginx, or give it another port or name"
    )
    return (
        "%s; or keep it, and set pyapps_port to another port than %d or pyapps_server_names to names of the apps' own."
        % (
            first,
            port,
        )
    )


def _meets(theirs: str, ours: str) -> bool:
    """Whether a request from the host itself to our address can come to theirs: nginx prefers the exact address."""
    if ours in _ANY_ADDRESS:
        return theirs in _ANY_ADDRESS or _LOOPBACK.match(theirs) is not None
    return theirs == ours


def _listen(words: Words) -> Listen | None:
    """What a line ``listen`` says; None for a UNIX socket, or what nginx would refuse."""
    place, default = words[0], "default_server" in words[1:] or "default" in words[1:]
    if place.startswith("unix:"):
        return None
    if place.isdigit():
        return Listen("", int(place), default)
    match = re.fullmatch(r"(?:\[([^\]]*)\]|([^:]*))(?::([0-9]+))?", place)
    if match is None:
        return None
    address = match.group(1) if match.group(1) is not None else match.group(2)
    return Listen("" if address in _ANY_ADDRESS else address, int(match.group(3) or 80), default)


def _server_blocks(nginx_dir: str) -> t.Iterator[tuple[str, list[Words]]]:
    """The simple directives of each ``server`` inside ``http``, with the file that it stands in."""
    blocks: list[tuple[str, str, list[Words]]] = []  # name, file, directives
    for path, words, mark in _statements(os.path.join(nginx_dir, "nginx.conf"), nginx_dir, _INCLUDES):
        if mark == "{":
            blocks.append((words[0] if words else "", path, []))
        elif mark == "}":
            if not blocks:
                return
            name, begun, directives = blocks.pop()
            if name == "server" and [block[0] for block in blocks] == ["http"]:
                yield begun, directives
        elif words and blocks:
            blocks[-1][2].append(words)


def _statements(path: str, nginx_dir: str, depth: int) -> t.Iterator[tuple[str, Words, str]]:
    """(file, words, ``;`` or ``{`` or ``}``) of a file and of what it includes; our own site is left out."""
    if depth == 0 or os.path.basename(path) == _OWN_FILE:
        return
    try:
        text = read_text(path) or ""
    except (OSError, ValueError):
        return  # nginx says what is wrong with such a file
    words: Words = []
    for match in _TOKEN.finditer(text):
        if match.group("mark"):
            if match.group("mark") == ";" and len(words) == 2 and words[0] == "include":
                for included in sorted(glob.glob(os.path.join(nginx_dir, words[1]))):
                    yield from _statements(included, nginx_dir, depth - 1)
            else:
                yield path, words, match.group("mark")
            words = []
        elif match.lastgroup is not None:
            words.append(match.group(match.lastgroup))


def _packaged_sum() -> str | None:
    """MD5 of Debian's default site, as dpkg remembers it; None where dpkg knows of none."""
    line = re.search(
        rb"^ /etc/nginx/sites-available/default ([0-9a-f]{32})", read_bytes(_DPKG_STATUS) or b"", re.MULTILINE
    )
    return line.group(1).decode("ascii") if line else None
