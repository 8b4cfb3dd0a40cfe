# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual environments that tests share, made once below ``.cache/`` of the checkout."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import typing as t
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / ".cache"


def environment(package: str, version: str, *further: str) -> Path:
    """An environment with one package and what it needs, compiled, for any user to read.

    :param further: names of packages that are in it, too
    """
    folder = CACHE / "-".join((package, version, *further))
    with once(folder / ".compiled") as needed:
        if needed:
            _make(folder, "%s==%s" % (package, version), *further)
    return folder


@contextlib.contextmanager
def once(ready: Path) -> t.Iterator[bool]:
    """Whether something shared must still be made in the block, while other test processes wait for it.

    :param ready: a file below ``.cache/`` that says so from then on
    """
    if ready.exists():
        yield False
        return
    ready.parent.mkdir(parents=True, exist_ok=True)
    with (CACHE / (".%s.lock" % ready.parent.name)).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not ready.exists()
        ready.touch()


def _make(folder: Path, *requirements: str) -> None:
    uv = Path(sys.executable).with_name("uv")
    python = folder / "bin" / "python"
    if not python.exists():
        _run([uv, "venv", "--quiet", "--python", "/usr/bin/python3", folder])
    _run([uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python, *requirements])


def _run(command: list[str | os.PathLike[str]]) -> None:
    subprocess.run(command, check=True, timeout=600)
