# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An app that writes beside its code is told the file and the line that lets it."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import write_refused as _write_refused
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.write_refused import advice, with_advice

DENIED = "PermissionError: [Errno 13] Permission denied: %s"
CLOSED = "sqlite3.OperationalError: unable to open database file"
READ_ONLY = "sqlite3.OperationalError: attempt to write a readonly database"


@pytest.fixture
def code(tmp_path: Path) -> Path:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    (tmp_path / "app.py").write_text("import sqlite3\nsqlite3.connect(HERE / 'visits.sqlite3')\n")
    return tmp_path


@pytest.mark.parametrize(
    ("line", "kept", "names", "paths"),
    [
        (DENIED % "'usage.json'", [], "usage.json", '["usage.json"]'),
        (DENIED % "'usage.json'", ["uploads"], "usage.json", '["uploads", "usage.json"]'),
        ("OSError: [Errno 30] Read-only file system: 'app.log'", [], "app.log", '["app.log"]'),
        (DENIED % "'{code}/app.log'", [], "app.log", '["app.log"]'),
        (DENIED % '"it\'s.txt"', [], None, None),
        (DENIED % "'out/a.csv'", [], "out/a.csv", '["out"]'),
        (DENIED % "'out'", [], "out", '["out"]'),
        (DENIED % "'package/cache.pkl'", [], "package/cache.pkl", '["package/cache.pkl"]'),
        (DENIED % "'/etc/shadow'", [], None, None),
        (DENIED % "'../elsewhere.txt'", [], None, None),
        (DENIED % "'uploads/a.txt'", ["uploads"], None, None),
        (DENIED % "'state.json.tmp' -> 'state.json'", ["state.json"], "state.json", '["state"]'),
        (
            'IOException: IO Error: Cannot open file "{code}/x.duckdb": Permission denied',
            [],
            "x.duckdb",
            '["x.duckdb"]',
        ),
        ("OSError: unable to open file: name = 'x.h5', errno = 13, error message", [], "x.h5", '["x.h5"]'),
        ("ValueError: no such table", [], None, None),
    ],
)
def test_the_file_and_the_line_are_named(
    code: Path, line: str, kept: list[str], names: str | None, paths: str | None
) -> None:
    found = advice(["Traceback (most recent call last):", line.replace("{code}", str(code))], str(code), kept)
    if names is None:
        assert found is None
    else:
        assert found is not None
        assert names in found
        assert found.endswith("[data] paths = %s" % paths)


@pytest.mark.parametrize(
    ("files", "log", "paths"),
    [
        ([], ["    db = sqlite3.connect('app.db')", CLOSED], '["app.db"]'),
        (
            [],
            [
                "    engine = create_engine('sqlite:///app.db')",
                "(sqlite3.OperationalError) unable to open database file",
            ],
            '["app.db"]',
        ),
        (["shop.db"], ["    db.execute(INSERT)", READ_ONLY], '["shop.db"]'),
        ([], ["    db.execute(INSERT)", READ_ONLY], '["visits.sqlite3"]'),
    ],
)
def test_sqlite_does_not_say_which_file_so_it_is_found(
    code: Path, files: list[str], log: list[str], paths: str
) -> None:
    for name in files:
        (code / name).touch()
    assert str(advice(log, str(code), [])).endswith("[data] paths = %s" % paths)


def test_a_database_that_nobody_names_gets_an_example(code: Path) -> None:
    (code / "app.py").write_text("connect(NAME)\n")
    assert str(advice([CLOSED], str(code), [])).endswith('such as [data] paths = ["app.db"]')


@pytest.mark.parametrize(("log", "ends"), [([DENIED % "'a.txt'"], '["a.txt"]'), ([], "it raised")])
def test_a_reason_is_only_completed_when_that_helps(code: Path, log: t.Sequence[str], ends: str) -> None:
    assert with_advice("it raised", log, str(code), {"data": {"paths": []}}).endswith(ends)


@pytest.mark.parametrize("path", ["app.db", "{code}/state/app.db", "state/app.sqlite3"])
def test_a_database_may_have_an_absolute_name(code: Path, path: str) -> None:
    (code / "app.py").write_text("connect('%s')" % path.replace("{code}", str(code)))
    assert 'Write into setup.toml: [data] paths = ["%s' % path.replace("{code}/", "").split("/")[0] in str(
        advice([CLOSED], str(code), [])
    )


def test_a_database_elsewhere_is_not_the_apps(code: Path) -> None:
    (code / "app.py").write_text("connect('/srv/elsewhere/app.db')")
    assert "Write its file into setup.toml" in str(advice([CLOSED], str(code), []))


def test_code_is_no_data(code: Path) -> None:
    assert advice([DENIED % "'app.py'"], str(code), []) is None


@pytest.mark.parametrize("text", ["/" * 1_000_000, "'/" * 500_000, "/a" * 500_000, "'" + "a/" * 500_000])
def test_a_text_of_slashes_is_looked_through_once(code: Path, text: str) -> None:
    """It took the square of its length: hours for such a file. The whole suite would hang here."""
    (code / "app.py").write_text(text)
    assert advice([CLOSED, text], str(code), [])


def test_only_the_beginning_of_a_line_is_looked_at(code: Path) -> None:
    assert advice(["x" * 1900 + DENIED % "'a.txt'"], str(code), [])
    assert advice(["x" * 2000 + DENIED % "'a.txt'"], str(code), []) is None


def test_only_so_much_code_is_read(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_write_refused, "_ALL_SOURCES", 10)
    (code / "a_first.py").write_text("# " + "x" * 20)
    assert "Write its file into setup.toml" in str(advice([CLOSED], str(code), []))
