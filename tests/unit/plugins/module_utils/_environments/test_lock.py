# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What decides the name of a lock and of an environment."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments import lock as locks
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.lock import Request
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.python import Interpreter
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError

PYTHON = Interpreter("/usr/bin/python3.11", "cpython-3.11.2", "linux-x86_64 glibc 2.36", "a70d0d0a", "cpython-311")
LOCK = """\
idna==3.6 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
    # via -r requirements.txt
typing-extensions==4.15.0 ; python_full_version < '3.13' \\
    --hash=sha256:cc
Zope.Interface[test]==5.0
direct @ https://example.org/direct-1.whl
"""


def request(**changes: t.Any) -> Request:
    app = {
        "name": "app_1",
        "kind": "wsgi",
        "environment": {"files": {"requirements.txt": "idna\n"}, "entry": "requirements.txt"},
    }
    return dataclasses.replace(Request.of_app(app), **changes)


def test_the_same_question_has_the_same_lock_whoever_asks() -> None:
    """S0-22: apps with equal requirements share their lock."""
    assert request().inputs(PYTHON, []) == request(name="app_2", package="streamlit").inputs(PYTHON, [])


@pytest.mark.parametrize(
    ("asked", "interpreter", "sources"),
    [
        (request(files={"requirements.txt": "idna\n\n"}), PYTHON, []),
        (request(files={"requirements.txt": "idna\n", "limits.txt": ""}), PYTHON, []),
        (request(entry="pyproject.toml"), PYTHON, []),
        (request(), dataclasses.replace(PYTHON, version="cpython-3.11.3"), []),
        (request(), dataclasses.replace(PYTHON, path="/opt/python3.11"), []),
        (request(), dataclasses.replace(PYTHON, platform="linux-aarch64 glibc 2.36"), []),
        (request(), PYTHON, [["https://example.org/simple"], ""]),
    ],
)
def test_whatever_decides_a_resolution_changes_the_locks_name(
    asked: Request, interpreter: Interpreter, sources: list[t.Any]
) -> None:
    """S0-23: files, entry, interpreter, platform and index settings."""
    assert asked.inputs(interpreter, sources) != request().inputs(PYTHON, [])


def test_comments_in_a_lock_do_not_make_another_environment() -> None:
    """S0-22."""
    name = locks.environment_name(LOCK, PYTHON, [])
    assert (
        locks.environment_name("# made today\n" + LOCK.replace("    # via -r requirements.txt\n", ""), PYTHON, [])
        == name
    )
    assert locks.environment_name(LOCK.replace("sha256:aa", "sha256:ab"), PYTHON, []) != name
    assert locks.environment_name(LOCK, dataclasses.replace(PYTHON, version="cpython-3.11.3"), []) != name
    assert len({name, *(locks.environment_name(LOCK, PYTHON, [], app) for app in ("one", "other"))}) == 3
    assert len(name) == 16


def test_packages_of_a_lock() -> None:
    """S0-25: names as PyPI compares them, with versions."""
    expected = {"idna": "3.6", "typing-extensions": "4.15.0", "zope-interface": "5.0", "direct": ""}
    assert locks.packages(LOCK) == expected


A, B, C = ("sha256:" + digit * 64 for digit in "abc")
MADE = """\
# made by uv
idna==3.6 \\
    --hash=%s \\
    --hash=%s
    # via -r requirements.txt
typing-extensions==4.15.0 ; python_full_version < '3.13' \\
    --hash=%s
""" % (A, B, C)


def test_a_lock_is_written_anew() -> None:
    """What uv has written is read again by uv: the same, without its comments, so the environment keeps its name."""
    written = request().lock_of(MADE)
    assert [line for line in MADE.splitlines() if "#" not in line] == written.splitlines()
    assert locks.environment_name(written, PYTHON, []) == locks.environment_name(MADE, PYTHON, [])
    assert request().lock_of(written) == written
    assert request().lock_of("") == ""


@pytest.mark.parametrize(
    "line",
    [
        "-e /dev/shm/x",
        "--index-url https://evil.example",
        "-r /etc/passwd",
        "evil @ https://evil.example/evil-1.whl",
        "./evil",
        "idna>=3",
        "idna==3.*",
        "idna",
        "idna==3.6 --hash=sha256:aa",
    ],
)
def test_a_lock_that_asks_for_anything_else_is_not_taken(line: str) -> None:
    """Also one that was kept by an earlier run, which may have been deceived."""
    with pytest.raises(EnvironmentFailedError):
        request().lock_of(MADE + line + "\n")
    assert not request().takes(MADE + line + "\n")
    assert request().takes(MADE)
    assert request(is_tool=True).takes(MADE + line + "\n")


def test_hashes_that_the_app_gives_take_the_place_of_the_indexs() -> None:
    """An index that serves something else under the same version is found out."""
    files = {
        "requirements.txt": "idna==3.6 \\\n    --hash=%s\n" % C,
        "constraints.txt": "typing-extensions==4.15.0 --hash=%s\n" % A,
    }
    written = request(files=files).lock_of(MADE)
    assert written.split() == [
        *("idna==3.6", "\\", "--hash=" + C),
        *("typing-extensions==4.15.0", ";", "python_full_version", "<", "'3.13'", "\\", "--hash=" + A),
    ]
    del files["constraints.txt"]
    with pytest.raises(EnvironmentFailedError, match=r"every package needs one.*: typing-extensions\. "):
        request(files=files).lock_of(MADE)


def test_a_changed_hash_is_another_question_and_another_environment() -> None:
    asked = [request(files={"requirements.txt": "idna==3.6 --hash=%s\n" % each}) for each in (A, B)]
    assert asked[0].inputs(PYTHON, []) != asked[1].inputs(PYTHON, [])
    made = "idna==3.6 \\\n    --hash=%s\n" % C
    names = {locks.environment_name(each.lock_of(made), PYTHON, []) for each in asked}
    assert len(names) == 2


def test_an_own_lock_wins() -> None:
    """S0-22: uv.lock beside pyproject.toml is what people edit."""
    assert request(files={"pyproject.toml": "", "uv.lock": ""}, entry="pyproject.toml").source == "uv.lock"
    assert request(files={"pyproject.toml": ""}, entry="pyproject.toml").source == "pyproject.toml"


def test_a_tool_is_a_request() -> None:
    """What a role needs is asked for in lines."""
    tool = Request.of_tool("supervisor", {"requirements": ["supervisor==4.3.*", "idna"]})
    assert tool.files == {"requirements.txt": "supervisor==4.3.*\nidna\n"}
    assert tool.is_tool


@pytest.mark.parametrize(("lock", "words"), [({"uv.lock": ""}, 'run "uv lock" again'), ({}, 'a line such as "a"')])
def test_who_lacks_a_package_is_told_where_to_add_it(lock: dict[str, str], words: str) -> None:
    assert words in request(files={"pyproject.toml": "", **lock}).how_to_add("a")
