# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds what an app needs in the files of other tools: Poetry, Pipenv, conda, and whoever writes ``pylock.toml``."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml import TomlError, parse_toml
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.conda import read_environment_yml
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.listed import Listed
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.names import (
    CONDA,
    PIPFILE,
    PIPFILE_LOCK,
    POETRY_LOCK,
    PROJECT,
    PYLOCK,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.pipfile import (
    read_pipfile,
    read_pipfile_lock,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.poetry import (
    poetry_table,
    read_poetry,
    read_poetry_lock,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.pylock import read_pylock
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.texts import Texts


def says_something(texts: Texts) -> bool:
    """Whether a ``pyproject.toml`` has ``[project]``, or is faulty; many only set up a linter."""
    text = texts.read(PROJECT)
    try:
        return text is None or "project" in parse_toml(text)
    except TomlError:
        return True


def read_pylock_of(texts: Texts) -> Listed:
    """What ``pylock.toml`` asks for."""
    text = texts.read(PYLOCK)
    return Listed() if text is None else read_pylock(text, texts.report(PYLOCK))


def read_poetry_of(texts: Texts) -> Listed | None:
    """What Poetry's own tables in ``pyproject.toml`` ask for, with its lock; None where there are none."""
    text = texts.read(PROJECT)
    try:
        poetry = poetry_table(parse_toml(text or ""))
    except TomlError:
        return None
    if poetry is None:
        return None
    listed = read_poetry(poetry, texts.report(PROJECT))
    lock = texts.read(POETRY_LOCK) if texts.exists(POETRY_LOCK) else None
    return replace(listed, limits=read_poetry_lock(lock, texts.report(POETRY_LOCK))) if lock is not None else listed


def read_other(texts: Texts) -> tuple[str, Listed] | None:
    """The file of Pipenv or conda that counts, and what it asks for; None where there is none."""
    if texts.exists(PIPFILE) or texts.exists(PIPFILE_LOCK):
        return _pipenv(texts)
    for name in CONDA:
        if texts.exists(name):
            text = texts.read(name)
            return name, Listed() if text is None else read_environment_yml(text, texts.report(name))
    return None


def _pipenv(texts: Texts) -> tuple[str, Listed]:
    lock = texts.read(PIPFILE_LOCK) if texts.exists(PIPFILE_LOCK) else None
    report = texts.report(PIPFILE_LOCK)
    locked = () if lock is None else read_pipfile_lock(lock, report)
    if not texts.exists(PIPFILE):
        if not locked and not report.failed:
            report.error("default", "names no package: make the lock anew (pipenv lock)")
        return PIPFILE_LOCK, Listed(locked)
    text = texts.read(PIPFILE)
    listed = Listed() if text is None else read_pipfile(text, texts.report(PIPFILE))
    # A limit may not have extras; those are asked for in the Pipfile.
    return PIPFILE, replace(listed, limits=tuple(replace(each, extras=()) for each in locked))
