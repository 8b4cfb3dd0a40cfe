# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor import programs as _programs
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import program_text


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


def test_only_its_owner_can_list_the_folder_of_programs(tmp_path: Path) -> None:
    """A program has the name of an instance in its own; an older folder is corrected."""
    layout = Layout(str(tmp_path))
    Path(layout.programs).mkdir(parents=True, mode=0o755)
    program = _programs.Program("web", program_text("web", ["/bin/true"], layout=layout))
    _programs.write(layout, [program], _programs.plan_files(layout, [program], []))
    assert Path(layout.programs).stat().st_mode & 0o777 == 0o700


def test_the_folder_of_debians_daemon_stays_as_it_is(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path / "root"))
    debians = tmp_path / "conf.d"
    debians.mkdir(mode=0o755)
    Path(layout.programs).parent.mkdir(parents=True)
    Path(layout.programs).symlink_to(debians)
    program = _programs.Program("web", program_text("web", ["/bin/true"], layout=layout))
    _programs.write(layout, [program], _programs.plan_files(layout, [program], []))
    assert debians.stat().st_mode & 0o777 == 0o755
    assert (debians / "web.conf").read_text() == program.text
