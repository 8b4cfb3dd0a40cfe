# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an app's folder sends, and what it refuses to send."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import release_files as _release_files
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.release_files import AppFilesError, list_app_files


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    (folder / "pages").mkdir(parents=True)
    (folder / "app.py").write_text("1")
    (folder / "pages" / "über uns.py").write_text("2")
    return folder


def paths(folder: Path, *data_paths: str) -> list[str]:
    return [file.path for file in list_app_files(str(folder), data_paths).files]


def test_files_are_listed_in_order(app: Path) -> None:
    assert paths(app) == ["app.py", "pages/über uns.py"]


def test_content_name_and_executable_bit_count_and_times_do_not(app: Path) -> None:
    """S0-29: the same content is the same release, wherever and whenever it was checked out."""
    before = list_app_files(str(app)).entries()
    os.utime(app / "app.py", (1, 1))
    (app / "app.py").chmod(0o600)
    (app / "empty").mkdir()
    assert list_app_files(str(app)).entries() == before
    (app / "app.py").chmod(0o744)
    executable = list_app_files(str(app)).entries()
    assert executable != before
    (app / "app.py").write_text("3")
    assert list_app_files(str(app)).entries() != executable


def test_environments_stay_whatever_their_name(app: Path) -> None:
    (app / "python312" / "lib").mkdir(parents=True)
    (app / "python312" / "pyvenv.cfg").touch()
    (app / "python312" / "lib" / "module.py").touch()
    assert paths(app) == ["app.py", "pages/über uns.py"]


def test_an_ignore_file_is_used(app: Path) -> None:
    (app / ".pyappsignore").write_text("pages/\n")
    assert paths(app) == ["app.py"]


def test_an_ignore_file_that_is_none_is_refused_and_not_waited_for(app: Path) -> None:
    os.mkfifo(app / ".pyappsignore")
    with pytest.raises(AppFilesError, match="is a named pipe"):
        list_app_files(str(app))


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\xff", "is not UTF-8"), (b"a\n" * 40_000, "is larger than 64 KiB"), (b"a\n" * 600, "has more than 500")],
)
def test_an_ignore_file_that_can_not_be_taken_is_told(app: Path, content: bytes, message: str) -> None:
    (app / ".pyappsignore").write_bytes(content)
    with pytest.raises(AppFilesError, match=r"\.pyappsignore " + message):
        list_app_files(str(app))


def test_an_ignore_file_is_no_link_to_somewhere_else(app: Path) -> None:
    """/dev/zero would be read for ever."""
    (app / ".pyappsignore").symlink_to("/dev/zero")
    with pytest.raises(AppFilesError, match=r"\.pyappsignore is a link that leads out"):
        paths(app)


def test_links_inside_are_carried_relative_and_direct(app: Path) -> None:
    (app / "pages" / "again.py").symlink_to("../app.py")
    (app / "absolute.py").symlink_to(app / "pages" / "again.py")
    (app / "folder").symlink_to("pages")
    entries = list_app_files(str(app)).entries()
    assert entries["pages/again.py"] == {"link": "../app.py"}
    assert entries["absolute.py"] == {"link": "app.py"}
    assert entries["folder"] == {"link": "pages"}


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("/etc/passwd", "leads out of the app's folder"),
        ("..", "leads out of the app's folder"),
        ("../app2/x.py", "leads out of the app's folder"),
        ("missing.py", "leads nowhere"),
        ("bad.py", "leads nowhere"),
        (".env", "is a link to .env, which is not sent"),
    ],
)
def test_other_links_are_refused(app: Path, target: str, reason: str) -> None:
    """Safety rule: links resolve only inside the app's folder; and no link takes a secret along."""
    (app.parent / "app2").mkdir()
    (app.parent / "app2" / "x.py").touch()
    (app / ".env").write_text("A=1")
    (app / "bad.py").symlink_to(target)
    with pytest.raises(AppFilesError, match=r"bad\.py is a link") as error:
        paths(app)
    assert reason in str(error.value)


def test_an_app_that_is_itself_a_link_is_followed(app: Path) -> None:
    (app.parent / "link").symlink_to(app)
    assert paths(app.parent / "link") == paths(app)


def test_pipes_sockets_and_odd_names_are_refused(app: Path) -> None:
    os.mkfifo(app / "pipe")
    with pytest.raises(AppFilesError, match="pipe is a named pipe"):
        paths(app)
    (app / "pipe").unlink()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(app / "sock"))
        with pytest.raises(AppFilesError, match="sock is a socket"):
            paths(app)
    (app / "sock").unlink()
    (Path(os.fsdecode(bytes(app) + b"/\xff.txt"))).touch()
    with pytest.raises(AppFilesError, match="the name is not UTF-8"):
        paths(app)


def test_data_is_listed_apart(app: Path) -> None:
    (app / "uploads" / "deep").mkdir(parents=True)
    (app / "uploads" / "deep" / "a.txt").write_text("a")
    (app / "app.db").write_text("db")
    (app / "app.db.py").write_text("no data, though its name begins alike")
    found = list_app_files(str(app), ["uploads", "app.db"])
    assert [file.path for file in found.files] == ["app.db.py", "app.py", "pages/über uns.py"]
    assert [file.path for file in found.initial] == ["app.db", "uploads/deep/a.txt"]


def test_a_change_of_data_is_seen_and_large_files_are_only_measured(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (app / "uploads").mkdir()
    (app / "app.db").write_text("db")
    kept = ["uploads", "app.db"]
    before = list_app_files(str(app), kept).seeds(kept)
    assert list(before) == ["app.db"]
    (app / "uploads" / "a.txt").write_text("a")
    after = list_app_files(str(app), kept).seeds(kept)
    assert (sorted(after), after["app.db"]) == (["app.db", "uploads"], before["app.db"])
    (app / "app.db").write_text("bd")
    assert list_app_files(str(app), kept).seeds(kept)["app.db"] != before["app.db"]
    monkeypatch.setattr(_release_files, "_LARGEST_SEED", 1)
    large = list_app_files(str(app), kept).seeds(kept)["app.db"]
    (app / "app.db").write_text("db")
    assert list_app_files(str(app), kept).seeds(kept)["app.db"] == large


def test_a_link_may_lead_into_data(app: Path) -> None:
    (app / "uploads").mkdir()
    (app / "current").symlink_to("uploads")
    assert list_app_files(str(app), ["uploads"]).entries()["current"] == {"link": "uploads"}


def test_a_link_in_a_place_of_data_is_refused(app: Path) -> None:
    (app / "uploads").symlink_to("/var")
    with pytest.raises(AppFilesError, match="uploads is a link in a place of data"):
        paths(app, "uploads")


@pytest.mark.parametrize(("name", "data_paths"), [(".streamlit", []), ("var", ["var/uploads"])])
def test_where_the_host_writes_must_be_folders(app: Path, name: str, data_paths: list[str]) -> None:
    (app / name).symlink_to("pages")
    with pytest.raises(AppFilesError, match="must be a folder, not a link or a file"):
        paths(app, *data_paths)


@pytest.mark.parametrize("folder", [".streamlit", "pages/.streamlit"])
def test_secrets_are_no_code(app: Path, folder: str) -> None:
    """C-11: a newer Streamlit also looks beside its main script, which may lie deeper."""
    (app / folder).mkdir(parents=True)
    (app / folder / "secrets.toml").write_text("password = 'x'")
    (app / folder / "notes.toml").write_text("")
    entries = list_app_files(str(app)).entries()
    assert [path for path in entries if path.startswith(folder)] == [folder + "/notes.toml"]


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(AppFilesError, match="cannot be read: No such file or directory"):
        paths(tmp_path / "nothing")
