# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a folder of apps into the catalog.

``docs/contributing/architecture.md`` has the catalog's shape.
Nothing of an app is executed. Every file is read before anything is said, so that all errors are told at once.
"""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass, field

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.app_folders import app_folders, slug
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.app_reader import App, AppReader, SecretNames
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.assignment import (
    EVERY_APP,
    VARIABLE as APPS,
    Assignment,
    tell_unassigned,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.clashes import Claim, clashes
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets_given import (
    VARIABLE as SECRETS,
    tell_unknown_apps,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.app_files import SETUP
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Problem, Report, printable
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml import require_toml


@dataclass(frozen=True)
class Catalog:
    """What a folder of apps says.

    ``apps`` holds only apps without errors, sorted by name; use it only when ``errors`` is empty. ``invalid`` are the
    lines about faulty apps that a run goes on without, by the name of the app, as far as its file tells it.
    """

    apps: list[App]
    notices: list[str]
    errors: list[Problem]
    invalid: dict[str, list[str]] = field(default_factory=dict)


def read_catalog(
    path: str,
    secret_names: SecretNames = None,
    assignment: Assignment = EVERY_APP,
    fleet: t.Sequence[object] = (),
    chosen: t.Collection[str] = (),
    keep_invalid: bool = False,
    installs_packages: bool = False,
) -> Catalog:
    """The catalog of a folder of apps, or of one app's folder, for one host.

    Every app of the folder is checked, so that an error is found before any host is changed. Only apps that the host
    serves may not clash, and need their secrets.

    The same files give the same answer, in whatever order the disk lists them.

    :param secret_names: which variables ``pyapps_secrets`` gives a value, by app; None when that is not known, and then
        ``[env] required`` is not checked
    :param assignment: which of the apps the host serves
    :param fleet: the value of ``pyapps_apps`` of every host, for a notice about apps that no host serves; or nothing
    :param chosen: names of the apps that the run is for, when it is not for all: what is wrong with others is a notice
    :param keep_invalid: whether a run for all goes on without the apps that are faulty
    :param installs_packages: whether the run installs what a ``packages.txt`` names
    :raises TomlMissingError: this Python has no TOML parser
    """
    require_toml()
    report = Report()
    folders = app_folders(path, report)
    own = [Report() for _folder in folders]
    apps_folder = None if folders == [path] else path
    readers = [
        AppReader(folder, own[at], secret_names, assignment, apps_folder, installs_packages)
        for at, folder in enumerate(folders)
    ]
    apps = [app for app in [reader.read() for reader in readers] if app is not None]
    faults: dict[str, list[Problem]] = {reader.claim.file: own[at].problems for at, reader in enumerate(readers)}
    report.notices += _notices(readers, own, chosen)
    served = [reader.claim for reader in readers if assignment.holds(reader.claim.name)]
    clashing = clashes(served)
    for problem in clashing:
        faults[_file_of(problem, served)].append(problem)
    names = {reader.claim.name for reader in readers if reader.claim.name}
    if len(names) == len(readers):  # else the name that is missing may be the right one
        tell_unknown_apps(secret_names or (), names, report.about(SECRETS), chosen)
        assignment.tell_unknown(names, report.about(APPS))
    if fleet:
        tell_unassigned(fleet, names, report.about(APPS))
    claims = [reader.claim for reader in readers if faults[reader.claim.file]]
    if chosen:
        # The name of the one that is meant may stand in a file that cannot be read: then all is told.
        left = _left_out(chosen, claims, {app["name"] for app in apps}, clashing, served)
    else:
        left = _undisputed(claims, clashing, served) if keep_invalid else []
    report.problems += [problem for claim in claims if claim not in left for problem in faults[claim.file]]
    if chosen:
        report.notices += [_left_notice(faults[claim.file]) for claim in left]
    invalid = {} if chosen else _invalid([claim for claim in left if assignment.holds(claim.name)], faults)
    wrong = {_folder(claim) for claim in left}
    apps = [app for app in apps if assignment.holds(app["name"]) and app["folder"] not in wrong]
    _tell_taken(apps, invalid, report)
    return Catalog(sorted(apps, key=lambda app: str(app["name"])), report.notices, report.problems, invalid)


def _file_of(problem: Problem, claims: t.Sequence[Claim]) -> str:
    """The file of the claim that a problem is told of; the problem has it in a form that can be printed."""
    return next(claim.file for claim in claims if printable(claim.file) == problem.file)


def _notices(readers: t.Sequence[AppReader], own: t.Sequence[Report], chosen: t.Collection[str]) -> list[str]:
    """What is to be said of the apps that the run is for."""
    meant = [each for at, each in enumerate(own) if not chosen or readers[at].claim.name in chosen]
    return [notice for each in meant for notice in each.notices]


def _left_notice(faults: t.Sequence[Problem]) -> str:
    """What is to be said of a faulty app that the run is not for."""
    more = " (and %d more)" % (len(faults) - 1) if len(faults) > 1 else ""
    return "stays as it was applied: %s%s" % (faults[0].as_line(), more)


def _invalid(left: t.Iterable[Claim], faults: t.Mapping[str, t.Sequence[Problem]]) -> dict[str, list[str]]:
    """What is wrong with apps that a run goes on without, in lines, by the app's name as far as its file tells it."""
    return {
        claim.name or slug(os.path.basename(_folder(claim))): [problem.as_line() for problem in faults[claim.file]]
        for claim in left
    }


def _folder(claim: Claim) -> str:
    return os.path.dirname(os.path.abspath(claim.file))


def _undisputed(faulty: t.Sequence[Claim], clashing: t.Sequence[Problem], served: t.Sequence[Claim]) -> list[Claim]:
    """The faulty apps that may stay as they were. What two apps want stays with neither: nobody can say whose it is."""
    disputed = {_file_of(problem, served) for problem in clashing}
    return [claim for claim in faulty if claim.file not in disputed]


def _tell_taken(apps: t.Sequence[App], invalid: t.Collection[str], report: Report) -> None:
    """A name is never a faulty app's, which stays as it was, and another one's at once."""
    for app in apps:
        if app["name"] in invalid:
            report.about(os.path.join(app["folder"], SETUP)).error(
                "name",
                "is also the name of an app whose file cannot be read: write another name, or mend that file",
                found=app["name"],
                allowed="a name that no other app has",
            )


def _left_out(
    chosen: t.Collection[str],
    faulty: t.Sequence[Claim],
    valid: t.Collection[str],
    clashing: t.Sequence[Problem],
    served: t.Sequence[Claim],
) -> list[Claim]:
    """The faulty apps that a run for the chosen ones may take as they were applied.

    A clash with a chosen app is that app's, whichever of the two it is told of: it is gone when only others are asked.
    """
    if not set(chosen) <= set(valid):
        return []
    others = clashes([claim for claim in served if claim.name not in chosen])
    touched = {_file_of(problem, served) for problem in clashing if problem not in others}
    return [claim for claim in faulty if claim.name not in chosen and claim.file not in touched]
