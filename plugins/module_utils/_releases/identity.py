# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release is, and what it is named.

A release is an app's files, those of its settings that its process sees, and its environment. Its id is their hash, so
equal content is the same release, and a change that needs no new process (a title, an upload limit of the front, how
many releases are kept) makes none.
"""

from __future__ import annotations

import hashlib
import json
import typing as t
from dataclasses import replace

from ansible_collections.selfhost.pyapps.plugins.module_utils._host.limits import NO_LIMITS, limits_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.generator import HostOptions
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import kind_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result, Results

App = t.Mapping[str, t.Any]

STEP = "release"

# Another number makes every release a new one: for changes of what this collection puts into a release.
_FORM = 2
_ID_LENGTH = 16


def survivors(apps: t.Iterable[App], results: Results) -> list[App]:
    """The apps that no earlier step has failed."""
    return [app for app in apps if app["name"] in results and results[app["name"]].goes_on]


def failed(result: Result, reason: str) -> Result:
    """An app's result after this step has failed for it."""
    return replace(result, release=None).failed(STEP, reason)


def process_settings(app: App) -> dict[str, t.Any]:
    """The settings that a process sees; only they belong to a release's id."""
    kind = kind_of(app)
    settings = {
        "name": app["name"],
        "kind": app["kind"],
        "base_path": app["base_path"],
        kind.name: {key: app[kind.name][key] for key in kind.process_keys},
        "env": app["env"],
        "data": app["data"]["paths"],
        "allowed_origins": app["route"]["allowed_origins"],
    }
    limits = limits_of(app)
    return {**settings, "limits": limits} if limits != NO_LIMITS else settings


def release_id(entries: t.Mapping[str, t.Mapping[str, t.Any]], app: App, result: Result, host: HostOptions) -> str:
    """The name of the release that these files and settings make, without secrets.

    :param entries: the app's files (:meth:`AppFiles.entries`)
    :param result: what the earlier steps say of the app: ``environment``, ``assets``
    :returns: 16 hex digits
    """
    content = {
        "form": _FORM,
        "files": entries,
        "settings": process_settings(app),
        "environment": result.environment,
        "assets": result.assets,
        "host": [host.public_host, host.production],
    }
    return _hash(content)


def folder_id(entries: t.Mapping[str, t.Mapping[str, t.Any]], app: App) -> str:
    """The name of what an app's folder holds: of two releases of the same folder the same one.

    :param entries: the app's files (:meth:`AppFiles.entries`)
    :returns: 16 hex digits
    """
    return _hash({"files": entries, "settings": process_settings(app)})


def named(entries: t.Mapping[str, t.Mapping[str, t.Any]], app: App, result: Result, host: HostOptions) -> Result:
    """An app's result with its ``release``, without secrets (None while its environment is not known), and ``folder``.

    :param entries: the app's files (:meth:`AppFiles.entries`)
    """
    release = release_id(entries, app, result, host) if result.environment else None
    return replace(result, release=release, folder=folder_id(entries, app))


def release_record(app: App, release: str, content: str, result: Result, host: HostOptions) -> dict[str, t.Any]:
    """The content of ``release.json``.

    ``content`` is what the release would be named without secrets, so that the same code with other secrets can be.
    ``folder`` is what it has of its folder, so that it is known again when the host's part of it changes.
    ``settings`` is the whole entry of the catalog as it was then; what is not in the id may have changed since.
    """
    return {
        "app": app["name"],
        "release": release,
        "content": content,
        "folder": result.folder,
        "production": host.production,
        "kind": app["kind"],
        "environment": result.environment,
        "assets": result.assets,
        "settings": {key: value for key, value in app.items() if key != "folder"},
    }


def listing(entries: t.Mapping[str, t.Mapping[str, t.Any]]) -> str:
    """Files as lines of text, for a diff: the name, and enough of the content's hash to see a change."""
    return "".join("%s %s\n" % (path, _summary(entries[path])) for path in sorted(entries))


def _summary(entry: t.Mapping[str, t.Any]) -> str:
    if "link" in entry:
        return "-> %s" % entry["link"]
    return "%s%s" % (entry["sha256"][:12], " executable" if entry["executable"] else "")


def _hash(content: t.Mapping[str, t.Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_ID_LENGTH]
