# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interpreters in the store: fetched by uv as the build user, adopted by root as environments are.

Apps run them, and so does root (supervisor): nothing of them is the build user's any more, and nobody can write them.
One has its name by its version and its file, so it never changes, and its path says which it is.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
import re
import threading
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._environments import python as pythons
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.build import Builder, close, workplace
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.pool import Pool
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.python import (
    OLDEST,
    Interpreter,
    MissingPythonError,
    NoPythonError,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.python_downloads import (
    VARIABLE,
    Download,
    Mirror,
    downloads_of,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv import Uv
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files, unprivileged as process
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError

_NAME = re.compile(r"(?P<number>3\.[0-9]{1,2}\.[0-9]{1,3})-[0-9a-f]{16}")
_LIST_SECONDS = 60.0
_MOST_SHOWN = 8
# uv writes the folder into which it unpacks into a few texts (sysconfig's, pkg-config's); builds read those.
_MOVE = """
import os, sys
old, new = map(os.fsencode, sys.argv[1:3])
for folder, _folders, names in os.walk(sys.argv[1]):
    for name in names:
        path = os.path.join(folder, name)
        if os.path.islink(path) or os.path.getsize(path) > 1 << 20:
            continue
        with open(path, "rb") as file:
            text = file.read()
        if old in text and b"\\0" not in text:
            with open(path, "wb") as file:
                file.write(text.replace(old, new))
"""


@dataclasses.dataclass(frozen=True)
class PythonStore:
    """The interpreters of one host's store.

    :ivar folder: where they are, each in a folder of its own
    :ivar envs: the folder of environments, on the same file system
    :ivar pool: path of the pool that their files come from
    :ivar parallel: how many processes compile at once
    :ivar seconds: limit for each program
    :ivar say: told what goes on
    """

    folder: str
    envs: str
    pool: str
    parallel: int
    seconds: float
    say: t.Callable[[str], None]

    def kept(self, missing: MissingPythonError) -> list[Interpreter]:
        """Those that are there and fit, the newest first."""
        found = []
        for name in _list(self.folder):
            match = _NAME.fullmatch(name)
            if match and missing.fits(match["number"]):
                found.append(_ask(self._path(name, match["number"])))
        return sorted(found, key=lambda each: [int(part) for part in each.number.split(".")], reverse=True)

    def fetch(self, missing: MissingPythonError, uv: Uv) -> Interpreter:
        """The newest that fits, fetched if it is not there.

        :raises EnvironmentFailedError: it cannot be had; the text says what was asked and why
        """
        try:
            mirror = Mirror.of(uv.sources.python_mirror)
            if uv.sources.wheelhouse and mirror.needs_network:
                raise EnvironmentFailedError(
                    "with a wheelhouse nothing comes over the network: let %s name a folder or a list (*.json) on this "
                    "host" % VARIABLE
                )
            with workplace(self.envs, uv.user) as work:
                return self._fetch(missing, mirror, uv, work)
        except (EnvironmentFailedError, NoPythonError, ValueError) as error:
            log = error.log if isinstance(error, EnvironmentFailedError) else ""
            why = str(error)
            why += "" if why.endswith((".", "?")) else "."
            reason = "%s, and none could be fetched: %s Here are: %s." % (missing.problem, why, pythons.here())
            raise EnvironmentFailedError(reason, log) from None

    def _fetch(self, missing: MissingPythonError, mirror: Mirror, uv: Uv, work: str) -> Interpreter:
        told, hashes = mirror.prepare(work)
        # Only what is asked for here, and no link to it anywhere else.
        told.update(UV_PYTHON_DOWNLOADS="manual", UV_PYTHON_INSTALL_BIN="0", UV_PYTHON_INSTALL_REGISTRY="0")
        fetching = dataclasses.replace(uv, told=told)
        build = os.path.join(work, "build")
        chosen = _choose(missing, downloads_of(fetching.list_pythons(build, _LIST_SECONDS), hashes))
        name = "%s-%s" % (
            chosen.number,
            hashlib.sha256("\0".join((chosen.key, chosen.content)).encode()).hexdigest()[:16],
        )
        if not os.path.isdir(os.path.join(self.folder, name)):
            self.say("fetching Python %s" % chosen.number)
            fetching.install_python(chosen.key, os.path.join(build, "pythons"), build, self.seconds)
            self._adopt(os.path.join(build, "pythons", chosen.key), name, chosen.number, uv)
        return _ask(self._path(name, chosen.number))

    def _adopt(self, tree: str, name: str, number: str, uv: Uv) -> None:
        """Make root's copy of what was unpacked, and put it in place when it is complete."""
        final = os.path.join(self.folder, name)
        target = _files.part_path(final)
        if not os.path.isdir(self.folder):
            _files.make_folder(self.folder)
        self._move(tree, final, uv.user)
        pool = Pool(self.pool, self.parallel)
        builder = Builder(uv, self.envs, pool, self.parallel, self.seconds, threading.Lock())
        owner = os.stat(os.path.dirname(tree)).st_uid
        try:
            hashes = pool.adopt(tree, target, owner, "")
            found = pythons.ask(os.path.join(target, _program(number)))
            if found.number != number:
                raise EnvironmentFailedError("what was fetched as Python %s is %s" % (number, found.number))
            builder.add_bytecode(
                tree, target, owner, found, hashes, lambda text: self.say("Python %s: %s" % (number, text))
            )
            close(target)
            _files.sync_file_system(self.folder)
            _files.put_in_place(target, final)
        finally:
            _files.force_remove(target)

    def _move(self, tree: str, final: str, user: str | None) -> None:
        command = [os.path.realpath(pythons.default_python()), "-I", "-S", "-c", _MOVE, tree, final]
        outcome = process.run_program(command, {"LC_ALL": "C.UTF-8"}, os.path.dirname(tree), self.seconds, user)
        if outcome.rc:
            raise EnvironmentFailedError("what was fetched cannot be moved", outcome.last_lines())

    def _path(self, name: str, number: str) -> str:
        return os.path.join(self.folder, name, _program(number))

    def unused(self, leaving: t.Container[str], interpreters: t.Iterable[str]) -> list[str]:
        """Names of those that neither an environment stands on nor this run uses.

        :param leaving: names of environments that are deleted
        :param interpreters: paths of the interpreters of this run
        """
        paths = list(interpreters)
        for name in _list(self.envs):
            path = os.path.join(self.envs, name, "bin", "python")
            if name not in leaving and os.path.islink(path):
                paths.append(os.readlink(path))
        used = {os.path.relpath(path, self.folder).partition("/")[0] for path in paths}
        return [name for name in _list(self.folder) if _NAME.fullmatch(name) and name not in used]


@functools.cache
def _ask(path: str) -> Interpreter:
    return pythons.ask(path)


def _program(number: str) -> str:
    return os.path.join("bin", "python" + number.rpartition(".")[0])


def _choose(missing: MissingPythonError, there: t.Sequence[Download]) -> Download:
    fitting = [each for each in there if tuple(each.order[:2]) >= OLDEST]
    for each in fitting:
        if missing.fits(each.number):
            return each
    newest: dict[str, str] = {}
    for each in fitting:
        newest.setdefault(each.number.rpartition(".")[0], each.number)
    raise EnvironmentFailedError(
        "there is no such version. There are: %s" % (", ".join(list(newest.values())[:_MOST_SHOWN]) or "none at all")
    )


def _list(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []
