# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other sites that ``[route]`` names, in the form that browsers send."""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import FileReport, show

_PARTS = re.compile(r"(?P<scheme>https?)://(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>[0-9]+))?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


EVERY_SITE = "*"


def normal_origins(origins: list[str], report: FileReport, key: str = "route.allowed_origins") -> list[str]:
    """Small letters, no default port, no origin twice.

    :param origins: of the form that ``_setup_toml`` declares
    :param key: where they stand, for the report
    """
    result: list[str] = []
    for origin in origins:
        normal = _normal(origin.lower())
        if normal is None:
            report.error(
                key,
                "names no host and port that can exist",
                found=show(origin),
                allowed="ports from 1 to 65535, addresses in their usual form",
            )
        elif normal not in result:
            result.append(normal)
    return result


def normal_frame_ancestors(sites: list[str], report: FileReport) -> list[str]:
    """``[route] frame_ancestors``, as :func:`normal_origins`; ``*`` makes every other one needless."""
    if EVERY_SITE in sites:
        return [EVERY_SITE]
    return normal_origins(sites, report, "route.frame_ancestors")


def _normal(origin: str) -> str | None:
    match = _PARTS.fullmatch(origin)
    if match is None:
        return None
    scheme, host = match.group("scheme"), match.group("host")
    port = int(match.group("port") or _DEFAULT_PORTS[scheme])
    if not 1 <= port <= 65535:
        return None
    if host.startswith("["):
        try:
            host = "[%s]" % ipaddress.IPv6Address(host[1:-1]).compressed
        except ValueError:
            return None
    shown_port = "" if port == _DEFAULT_PORTS[scheme] else ":%d" % port
    return "%s://%s%s" % (scheme, host, shown_port)
