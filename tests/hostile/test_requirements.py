# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requirements, projects and locks that want more than packages of an index.

Whatever an app writes: uv gets lines of names, versions, conditions and hashes, and no code of the app's choice runs.
"""

from __future__ import annotations

import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Report
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.reader import Needs, read_requirements
from helpers.attacks import record, tries
from helpers.environment_host import SYSTEM_PYTHON, Host, app, make_wheel, temporary_host, two_wheels, uv_binary
from helpers.plain_requirements import strange
from packaging.requirements import InvalidRequirement, Requirement

HASH = "sha256:" + "a" * 64
CANARY = "/var/tmp/pyapps-canary"
"""A path that every attack names; what opens anything there was deceived."""


def read(folder: Path, files: t.Mapping[str, str]) -> tuple[Needs, Report]:
    """What the checker makes of files, in a folder that is empty before."""
    for old in folder.iterdir():
        old.unlink()
    for name, text in files.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            file.write(text)
    report = Report()
    return read_requirements(str(folder), report.about("setup.toml"), package="streamlit"), report


# Named attacks. Each would have uv run code of the canary, or reach what it names.

START = '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = [%s]\n'
PROJECT = START % '"alpha"'
LOCK_START = 'version = 1\nrequires-python = ">=3.9"\n'
ITSELF = '[[package]]\nname = "app"\nversion = "1"\nsource = { virtual = "." }\ndependencies = [{ name = "evil" }]\n'
EVIL = '[[package]]\nname = "evil"\nversion = "1"\n%s\n'
ALPHA = (
    '[[package]]\nname = "alpha"\nversion = "1.0"\nsource = { registry = "https://x/simple" }\n'
    'wheels = [{ url = "https://x/alpha-1.0-py3-none-any.whl", hash = "%s" }]\n' % HASH
)


def lock(source: str) -> dict[str, str]:
    return {"pyproject.toml": PROJECT, "uv.lock": LOCK_START + ITSELF + EVIL % source}


LISTS = {
    "a comment that ends in a backslash": "alpha # c \\\n-e {canary}\n",
    "a whole comment that ends in a backslash": "alpha\n# c \\\n-e {canary}\n",
    "another index behind a comment": "alpha\n# c \\\n--index-url file://{canary}/simple\n",
    "an address behind a comment": "alpha\n# c \\\nevil @ file://{canary}\n",
    "a system file behind a comment": "alpha\n# c \\\n-r /etc/passwd\n",
    "a carriage return": "alpha\r-e {canary}\n",
    "a carriage return in a comment": "alpha # c\r-e {canary}\n",
    "a continued option": "alpha\n-\\\ne {canary}\n",
    "an option behind a tab": "alpha\n\t-e {canary}\n",
    "a value in the next line": "alpha\n-r\n{canary}/requirements.txt\n",
    "an option with =": "alpha\n--editable={canary}\n",
    "an option behind a hash": "alpha==1.0 --hash=%s -e {canary}\n" % HASH,
    "an option behind a requirement": "alpha==1.0 --find-links={canary}\n",
    "an option behind a marker": "alpha ; python_version > '3 -e {canary}'\n",
    "a marker that ends early": "alpha ; python_version > '3' \\\n -e {canary}\n",
    "a path": "alpha\n{canary}\n",
    "an address": "alpha\nevil@file://{canary}\n",
    "an address with an extra": "alpha\nevil[x] @ file://{canary}\n",
    "an environment variable": "alpha\n-r ${HOME}/../{canary}/requirements.txt\n",
    "a constraint elsewhere": "alpha\n-c {canary}/requirements.txt\n",
    "a constraint that is an address": "evil\n-c limits.txt\n",
    "a form feed": "alpha\n\x0c-e {canary}\n",
    "a line separator": "alpha\u2028-e {canary}\n",
    "a next line": "alpha\x85-e {canary}\n",
    "a byte order mark": "\ufeff-e {canary}\nalpha\n",
    "a zero": "alpha\x00\n-e {canary}\n",
}
PROJECTS = {
    "a dependency of two lines": {"pyproject.toml": START % '"alpha", "alpha\\n-e {canary}"'},
    "a dependency with an address": {"pyproject.toml": START % '"alpha", "evil @ file://{canary}"'},
    "a build backend": {
        "pyproject.toml": PROJECT + 'dynamic = ["dependencies"]\n'
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["{canary}"]\n'
    },
    "a source": {"pyproject.toml": START % '"evil"' + '[tool.uv.sources]\nevil = { path = "{canary}" }\n'},
    "a source with quoted keys": {
        "pyproject.toml": START % '"evil"' + '["tool"."\\u0075v"]\nsources.evil.path = "{canary}"\n'
    },
    "a workspace": {"pyproject.toml": PROJECT + 'tool.uv.workspace.members = ["{canary}"]\n'},
    "a constraint": {
        "pyproject.toml": START % '"evil"' + '[tool.uv]\nconstraint-dependencies = ["evil @ file://{canary}"]\n'
    },
    "a lock with two blanks": lock('source = {  directory = "{canary}" }'),
    "a lock with a dotted key": lock('source.editable = "{canary}"'),
    "a lock with a quoted key": lock('"sourc\\u0065" = { "editable" = "{canary}" }'),
    "a lock with a table": lock('[package.source]\neditable = "{canary}"'),
    "a lock with a link to a wheel": lock('source = { path = "{canary}/evil-1-py3-none-any.whl" }'),
    "a lock with the app under another name": lock('source = { editable = "." }'),
    "a lock with a folder as index": lock('source = { registry = "{canary}" }'),
    "a lock with a marker of two lines": {
        "pyproject.toml": PROJECT,
        "uv.lock": LOCK_START
        + ITSELF.replace('"evil" }', '"alpha", marker = "sys_platform != \'x\\n-e {canary}\'" }')
        + ALPHA,
    },
    "a lock with a version of two lines": {
        "pyproject.toml": PROJECT,
        "uv.lock": LOCK_START + ITSELF.replace("evil", "alpha") + ALPHA.replace('"1.0"', '"1.0\\n-e {canary}"'),
    },
    "a lock with a hash of two lines": {
        "pyproject.toml": PROJECT,
        "uv.lock": LOCK_START + ITSELF.replace("evil", "alpha") + ALPHA.replace(HASH, HASH + "\\n-e {canary}"),
    },
}
POETRY = "[tool.poetry.dependencies]\nalpha = '*'\n"
CONDA = "dependencies:\n- python\n- pip:\n  - alpha\n"
PYLOCK = 'lock-version = "1.0"\n[[packages]]\nname = "alpha"\nversion = "1.0"\n'
PYLOCK_FILE = 'wheels = [{ url = "https://x/a.whl", hashes = { sha256 = "%s" } }]\n' % HASH.partition(":")[2]
OTHERS = {
    "Poetry with a path": {"pyproject.toml": POETRY + 'evil = { path = "{canary}" }\n'},
    "Poetry with an address": {"pyproject.toml": POETRY + 'evil = { url = "file://{canary}" }\n'},
    "Poetry with a version of two lines": {"pyproject.toml": POETRY + 'evil = "1\\n-e {canary}"\n'},
    "Poetry with a name of two lines": {"pyproject.toml": POETRY + '"evil\\n-e {canary}" = "*"\n'},
    "Poetry with a platform that goes on": {
        "pyproject.toml": POETRY + "evil = { version = '*', platform = \"x'\\n-e {canary}\" }\n"
    },
    "Poetry with a lock of two lines": {
        "pyproject.toml": POETRY,
        "poetry.lock": '[[package]]\nname = "alpha"\nversion = "1.0\\n-e {canary}"\n',
    },
    "a Pipfile with a folder": {"Pipfile": '[packages]\nalpha = "*"\nevil = { path = "{canary}", editable = true }\n'},
    "a Pipfile with a marker of two lines": {
        "Pipfile": '[packages]\nevil = { version = "*", markers = "os_name != \'x\'\\n-e {canary}" }\n'
    },
    "a Pipfile.lock with a file": {"Pipfile.lock": '{"default": {"evil": {"file": "file://{canary}"}}}'},
    "a Pipfile.lock with a version of two lines": {
        "Pipfile.lock": '{"default": {"evil": {"version": "==1\\n-e {canary}"}}}'
    },
    "conda with an option": {"environment.yml": CONDA + "  - -e {canary}\n"},
    "conda with an address": {"environment.yml": CONDA + "  - evil @ file://{canary}\n"},
    "conda with a quoted line": {"environment.yml": CONDA + '  - "evil\\n-e {canary}"\n'},
    "conda with a block": {"environment.yml": CONDA + "  - |\n    evil\n    -e {canary}\n"},
    "pylock with a folder": {"pylock.toml": PYLOCK + 'directory = { path = "{canary}" }\n'},
    "pylock with an archive": {"pylock.toml": PYLOCK + 'archive = { url = "file://{canary}" }\n' + PYLOCK_FILE},
    "pylock with a marker of two lines": {
        "pylock.toml": PYLOCK + "marker = \"os_name != 'x'\\n-e {canary}\"\n" + PYLOCK_FILE
    },
}
ATTACKS = {**{name: {"requirements.txt": text} for name, text in LISTS.items()}, **PROJECTS, **OTHERS}

BACKEND = """
import pathlib
pathlib.Path(%r).touch()
raise SystemExit("built")
"""


@pytest.fixture(scope="module")
def host() -> t.Iterator[Host]:
    with temporary_host() as made:
        two_wheels(made)
        make_wheel(Path(made.root) / "wheels", "evil", "1")
        yield made


@pytest.fixture(scope="module")
def canary() -> t.Iterator[Path]:
    """A package that leaves a mark when it is built; everybody may read it."""
    folder = Path(tempfile.mkdtemp(prefix="pyapps-canary-", dir="/var/tmp"))
    folder.chmod(0o755)
    (folder / "mark").mkdir()
    (folder / "mark").chmod(0o777)
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (folder / "backend.py").write_text(BACKEND % str(folder / "mark" / "ran"))
    (folder / "requirements.txt").write_text("-e .\n")
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_a_named_attack_runs_nothing(host: Host, canary: Path, tmp_path: Path, name: str) -> None:
    """With the real uv: as root, environments are built as another user, which may read the canary."""
    files = {path: text.replace("{canary}", str(canary)) for path, text in ATTACKS[name].items()}
    files["limits.txt"] = "evil @ file://%s\n" % canary
    needs, report = read(tmp_path, files)
    through = strange(needs.files) if not report.problems else []
    wanted = app("app", "", files=needs.files, entry=needs.entry)
    # What is left of it is built also where the checker has said no: nothing of it may be dangerous.
    host.make(wanted, wheelhouse=str(Path(host.root) / "wheels"))
    for path in (canary / "mark").iterdir():
        through.append("code of the app's choice ran as user %d" % path.stat().st_uid)
        path.unlink()
    record("home", "requirements: " + name, 1, through)


# Generated ones.

WORDS = [
    *("a", "b-c", "A.b", "streamlit", "pip", "uv", "==", ">=", "~=", "===", "<2", "1", "1.0", "1.*", "*"),
    *("2!1+x", "[x]", "[", "]", "[x,Y_z]", "(", ")", ",", ";", "@", "#", " #", "\\", "\\\n", "\\\r\n", "\n"),
    *("\r", "\t", " ", "  ", "\n\n", "--hash=" + HASH, " --hash=" + HASH, "--hash", "-e", "-e ", "-r ", "-c "),
    *("-r=", "--requirement=", "-i ", "--pre", "python_version", "sys_platform", "extra", " and ", " or "),
    *(" in ", " not in ", "'3.9'", '"x"', "'", '"', "$", "${HOME}", "<", ">", "!=", CANARY, "file://" + CANARY),
    *("-e " + CANARY, "evil @ file://" + CANARY, "limits.txt", "\x0c", "\x85", "\u2028", "\ufeff", "\u00a0"),
    *("\x00", "é", "\u0661", "\u017f", "\u212a", "#\\\n-e " + CANARY, " # \\\n--index-url file://" + CANARY),
]
GOOD = [
    "streamlit==1.41.*",
    "a[x,y]>=1,<2 ; python_version < '3.13' and (os_name == 'nt' or extra == 'x')",
    "b==1.0 --hash=%s" % HASH,
    "c ; sys_platform in 'linux darwin'",
    "d (>=1)  # why",
    "-c limits.txt",
]


def mutated(chance: random.Random, text: str) -> str:
    """A text with words put in, taken out or exchanged."""
    for _count in range(chance.randint(0, 4)):
        place = chance.randint(0, len(text))
        text = text[:place] + chance.choice(["", chance.choice(WORDS)]) + text[place + chance.choice([0, 0, 1, 3]) :]
    return text


def a_list(chance: random.Random) -> str:
    if chance.random() < 0.4:
        return "".join(chance.choice(WORDS) for _count in range(chance.randint(1, 12)))
    return mutated(chance, "\n".join(chance.choices(GOOD, k=chance.randint(1, 4))) + "\n")


def a_project(chance: random.Random) -> str:
    wanted = [mutated(chance, chance.choice(GOOD)) for _count in range(chance.randint(1, 3))]
    quoted = ", ".join(_toml_string(each) for each in wanted)
    return mutated(chance, START % quoted) if chance.random() < 0.3 else START % quoted


def _toml_string(text: str) -> str:
    return '"%s"' % "".join(char if char.isalnum() and char.isascii() else "\\U%08x" % ord(char) for char in text)


def a_lock(chance: random.Random) -> str:
    text = LOCK_START + ITSELF.replace("evil", "alpha") + ALPHA
    strings = list(re.finditer(r'"[^"\n]*"', text))
    for match in sorted(chance.sample(strings, chance.randint(0, 2)), key=lambda found: -found.start()):
        value = mutated(chance, match[0][1:-1]) if chance.random() < 0.7 else chance.choice(WORDS)
        text = text[: match.start()] + _toml_string(value) + text[match.end() :]
    keys = ('source.url = "x"', 'source = {  git = "x" }', "[package.source]", "wheels = []", "conflicts = []")
    return text + chance.choice(keys) + "\n" if chance.random() < 0.2 else text


def _with_strings_mutated(chance: random.Random, text: str, quote: str) -> str:
    """A text with one or two of its quoted strings mutated, by words that are escaped as TOML and JSON want it."""
    strings = list(re.finditer("%s[^%s\n]*%s" % (quote, quote, quote), text))
    for match in sorted(
        chance.sample(strings, chance.randint(0, min(2, len(strings)))), key=lambda found: -found.start()
    ):
        text = text[: match.start()] + _toml_string(mutated(chance, match[0][1:-1])) + text[match.end() :]
    return text


def a_poetry(chance: random.Random) -> dict[str, str]:
    text = POETRY + chance.choice(
        (
            'b = "^1.2"\n',
            'c = { version = "~2", extras = ["x"], markers = "os_name == \'x\'" }\n',
            'd = [{ version = "1.*", python = "<3.12", platform = "linux" }]\n',
        )
    )
    lock = '[[package]]\nname = "alpha"\nversion = "1.0"\n'
    return {
        "pyproject.toml": _with_strings_mutated(chance, text, '"'),
        "poetry.lock": _with_strings_mutated(chance, lock, '"'),
    }


def a_conda(chance: random.Random) -> dict[str, str]:
    lines = ["dependencies:", "- python=3.11", "- pip:", *("  - " + each for each in chance.choices(GOOD[:2], k=2))]
    return {"environment.yml": mutated(chance, "\n".join(lines) + "\n")}


KINDS: dict[str, t.Callable[[random.Random], dict[str, str]]] = {
    "requirements.txt": lambda chance: {"requirements.txt": a_list(chance), "limits.txt": a_list(chance)},
    "pyproject.toml": lambda chance: {"pyproject.toml": a_project(chance)},
    "Poetry": a_poetry,
    "Pipfile": lambda chance: {
        "Pipfile": _with_strings_mutated(chance, '[packages]\na = "*"\nb = { version = "==1.0" }\n', '"')
    },
    "Pipfile.lock": lambda chance: {
        "Pipfile.lock": _with_strings_mutated(
            chance, '{"default": {"a": {"version": "==1.0", "markers": "os_name == \'x\'"}}}', '"'
        )
    },
    "environment.yml": a_conda,
    "pylock.toml": lambda chance: {"pylock.toml": _with_strings_mutated(chance, PYLOCK + PYLOCK_FILE, '"')},
    "uv.lock": lambda chance: {"pyproject.toml": PROJECT, "uv.lock": a_lock(chance)},
}


def taken(kind: str, folder: Path, count: int) -> t.Iterator[tuple[dict[str, str], Needs]]:
    """Generated files that the checker takes, and what it makes of them."""
    chance = random.Random(kind)  # noqa: S311 - the same ones each time
    for _count in range(count):
        files = KINDS[kind](chance)
        needs, report = read(folder, files)
        if not report.problems:
            yield files, needs


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_is_taken_is_nothing_but_packages(tmp_path: Path, kind: str) -> None:
    count = tries(500, 20_000)
    through: list[str] = []
    seen = 0
    for _files, needs in taken(kind, tmp_path, count):
        seen += 1
        through += strange(needs.files)
    assert seen > count / 50, "hardly anything was taken, so hardly anything was tried"
    record("controller", "generated " + kind, count, through)


def test_a_line_means_what_it_means_to_others(tmp_path: Path) -> None:
    """Another reader of PEP 508, packaging, is of one mind with ours about every line that both take."""
    chance = random.Random("lines")  # noqa: S311
    count = tries(500, 20_000)
    through, compared = [], 0
    for _count in range(count):
        # One line: what a backslash joins, packaging does not read.
        line = re.sub(r"\\[\r\n]*", "", mutated(chance, chance.choice(GOOD))).strip()
        needs, report = read(tmp_path, {"requirements.txt": line + "\n", "limits.txt": ""})
        written = needs.files.get("requirements.txt", "").splitlines()
        try:
            theirs = Requirement(re.sub(r"\s--hash.*", "", re.split(r"(?:^|\s)#", line)[0]))
        except InvalidRequirement:
            continue
        if not report.problems and len(written) == 1:
            compared += 1
            ours = Requirement(written[0])
            same = (ours.name, ours.extras, ours.specifier, str(ours.marker), ours.url) == (
                re.sub(r"[-_.]+", "-", theirs.name).lower(),
                {re.sub(r"[-_.]+", "-", each).lower() for each in theirs.extras},
                theirs.specifier,
                str(theirs.marker),
                None,
            )
            through += [] if same else [(line, written[0])]
    assert compared > count / 20
    record("controller", "a line with two meanings", count, through)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_uv_opens_nothing_that_an_app_has_named(tmp_path: Path, kind: str) -> None:
    """The real uv, watched: it understands every line, opens nothing of the canary, starts nothing but Python."""
    wanted = tries(4, 200)
    folder, work = tmp_path / "app", tmp_path / "work"
    folder.mkdir()
    through: list[str] = []
    seen = 0
    for _files, needs in taken(kind, folder, 100 * wanted):
        work.mkdir(exist_ok=True)
        for old in work.iterdir():
            old.unlink()
        for name, text in needs.files.items():
            (work / name).write_text(text)
        through += _deceived(work, needs, tmp_path / "calls")
        seen += 1
        if seen == wanted:
            break
    record("controller", "uv with generated " + kind, seen, through)


def _deceived(work: Path, needs: Needs, calls: Path) -> list[str]:
    command = ["pip", "compile", "--offline", "--no-index", "--only-binary", ":all:", needs.entry]
    if "uv.lock" in needs.files:
        command = ["export", "--frozen", "--no-emit-project", "--no-dev", "--no-header", "--format", "requirements-txt"]
    for option, name in (("--constraint", "constraints.txt"), ("--override", "overrides.txt")):
        command += [option, name] if name in needs.files else []
    trace = ["strace", "--follow-forks", "--trace=openat,execve", "--output=%s" % calls]
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(work),
        "UV_NO_CONFIG": "1",
        "UV_CACHE_DIR": str(calls.parent / "cache"),
    }
    done = subprocess.run(
        [*trace, uv_binary(), *command, "--quiet", "--python", SYSTEM_PYTHON],
        cwd=work,
        env={**environment, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    seen = calls.read_text()
    programs = {os.path.basename(path) for path in re.findall(r'execve\("([^"]+)"', seen)}
    found = [line for line in seen.splitlines() if CANARY in line]
    found += ["runs " + name for name in programs if not re.fullmatch(r"uv|python[0-9.]*", name)]
    if re.search(r"Couldn't parse|Unexpected|Expected|TOML parse error", done.stderr):
        found.append("not understood: %s" % done.stderr)
    return found


# Time.

UNITS = [
    *(" ", "\t", "\\", "\\\n", '"', "'", "[", "]", "(", ")", "{", ",", ".", "#", " #", "\n", "\r", "=", ";"),
    *("a", "a\n", "-"),
]
UNITS += [" --", " --hash=", "1", "//", "@", "[[a]]\n", "a=[", '"""', "'''", "a = 1\n", "é"]
READ = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Report
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.reader import read_requirements
read_requirements(sys.argv[1], Report().about("setup.toml"))
"""
SECONDS = 20
"""Processor time after which the kernel ends the reader. It needs less than one; what is quadratic needs minutes."""


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml", "uv.lock"])
def test_a_megabyte_of_anything_is_read_in_linear_time(tmp_path: Path, name: str) -> None:
    starts = {"requirements.txt": ["", "a==1 "], "pyproject.toml": ["", START % '"a'], "uv.lock": ["", 'a = "']}[name]
    cases = [(start, unit) for unit in UNITS for start in starts]
    cases = cases if tries(0, 1) else [("", unit) for unit in (" ", "\\", '"')] + [(starts[1], " ")]
    through = []
    (tmp_path / "pyproject.toml").write_text(PROJECT) if name == "uv.lock" else None
    for start, unit in cases:
        (tmp_path / name).write_text(start + unit * ((1_000_000 - len(start)) // len(unit.encode())), newline="")
        done = subprocess.run(
            [sys.executable, "-c", READ, str(tmp_path), *sys.path],
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS)),
            capture_output=True,
            text=True,
            check=False,
        )
        through += [(start, unit, done.stderr[-300:])] if done.returncode else []
    record("controller", "a megabyte of %s" % name, len(cases), through)
