# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module ``healthcheck_settings`` takes and does; the plan of a run asks it, too."""

from __future__ import annotations

import glob
import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import ROOT
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import diff_entry, read_text, write_file
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.log import lock_path
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.settings import (
    SettingsError,
    front_address,
    notify_from,
    settings_from,
    to_json,
)

_ENDPOINT = {
    "name": {"type": "str", "required": True},
    "url": {"type": "str", "required": True},
    "socket": {"type": "path"},
    "status": {"type": "int", "default": 200},
    "body": {"type": "str"},
}
_COPIED = ("endpoints", "ignore_programs", "timeout", "min_disk_percent", "min_memory_percent")


ARGUMENTS: dict[str, t.Any] = {
    **ROOT,
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "front": {"type": "str", "choices": ["", "nginx", "caddy"], "default": ""},
    "port": {"type": "int", "default": 80},
    "address": {"type": "str", "default": ""},
    "server_names": {"type": "list", "elements": "str", "default": []},
    "endpoints": {"type": "list", "elements": "dict", "default": [], "options": _ENDPOINT},
    "ignore_programs": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "float", "default": 10},
    "min_disk_percent": {"type": "float", "default": 5},
    "min_memory_percent": {"type": "float", "default": 5},
    "notify_command": {"type": "list", "elements": "str", "default": []},
    "notify_webhook": {"type": "str", "default": "", "no_log": True},
}


def wanted(parameters: t.Mapping[str, t.Any], layout: Layout) -> dict[str, str | None]:
    """The files by path, None for one that shall not be there.

    :raises SettingsError: with every problem
    """
    if parameters["state"] == "absent":
        logs = glob.glob(glob.escape(layout.healthcheck_log) + "*")
        told = glob.glob(glob.escape(layout.healthcheck_told) + "*")
        lock = lock_path(layout.healthcheck_log)
        return dict.fromkeys([layout.healthcheck, layout.healthcheck_notify, *told, *logs, lock])
    front = parameters["front"] and vars(
        front_address(parameters["front"], parameters["port"], parameters["address"], parameters["server_names"])
    )
    problems = []
    files: dict[str, str | None] = {}
    try:
        data = {**{key: parameters[key] for key in _COPIED}, "front": front or None}
        files[layout.healthcheck] = to_json(settings_from(data))
    except SettingsError as error:
        problems += error.problems
    try:
        notify = notify_from({"command": parameters["notify_command"], "webhook": parameters["notify_webhook"]})
        files[layout.healthcheck_notify] = to_json(notify) if notify.command or notify.webhook else None
    except SettingsError as error:
        problems += ["notify_" + problem for problem in error.problems]
    if problems:
        raise SettingsError(problems)
    return files


def _diff(path: str, before: str | None, after: str | None, secret: bool) -> dict[str, t.Any]:
    if not secret:
        return diff_entry(path, before, after)
    return diff_entry(path, before and "(secret)\n", after and "(secret, %s)\n" % ("changed" if before else "new"))


def act(module: AnsibleModule) -> None:
    """What the module does; it ends by ``exit_json`` or ``fail_json``."""
    layout = Layout(module.params["root"])
    try:
        files = wanted(module.params, layout)
    except SettingsError as error:
        module.fail_json(msg="The health check cannot be set up: %s. Nothing was changed." % "; ".join(error.problems))
    diff = []
    try:
        for path, text in files.items():
            # A log is removed, and never read for that.
            is_log = path.startswith(layout.healthcheck_log)
            before = ("" if os.path.lexists(path) else None) if is_log else read_text(path)
            if before == text:
                continue
            secret = path != layout.healthcheck
            diff.append(_diff(path, before, text, secret))
            if module.check_mode:
                continue
            if text is None:
                os.unlink(path)
            else:
                write_file(path, text, 0o600 if secret else 0o644)
    except OSError as error:
        module.fail_json(msg="%s: %s" % (error.filename or layout.etc, error.strerror))
    module.exit_json(changed=bool(diff), path=layout.healthcheck, diff=diff)
