# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads one app's folder into its entry of the catalog."""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.app_env import read_env
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.app_folders import slug, title_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.assignment import EVERY_APP, Assignment
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.clashes import Claim
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.commands import split_command
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.origins import (
    normal_frame_ancestors,
    normal_origins,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets_files import DOTENV, read_folder_secrets
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.setup_toml import (
    NAME,
    NAME_IN_WORDS,
    setup_toml,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.app_files import (
    KIB,
    SETUP,
    UnreadableError,
    is_safe_path,
    read_app_text,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Report, show
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.schema import read_table
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml import TomlError, parse_toml
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import KINDS
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.table import Folder
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.tables import TABLES, kind_in
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.packages_txt import read_packages
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.reader import read_requirements

_LARGEST_SETTINGS = 64 * KIB
_MOST_DATA_PATHS = 100  # each is compared with every other, and with every file of a release
_NAME_LINE = re.compile(r"^[ \t]*name[ \t]*=[ \t]*[\"'](%s)[\"']" % NAME, re.MULTILINE)

App = dict[str, t.Any]
SecretNames = t.Optional[t.Mapping[str, t.Collection[str]]]


class AppReader:
    """Reads one app's folder.

    :param secret_names: see :func:`read_catalog`
    :param assignment: see :func:`read_catalog`
    :param apps: the folder that holds the app and others; None where the app was given alone
    :param installs_packages: see :func:`read_catalog`
    :ivar claim: what the app wants for itself; filled by :meth:`read`, also for an app with errors
    """

    def __init__(
        self,
        folder: str,
        report: Report,
        secret_names: SecretNames = None,
        assignment: Assignment = EVERY_APP,
        apps: str | None = None,
        installs_packages: bool = False,
    ) -> None:
        self.claim = Claim(os.path.join(folder, SETUP), None, False, None, None, "")
        self._folder = folder
        self._apps = apps
        self._secret_names = secret_names
        self._assignment = assignment
        self._installs_packages = installs_packages
        self._folder_name = os.path.basename(os.path.abspath(folder))
        self._all = report
        self._report = report.about(self.claim.file)

    def read(self) -> App | None:
        """The app's entry of the catalog; None when anything is wrong with it."""
        self._report = self._all.about(self.claim.file)
        document = self._document(SETUP)
        if document is None:
            self._report.error("", "does not exist")
        elif not self._report.failed:
            app = self._entry(document)
            return None if self._report.failed else app
        else:
            self.claim = self.claim._replace(name=self._name_in_faulty_file(), name_is_given=True)
        return None

    def _entry(self, document: dict[str, t.Any]) -> App:
        kind = kind_in(document)
        document = self._without_other_kinds(document, kind)
        settings = read_table(setup_toml(kind), document, self._report)
        table, route = settings[kind], settings["route"]
        name = settings["name"] if "name" in document else self._name_of_folder()
        base_path = self._base_path(document.get(kind), table["base_path"], name)
        self.claim = Claim(self.claim.file, name, "name" in document, base_path, table["port"], kind)
        data_paths = settings["data"]["paths"] or []
        read = TABLES[kind].read(table, Folder(self._folder, self._report, self._document, data_paths))
        python, package = settings["environment"]["python"], KINDS[kind].package
        needs = read_requirements(self._folder, self._report, python, self._apps, package)
        debian_packages = read_packages(self._folder, self._report, self._installs_packages)
        env = self._environment(settings["env"], name, KINDS[kind].secrets_file)
        self._check_commands(settings["deploy"])
        return {
            "name": name,
            "title": settings["title"] or title_of(self._folder_name),
            "kind": kind,
            "folder": os.path.abspath(self._folder),
            "owner": settings["owner"],
            "base_path": base_path,
            kind: {**read.entry, "port": table["port"]},
            "environment": {
                **settings["environment"],
                "python": needs.python.version,
                "python_from": needs.python.said_by,
                "requires_python": list(needs.python.conditions),
                "files": needs.files,
                "entry": needs.entry,
            },
            "debian_packages": debian_packages,
            "env": env,
            "data": {"paths": self._data_paths(data_paths, [SETUP, *read.files, *needs.read])},
            "route": {
                "pinned": route["pinned"],
                "max_upload_mb": route["max_upload_mb"] or read.max_upload_mb,
                "allowed_origins": normal_origins(route["allowed_origins"] or [], self._report),
                "frame_ancestors": normal_frame_ancestors(route["frame_ancestors"] or [], self._report),
            },
            "limits": settings["limits"],
            "gallery": settings["gallery"],
            "deploy": settings["deploy"],
        }

    def _without_other_kinds(self, document: dict[str, t.Any], kind: str) -> dict[str, t.Any]:
        others = [name for name in document if name in TABLES and name != kind]
        for name in others:
            self._report.error(name, "is for another kind of app than [%s], and an app is of one kind: keep one" % kind)
        return {name: value for name, value in document.items() if name not in others}

    def _document(self, relative: str) -> dict[str, t.Any] | None:
        """A TOML file of the app; None when there is none, empty when it is faulty (that is reported)."""
        path = os.path.join(self._folder, relative)
        try:
            return parse_toml(read_app_text(self._folder, path, _LARGEST_SETTINGS))
        except FileNotFoundError:
            return None
        except (UnreadableError, TomlError) as error:
            self._report.beside(path).error("", str(error))
            return {}

    def _name_in_faulty_file(self) -> str | None:
        """What a file that is no TOML says of the name, so that no other app takes it meanwhile."""
        try:
            text = read_app_text(self._folder, self.claim.file, _LARGEST_SETTINGS)
        except (UnreadableError, FileNotFoundError):
            return None
        said = _NAME_LINE.search(text.partition("\n[")[0])
        return said[1] if said else None

    def _name_of_folder(self) -> str | None:
        name = slug(self._folder_name)
        if re.fullmatch(NAME, name):
            return name
        self._report.error(
            "name",
            "cannot be made from the folder's name: write it at the top of the file, as name = ...",
            found=show(self._folder_name),
            allowed=NAME_IN_WORDS,
        )
        return None

    @staticmethod
    def _base_path(table: object, path: str | None, name: str | None) -> str | None:
        """In its one form: with a leading slash, without one at its end, "" for the root; None if refused."""
        if isinstance(table, dict) and "base_path" in table:
            return None if path is None else ("/" + path.strip("/")).rstrip("/")
        return None if name is None else "/" + name

    def _check_commands(self, deploy: dict[str, t.Any]) -> None:
        for key in ("test", "release_command"):
            try:
                split_command(deploy[key] or "unset")
            except ValueError as error:
                self._report.error("deploy." + key, str(error), show(deploy[key]), "a program and its arguments")

    def _environment(self, table: dict[str, t.Any], app: str | None, secrets_file: str) -> dict[str, str]:
        """``[env]``. Secrets are only looked at: none may be in a catalog."""
        env = read_env({name: value for name, value in table.items() if name != "required"}, self._report)
        secret = read_folder_secrets(self._folder, secrets_file, self._report).env
        if self._secret_names is not None and self._assignment.holds(app):
            given = {name for source in (env, secret) for name in source if source[name]}
            given.update(self._secret_names.get(app or "", ()))
            for name in table["required"] or ():
                if name not in given:
                    self._report.error(
                        "env.required",
                        "missing secret named in [env] required: %s has no value: write it into %s, or into the"
                        " variable pyapps_secrets, below %s and env"
                        % (name, os.path.join(self._folder, DOTENV), app or "the app's name"),
                    )
        return env

    def _data_paths(self, paths: list[str], used: list[str]) -> list[str]:
        if len(paths) > _MOST_DATA_PATHS:
            self._report.error(
                "data.paths",
                "names more than %d paths: name the folders that they are in" % _MOST_DATA_PATHS,
                found="%d paths" % len(paths),
                allowed="paths beside each other",
            )
            return []
        for number, path in enumerate(paths):
            others = [other for other in paths[:number] if _overlap(other, path)]
            fault = ""
            if not is_safe_path(path):
                fault = "holds a character that is not allowed"
            elif others:
                fault = "overlaps with %s: keep the outer one" % show(others[0])
            elif any(_overlap(name, path) for name in used):
                fault = "belongs to the release, not to the data"
            if fault:
                self._report.error("data.paths", fault, found=show(path), allowed="paths beside each other")
        return paths


def _overlap(one: str, other: str) -> bool:
    return (one + "/").startswith(other + "/") or (other + "/").startswith(one + "/")
