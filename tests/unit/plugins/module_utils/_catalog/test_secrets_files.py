# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that lie in an app's folder on the controller."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets import AppSecrets
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets_files import read_folder_secrets
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Report


def read(folder: Path) -> tuple[AppSecrets, Report]:
    report = Report()
    return read_folder_secrets(str(folder), ".streamlit/secrets.toml", report.about("setup.toml")), report


def write(folder: Path, name: str, content: str | bytes, mode: int = 0o600) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / name).chmod(mode)


def test_both_files_are_read(tmp_path: Path) -> None:
    """S0-15, S1-29."""
    write(tmp_path, ".env", "A=1\n")
    write(tmp_path, ".streamlit/secrets.toml", '[auth]\npassword = "x"\n')
    found, report = read(tmp_path)
    assert found == AppSecrets({"A": "1"}, '[auth]\npassword = "x"\n')
    assert (report.problems, report.notices) == ([], [])


def test_no_file_is_no_secret(tmp_path: Path) -> None:
    found, report = read(tmp_path)
    assert not found
    assert (report.problems, report.notices) == ([], [])


def test_what_belongs_to_the_host_has_no_effect(tmp_path: Path) -> None:
    """S1-34: a .env of a laptop names ports and origins; it is taken all the same."""
    write(tmp_path, ".env", "STREAMLIT_SERVER_PORT=geheim\nHOME=geheim\nKEY=1\n")
    found, report = read(tmp_path)
    assert found.env == {"KEY": "1"}
    assert report.problems == []
    assert "has no effect here: HOME, STREAMLIT_SERVER_PORT" in report.notices[0]
    assert "geheim" not in report.notices[0]


def test_others_who_can_read_are_told(tmp_path: Path) -> None:
    write(tmp_path, ".env", "A=1\n", 0o644)
    found, report = read(tmp_path)
    assert found.env == {"A": "1"}
    assert report.notices == ["%s: can be read by other users of this machine: chmod 600 it" % (tmp_path / ".env")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (".env", "A=1\ngeheim", "line 2 is not NAME=value"),
        (".env", b"A=geheim\xff", "is not UTF-8 text"),
        (".env", "A='geheim\0'", "NUL"),
        (".env", "A=" + "x" * 70000, "is larger than 64 KiB"),
        (".streamlit/secrets.toml", 'a = "geheim', "is not valid TOML (at"),
        (".streamlit/secrets.toml", "geheim", "is not valid TOML (at"),
    ],
)
def test_a_faulty_file_is_named_and_nothing_of_it_shown(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    """Streamlit would start without its secrets, and say so in a log."""
    write(tmp_path, name, content)
    _found, report = read(tmp_path)
    (problem,) = report.problems
    assert problem.file == str(tmp_path / name)
    assert message in problem.message
    assert "geheim" not in problem.as_line()


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    write(tmp_path, "shared", "A=geheim\n")
    (tmp_path / "app" / ".env").symlink_to("../shared")
    found, report = read(tmp_path / "app")
    assert not found
    assert "is a link that leads out of the app's folder" in report.problems[0].message
