# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module of the collection in this process, as Ansible would on the target."""

from __future__ import annotations

import contextlib
import io
import json
import types
import typing as t

from ansible.module_utils.testing import patch_module_args


def run_module(module: types.ModuleType, check: bool = False, **arguments: t.Any) -> dict[str, t.Any]:
    """What the module returns; always in diff mode."""
    output = io.StringIO()
    settings = {"_ansible_check_mode": check, "_ansible_diff": True}
    captured, ended = contextlib.redirect_stdout(output), contextlib.suppress(SystemExit)
    with patch_module_args({**arguments, **settings}), captured, ended:
        module.main()
    return t.cast(dict[str, t.Any], json.loads(output.getvalue()))
