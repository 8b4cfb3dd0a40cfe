# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which release a rollback goes to, and making it ready: old code with today's secrets.

Nothing is fetched and nothing is built: a release that is held has its environment.
"""

from __future__ import annotations

import os
import typing as t
from dataclasses import replace

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.applied_catalog import front_part
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets import release_with
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout, app_user
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import show
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.suggest import nearest
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result, Results
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases.identity import App, failed
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases.today import Today, today
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import (
    history as _release_history,
    instance_state as _instance_state,
    release_secrets as _release_secrets,
    release_store as _release_store,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.releases_held import held_releases, live_release

Entry = dict[str, t.Any]

_KEPT = "kept (nothing was changed)"


class RollbackError(ValueError):
    """What was asked for cannot be meant; the text says why, and what there is."""


class _NoWayBackError(Exception):
    """One app cannot go back; the text says why and what to do."""


def check_request(layout: Layout, names: t.Sequence[str], asked: t.Sequence[str], release: str) -> None:
    """Refuse what cannot be meant, before anything is looked at.

    :param names: the apps that are meant
    :param asked: the apps as they were named; without a name all would be meant, which nobody says by accident here
    :raises RollbackError: with the releases that there are, if the named one is not there
    """
    if not any(name.strip() for name in asked):
        raise RollbackError("No app given. Name one: -e app=%s." % (", ".join(names[:1])))
    if release and len(names) > 1:
        raise RollbackError(
            "release: found %s for %d apps (%s); a release is of one app. Name one app, or leave the release out: "
            "each goes back to its last good one. Nothing was changed." % (show(release), len(names), ", ".join(names))
        )
    if release and release not in held_releases(layout.app(names[0])):
        raise RollbackError(_unknown(layout.app(names[0]), release))


def _unknown(app: AppLayout, release: str) -> str:
    held = held_releases(app)
    guess = nearest(release, held)
    hint = "Did you mean %s? " % guess if guess else ""
    there = "There are:\n%s\n" % "\n".join("  " + line for line in listing(app)) if held else "There is none.\n"
    return "release: found %s, which %s does not have (or no longer: [deploy] keep). %s%sNothing was changed." % (
        show(release),
        app.name,
        hint,
        there,
    )


def listing(app: AppLayout) -> list[str]:
    """The releases of an app, each with when it was live last, the newest first."""
    history, live = _release_history.read(app), live_release(app)
    held = held_releases(app)
    order = list(dict.fromkeys([name for name in history.newest_first if name in held] + held))
    return ["%s  %s" % (release, _about(release, live, history)) for release in order]


def _about(release: str, live: str | None, history: _release_history.History) -> str:
    if release not in history.live:
        return "live" if release == live else "never live"
    since = " since " + history.live[release] if history.live[release] else ""
    if release == live:
        return "live" + since
    return "was live%s%s" % (since, "; rolled back" if release in history.withdrawn else "")


def prepare(
    layout: Layout,
    names: t.Iterable[str],
    release: str,
    applied: t.Iterable[App],
    public_url: str,
    check_mode: bool,
) -> tuple[list[Entry], Results]:
    """What a deploy of the releases needs that these apps go back to; who calls holds the host's lock.

    :param release: for one app the release that is meant; empty for the last good one of each
    :param applied: entries of the applied catalog; they are younger than what a release says of the front's matters
    :param public_url: where people open the host today
    :returns: entries of the catalog, and results of the steps before; an app that cannot go back is failed in them
    """
    younger = {entry["name"]: entry for entry in applied}
    entries: list[Entry] = []
    results: Results = {}
    for name in names:
        try:
            way = _Way(layout, layout.app(name), public_url)
            entry, found, assets = way.back(release, younger.get(name, {}), check_mode)
        except (_NoWayBackError, _instance_state.ReleaseError, OSError, ValueError) as error:
            results[name] = replace(failed(Result(), str(error)), note=_KEPT)
            continue
        entries.append(entry)
        results[name] = Result(release=found, assets=assets)
    return entries, results


class _Way:
    """The way back of one app."""

    def __init__(self, layout: Layout, app: AppLayout, public_url: str) -> None:
        live = _instance_state.live_instance(app)
        if live is None:
            raise _NoWayBackError("has never been live: deploy it first")
        if live.record is None:
            raise _NoWayBackError("the record of its live instance is missing: deploy it again")
        self.layout, self.app, self.live = layout, app, live.record.release
        self._public_url = public_url
        self.own = _release_secrets.read(app.release(self.live))
        self._group = app_user(app.name) if os.geteuid() == 0 else None

    def back(self, wanted: str, younger: App, check_mode: bool) -> tuple[Entry, str, str | None]:
        """The entry of the catalog, the release, and its assets."""
        held = wanted or self._last_good(check_mode)
        record = _instance_state.read_release(self.app, held)
        base = younger.get("base_path", record["settings"]["base_path"])
        if record["settings"]["base_path"] != base:
            raise _NoWayBackError(
                "release %s was made for %s/, and the front has the app at %s/ now. Put base_path in its setup.toml "
                "back, with the old code, and deploy it" % (held, record["settings"]["base_path"], base)
            )
        if not os.path.isdir(os.path.join(self.layout.envs, str(record.get("environment")))):
            raise _NoWayBackError("the environment of release %s is gone. Deploy its code again" % held)
        found = self._today(held)
        release = self._named(found, check_mode)
        if not check_mode:
            self._make_ready(held, release, found)
        front = front_part(younger)
        # A release is tried as it said itself, not by a command that only newer code has.
        own = {"deploy": {**younger.get("deploy", {}), **record["settings"]["deploy"]}}
        return {**record["settings"], **front, **own}, release, record.get("assets")

    def _last_good(self, check_mode: bool) -> str:
        history, held = _release_history.read(self.app), held_releases(self.app)
        for release in history.newest_first:
            if release not in held or release == self.live or release in history.withdrawn:
                continue
            if self._named(self._today(release), check_mode) != self.live:  # not the same code as it was once
                return release
        lines = "\n".join("  " + line for line in listing(self.app))
        raise _NoWayBackError(
            "there is no other release of it that has been live and was not rolled back. There are:\n%s\nName one "
            "with -e release=..., or deploy older code" % lines
        )

    def _today(self, release: str) -> Today:
        return today(self.layout, self.app, release, self._public_url)

    def _named(self, found: Today, check_mode: bool) -> str:
        """What a release is named with today's secrets."""
        key = _release_secrets.secrets_key(self.layout, not check_mode) if self.own else None
        return release_with(key, found.content, self.own) if key else found.content

    def _make_ready(self, held: str, release: str, found: Today) -> None:
        if not os.path.isdir(self.app.release(release)):
            _release_store.copy_with(self.app, held, release, self.own, self._group, found.content, found.files)
            history = _release_history.read(self.app).renamed(held, release)
            _release_history.write(self.app, history, held_releases(self.app))
        elif _release_secrets.differ(self.app.release(release), self.own):
            _release_secrets.write(self.app.release(release), self.own, self._group)
