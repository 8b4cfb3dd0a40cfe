# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the health check looks at besides the apps: its configuration on the host.

``etc/pyapps/healthcheck.json``; who checks finds the apps themselves on the disk. Whom it tells stands in a second
file, which only its owner may read.
"""

from __future__ import annotations

import json
import re
import typing as t
import urllib.parse
from dataclasses import asdict, dataclass, fields

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import read_text
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.names import possible_names

FRONTS = ("nginx", "caddy")
TIMEOUT, MIN_FREE_PERCENT = 10, 5

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_HOST = re.compile(r"[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class SettingsError(Exception):
    """The configuration cannot be used; ``problems`` are all of them."""

    def __init__(self, problems: t.Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


@dataclass(frozen=True)
class FrontAddress:
    """How the front is asked, as a visitor on the host itself would.

    :param server: ``nginx`` or ``caddy``
    :param address: to connect to
    :param host: what a browser sends as ``Host``, without the port
    """

    server: str
    address: str
    port: int
    host: str

    @property
    def host_header(self) -> str:
        return self.host if self.port == 80 else "%s:%d" % (self.host, self.port)

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return "http://" + self.host_header


@dataclass(frozen=True)
class Endpoint:
    """Something else that must answer, such as a tunnel's readiness.

    :param url: ``http`` or ``https``
    :param socket: the UNIX socket to ask, or "" for the URL's own host
    :param status: what it must answer
    :param body: what its body must be, without blanks around it; None for any
    """

    name: str
    url: str
    socket: str = ""
    status: int = 200
    body: str | None = None

    @property
    def parts(self) -> urllib.parse.SplitResult:
        return urllib.parse.urlsplit(self.url)

    @property
    def port(self) -> int:
        return self.parts.port or _DEFAULT_PORTS[self.parts.scheme]

    @property
    def path(self) -> str:
        return (self.parts.path or "/") + ("?" + self.parts.query if self.parts.query else "")


@dataclass(frozen=True)
class Settings:
    """The whole configuration; percentages are of what there is."""

    front: FrontAddress | None = None
    endpoints: tuple[Endpoint, ...] = ()
    ignore_programs: tuple[str, ...] = ()
    timeout: float = TIMEOUT
    min_disk_percent: float = MIN_FREE_PERCENT
    min_memory_percent: float = MIN_FREE_PERCENT


@dataclass(frozen=True)
class Notify:
    """Whom to tell of a change.

    :param command: argv of a program that gets the news as JSON on its standard input; empty for none
    :param webhook: a URL that gets the same by POST; "" for none. It is a secret.
    """

    command: tuple[str, ...] = ()
    webhook: str = ""


def front_address(server: str, port: int, address: str, server_names: t.Sequence[str]) -> FrontAddress:
    """How to ask a front that was set up with these values."""
    names = possible_names(name.replace("*", "www") for name in server_names)
    host = next(iter(names), "localhost")
    if address in ("", "0.0.0.0"):  # noqa: S104 - this is what the front was told
        address = "127.0.0.1"
    return FrontAddress(server, "::1" if address == "::" else address, port, host)


def settings_from(data: t.Any) -> Settings:
    """Check a configuration.

    :param data: the file's content, or what a role was given; missing keys have their defaults
    :raises SettingsError: with every problem: key, value found, what is allowed
    """
    if not isinstance(data, dict):
        raise SettingsError(["found %s; a JSON object is needed" % type(data).__name__])
    known = {field.name for field in fields(Settings)}
    problems = ["%s: no such setting; known are %s" % (key, ", ".join(sorted(known))) for key in set(data) - known]
    endpoints = _endpoints(data.get("endpoints", []), problems)
    front = data.get("front")
    if front is not None:
        front = _front(front, problems)
    ignored = data.get("ignore_programs", [])
    if not (isinstance(ignored, list) and all(isinstance(name, str) for name in ignored)):
        problems.append("ignore_programs: found %r; a list of names of programs is needed" % (ignored,))
    numbers = {
        key: _number(key, data.get(key, default), low, high, problems)
        for key, default, low, high in (
            ("timeout", TIMEOUT, 0.1, 300),
            ("min_disk_percent", MIN_FREE_PERCENT, 0, 100),
            ("min_memory_percent", MIN_FREE_PERCENT, 0, 100),
        )
    }
    if problems:
        raise SettingsError(sorted(problems))
    return Settings(front, endpoints, tuple(ignored), **numbers)


def _number(key: str, value: t.Any, low: float, high: float, problems: list[str]) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        problems.append("%s: found %r; a number from %g to %g is allowed" % (key, value, low, high))
        return 0.0
    return value


def _front(data: t.Any, problems: list[str]) -> FrontAddress | None:
    keys = [field.name for field in fields(FrontAddress)]
    if not isinstance(data, dict) or sorted(data) != sorted(keys):
        problems.append("front: found %r; an object with exactly %s is needed" % (data, ", ".join(keys)))
        return None
    front = FrontAddress(**data)
    if front.server not in FRONTS:
        problems.append("front.server: found %r; allowed are %s" % (front.server, ", ".join(FRONTS)))
    if not isinstance(front.port, int) or not 1 <= front.port <= 65535:
        problems.append("front.port: found %r; a port from 1 to 65535 is allowed" % (front.port,))
    if not isinstance(front.host, str) or not _HOST.fullmatch(front.host):
        problems.append("front.host: found %r; a host name is needed" % (front.host,))
    if not isinstance(front.address, str) or not front.address:
        problems.append("front.address: found %r; an IP address is needed" % (front.address,))
    return front


def _endpoints(data: t.Any, problems: list[str]) -> tuple[Endpoint, ...]:
    if not isinstance(data, list):
        problems.append("endpoints: found %r; a list is needed" % (data,))
        return ()
    found: list[Endpoint] = []
    for number, entry in enumerate(data):
        where = "endpoints[%d]" % number
        known = [field.name for field in fields(Endpoint)]
        if not isinstance(entry, dict) or not {"name", "url"} <= set(entry) <= set(known):
            problems.append("%s: found %r; name and url are needed, %s known" % (where, entry, ", ".join(known)))
            continue
        endpoint = Endpoint(**{key: value for key, value in entry.items() if value is not None})
        before = len(problems)
        _check_endpoint(where, endpoint, problems)
        if len(problems) == before:
            if endpoint.name in [other.name for other in found]:
                problems.append("%s.name: %s is there twice; each name once" % (where, endpoint.name))
            found.append(endpoint)
    return tuple(found)


def _check_endpoint(where: str, endpoint: Endpoint, problems: list[str]) -> None:
    if not isinstance(endpoint.name, str) or not _NAME.fullmatch(endpoint.name):
        problems.append("%s.name: found %r; letters, digits, '.', '_' and '-'" % (where, endpoint.name))
    if not (isinstance(endpoint.url, str) and _is_url(endpoint.url)):
        problems.append(
            "%s.url: not a URL that can be asked; it is http:// or https://, a host, a path, no user or password"
            % where
        )
    if not isinstance(endpoint.socket, str) or not (endpoint.socket == "" or endpoint.socket.startswith("/")):
        problems.append("%s.socket: found %r; an absolute path is needed" % (where, endpoint.socket))
    elif endpoint.socket and str(endpoint.url).startswith("https:"):
        problems.append("%s.url: found https; a UNIX socket is asked with http://localhost/..." % where)
    status = endpoint.status
    if isinstance(status, bool) or not isinstance(status, int) or not 100 <= status <= 599:
        problems.append("%s.status: found %r; a status of HTTP, 100 to 599" % (where, endpoint.status))
    if endpoint.body is not None and not isinstance(endpoint.body, str):
        problems.append("%s.body: found %r; a text is needed" % (where, endpoint.body))


def _is_url(url: str) -> bool:
    """Whether this can be asked; a password in it would be told in every log."""
    if re.search(r"[^!-~]", url):
        return False
    try:
        parts = urllib.parse.urlsplit(url)
        return parts.scheme in _DEFAULT_PORTS and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return False


def notify_from(data: t.Any) -> Notify:
    """Check whom to tell.

    :raises SettingsError: without any value, because the URL is a secret
    """
    problems = []
    if not isinstance(data, dict) or set(data) - {"command", "webhook"}:
        raise SettingsError(["an object with command and webhook is needed"])
    command, webhook = data.get("command", []), data.get("webhook", "")
    if not (isinstance(command, list) and all(isinstance(word, str) and "\0" not in word for word in command)):
        problems.append("command: a list of words is needed")
    elif command and not command[0].startswith("/"):
        problems.append("command: its first word must be the absolute path of a program")
    if not isinstance(webhook, str) or (webhook and not _is_url(webhook)):
        problems.append("webhook: not a URL with http:// or https:// and without user or password")
    if problems:
        raise SettingsError(problems)
    return Notify(tuple(command), webhook)


def to_json(settings: Settings | Notify) -> str:
    """The text of the file."""
    return json.dumps(asdict(settings), indent=2, sort_keys=True) + "\n"


def read_settings(path: str) -> Settings:
    """The configuration of a host; everything has its default where there is none.

    :raises SettingsError: it cannot be read, or used
    """
    return settings_from(_read(path))


def read_notify(path: str) -> Notify:
    """Whom to tell; nobody where there is no such file.

    :raises SettingsError: it cannot be read, or used
    """
    return notify_from(_read(path))


def _read(path: str) -> t.Any:
    try:
        return json.loads(read_text(path) or "{}")
    except (OSError, ValueError) as error:
        # A decoder's error names a place, never the content.
        raise SettingsError(["it cannot be read: %s" % error]) from None
