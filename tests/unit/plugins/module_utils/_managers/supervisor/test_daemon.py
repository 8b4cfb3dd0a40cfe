# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry import (
    module_supervisor_daemon as supervisor_daemon,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor import (
    daemon as _supervisor_daemon,
    service as _supervisor_service,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.files import Wish


def wish(root: Path, manager: str, activate: bool) -> Wish:
    return Wish(Layout(str(root)), own=True, from_debian=True, manager=manager, as_root=False, activate=activate)


def test_laying_out_writes_files_and_tells_no_service_manager(tmp_path: Path) -> None:
    """Design rule 11: laying out and activating are two acts."""
    laid_out = _supervisor_daemon.plan_present(wish(tmp_path, "none", activate=False), running=False)
    activated = _supervisor_daemon.plan_present(wish(tmp_path, "none", activate=True), running=False)
    assert laid_out.write == activated.write != []
    assert laid_out.service == []
    assert activated.service == ["start"]


def test_who_is_the_first_process_of_a_container_can_not_be_started(tmp_path: Path) -> None:
    """S0-92: it starts and ends with the container."""
    wanted = wish(tmp_path, "supervisor", activate=True)
    todo = _supervisor_daemon.Plan(service=["start"])
    with pytest.raises(_supervisor_daemon.DaemonError, match="start the container"):
        _supervisor_service.apply(wanted, todo, lambda command: (0, "", ""), str)


@pytest.mark.parametrize(
    ("manager", "needs_root"), [("systemd", True), ("sysv", True), ("none", False), ("supervisor", False)]
)
def test_who_is_not_root_has_no_service_manager(tmp_path: Path, manager: str, needs_root: bool) -> None:
    """The first process of a container may be anybody's."""
    wanted = wish(tmp_path, manager, activate=False)
    if needs_root:
        with pytest.raises(_supervisor_daemon.DaemonError, match="service_manager=%s needs root" % manager):
            supervisor_daemon.check(wanted)
    else:
        supervisor_daemon.check(wanted)


def test_folders_that_an_earlier_run_left_open_to_all_are_closed(tmp_path: Path) -> None:
    wanted = wish(tmp_path, "none", activate=False)
    for folder in wanted.folders:
        os.makedirs(folder.path)
        os.chmod(folder.path, folder.mode)
    assert _supervisor_daemon.plan_present(wanted, running=False).folders == []
    programs = wanted.layout.programs
    os.chmod(programs, 0o777)
    found = _supervisor_daemon.plan_present(wanted, running=False)
    assert [folder.path for folder in found.folders] == [programs]
    assert found.changed
