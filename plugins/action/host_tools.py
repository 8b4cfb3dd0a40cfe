# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import tempfile
import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.tools import checksum
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.zipapp import build

_MODULE = "selfhost.pyapps.host_tools"


class ActionModule(ActionBase):
    """Make the zipapp, ask the target whether it has it, and send it if not."""

    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec={"root": {"type": "path", "required": True}})
        content = build()
        arguments["checksum"] = checksum(content)
        result = self._execute_module(module_name=_MODULE, module_args=arguments, task_vars=task_vars)
        if result.pop("send", False) and not self._task.check_mode:
            result = self._execute_module(
                module_name=_MODULE, module_args={**arguments, "source": self._sent(content)}, task_vars=task_vars
            )
            result.pop("send", None)
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return dict(result)

    def _sent(self, content: bytes) -> str:
        """Copy the zipapp to the target; its path there."""
        if not self._connection._shell.tmpdir:
            self._make_tmp_path()
        path = self._connection._shell.join_path(self._connection._shell.tmpdir, "pyapps.pyz")
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            self._transfer_file(file.name, path)
        self._fixup_perms2((self._connection._shell.tmpdir, path))
        return str(path)
