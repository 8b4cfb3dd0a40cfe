# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A root folder with an environment store in it, real uv, and wheels made on the spot."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import typing as t
import zipfile
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.lock import Request
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.run import run
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv import Sources
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.wish import Settings
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import BUILD_USER, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import package_of

SYSTEM_PYTHON = "/usr/bin/python3"


def uv_binary() -> str:
    """The uv of the tool environment that runs the tests."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    assert found, "uv is not installed beside %s" % sys.executable
    return found


def need_build_user() -> None:
    """As root, the user that the role ``pyapps`` makes on a host."""
    if os.geteuid() == 0:
        try:
            pwd.getpwnam(BUILD_USER)
        except KeyError:
            # 9: another test process was faster
            done = subprocess.run(
                ["useradd", "--system", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", BUILD_USER],
                check=False,
            )
            assert done.returncode in (0, 9)


def app(name: str, requirements: str, kind: str = "wsgi", **environment: t.Any) -> dict[str, t.Any]:
    """An entry of the catalog, as far as this step reads it."""
    wanted = {"python": None, "files": {"requirements.txt": requirements}, "entry": "requirements.txt", **environment}
    return {"name": name, "kind": kind, "environment": wanted}


class Host:
    """One target."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.layout = Layout(root)
        self.said: list[str] = []

    def install_uv(self) -> None:
        os.makedirs(os.path.dirname(self.layout.uv))
        shutil.copy(uv_binary(), self.layout.uv)

    def settings(self, **changes: t.Any) -> Settings:
        given: dict[str, t.Any] = {
            "python": None,
            "sources": Sources(wheelhouse=changes.pop("wheelhouse", None)),
            "upgrade": False,
            "rebuild": False,
            "parallel": 2,
            "resolve_timeout": 120,
            "build_timeout": 120,
            "check": False,
        }
        return Settings(**{**given, **changes})

    def make(
        self,
        *apps: dict[str, t.Any],
        tools: dict[str, dict[str, t.Any]] | None = None,
        prune: bool = False,
        **changes: t.Any,
    ) -> dict[str, t.Any]:
        """One run of the module."""
        requests = [Request.of_app(entry, package_of(entry)) for entry in apps]
        requests += [Request.of_tool(name, tool) for name, tool in (tools or {}).items()]
        return run(self.layout, self.settings(**changes), requests, prune, 10, self.said.append)

    def environments(self) -> list[str]:
        """What is in the store, unfinished work included."""
        return sorted(os.listdir(self.layout.envs)) if os.path.isdir(self.layout.envs) else []

    def everything(self) -> dict[str, tuple[int, int]]:
        """Inode and time of change of every path, to see that nothing was touched."""
        found = {}
        for folder, folders, names in os.walk(self.root):
            for name in folders + names:
                status = os.lstat(os.path.join(folder, name))
                found[os.path.join(folder, name)] = (status.st_ino, status.st_mtime_ns)
        return found


@contextlib.contextmanager
def temporary_host() -> t.Iterator[Host]:
    """A root folder that every user may enter (pytest's are closed)."""
    need_build_user()
    root = tempfile.mkdtemp(prefix="pyapps root ", dir="/var/tmp")
    try:
        os.chmod(root, 0o755)
        host = Host(root)
        host.install_uv()
        yield host
    finally:
        _files.force_remove(root)


def two_wheels(host: Host) -> Path:
    """A folder on the host with alpha, and beta that needs it; with it a run needs no network."""
    folder = Path(host.root) / "wheels"
    make_wheel(folder, "alpha", "1.0")
    make_wheel(folder, "beta", "1.0", requires=["alpha"])
    return folder


def make_wheel(
    folder: Path, name: str, version: str, files: dict[str, str] | None = None, requires: t.Sequence[str] = ()
) -> None:
    """Write a wheel.

    :param files: further files by path; without it one module named like the package
    """
    folder.mkdir(exist_ok=True)
    info = "%s-%s.dist-info" % (name, version)
    content = dict(files if files is not None else {name + ".py": "VERSION = %r\n" % version})
    lines = ["Metadata-Version: 2.1", "Name: " + name, "Version: " + version]
    content[info + "/METADATA"] = "\n".join(lines + ["Requires-Dist: " + other for other in requires]) + "\n"
    content[info + "/WHEEL"] = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = ""
    for path, text in content.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += "%s,sha256=%s,%d\n" % (path, digest, len(text.encode()))
    content[info + "/RECORD"] = record + info + "/RECORD,,\n"
    with zipfile.ZipFile(folder / ("%s-%s-py3-none-any.whl" % (name, version)), "w") as archive:
        for path, text in content.items():
            archive.writestr(path, text)


def imports(python: str, statement: str) -> str:
    """What an environment's interpreter prints."""
    done = subprocess.run([python, "-I", "-c", statement], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()
