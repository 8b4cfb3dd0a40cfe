# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a folder of apps into the catalog. PRIVATE to the collection.

``docs/contributing/architecture.md`` has the catalog's shape.
Nothing of an app is executed. Every file is read before anything is said, so that all errors are told at once.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._app_folders import app_folders
from ansible_collections.selfhost.pyapps.plugins.module_utils._app_reader import App, AppReader, SecretNames
from ansible_collections.selfhost.pyapps.plugins.module_utils._assignment import EVERY_APP, Assignment, tell_unassigned
from ansible_collections.selfhost.pyapps.plugins.module_utils._assignment import VARIABLE as APPS
from ansible_collections.selfhost.pyapps.plugins.module_utils._clashes import tell_clashes
from ansible_collections.selfhost.pyapps.plugins.module_utils._problems import Problem, Report
from ansible_collections.selfhost.pyapps.plugins.module_utils._secrets_given import VARIABLE as SECRETS
from ansible_collections.selfhost.pyapps.plugins.module_utils._secrets_given import tell_unknown_apps
from ansible_collections.selfhost.pyapps.plugins.module_utils._toml import require_toml


@dataclass(frozen=True)
class Catalog:
    """What a folder of apps says.

    ``apps`` holds only apps without errors, sorted by name; use it only when ``errors`` is empty.
    """

    apps: list[App]
    notices: list[str]
    errors: list[Problem]


def read_catalog(
    path: str,
    secret_names: SecretNames = None,
    assignment: Assignment = EVERY_APP,
    fleet: t.Sequence[object] = (),
) -> Catalog:
    """The catalog of a folder of apps, or of one app's folder, for one host.

    Every app of the folder is checked, so that an error is found before any host is changed. Only apps that the host
    serves may not clash, and need their secrets.

    The same files give the same answer, in whatever order the disk lists them (S0-14).

    :param secret_names: which variables ``pyapps_secrets`` gives a value, by app; None when that is not known, and then
        ``[env] required`` is not checked
    :param assignment: which of the apps the host serves
    :param fleet: the value of ``pyapps_apps`` of every host, for a notice about apps that no host serves; or nothing
    :raises TomlMissingError: this Python has no TOML parser
    """
    require_toml()
    report = Report()
    readers = [AppReader(folder, report, secret_names, assignment) for folder in app_folders(path, report)]
    apps = [app for app in [reader.read() for reader in readers] if app is not None]
    tell_clashes([reader.claim for reader in readers if assignment.holds(reader.claim.name)], report)
    names = {reader.claim.name for reader in readers if reader.claim.name}
    if len(names) == len(readers):  # else the name that is missing may be the right one
        tell_unknown_apps(secret_names or (), names, report.about(SECRETS))
        assignment.tell_unknown(names, report.about(APPS))
    if fleet:
        tell_unassigned(fleet, names, report.about(APPS))
    apps = [app for app in apps if assignment.holds(app["name"])]
    return Catalog(sorted(apps, key=lambda app: str(app["name"])), report.notices, report.problems)
