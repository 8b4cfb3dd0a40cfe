# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With which commands and folders Caddy runs; a real one is in tests/integration."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.caddy import process as _process
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.caddy.process import (
    CaddyProcess,
    refuse_low_port,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.routes import FrontError
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(str(tmp_path / "root"))
    os.makedirs(layout.etc)
    return layout


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    path = tmp_path / "caddy-2.9"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def no_run(command: list[str]) -> tuple[int, str, str]:
    raise AssertionError("nothing is to be run: %s" % command)


def test_its_folders_are_made_once_and_removed(layout: Layout, binary: Path) -> None:
    caddy = CaddyProcess(layout, str(binary), as_root=False)
    assert caddy.folders_differ()
    assert caddy.remnants() == []
    caddy.make_folders("0-0", no_run)
    assert not caddy.folders_differ()
    assert Path(layout.caddy_home).stat().st_mode & 0o777 == 0o700
    assert Path(caddy.config).parent.stat().st_mode & 0o777 == 0o755
    Path(layout.caddy_home).chmod(0o755)
    assert caddy.folders_differ()
    assert sorted(caddy.remnants()) == sorted([os.path.dirname(caddy.config), layout.caddy_home])
    caddy.remove(no_run)
    assert caddy.remnants() == []


def test_without_root_it_runs_as_it_is_with_folders_of_its_own(layout: Layout, binary: Path, tmp_path: Path) -> None:
    (tmp_path / "caddy").symlink_to(binary)
    caddy = CaddyProcess(layout, str(tmp_path / "caddy"), as_root=False)
    words = caddy.command("version")
    assert words[-2:] == [str(binary), "version"], "another version is another command"
    assert {"HOME=" + layout.caddy_home, "XDG_DATA_HOME=" + layout.caddy_home} <= set(words)
    assert not any("setpriv" in word for word in words)


def test_as_root_it_becomes_its_own_user_who_may_open_low_ports_only_where_it_serves(
    layout: Layout, binary: Path
) -> None:
    caddy = CaddyProcess(layout, str(binary), as_root=True)
    served = " ".join(caddy.run_command())
    judged = " ".join(caddy.command("validate"))
    assert "pyapps-caddy" in served
    assert "pyapps-caddy" in judged
    assert "net_bind_service" in served
    assert "net_bind_service" not in judged
    assert served.endswith("%s run --config %s --adapter caddyfile" % (binary, caddy.config))
    assert "%s run -- %s" % (layout.zipapp, binary) in served


def test_it_is_told_to_read_its_configuration_again_by_its_socket(layout: Layout, binary: Path) -> None:
    words = CaddyProcess(layout, str(binary), as_root=False).reload_command()
    config = os.path.join(layout.etc, "caddy", "Caddyfile")
    assert words[-7:-1] == ["reload", "--config", config, "--adapter", "caddyfile", "--address"]
    assert words[-1].startswith("unix/" + layout.caddy_home)


@pytest.mark.parametrize(
    ("code", "error", "said"),
    [
        (0, "warning", None),
        (1, '{"level":"info"}\n{"level":"error","msg":"a"}\nError: b\n', '{"level":"error","msg":"a"}\nError: b'),
        (1, "1\n2\n3\n4\n5\n6\n", "2\n3\n4\n5\n6"),
    ],
)
def test_what_it_says_against_a_configuration(
    layout: Layout, binary: Path, code: int, error: str, said: str | None
) -> None:
    asked: list[list[str]] = []

    def run(command: list[str]) -> tuple[int, str, str]:
        asked.append(command)
        return code, "", error

    caddy = CaddyProcess(layout, str(binary), as_root=False)
    assert caddy.judge(run) == said
    assert asked[0][-5:] == ["validate", "--config", caddy.config, "--adapter", "caddyfile"]


@pytest.mark.parametrize("version", ["v2.8.4 h1:abc", "2.10.0", "v3.0"])
def test_a_version_that_is_new_enough(layout: Layout, binary: Path, version: str) -> None:
    CaddyProcess(layout, str(binary), as_root=False).check_version(lambda command: (0, version, ""))


@pytest.mark.parametrize(
    ("code", "out", "error", "text"),
    [
        (0, "v2.7.6 h1:abc", "", "is Caddy v2.7.6, and 2.8 or newer is needed"),
        (0, "v1.9.9", "", "is Caddy v1.9.9, and 2.8 or newer is needed"),
        (1, "v2.8.4", "broken", "does not tell its version: broken"),
        (0, "hello", "", "does not tell its version: hello"),
    ],
)
def test_a_program_that_is_too_old_or_no_caddy(
    layout: Layout, binary: Path, code: int, out: str, error: str, text: str
) -> None:
    with pytest.raises(FrontError, match=text):
        CaddyProcess(layout, str(binary), as_root=False).check_version(lambda command: (code, out, error))


def test_a_program_that_is_not_there(layout: Layout, binary: Path) -> None:
    binary.chmod(0o644)
    for path in (str(binary), "/no/such/caddy"):
        with pytest.raises(FrontError, match=r"there is no program .*; give the path of a Caddy 2\.8 or newer"):
            CaddyProcess(layout, path, as_root=False).check_version(no_run)


@pytest.mark.parametrize(("first", "port", "fine"), [("1024", 1023, False), ("1024", 1024, True), ("80", 80, True)])
def test_a_port_that_the_kernel_keeps_for_root_is_refused_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, port: int, fine: bool
) -> None:
    (tmp_path / "first").write_text(first + "\n")
    monkeypatch.setattr(_process, "_FIRST_UNPRIVILEGED_PORT", str(tmp_path / "first"))
    refuse_low_port(port, as_root=True)
    if fine:
        refuse_low_port(port, as_root=False)
        return
    user = pwd.getpwuid(os.geteuid()).pw_name
    with pytest.raises(FrontError, match="port 1023 is for root only, and this runs as %s: use 1024 or higher" % user):
        refuse_low_port(port, as_root=False)


def test_a_kernel_that_does_not_say_it_keeps_1024_ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_process, "_FIRST_UNPRIVILEGED_PORT", str(tmp_path / "none"))
    with pytest.raises(FrontError):
        refuse_low_port(1023, as_root=False)
    refuse_low_port(1024, as_root=False)
