# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pool of files that environments share."""

from __future__ import annotations

import errno
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.pool import Pool
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError

PYTHON = "/usr/bin/python3.99"


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    (tmp_path / "pool").mkdir()
    return Pool(str(tmp_path / "pool"), 2)


def make_source(folder: Path) -> Path:
    (folder / "lib" / "__pycache__").mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "lib" / "a.py").write_text("a")
    (folder / "lib" / "__pycache__" / "a.pyc").write_text("not taken")
    (folder / "lib" / "empty").write_text("")
    (folder / "lib64").symlink_to("lib")
    (folder / "bin" / "python").symlink_to(PYTHON)
    (folder / "bin" / "tool").write_text("a")
    (folder / "bin" / "tool").chmod(0o755)
    return folder


def test_a_tree_is_adopted_without_its_bytecode(pool: Pool, tmp_path: Path) -> None:
    """S0-22: files read-only and executable where they were, links as they were."""
    source, target = make_source(tmp_path / "source"), tmp_path / "target"
    hashes = pool.adopt(str(source), str(target), os.geteuid(), PYTHON)
    assert sorted(hashes) == ["bin/tool", "lib/a.py", "lib/empty"]
    assert hashes["bin/tool"] == hashes["lib/a.py"]
    found = sorted(str(path.relative_to(target)) for path in target.rglob("*"))
    assert found == ["bin", "bin/python", "bin/tool", "lib", "lib/a.py", "lib/empty", "lib64"]
    assert os.readlink(target / "bin" / "python") == PYTHON
    assert (target / "lib" / "a.py").stat().st_mode & 0o777 == 0o444
    assert (target / "bin" / "tool").stat().st_mode & 0o777 == 0o555


def test_equal_files_are_one(pool: Pool, tmp_path: Path) -> None:
    """A second tree costs no file."""
    for name in ("one", "two"):
        pool.adopt(str(make_source(tmp_path / ("from-" + name))), str(tmp_path / name), os.geteuid(), PYTHON)
    for path in ("lib/a.py", "bin/tool"):
        assert (tmp_path / "one" / path).stat().st_ino == (tmp_path / "two" / path).stat().st_ino


def test_a_file_that_can_take_no_more_links_is_copied_again(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ext4 ends at 65,000 links; many environments have more equal files than that."""
    real, limit = os.link, 3

    def limited(source: str, target: str, **more: object) -> None:
        if os.stat(source, dir_fd=more.get("src_dir_fd")).st_nlink >= limit:  # type: ignore[arg-type]
            raise OSError(31, "Too many links")
        real(source, target, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "link", limited)
    for number in range(5):
        source = tmp_path / ("source%d" % number)
        source.mkdir()
        (source / "same").write_text("same")
        pool.adopt(str(source), str(tmp_path / ("target%d" % number)), os.geteuid(), PYTHON)
    assert {(tmp_path / ("target%d" % number) / "same").read_text() for number in range(5)} == {"same"}


def test_bytecode_comes_from_the_pool_the_second_time(pool: Pool, tmp_path: Path) -> None:
    """Compiled once; what could not be compiled is left out."""
    key, none = "ab" * 32, "cd" * 32
    source = make_source(tmp_path / "source")
    path = "lib/__pycache__/a.pyc"
    assert not pool.has_bytecode(key)
    for name in ("one", "two"):
        target = tmp_path / name
        pool.adopt(str(source), str(target), os.geteuid(), PYTHON)
        pool.adopt_bytecode(str(source), str(target), os.geteuid(), {path: key, "lib/__pycache__/none.pyc": none})
        (source / path).unlink(missing_ok=True)
    assert pool.has_bytecode(key)
    assert (tmp_path / "one" / path).stat().st_ino == (tmp_path / "two" / path).stat().st_ino
    assert not pool.has_bytecode(none)


def test_distrust_replaces_what_is_damaged(pool: Pool, tmp_path: Path) -> None:
    """A rebuild does not link a damaged file again."""
    source = make_source(tmp_path / "source")
    pool.adopt(str(source), str(tmp_path / "one"), os.geteuid(), PYTHON)
    damaged = tmp_path / "one" / "lib" / "a.py"
    damaged.chmod(0o644)
    damaged.write_text("damaged")
    fresh = make_source(tmp_path / "fresh")
    careful = Pool(str(tmp_path / "pool"), 2, distrust=True)
    careful.adopt(str(fresh), str(tmp_path / "two"), os.geteuid(), PYTHON)
    assert (tmp_path / "two" / "lib" / "a.py").read_text() == "a"


def test_prune_keeps_what_is_linked(pool: Pool, tmp_path: Path) -> None:
    """S0-22: and deletes what a killed run left."""
    source = tmp_path / "source"
    for name in ("keep", "drop"):
        (source / name).mkdir(parents=True)
        (source / name / "file").write_text(name)
        pool.adopt(str(source / name), str(tmp_path / name), os.geteuid(), PYTHON)
        (source / name / "file").unlink()
    (tmp_path / "drop" / "file").unlink()
    (tmp_path / "pool" / ".part-0123").write_text("")
    pool.prune()
    left = [path for path in (tmp_path / "pool").rglob("*") if path.is_file()]
    assert [path.read_text() for path in left] == ["keep"]


def test_a_file_that_another_thread_has_just_added_is_kept(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """link(2) says ENOENT for a file that is being replaced; so the pool never replaces one.

    Hundreds of equal ``__init__.py`` come from several threads at the same moment.
    """
    pool.adopt(str(make_source(tmp_path / "from-one")), str(tmp_path / "one"), os.geteuid(), PYTHON)
    link, missed = os.link, []

    def miss_each_file_once(source: str, target: str, **options: t.Any) -> None:
        if source not in missed:
            missed.append(source)
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), source)
        link(source, target, **options)

    monkeypatch.setattr(os, "link", miss_each_file_once)
    pool.adopt(str(make_source(tmp_path / "from-two")), str(tmp_path / "two"), os.geteuid(), PYTHON)
    assert missed
    for path in ("lib/a.py", "bin/tool", "lib/empty"):
        assert (tmp_path / "one" / path).stat().st_ino == (tmp_path / "two" / path).stat().st_ino


def test_a_tree_that_is_too_deep_fails_its_environment_and_no_other(pool: Pool, tmp_path: Path) -> None:
    (tmp_path / "source" / ("a/" * 150)).mkdir(parents=True)
    with pytest.raises(EnvironmentFailedError, match="too deep"):
        pool.adopt(str(tmp_path / "source"), str(tmp_path / "target"), os.geteuid(), PYTHON)


@pytest.mark.parametrize("bit", [0o4000, 0o2000])
def test_a_file_that_would_run_as_somebody_else_is_not_adopted(pool: Pool, tmp_path: Path, bit: int) -> None:
    source = make_source(tmp_path / "source")
    (source / "bin" / "tool").chmod(0o755 | bit)
    with pytest.raises(EnvironmentFailedError, match="bin/tool"):
        pool.adopt(str(source), str(tmp_path / "target"), os.geteuid(), PYTHON)


def test_a_file_of_another_owner_is_not_adopted(pool: Pool, tmp_path: Path) -> None:
    source = make_source(tmp_path / "source")
    with pytest.raises(EnvironmentFailedError):
        pool.adopt(str(source), str(tmp_path / "target"), os.geteuid() + 1, PYTHON)
