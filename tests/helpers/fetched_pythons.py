# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files as python-build-standalone has them, made of Debian's own Python, for a uv that has no network."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import subprocess
import tarfile
import typing as t
from pathlib import Path

from helpers.environment_host import SYSTEM_PYTHON

_LEFT_OUT = frozenset(
    ("__pycache__", "test", "tests", "site-packages", "dist-packages", "idlelib", "tkinter", "lib2to3", "pydoc_data")
)
_HEADER = "# system configuration generated and used by the sysconfig module\nbuild_time_vars = "
_QUESTION = """
import importlib, json, os, sys, sysconfig
name = sysconfig._get_sysconfigdata_name()
variables = importlib.import_module(name).build_time_vars
print(json.dumps(["%d.%d.%d" % sys.version_info[:3], os.__file__, name, variables]))
"""


class StandalonePython:
    """A file of an interpreter, and what a list says of it.

    :ivar number: its version
    :ivar path: the file
    """

    def __init__(self, folder: Path) -> None:
        done = subprocess.run([SYSTEM_PYTHON, "-I", "-c", _QUESTION], capture_output=True, text=True, check=True)
        self.number, os_file, name, variables = json.loads(done.stdout)
        self.minor = self.number.rpartition(".")[0]
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / ("cpython-%s+20260101.tar.gz" % self.number)
        # As in those builds: a place that uv replaces by the one where it unpacks them.
        self._write(Path(os_file).parent, name, {**variables, "LIBDIR": "/install/lib", "PYTHON_BUILD_STANDALONE": 1})

    def _write(self, library: Path, data: str, variables: dict[str, str | int]) -> None:
        name = "python" + self.minor
        with tarfile.open(self.path, "w:gz", compresslevel=1) as archive:
            archive.add(os.path.realpath(SYSTEM_PYTHON), "python/bin/" + name)
            known = "_sysconfigdata__linux_%s-linux-gnu.py" % platform.machine()
            for link, target in (
                ("python/bin/python3", name),
                ("python/share/terminfo/x/xterm", "../v/vt100"),
                *([] if known == data + ".py" else [("python/lib/%s/%s.py" % (name, data), known)]),
            ):
                entry = tarfile.TarInfo(link)
                entry.type, entry.linkname = tarfile.SYMTYPE, target
                archive.addfile(entry)
            _add(archive, "python/share/terminfo/v/vt100", "vt100")
            for path in sorted(library.iterdir()):
                # Debian's says where Debian puts things, and one is a link into /etc.
                if path.name not in _LEFT_OUT and not path.name.startswith(
                    ("sitecustomize", "_sysconfigdata", "config-")
                ):
                    archive.add(path.resolve(), "python/lib/%s/%s" % (name, path.name), filter=_kept)
            _add(archive, "python/lib/%s/%s" % (name, known), _HEADER + json.dumps(variables, indent=1) + "\n")

    def sha256(self) -> str:
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def listed(self, path: Path, **changes: t.Any) -> Path:
        """Write a list that names it.

        :param changes: what the list says otherwise
        """
        major, minor, patch = map(int, self.number.split("."))
        entry = {
            "name": "cpython",
            "arch": {"family": platform.machine(), "variant": None},
            "os": "linux",
            "libc": "gnu",
            "major": major,
            "minor": minor,
            "patch": patch,
            "prerelease": "",
            "url": os.path.relpath(self.path, path.parent),
            "sha256": self.sha256(),
            "variant": None,
            "build": None,
        }
        entry.update(changes)
        path.write_text(json.dumps({"cpython-%(major)s.%(minor)s.%(patch)s-linux" % entry: entry}))
        return path


def _add(archive: tarfile.TarFile, name: str, text: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(text.encode())
    archive.addfile(entry, io.BytesIO(text.encode()))


def _kept(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if os.path.basename(entry.name) in _LEFT_OUT else entry


def known_to_uv(uv: str, minor: str) -> tuple[str, str]:
    """The newest of a version that uv itself knows.

    :returns: its version, and the path of its file below a mirror
    """
    command = [uv, "python", "list", "--only-downloads", "--output-format", "json", "cpython@" + minor]
    environment = {"PATH": os.environ["PATH"], "UV_NO_CONFIG": "1", "HOME": "/nonexistent", "UV_NO_CACHE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    entry = json.loads(done.stdout)[0]
    return entry["version"], entry["url"].partition("/download/")[2]
