# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What decides the name of a lock and of an environment."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils import _environment_lock as locks
from ansible_collections.selfhost.pyapps.plugins.module_utils._environment_lock import Request
from ansible_collections.selfhost.pyapps.plugins.module_utils._environment_python import Interpreter

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
    assert request().inputs(PYTHON, []) == request(name="app_2", kind="streamlit").inputs(PYTHON, [])


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
    assert len(name) == 16


def test_packages_of_a_lock() -> None:
    """S0-25: names as PyPI compares them, with versions."""
    expected = {"idna": "3.6", "typing-extensions": "4.15.0", "zope-interface": "5.0", "direct": ""}
    assert locks.packages(LOCK) == expected
    assert locks.urls(LOCK) == {"direct": "https://example.org/direct-1.whl"}


def test_an_own_lock_wins() -> None:
    """S0-22: uv.lock beside pyproject.toml is what people edit."""
    assert request(files={"pyproject.toml": "", "uv.lock": ""}, entry="pyproject.toml").source == "uv.lock"
    assert request(files={"pyproject.toml": ""}, entry="pyproject.toml").source == "pyproject.toml"


def test_a_tool_is_a_request() -> None:
    """S0-40: what a role needs is asked for in lines."""
    tool = Request.of_tool("supervisor", {"requirements": ["supervisor==4.3.*", "idna"]})
    assert tool.files == {"requirements.txt": "supervisor==4.3.*\nidna\n"}
    assert tool.is_tool
