# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which interpreter of the store fits, which is fetched, and which nobody needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments import python_store as _python_store
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.python import (
    Interpreter,
    MissingPythonError,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.python_downloads import Download
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.python_store import PythonStore
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError


@pytest.fixture
def store(tmp_path: Path) -> PythonStore:
    (tmp_path / "envs").mkdir()
    (tmp_path / "pythons").mkdir()
    return PythonStore(str(tmp_path / "pythons"), str(tmp_path / "envs"), str(tmp_path / "pool"), 1, 1.0, print)


@pytest.mark.parametrize(
    ("version", "conditions", "fitting"),
    [
        ("3.1", (), []),
        ("3.12", (), ["3.12.9", "3.12.10"]),
        ("3.12.9", (), ["3.12.9"]),
        ("", (">=3.12.10",), ["3.12.10", "3.13.0"]),
        ("3.12", (">=3.12.10",), ["3.12.10"]),
        ("", (), ["3.8.1", "3.12.9", "3.12.10", "3.13.0"]),
    ],
)
def test_a_version_fits_by_its_numbers(version: str, conditions: tuple[str, ...], fitting: list[str]) -> None:
    missing = MissingPythonError("it is missing", version, conditions)
    assert [number for number in ("3.8.1", "3.12.9", "3.12.10", "3.13.0") if missing.fits(number)] == fitting


def test_the_newest_that_fits_is_chosen() -> None:
    there = [Download("key", number, "") for number in ("3.13.1", "3.13.0", "3.12.10", "3.8.20")]
    assert _python_store._choose(MissingPythonError("", "3.13"), there).number == "3.13.1"
    assert _python_store._choose(MissingPythonError("", "", ("<3.13",)), there).number == "3.12.10"
    for wanted in ("3.8", "3.14"):
        with pytest.raises(EnvironmentFailedError, match=r"There are: 3.13.1, 3.12.10$"):
            _python_store._choose(MissingPythonError("", wanted), there)
    with pytest.raises(EnvironmentFailedError, match="There are: none at all"):
        _python_store._choose(MissingPythonError("", "3.12"), [])


def test_those_that_are_kept_are_found_by_their_names(store: PythonStore, monkeypatch: pytest.MonkeyPatch) -> None:
    names = (
        "3.12.9-" + "0" * 16,
        "3.12.10-" + "1" * 16,
        "3.13.0-" + "2" * 16,
        ".part-x",
        "3.12.8",
        "3.12.7-" + "x" * 16,
    )
    for name in names:
        (Path(store.folder) / name).mkdir()

    def ask(path: str) -> Interpreter:
        return Interpreter(path, "cpython-" + path.split("/")[-3].split("-")[0], "linux", "", "")

    monkeypatch.setattr(_python_store, "_ask", ask)
    found = store.kept(MissingPythonError("", "3.12"))
    assert [each.path for each in found] == [
        "%s/%s/bin/python3.12" % (store.folder, name) for name in (names[1], names[0])
    ]


def test_unused_is_what_no_environment_stands_on(store: PythonStore) -> None:
    names = ["3.12.%d-%s" % (number, "0" * 16) for number in range(4)]
    for name in names:
        (Path(store.folder) / name).mkdir()
    for environment, name in (("stays", names[0]), ("leaves", names[1])):
        folder = Path(store.envs) / environment / "bin"
        folder.mkdir(parents=True)
        (folder / "python").symlink_to("%s/%s/bin/python3.12" % (store.folder, name))
    (Path(store.envs) / "system" / "bin").mkdir(parents=True)
    (Path(store.envs) / "system" / "bin" / "python").symlink_to("/usr/bin/python3.11")
    used_now = "%s/%s/bin/python3.12" % (store.folder, names[2])
    assert store.unused({"leaves"}, [used_now, "/usr/bin/python3.11"]) == [names[1], names[3]]
    assert store.unused((), []) == names[2:]
