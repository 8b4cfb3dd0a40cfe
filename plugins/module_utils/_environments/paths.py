# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the store keeps what, and what of it nobody needs any more."""

from __future__ import annotations

import json
import os
import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.lock import Request
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import BUILD_USER, Layout

_NAME = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class StorePaths:
    """Paths of the store; ``locks/apps/<app>.txt`` and ``locks/tools/<tool>.txt`` are links that show who has which."""

    layout: Layout

    @property
    def pool(self) -> str:
        return os.path.join(self.layout.srv, "pool")

    def environment(self, name: str) -> str:
        return os.path.join(self.layout.envs, name)

    def lock(self, inputs: str) -> str:
        return os.path.join(self.layout.locks, inputs + ".txt")

    def owned_lock(self, request: Request) -> str:
        return os.path.join(self.layout.locks, "tools" if request.is_tool else "apps", request.name + ".txt")

    def links(self, request: Request, inputs: str, environment: str | None) -> dict[str, str]:
        """The links that a request's owner has, by path: their targets."""
        links = {self.owned_lock(request): "../%s.txt" % inputs}
        if request.is_tool and environment:
            links[os.path.join(self.layout.tools, request.name)] = "../envs/" + environment
        return links

    def make(self, user: str | None) -> None:
        """Make the store's folders that are missing, and delete what a killed run left unfinished.

        Only for who holds the host's lock.

        :param user: the build user, or None without root
        """
        for path in (self.layout.srv, self.layout.envs, self.layout.locks, self.layout.tools):
            if not os.path.isdir(path):
                _files.make_folder(path)
        _files.make_folder(self.pool, 0o700)
        _files.make_folder(self.layout.cache, 0o700, user, _group_of(user))
        for path in (self.layout.envs, self.layout.locks, self.layout.tools, self.layout.pythons):
            _files.remove_parts(path)


def _group_of(user: str | None) -> str | None:
    return BUILD_USER if user else None


class UnreadableError(Exception):
    """It cannot be told what is in use; then nothing is deleted."""


@dataclass(frozen=True)
class Unused:
    """What nobody needs: names of environments and interpreters, and paths of locks and links to locks."""

    environments: list[str]
    paths: list[str]
    pythons: list[str] = field(default_factory=list)

    def remove(self, paths: StorePaths) -> None:
        for path in self.paths:
            os.unlink(path)
        for name in self.environments:
            _files.remove_tree(paths.environment(name))
        for name in self.pythons:
            _files.remove_tree(os.path.join(paths.layout.pythons, name))


def find_unused(paths: StorePaths, environments: t.Iterable[str], apps: t.Iterable[str]) -> Unused:
    """What is in the store, but neither of this run nor of any release, tool or app that is on the host.

    :param environments: what this run's apps and tools use
    :param apps: this run's apps
    :raises UnreadableError: a release cannot be read
    """
    used = set(environments) | _of_releases(paths.layout) | _of_tools(paths.layout)
    known = set(apps) | set(paths.layout.app_names())
    unused = [name for name in _list(paths.layout.envs) if _NAME.fullmatch(name) and name not in used]
    gone, kept = [], set()
    for kind in ("apps", "tools"):
        folder = os.path.join(paths.layout.locks, kind)
        for name in _list(folder):
            link = os.path.join(folder, name)
            if kind == "apps" and name[: -len(".txt")] not in known:
                gone.append(link)
            elif os.path.islink(link):
                kept.add(os.path.basename(os.readlink(link)))
    gone += [
        os.path.join(paths.layout.locks, name)
        for name in _list(paths.layout.locks)
        if _NAME.fullmatch(name[: -len(".txt")]) and name.endswith(".txt") and name not in kept
    ]
    return Unused(unused, gone)


def _list(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []


def _of_releases(layout: Layout) -> set[str]:
    used = set()
    for app in layout.app_names():
        for release in _list(layout.app(app).releases):
            if release.startswith(_files.PART):
                continue
            path = os.path.join(layout.app(app).release(release), "release.json")
            try:
                used.add(str(json.loads(_files.read_text(path) or "{}").get("environment")))
            except (OSError, ValueError, AttributeError) as error:
                raise UnreadableError("%s cannot be read (%s)" % (path, error)) from None
    return used


def _of_tools(layout: Layout) -> set[str]:
    paths = [os.path.join(layout.tools, name) for name in _list(layout.tools)]
    return {os.path.basename(os.readlink(path)) for path in paths if os.path.islink(path)}
