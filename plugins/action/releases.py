# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import tempfile
import typing as t

from ansible import constants
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets import AppSecrets, encode
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets_files import read_folder_secrets
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets_given import read_given
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import diff_entry
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Report
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.generator import HostOptions
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import kind_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import (
    Result,
    ResultError,
    Results,
    as_dicts,
    results_of,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases.identity import (
    App,
    failed,
    listing,
    named,
    survivors,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases.module_releases import ARGUMENTS
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.release_archive import write_archive
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.release_files import (
    AppFiles,
    AppFilesError,
    list_app_files,
)
from ansible_collections.selfhost.pyapps.plugins.plugin_utils._progress import counting

_MODULE = "selfhost.pyapps.releases"

Answer = dict[str, t.Any]


class ActionModule(ActionBase):
    """Name every app's release, ask the target which are missing, and send those in one archive."""

    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> Answer:
        super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        host = HostOptions(arguments["public_url"], arguments["production"])
        given = given_secrets(arguments.pop("secrets"))
        without = arguments.pop("without_secrets")
        files, results = name_releases(arguments["apps"], given_results(arguments["results"]), host)
        secrets: dict[str, AppSecrets] = {}
        if not without:
            secrets, results = with_secrets(arguments["apps"], results, given)
        paths = {app["name"]: app["data"]["paths"] for app in arguments["apps"]}
        seeds = {name: files[name].seeds(paths[name]) for name in files}
        arguments.update(results=as_dicts(results), secret_word=encode(secrets), seeds=seeds)
        answer = self._ask(arguments, task_vars)
        missing = answer.get("missing")
        if missing:
            answer["diff"] = [*file_diffs(files, missing), *answer["diff"]] if self._task.diff else []
            if not self._task.check_mode:
                sent = self._send(arguments, files, missing, task_vars)
                if "app_results" not in sent:
                    return sent  # the module has ended early, and says why
                answer = {**sent, "diff": answer["diff"], "app_results": both_changes(answer, sent)}
        answer["notices"] = ["%s: %s" % (name, notice) for name in sorted(files) for notice in files[name].notices]
        return answer

    def _ask(self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any] | None) -> Answer:
        with counting("new releases are unpacked and checked"):
            return dict(self._execute_module(module_name=_MODULE, module_args=arguments, task_vars=task_vars))

    def _send(
        self,
        arguments: dict[str, t.Any],
        files: dict[str, AppFiles],
        missing: dict[str, dict[str, t.Any]],
        task_vars: dict[str, t.Any] | None,
    ) -> Answer:
        """Send what is missing and have it made; an app whose files cannot be read is failed."""
        absent = {name: release["absent"] for name, release in missing.items()}
        handle, archive = tempfile.mkstemp(prefix="releases-", suffix=".tar", dir=constants.DEFAULT_LOCAL_TMP)
        os.close(handle)
        try:
            failures = write_archive(archive, {name: files[name] for name in sorted(missing)}, absent)
            arguments["archive"] = self._transfer(archive)
        except (AnsibleError, OSError) as error:
            failures = dict.fromkeys(missing, str(error))
        finally:
            os.unlink(archive)
        try:
            for name, reason in failures.items():
                so_far = Result.of(arguments["results"][name], name)
                arguments["results"][name] = failed(so_far, "the release cannot be sent: %s" % reason).as_dict()
            return self._ask(arguments, task_vars)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)

    def _transfer(self, archive: str) -> str:
        """Copy a file into the task's folder on the target; its path there."""
        if not self._connection._shell.tmpdir:
            self._make_tmp_path()
        path = str(self._connection._shell.join_path(self._connection._shell.tmpdir, "releases.tar"))
        with counting("the apps' folders are sent"):
            self._transfer_file(archive, path)
        self._fixup_perms2((self._connection._shell.tmpdir, path))
        return path


def name_releases(apps: t.Sequence[App], results: Results, host: HostOptions) -> tuple[dict[str, AppFiles], Results]:
    """Read the folders of the apps that are still well.

    :returns: the files by app, and the results with each ``release`` (None while its environment is not known)
    """
    files: dict[str, AppFiles] = {}
    results_so_far: Results = dict(results)
    for app in survivors(apps, results_so_far):
        name = app["name"]
        try:
            files[name] = list_app_files(app["folder"], app["data"]["paths"])
            entries = files[name].entries()
            entry_file = kind_of(app).entry_file(app)
            if entry_file and entry_file not in entries:
                raise AppFilesError("%s, the entry_file, is not sent: is it named in .pyappsignore?" % entry_file)
        except AppFilesError as error:
            results_so_far[name] = failed(results_so_far[name], "%s: %s" % (app["folder"], error))
            continue
        results_so_far[name] = named(entries, app, results_so_far[name], host)
    return files, results_so_far


def both_changes(first: Answer, second: Answer) -> dict[str, Answer]:
    """The results of the second question, with what the first one has changed already (secrets that were put back)."""
    results: dict[str, Answer] = dict(second["app_results"])
    for name, result in first["app_results"].items():
        if result["changed"] and name not in first["missing"]:
            results[name] = {**results[name], "changed": True}
    return results


def given_results(value: dict[str, t.Any]) -> Results:
    """The results of the task's argument.

    :raises AnsibleActionFail: one is no result
    """
    try:
        return results_of(value)
    except ResultError as error:
        raise AnsibleActionFail(str(error)) from None


def given_secrets(value: dict[str, t.Any]) -> dict[str, AppSecrets]:
    """The secrets of the task's argument.

    :raises AnsibleActionFail: something is wrong with them
    """
    report = Report()
    given = read_given(value, report.about("secrets"))
    if report.problems:
        raise AnsibleActionFail("\n".join(problem.as_line() for problem in report.problems))
    return given


def with_secrets(
    apps: t.Sequence[App], results: Results, given: t.Mapping[str, AppSecrets]
) -> tuple[dict[str, AppSecrets], Results]:
    """The secrets of the apps that are still well, those of their folders included.

    :returns: the secrets by app, and the results; an app whose files cannot be read is failed
    """
    secrets: dict[str, AppSecrets] = {}
    checked = dict(results)
    for app in survivors(apps, results):
        name, report = app["name"], Report()
        own = read_folder_secrets(app["folder"], kind_of(app).secrets_file, report.about(app["folder"]))
        secrets[name] = given.get(name, AppSecrets()).over(own)
        if report.problems:
            checked[name] = failed(results[name], "; ".join(problem.as_line() for problem in report.problems))
    return secrets, checked


def file_diffs(
    files: t.Mapping[str, AppFiles], missing: t.Mapping[str, t.Mapping[str, t.Any]]
) -> list[dict[str, t.Any]]:
    """What differs from the live releases, by name and hash; never an app's content."""
    return [
        diff_entry("%s: files" % name, listing(missing[name].get("live_entries", {})), listing(files[name].entries()))
        for name in sorted(missing)
    ]
