# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils import _programs
from ansible_collections.selfhost.pyapps.plugins.module_utils._layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._supervisor_conf import program_text


def test_files_alone_are_written_once_and_deleted_once(tmp_path: Path) -> None:
    """Design rule 11: supervisord is told nothing; a second run has nothing to do."""
    layout = Layout(str(tmp_path))
    program = _programs.Program("web", program_text("web", ["/bin/true"], layout=layout))
    todo = _programs.plan_files(layout, [program], [])
    assert (todo.write, todo.actions) == (["web"], [])
    _programs.write(layout, [program], todo)
    assert Path(layout.program("web")).read_text() == program.text
    assert not _programs.plan_files(layout, [program], []).changed
    todo = _programs.plan_files(layout, [], ["web"])
    assert (todo.delete, todo.actions) == (["web"], [])
    _programs.write(layout, [], todo)
    assert not _programs.plan_files(layout, [], ["web"]).changed
