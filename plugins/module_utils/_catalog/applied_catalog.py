# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is applied to a host: the catalog as it was when a run ended, less what only processes see."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import kind_of

_APP_KEYS = ("name", "title", "kind", "owner", "base_path", "gallery", "route")


def read_applied(layout: Layout) -> dict[str, t.Any]:
    """The applied catalog, ``{"source": str, "url": str, "apps": [...]}``; an empty one where none was applied yet.

    :raises ValueError: the file is there and is not what we wrote
    """
    try:
        with open(layout.catalog, encoding="utf-8") as file:
            applied = json.load(file)
    except FileNotFoundError:
        return {"source": None, "url": "", "apps": []}
    if not isinstance(applied, dict) or not isinstance(applied.get("apps"), list):
        raise ValueError("no applied catalog in it")
    return applied


def table_rows(applied: t.Mapping[str, t.Any], names: t.Iterable[str]) -> list[dict[str, str]]:
    """For the table of apps: each with its name and its base path, as far as that is known."""
    base_paths = {app["name"]: str(app["base_path"]) for app in applied["apps"]}
    return [{"name": name, "base_path": base_paths.get(name, "")} for name in names]


def applied_entry(app: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What is written down of an app: all that a front and the table need, so that other apps can be deployed alone.

    :param app: an entry of the catalog
    """
    kind = kind_of(app)
    return {**{key: app[key] for key in _APP_KEYS}, kind.name: kind.front.table(app)}


def front_part(entry: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What a front knows of an app and its process does not: it is as it was applied, whatever release is served.

    :param entry: of the applied catalog; empty for an app that it does not have
    """
    return {key: value for key, value in entry.items() if key not in ("kind", entry.get("kind"))}


def applied_catalog(source: str, front: str, url: str, apps: t.Iterable[t.Mapping[str, t.Any]]) -> dict[str, t.Any]:
    """What is written down once a run for these apps has ended.

    :param source: where the catalog comes from
    :param front: the server that serves it
    :param url: of this host, for visitors
    :param apps: entries of the catalog
    """
    return {"source": source, "front": front, "url": url, "apps": [applied_entry(app) for app in apps]}


def front_differs(applied: t.Mapping[str, t.Any], apps: t.Iterable[t.Mapping[str, t.Any]]) -> bool:
    """Whether a front has to learn something new of these apps.

    :param applied: what :func:`read_applied` returns
    :param apps: entries of the catalog
    """
    known = {entry["name"]: entry for entry in applied["apps"]}
    return any(known.get(app["name"]) != applied_entry(app) for app in apps)
