# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Building one environment: beside, complete, then renamed."""

from __future__ import annotations

import concurrent.futures
import contextlib
import hashlib
import json
import os
import pwd
import threading
import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.lock import packages
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.pool import Pool
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.python import Interpreter
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv import Uv
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files, unprivileged as process
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError

RECORD = "pyapps-environment.json"
_READ_ONLY = 0o555
# The names inside the bytecode are relative, so that equal sources give equal bytecode in every environment; the
# interpreter puts the real path in when it loads it. Sources that are no valid Python (templates) have none.
_COMPILE = """
import py_compile, sys
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
for line in sys.stdin:
    path = line.rstrip("\\n")
    try:
        py_compile.compile(path, dfile=path, doraise=True, invalidation_mode=mode)
    except py_compile.PyCompileError:
        pass
"""


@contextlib.contextmanager
def workplace(envs: str, user: str | None) -> t.Iterator[str]:
    """A folder for the duration of some work, which a user can read, and whose ``build`` it can write."""
    path = _files.part_path(os.path.join(envs, "work"))
    os.mkdir(path, 0o750)
    try:
        os.mkdir(os.path.join(path, "build"), 0o700)
        if user is not None:
            ids = pwd.getpwnam(user)
            os.chown(os.path.join(path, "build"), ids.pw_uid, ids.pw_gid)
            os.chown(path, 0, ids.pw_gid)
        yield path
    finally:
        _files.force_remove(path)


@dataclass(frozen=True)
class Builder:
    """Builds environments of one run.

    :ivar uv: uv, as the build user; it takes wheels only, so no code of a package runs
    :ivar envs: the folder of environments
    :ivar pool: where their files come from
    :ivar parallel: processes that compile at once
    :ivar seconds: limit for each program
    :ivar turn: held by the one that compiles; builders of one run share it
    """

    uv: Uv
    envs: str
    pool: Pool
    parallel: int
    seconds: float
    turn: threading.Lock

    def build(
        self,
        name: str,
        lock: str,
        interpreter: Interpreter,
        record: dict[str, t.Any],
        say: t.Callable[[str], None],
        wheels: str | None = None,
    ) -> None:
        """Build one environment and put it in place, replacing what is there.

        :param record: what is written into the environment about it; packages are added
        :param say: told what goes on
        :param wheels: a folder of wheels that no index has
        :raises EnvironmentFailedError: it cannot be built; what was there is untouched
        """
        target = _files.part_path(os.path.join(self.envs, name))
        try:
            with workplace(self.envs, self.uv.user) as work:
                _files.write_file(os.path.join(work, "lock.txt"), lock, 0o644)
                cwd = os.path.join(work, "build")
                tree = os.path.join(cwd, "env")
                say("installing %d package(s)" % len(packages(lock)))
                lock_file = os.path.join(work, "lock.txt")
                self.uv.make_environment(tree, interpreter.path, lock_file, cwd, self.seconds, wheels)
                owner = os.stat(cwd).st_uid
                # One after another, each with all processors: what two have in common is copied and compiled once.
                with self.turn:
                    hashes = self.pool.adopt(tree, target, owner, interpreter.path)
                    self.add_bytecode(tree, target, owner, interpreter, hashes, say)
            record = {**record, "packages": _installed(hashes)}
            _files.write_file(os.path.join(target, RECORD), json.dumps(record, indent=1, sort_keys=True) + "\n", 0o444)
            close(target)
            _files.sync_file_system(self.envs)
            _files.put_in_place(target, os.path.join(self.envs, name))
        finally:
            _files.force_remove(target)

    def add_bytecode(
        self,
        tree: str,
        target: str,
        owner: int,
        interpreter: Interpreter,
        hashes: t.Mapping[str, str],
        say: t.Callable[[str], None],
    ) -> None:
        """Compile what needs it and is not in the pool, and link all of it.

        :param tree: where the sources lie, and the build user can write
        :param target: where the bytecode is linked to
        :param hashes: of the sources, by relative path
        """
        keys, missing = {}, []
        for path, content in hashes.items():
            if _is_compiled(path):
                folder, name = os.path.split(path)
                compiled = os.path.join(folder, "__pycache__", "%s.%s.pyc" % (name[:-3], interpreter.tag))
                key = "\0".join(("bytecode", interpreter.magic, path, content))
                keys[compiled] = hashlib.sha256(key.encode()).hexdigest()
                if not self.pool.has_bytecode(keys[compiled]):
                    missing.append(path)
        if missing:
            say("compiling %d file(s)" % len(missing))
            self._compile(tree, interpreter, missing)
        self.pool.adopt_bytecode(tree, target, owner, keys)

    def _compile(self, tree: str, interpreter: Interpreter, paths: list[str]) -> None:
        """Compile as the build user; nothing of the environment is imported, no .pth file is read."""
        command = [interpreter.path, "-I", "-S", "-W", "ignore", "-c", _COMPILE]
        shares = [share for share in (paths[start :: self.parallel] for start in range(self.parallel)) if share]
        with concurrent.futures.ThreadPoolExecutor(len(shares)) as threads:
            jobs = [
                threads.submit(
                    process.run_program,
                    command,
                    {"LC_ALL": "C.UTF-8"},
                    tree,
                    self.seconds,
                    self.uv.user,
                    "".join(path + "\n" for path in share),
                )
                for share in shares
            ]
            for job in jobs:
                outcome = job.result()
                if outcome.rc:
                    log = outcome.last_lines()
                    cause = log.splitlines()[-1] if log else "exit status %d" % outcome.rc
                    raise EnvironmentFailedError("could not compile the packages: %s" % cause, log)


def _is_compiled(path: str) -> bool:
    """Whether a file gets bytecode. Packages' own tests (two fifths of an environment with pandas) need none."""
    return path.startswith("lib/") and path.endswith(".py") and "/tests/" not in path and "\n" not in path


def _installed(paths: t.Iterable[str]) -> dict[str, str]:
    """Versions of what is installed, by normalised name: from the folders ``<name>-<version>.dist-info``.

    Only those of site-packages itself: setuptools carries others, in a folder of its own.
    """
    found = {}
    for path in paths:
        folder, name = os.path.split(path)
        where = os.path.basename(os.path.dirname(folder))
        if name == "METADATA" and folder.endswith(".dist-info") and where == "site-packages":
            package = os.path.basename(folder)[: -len(".dist-info")].split("-", 1)
            found[package[0].replace("_", "-").replace(".", "-").lower()] = package[-1]
    return found


def close(path: str) -> None:
    """Make every folder read-only; the files are already."""
    for folder, _folders, _names in os.walk(path):
        os.chmod(folder, _READ_ONLY)
