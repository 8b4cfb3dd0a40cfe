# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor finds, and what it says to it."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._health import doctor as _doctor
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import layout as _host_layout


def test_an_old_python_is_a_problem() -> None:
    assert _doctor._python(("3", "9", "2")).state == "ok"
    found = _doctor._python(("3", "8", "19"))
    assert (found.state, found.advice) == ("problem", "Install Python 3.9 or newer on the host.")


def test_programs_tell_their_versions_and_absent_ones_are_left_out(tmp_path: Path) -> None:
    def run(command: list[str]) -> tuple[int, str, str]:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    layout = Layout(str(tmp_path))
    os.makedirs(os.path.dirname(layout.uv))
    Path(layout.uv).write_text("#!/bin/sh\necho 'uv 0.9.1 (abc)'\n")
    os.chmod(layout.uv, 0o755)
    found = {finding.check: finding for finding in _doctor.versions(layout, run)}
    assert found["uv"].found == "0.9.1"
    assert "caddy" not in found
    assert found["system"].state == "ok"
    assert found["supervisord"].state == "problem"
    assert "site playbook" in found["supervisord"].advice


def test_the_fronts_port_is_its_own_free_or_a_strangers() -> None:
    """C-20: who holds it is named."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        found = _doctor.port(number, "nginx")
        assert found.state == "problem"
        assert "pid %d" % os.getpid() in found.found
        assert "pyapps_port" in found.advice
        command = Path("/proc/self/cmdline").read_bytes().split(b"\0")[0].decode()
        assert _doctor.port(number, os.path.basename(command)).state == "ok"
    assert _doctor.port(number, "nginx").found == "nobody listens"


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """A host of one ordinary user, laid out without apps."""
    monkeypatch.setattr(
        _host_layout, "folders", lambda layout, apps, as_root, make=_host_layout.folders: make(layout, apps, False)
    )
    layout = Layout(str(tmp_path))
    for folder in _host_layout.folders(layout, [], False):
        _host_layout.make(folder)
    return layout


def test_permissions_that_are_right_are_one_line(layout: Layout) -> None:
    (found,) = _doctor.permissions(layout, [])
    assert found.state == "ok"


def test_every_wrong_permission_is_named_with_what_it_should_be(layout: Layout) -> None:
    os.chmod(layout.log, 0o777)
    os.rmdir(layout.tools)
    os.rmdir(layout.assets)
    os.symlink("/tmp", layout.assets)
    Path(layout.secrets_key).write_text("x")
    os.chmod(layout.secrets_key, 0o644)
    found = {finding.check: finding.found for finding in _doctor.permissions(layout, [])}
    assert set(found) == {layout.log, layout.tools, layout.assets, layout.secrets_key}
    assert found[layout.log].startswith("mode 777 of user")
    assert found[layout.tools] == "is missing"
    assert found[layout.assets] == "is a link"
    assert "instead of mode 600" in found[layout.secrets_key]


def test_a_disk_that_is_nearly_full_is_a_warning(layout: Layout) -> None:
    (plenty,) = _doctor.space(layout, 0)
    assert plenty.state == "ok"
    (scarce,) = _doctor.space(layout, 101)
    assert scarce.state == "warning"
    assert "second release" in scarce.advice
