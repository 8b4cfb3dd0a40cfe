# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every front does with a request, as patterns and values that nginx and Caddy render.

The rules and their order are those of ``docs/contributing/fronts.md``. Regular expressions here are read by PCRE
(nginx) and RE2 (Caddy) alike, so they use nothing that only one of them knows.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
import urllib.parse
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.names import (
    EVERY,
    HostNameError,
    normal_name,
    possible_names,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.base import FrontRules, Kind
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import UnknownKindError, kind_of, kinds

INSTANCE = r"[0-9a-f]{32}"
PORT = r"[1-9][0-9]{3,4}"
PIN = INSTANCE + r"\." + PORT
"""``<instance>.<port>``, as in a marker's name."""

SCRIPT = r"(?:static/.+|.+\.(?:m?js|css|map|wasm))$"
"""What a browser asks for as a script or a style: one that is not there is never answered by a page."""

AWAY_URL = "/_pyapps/away/"
"""Before an app's name: the page of an app that is away."""
RUNS_URL = "/_pyapps/runs/"
"""Before an app's name: whether its process runs, asked before a page is served from disk while nobody watches."""
SLOW = 2
"""Seconds that this question may take; who is slow runs."""
NOT_FOUND_URL = "/_pyapps/not-found"
MISDIRECTED_URL = "/_pyapps/misdirected"

POLICY = "Content-Security-Policy"
NOBODY = "'none'"
"""Of frame-ancestors."""

STREAM_TIMEOUT = 86400  # seconds
UPLOAD_MARGIN_MB = 1  # what surrounds the files in a request; an app itself may take so much more than its limit

REMOVED_HEADERS = (
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Ssl",
    "X-Forwarded-Protocol",
    "X-Forwarded-Scheme",
    "X-Forwarded-Server",
    "Forwarded",
)
"""Headers in which a client could tell an app a false origin, and which the front itself has no use for."""

SET_HEADERS = ("Host", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Upgrade", "Connection")

_SAFE_PATH = re.compile(r"/[\w ./@+,=~-]*")
_BASE = re.compile(r"(?:/[A-Za-z0-9_.][A-Za-z0-9_.~-]*)*")
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?")
_ORIGIN = re.compile(r"https?://(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_FRAME_ANCESTOR = re.compile(_ORIGIN.pattern.replace("://", r"://(?:\*\.)?", 1))


class FrontError(ValueError):
    """A value that a front's configuration cannot hold; the text says which, where, and what is allowed."""


@dataclass(frozen=True)
class FrontSettings:
    """What a front's site needs beside the catalog; checked when it is made.

    :param address: the address to listen on, ``""`` for all
    :param server_names: names that the operator has given this host; ``*`` for every name
    :param further_names: names that it has anyway, such as the machine's own
    :param names_at_start: whether there are names that only a container knows, and when it starts
    :param ipv6: whether ``""`` also means IPv6
    :param trusted_proxies: addresses or networks whose X-Forwarded-For and -Proto are believed
    :param public_origins: further origins (``https://apps.example.com``) from which WebSockets may be opened
    :param frame_ancestors: who may show the apps in a frame, as in the CSP directive of that name
    :param access_log: absolute path; ``""`` for the server's own choice
    :raises FrontError: one of these cannot stand in a configuration
    """

    layout: Layout
    port: int
    address: str = ""
    server_names: tuple[str, ...] = ()
    further_names: tuple[str, ...] = ()
    names_at_start: bool = False
    default_server: bool = False
    ipv6: bool = True
    gallery: bool = True
    trusted_proxies: tuple[str, ...] = ()
    public_origins: tuple[str, ...] = ()
    frame_ancestors: tuple[str, ...] = ("'self'",)
    access_log: str = ""

    def __post_init__(self) -> None:
        check_path("root", self.layout.root)
        if self.access_log:
            check_path("access_log", self.access_log)
        if not 1 <= self.port <= 65535:
            raise FrontError("port: %d is not between 1 and 65535" % self.port)
        if self.address:
            _check_address("address", self.address)
        for what in ("server_names", "further_names"):
            object.__setattr__(self, what, tuple(_normal_name(what, name) for name in getattr(self, what)))
        networks = tuple(check_network("trusted_proxies", network) for network in self.trusted_proxies)
        object.__setattr__(self, "trusted_proxies", networks)
        for origin in self.public_origins:
            check_origin("public_origins", origin)
        for source in self.frame_ancestors:
            if source not in ("'self'", NOBODY):
                check_frame_ancestor("frame_ancestors", source)

    @property
    def names(self) -> tuple[str, ...] | None:
        """Every name that is this host's (:func:`._host_names.patterns`), or None when any is."""
        if EVERY in self.server_names:
            return None
        return tuple(dict.fromkeys(("localhost", *self.server_names, *self.further_names, *self.public_hosts)))

    @property
    def public_hosts(self) -> tuple[str, ...]:
        """Host names of the public origins."""
        hosts = [urllib.parse.urlsplit(origin).hostname or "" for origin in self.public_origins]
        return tuple(sorted(possible_names("[%s]" % host if ":" in host else host for host in hosts)))

    @property
    def security_headers(self) -> tuple[tuple[str, str], ...]:
        """Of every answer; an app's own :meth:`policy` stands in for the last one."""
        return (
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "strict-origin-when-cross-origin"),
            (POLICY, self.policy()),
        )

    def policy(self, further: t.Iterable[str] = ()) -> str:
        """The content security policy of an answer.

        :param further: who else may show an app in a frame, as in ``[route] frame_ancestors``
        """
        # "Nobody" beside somebody would be read as nothing at all.
        sources = [*(source for source in self.frame_ancestors if not further or source != NOBODY), *further]
        return "frame-ancestors " + " ".join(dict.fromkeys(sources))


@dataclass(frozen=True)
class AppRoute:
    """One app as a front sees it: no release, no port.

    :ivar rules: of its kind
    :ivar health: path that its process answers while it is well
    :ivar stream: pattern of its WebSocket's path behind the base path and a slash; "" without one
    """

    name: str
    title: str
    owner: str
    base: str
    pinned: bool
    listed: bool
    max_body_mb: int
    origins: tuple[str, ...]
    frame_ancestors: tuple[str, ...]
    user_headers: tuple[str, ...]
    rules: FrontRules
    health: str
    stream: str
    folder: AppLayout


def app_routes(layout: Layout, apps: t.Iterable[t.Mapping[str, t.Any]]) -> list[AppRoute]:
    """The catalog as routes, the longest base first, so that whoever looks from the top meets the right app.

    :raises FrontError: a value could not stand in a configuration (the catalog refuses such values before)
    """
    routes = [_app_route(layout, app) for app in apps]
    return sorted(routes, key=lambda route: (-len(route.base), route.base))


def _app_route(layout: Layout, app: t.Mapping[str, t.Any]) -> AppRoute:
    name, route, kind = app["name"], app["route"], _kind(app)
    _check("name of an app", name, _NAME, "lower case letters, digits, - and _")
    base = app["base_path"]
    _check("base_path of %s" % name, base, _BASE, "such as /app-1: letters, digits, . _ - and ~, no slash at the end")
    if base == "/_pyapps" or base.startswith("/_pyapps/"):
        raise FrontError("base_path of %s: /_pyapps belongs to the front itself" % name)
    for origin in route["allowed_origins"]:
        check_origin("route.allowed_origins of %s" % name, origin)
    # An applied catalog of an earlier version does not have the key.
    frame_ancestors = tuple(route.get("frame_ancestors", ()))
    for source in frame_ancestors:
        check_frame_ancestor("route.frame_ancestors of %s" % name, source)
    return AppRoute(
        name=name,
        title=app["title"],
        owner=app["owner"]["name"],
        base=base,
        pinned=bool(route["pinned"] and kind.front.pinned),
        listed=bool(app["gallery"]["listed"]),
        max_body_mb=int(route["max_upload_mb"]) + UPLOAD_MARGIN_MB,
        origins=tuple(route["allowed_origins"]),
        frame_ancestors=frame_ancestors,
        user_headers=_user_headers(kind, app),
        rules=kind.front,
        health=kind.health_path(app),
        stream=re.escape(kind.stream.path(app)[len(base) + 1 :]) if kind.stream else "",
        folder=layout.app(name),
    )


def _kind(app: t.Mapping[str, t.Any]) -> Kind:
    try:
        return kind_of(app)
    except UnknownKindError as error:
        raise FrontError("app %s: %s" % (app["name"], error)) from None


def _user_headers(kind: Kind, app: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    """Headers that an app believes to name its user, so that no client may send them."""
    try:
        headers = kind.front.user_headers(app)
    except ValueError as error:
        raise FrontError(str(error)) from None
    own = {header.lower() for header in SET_HEADERS + REMOVED_HEADERS}
    return tuple(sorted(header for header in headers if header.lower() not in own))


def assets_names() -> list[str]:
    """The names below which a front serves files of environments (``ASSETS_URL``)."""
    return [kind.front.assets for kind in kinds() if kind.front.assets]


def root_paths() -> list[str]:
    """What pages of apps may ask for at the site's root, as if their app were there."""
    return [kind.front.at_root for kind in kinds() if kind.front.at_root]


def asker(route: AppRoute) -> str:
    """A pattern for Referers of an app; its first group is what its components' paths begin with."""
    return r"^https?://[^/]+(%s(?:/~/%s)?)/" % (re.escape(route.base), PIN)


def check_path(what: str, path: str) -> None:
    """:raises FrontError: the path is relative or holds a character that a configuration would read as its own."""
    if not _SAFE_PATH.fullmatch(path):
        raise FrontError(
            "%s: the front's configuration cannot hold the path %r. Allowed are absolute paths of letters, digits, "
            "blanks and . _ - / @ + , = ~" % (what, path)
        )


def check_origin(what: str, origin: str) -> None:
    """:raises FrontError: this is not an origin as browsers send it."""
    _check(what, origin, _ORIGIN, "an origin such as https://apps.example.com, without a path")


def check_frame_ancestor(what: str, source: str) -> None:
    """:raises FrontError: this is no site that a content security policy can name."""
    if source != "*":
        words = 'an origin such as https://apps.example.com or https://*.example.com, or "*"'
        _check(what, source, _FRAME_ANCESTOR, words)


def _check(what: str, value: object, allowed: re.Pattern[str], words: str) -> None:
    if not isinstance(value, str) or not allowed.fullmatch(value):
        raise FrontError("%s: %r is not allowed; expected %s" % (what, value, words))


def _normal_name(what: str, name: str) -> str:
    try:
        return normal_name(name)
    except HostNameError as error:
        raise FrontError("%s: %s" % (what, error)) from None


def _check_address(what: str, address: str) -> None:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise FrontError('%s: %r is not an IP address; use one, or "" for all' % (what, address)) from None


def check_network(what: str, network: str) -> str:
    """The network as servers read it (``10.0.0.0/8``).

    :raises FrontError: this is none
    """
    try:
        return str(ipaddress.ip_network(network, strict=False))
    except ValueError:
        raise FrontError("%s: %r is not an IP address or network such as 10.0.0.0/8" % (what, network)) from None
