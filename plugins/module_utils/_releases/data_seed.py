# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fills an app's data folder for the first time, with the app's rights."""

from __future__ import annotations

import os
import shutil
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.as_user import ChildError, call_as

_PART = ".part-initial"
_SECONDS = 20
_BYTES_A_SECOND = 5_000_000  # a slow disk


class SeedError(Exception):
    """The data folder could not be filled; the text says why."""


def absent_paths(data: str, paths: t.Iterable[str]) -> list[str]:
    """Which paths a data folder does not have yet. Only a hint when root asks: the child looks again."""
    return [path for path in paths if not os.path.lexists(os.path.join(data, path))]


def fill_data(data: str, paths: t.Sequence[str], initial: str, user: str | None) -> None:
    """Make what a data folder does not have yet.

    A path gets its initial content; without one, a name with a suffix (``app.db``) is taken for a file, which the app
    makes itself, and any other for a folder, which is made. What is there is never touched.

    :param data: the app's data folder
    :param paths: relative to it
    :param initial: folder with the initial content, readable for the user
    :param user: the app's system user; None when the caller is that user
    :raises SeedError: it cannot be done
    """
    try:
        call_as(user, lambda: _fill(data, paths, initial), longest_seconds(initial))
    except ChildError as error:
        raise SeedError(str(error)) from None


def longest_seconds(initial: str) -> int:
    """How long the copy of this folder may take.

    The host's lock is held meanwhile, and an app that runs can stop the process that works with its rights: it would
    keep every other app's deploy waiting.
    """
    files = (os.path.join(folder, name) for folder, _folders, names in os.walk(initial) for name in names)
    return _SECONDS + sum(os.lstat(file).st_size for file in files) // _BYTES_A_SECOND


def _fill(data: str, paths: t.Sequence[str], initial: str) -> None:
    part = os.path.join(data, _PART)
    for path in absent_paths(data, paths):
        target, source = os.path.join(data, path), os.path.join(initial, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.isdir(source):
            shutil.rmtree(part, ignore_errors=True)
            shutil.copytree(source, part, copy_function=shutil.copyfile)
            os.rename(part, target)
        elif os.path.exists(source):
            shutil.copyfile(source, part)
            os.rename(part, target)
        elif not os.path.splitext(path)[1]:
            os.mkdir(target, 0o750)
