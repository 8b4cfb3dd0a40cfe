#!/usr/bin/env python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes small changes in a copy of plugins/module_utils, one at a time, and prints which of them no unit test notices.

Changed code may delete, write or kill whatever it likes, so its tests run in namespaces of their own: they see this
machine read-only, with empty folders for temporary files, and no other process.

Exits with 1 when fewer than 95 of 100 are noticed, and with 2 when the unchanged code does not pass its tests.
"""

from __future__ import annotations

import argparse
import ast
import collections
import compileall
import functools
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

import tomllib
from ansible_collections.selfhost.pyapps.plugins.plugin_utils._table import table
from helpers.mutations import Mutant, mutants

CHECKOUT = Path(__file__).resolve().parents[2]
UTILS = Path("plugins/module_utils")
UNIT_TESTS = Path("tests/unit")
CHANGES_NOTHING = Path(__file__).with_suffix(".toml")
OURS = "ansible_collections.selfhost.pyapps."
ENOUGH = 95
SANDBOX = """
for target in $(findmnt --raw --noheadings --output TARGET); do
    case $target in (/proc|/proc/*) continue;; esac
    mount -o remount,bind,ro "$target" 2>/dev/null
done
for folder in /tmp /var/tmp /run /dev/shm; do mount -t tmpfs -o mode=1777 tmpfs "$folder" || exit 125; done
ip link set lo up && ! touch "$0" 2>/dev/null || exit 125
ulimit -v 8388608
"$@"
exit $?
"""
"""Its first word is a file of the checkout, which must be read-only then. The shell stays the first process, because
signals mean something else to that one."""
SUMMARY = re.compile(r"^(?:=+ )?(?:.* )?\d+ (?:failed|errors?)\b.* in [\d.]+", re.MULTILINE)


class BrokenError(Exception):
    """Nothing can be said about changes, because what is unchanged does not pass its tests, or no test ran."""


class Same(t.NamedTuple):
    """A change that is known to change nothing."""

    file: str
    before: str
    after: str


class Verdict(t.NamedTuple):
    mutant: Mutant
    noticed: bool


# -- Which tests belong to a file


@functools.cache
def imported(path: Path) -> set[str]:
    """The names below the collection that a file imports (``plugins.module_utils._catalog.clashes``), and helpers."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith((OURS, "helpers")):
            module = str(node.module).removeprefix(OURS)
            found |= {module} | {"%s.%s" % (module, alias.name) for alias in node.names}
    return found


@functools.cache
def lists_of_tests(file: str, checkout: Path) -> list[list[str]]:
    """The tests to ask for a file below module_utils, one list after another.

    First those that bear its name, then those of its room, then all others that import it, or a face over it (a module,
    an action plugin, what tests share).
    """
    path = Path(file)
    mirror = checkout / UNIT_TESTS / UTILS
    names = {other.stem for other in (checkout / UTILS / path.parent).glob("*.py")}
    of_file = [
        test
        for test in sorted((mirror / path.parent).glob("test_*.py"))
        if max((name for name in names if test.stem[5:].startswith(name)), key=len, default="") == path.stem
    ]
    wanted = {"plugins.module_utils." + ".".join(path.with_suffix("").parts)}
    faces = [*checkout.glob("plugins/*/*.py"), *checkout.glob("tests/helpers/*.py")]
    for face in faces:
        if wanted & imported(face):
            name = ".".join(face.relative_to(checkout).with_suffix("").parts)
            wanted = wanted | {name.removeprefix("tests.")}
    of_room = sorted(
        (mirror / path.parts[0]).rglob("test_*.py"), key=lambda test: (not wanted & imported(test), str(test))
    )
    others = [
        test
        for test in sorted((checkout / UNIT_TESTS).rglob("test_*.py"))
        if test not in of_room and wanted & imported(test)
    ]
    return [[str(test.relative_to(checkout)) for test in tests] for tests in (of_file, of_room, others) if tests]


# -- Running them


def command(words: t.Sequence[str], user: int, group: int) -> list[str]:
    """Those words in namespaces of their own; who is not root stays who he is in them."""
    new = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "--mount-proc"]
    if user == 0:
        return [*new, "sh", "-c", SANDBOX, str(Path(__file__).resolve()), *words]
    back = ["unshare", "--user", "--map-user=%d" % user, "--map-group=%d" % group]
    return [*new, "--map-root-user", "sh", "-c", SANDBOX, str(Path(__file__).resolve()), *back, *words]


def noticed(code: int | None, output: str) -> bool:
    """What a run of tests says: its exit code (None: it did not end), and what it has printed.

    :raises BrokenError: if these are no results of tests
    """
    if code == 0:
        return False
    if code is None or code < 0 or code > 128:
        return True
    if code in (1, 2) and SUMMARY.search(output):
        return True
    raise BrokenError("No tests ran (exit code %d):\n%s" % (code, output))


class Runner:
    """Runs tests in a copy of the checkout."""

    def __init__(
        self, copy: Path, run: t.Callable[[Path, t.Sequence[str], float | None], tuple[int | None, str]]
    ) -> None:
        self._copy = copy
        self._run = run
        self._limits: dict[tuple[str, ...], float] = {}

    def limit(self, tests: t.Sequence[str], *, again: bool = False) -> float:
        """How many seconds these tests may take; they are run with unchanged code to learn it.

        :raises BrokenError: if they fail
        """
        key = tuple(tests)
        if key not in self._limits or again:
            start = time.monotonic()
            code, output = self._run(self._copy, tests, self._limits.get(key))
            if code != 0:
                raise BrokenError("These tests fail with unchanged code (%s):\n%s" % (" ".join(tests), output))
            self._limits[key] = max(self._limits.get(key, 0), 10 + 5 * (time.monotonic() - start))
        return self._limits[key]

    def notices(self, mutant: Mutant) -> bool:
        """Whether a test notices it."""
        for tests in lists_of_tests(mutant.file, self._copy):
            limit = self.limit(tests)
            with changed(self._copy / UTILS / mutant.file, mutant.source):
                code, output = self._run(self._copy, tests, limit)
            if noticed(code, output):
                if code not in (1, 2):
                    self.limit(tests, again=True)  # a machine without time or memory is not a test that notices
                return True
        return False


class changed:  # noqa: N801
    """A file with another text, and without the bytecode of the old one."""

    def __init__(self, path: Path, source: str) -> None:
        self._path = path
        self._source = source
        self._kept = path.read_text(encoding="utf-8")

    def __enter__(self) -> None:
        self._write(self._source)

    def __exit__(self, *_: object) -> None:
        self._write(self._kept)

    def _write(self, source: str) -> None:
        self._path.write_text(source, encoding="utf-8")
        for bytecode in (self._path.parent / "__pycache__").glob(self._path.stem + ".*"):
            bytecode.unlink()


def run_tests(copy: Path, tests: t.Sequence[str], limit: float | None) -> tuple[int | None, str]:
    """Run them in a sandbox: the exit code (None after the limit), and what they print."""
    words = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "_hypothesis_pytestplugin"]
    process = subprocess.Popen(
        command([*words, "--hypothesis-seed=0", "--tb=short", *tests], os.geteuid(), os.getegid()),
        cwd=copy,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={
            **os.environ,
            "HOME": "/tmp",
            "ANSIBLE_HOME": "/tmp/ansible",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
    )
    try:
        output = process.communicate(timeout=limit)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        return None, process.communicate()[0]
    finally:
        process.kill()
    return process.returncode, output


def copied(checkout: Path, folder: Path) -> Path:
    """A copy of what belongs to a checkout, with the bytecode of its code."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=checkout,
        check=True,
        capture_output=True,
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        source, target = checkout / name, folder / name
        if source.is_symlink() or source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    compileall.compile_dir(str(folder / "plugins"), quiet=2)
    return folder


# -- What is made, and what is said


def known() -> dict[Same, str]:
    """The changes that are shown to change nothing, and why."""
    rows = tomllib.loads(CHANGES_NOTHING.read_text(encoding="utf-8")).get("same", [])
    return {Same(row["file"], row["before"], row["after"]): row["reason"] for row in rows}


def candidates(checkout: Path, rooms: t.Collection[str], same: t.Collection[Same]) -> list[Mutant]:
    """Every change that can be made in these rooms (none: in all), without those that change nothing.

    :param rooms: a file counts as one, too: ``_catalog/clashes``

    :raises BrokenError: if one of those is not made at all, because the code is another one now
    """
    made = [
        mutant
        for path in sorted((checkout / UTILS).rglob("*.py"))
        for mutant in mutants(str(path.relative_to(checkout / UTILS)), path.read_text(encoding="utf-8"))
    ]
    wanted = tuple(rooms) or ("",)
    gone = set(same) - {Same(mutant.file, mutant.before, mutant.after) for mutant in made}
    if gone:
        raise BrokenError("%s names what is not in the code: %s" % (CHANGES_NOTHING.name, sorted(gone)))
    return [
        mutant
        for mutant in made
        if mutant.file.startswith(wanted) and Same(mutant.file, mutant.before, mutant.after) not in same
    ]


def room(mutant: Mutant) -> str:
    return mutant.file.partition("/")[0]


def sample(found: list[Mutant], count: int, seed: int) -> list[Mutant]:
    """That many of them, in an order that favours no room: who ends a run early has seen some of each."""
    return random.Random(seed).sample(found, min(count, len(found)))  # noqa: S311


def report(verdicts: t.Sequence[Verdict]) -> tuple[list[str], int]:
    """The lines to print, and the exit code."""
    survivors = sorted(verdict.mutant for verdict in verdicts if not verdict.noticed)
    lines = ["Not noticed:"] if survivors else []
    for mutant in survivors:
        lines += ["%s:%d" % (mutant.file, mutant.line), "    - " + mutant.before, "    + " + mutant.after]
    counts: dict[str, list[int]] = collections.defaultdict(lambda: [0, 0])
    for verdict in verdicts:
        counts[room(verdict.mutant)][0] += 1
        counts[room(verdict.mutant)][1] += verdict.noticed
    rooms = [[name, str(made), str(seen)] for name, (made, seen) in sorted(counts.items())]
    lines += ["", *table(["ROOM", "CHANGES", "NOTICED"], rooms)]
    seen = len(verdicts) - len(survivors)
    lines += ["", "%d of %d changes were noticed" % (seen, len(verdicts))]
    return lines, 0 if seen * 100 >= len(verdicts) * ENOUGH else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--room", action="append", default=[])
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.randrange(10**6)  # noqa: S311
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    verdicts: list[Verdict] = []
    (CHECKOUT / ".cache").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mutants-", dir=CHECKOUT / ".cache") as folder:
        try:
            chosen = sample(candidates(CHECKOUT, arguments.room, known()), arguments.count, seed)
            if not chosen:
                raise BrokenError("Nothing can be changed in %s" % (arguments.room or "module_utils"))
            print("%d changes, SEED=%d" % (len(chosen), seed), flush=True)
            runner = Runner(copied(CHECKOUT, Path(folder)), run_tests)
            for mutant in chosen:
                verdicts.append(Verdict(mutant, runner.notices(mutant)))
                mark = "noticed " if verdicts[-1].noticed else "SURVIVED"
                print("%s %s:%d  %s  ->  %s" % (mark, *mutant[:4]), flush=True)
        except BrokenError as error:
            print(error, file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            print("ended early", flush=True)
    lines, code = report(verdicts)
    print("", *lines, sep="\n")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
