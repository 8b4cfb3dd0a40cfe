# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parameters that the modules of all fronts share (documented in ``doc_fragments/front.py``)."""

from __future__ import annotations

import os
import typing as t
import urllib.parse

from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.routes import FrontError, FrontSettings
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import ROOT
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.listeners import (
    command_of,
    describe,
    is_hidden_of,
    listener,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.names import own_names, possible_names

FRONT_ARGUMENTS: dict[str, t.Any] = {
    **ROOT,
    "apps": {"type": "list", "elements": "dict", "default": []},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "port": {"type": "int", "required": True},
    "address": {"type": "str", "default": ""},
    "server_names": {"type": "list", "elements": "str", "default": []},
    "inventory_names": {"type": "list", "elements": "str", "default": []},
    "names_at_start": {"type": "bool", "default": False},
    "public_urls": {"type": "list", "elements": "str", "default": []},
    "gallery": {"type": "bool", "default": True},
    "trusted_proxies": {"type": "list", "elements": "str", "default": []},
    "frame_ancestors": {"type": "list", "elements": "str", "default": ["'self'"]},
    "access_log": {"type": "path"},
}


def settings_of(params: t.Mapping[str, t.Any], **own: t.Any) -> FrontSettings:
    """What a module was given, checked.

    :param own: what only this front has, or sees otherwise
    :raises FrontError: a value cannot stand in a configuration
    """
    values: dict[str, t.Any] = {
        "layout": Layout(params["root"]),
        "port": params["port"],
        "address": params["address"],
        "server_names": tuple(params["server_names"]),
        "further_names": _further_names(params),
        "names_at_start": params["names_at_start"],
        "gallery": params["gallery"],
        "trusted_proxies": tuple(params["trusted_proxies"]),
        "public_origins": tuple(_origin(url) for url in params["public_urls"]),
        "frame_ancestors": tuple(params["frame_ancestors"]),
        "access_log": params["access_log"] or "",
        "ipv6": os.path.exists("/proc/net/if_inet6"),
    }
    values.update(own)
    return FrontSettings(**values)


def _further_names(params: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    """What the inventory calls the host, and the machine's own names; a container's are known when it starts."""
    own = [] if params["names_at_start"] else own_names()
    return (*possible_names(params["inventory_names"]), *own)


def _origin(url: str) -> str:
    """The origin of a URL as browsers send it: no path, and no port that the scheme has anyway."""
    parts = urllib.parse.urlsplit(url)
    default = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    netloc = parts.netloc[: -len(default)] if default and parts.netloc.endswith(default) else parts.netloc
    return "%s://%s" % (parts.scheme, netloc.lower())


def refuse_stranger(port: int, mark: str, user: str | None = None) -> None:
    """Name who else listens on the front's port; nothing is ever killed for it.

    :param mark: what the command line of our own server holds
    :param user: who our own server runs as, when nothing else does
    :raises FrontError: somebody else has the port
    """
    found = listener(port)
    if found is None or (found.pid is not None and mark in _command_line(found.pid)):
        return
    if user is not None and is_hidden_of(found, user):
        return
    raise FrontError(
        "port %d is taken by %s. Stop it, or choose another port; nothing was changed." % (port, describe(found))
    )


def _command_line(pid: int) -> str:
    """The whole command line; :func:`command_of` cuts it for people."""
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            return file.read().replace(b"\0", b" ").decode("utf-8", "surrogateescape")
    except OSError:
        return command_of(pid)
