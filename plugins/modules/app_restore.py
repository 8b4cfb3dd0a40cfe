#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: app_restore
short_description: Put the data of Python web apps back from a backup
version_added: 0.2.0
description:
  - Replaces an app's data folder by what an archive of M(selfhost.pyapps.app_backup) holds.
  - Everything is checked before anything changes; another app's archive and anything else that is no backup is refused.
  - Unpacks with the app's rights beside the data folder, and then swaps the two; only for that it holds the host's
    lock. Names and links that lead out are refused.
  - An app that runs is refused, unless O(stop) is set; then it is stopped while the folders are swapped.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.host.lock
  - selfhost.pyapps.attributes
options:
  app:
    description: Names of apps, of which the newest archives are taken; with O(archive) at most one.
    type: list
    elements: str
    default: []
  archive:
    description: An archive on the target; by default the newest in O(folder).
    type: path
  folder:
    description: Where the archives are, on the target; by default C(<root>/var/backups/pyapps).
    type: path
  stop:
    description: Whether apps that run may be stopped meanwhile.
    type: bool
    default: false
  catalog:
    description: A copy of the applied catalog, on the target, that is put back.
    type: path
attributes:
  check_mode:
    support: full
    description: Checks everything, and says what would be restored.
  diff_mode:
    support: partial
    description: Shows what changes in the applied catalog; data is not shown.
  idempotent:
    support: partial
    description: Every run restores the data; the applied catalog only when it differs.
"""

EXAMPLES = r"""
- name: Put the newest backup of an app back
  selfhost.pyapps.app_restore:
    root: /
    app: [app_1]
    stop: true
"""

RETURN = r"""
app_results:
  description: By app, C(state) and C(note).
  returned: always
  type: dict
apps:
  description: The apps that were meant, with C(name) and C(base_path), for M(selfhost.pyapps.app_table).
  returned: always
  type: list
  elements: dict
url:
  description: The URL of the front.
  returned: always
  type: str
"""

import contextlib
import json
import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.app_choice import ChoiceError, choose
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.applied_catalog import read_applied, table_rows
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import (
    backup as _app_backup,
    restore as _app_restore,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import LOCK, ROOT, become_hint
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import diff_entry, read_text, write_file
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import LockedError, host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import (
    DaemonDownError,
    Supervisor,
    SupervisorError,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result, as_dicts


def archives(layout: Layout, params: t.Mapping[str, t.Any]) -> list[_app_backup.Archive]:
    """The archive of each app that is to be restored, open.

    :raises BackupError: nobody said which, or there is none
    :raises ChoiceError: a name is no app's
    """
    there = layout.deployed_app_names()
    named = choose(params["app"], there, "on this host") if params["app"] else []
    if params["archive"]:
        if len(named) > 1:
            raise _app_backup.BackupError("app: found %s; an archive is of one app" % ", ".join(named))
        found = _app_backup.open_archive(params["archive"], named[0] if named else None)
        choose([found.app], there, "on this host (deploy it first)")
        return [found]
    if not named and not params["catalog"]:
        raise _app_backup.BackupError(
            "app, archive: neither is given. Say -e app=NAME for the newest backup of an app, or -e archive=PATH."
        )
    folder = params["folder"] or _app_backup.default_folder(layout)
    return [_app_backup.open_archive(_app_backup.newest_archive(folder, name), name) for name in named]


def running_supervisor(layout: Layout) -> Supervisor | None:
    """Supervisor, or None when none runs."""
    supervisor = Supervisor(layout.supervisor_socket)
    try:
        supervisor.processes()
    except DaemonDownError:
        return None
    return supervisor


def catalog_text(path: str) -> str:
    """A copy of the applied catalog.

    :raises BackupError: it is none
    """
    try:
        text = read_text(path) or ""
        content = json.loads(text)
        if isinstance(content["source"], str) and isinstance(content["apps"], list):
            return text
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise _app_backup.BackupError("catalog: %s is no copy of an applied catalog. Nothing was changed." % path)


def restore(
    module: AnsibleModule, layout: Layout, chosen: list[_app_backup.Archive], supervisor: Supervisor | None
) -> dict[str, t.Any]:
    """Check everything, then do it; what the module returns."""
    params, wait = module.params, module.params["lock_timeout"]
    turns = [_app_restore.Restore(layout, archive, supervisor, params["stop"], wait) for archive in chosen]
    for turn in turns:
        turn.refuse_running()
    text = catalog_text(params["catalog"]) if params["catalog"] else None
    before = read_text(layout.catalog)
    if module.check_mode:
        note = "would be restored from %s"
        results = {turn.name: Result(changed=True, note=note % turn.archive.path) for turn in turns}
    else:
        if text is not None and text != before:
            with host_lock(layout.lock, wait, "puts the applied catalog back"):
                write_file(layout.catalog, text)
        results = {turn.name: turn.take() for turn in turns}
    differs = text is not None and text != before
    applied = {"url": "", "apps": []}
    with contextlib.suppress(ValueError):  # a damaged one is why it is restored
        applied = read_applied(layout)
    return {
        "changed": differs or any(result.changed for result in results.values()),
        "app_results": as_dicts(results),
        "apps": table_rows(applied, [turn.name for turn in turns]),
        "url": applied["url"],
        "diff": diff_entry(layout.catalog, before, text) if differs else {},
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ROOT,
            "app": {"type": "list", "elements": "str", "default": []},
            "archive": {"type": "path"},
            "folder": {"type": "path"},
            "stop": {"type": "bool", "default": False},
            "catalog": {"type": "path"},
            **LOCK,
        },
        supports_check_mode=True,
    )
    os.umask(0o022)
    layout = Layout(module.params["root"])
    try:
        supervisor = running_supervisor(layout)
        with contextlib.ExitStack() as stack:
            chosen = archives(layout, module.params)
            for archive in chosen:
                stack.enter_context(archive.file)
            answer = restore(module, layout, chosen, supervisor)
    except (_app_backup.BackupError, ChoiceError, LockedError, OSError, SupervisorError) as error:
        module.fail_json(msg=str(error) + become_hint(error))
    module.exit_json(**answer)


if __name__ == "__main__":
    main()
