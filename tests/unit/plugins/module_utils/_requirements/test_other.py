# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in files of other tools; whatever it is, uv gets lines of ours."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Report
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.reader import Needs, read_requirements

HASH = "0123456789abcdef" * 4
POETRY = """
[tool.poetry]
name = "a"

[tool.poetry.dependencies]
python = "^3.10"
streamlit = "^1.40"
Rich = { version = "~13.7.1", extras = ["jupyter"], markers = "sys_platform == 'linux'" }
numpy = [
    { version = "1.26.*", python = "<3.12" },
    { version = ">=2,<3", python = ">=3.12" },
]
altair = "*"
pydeck = "0.9.1"
left-out = { version = "*", optional = true }
"""
POETRY_LINES = """streamlit>=1.40,<2
rich[jupyter]>=13.7.1,<13.8 ; sys_platform == 'linux'
numpy==1.26.* ; python_full_version < '3.12'
numpy>=2,<3 ; python_full_version >= '3.12'
altair
pydeck==0.9.1
"""
PIPFILE = """
[[source]]
url = "https://pypi.org/simple"
verify_ssl = true
name = "pypi"

[packages]
streamlit = "*"
rich = {version = "==13.7.1", extras = ["jupyter"]}

[requires]
python_version = "3.11"
"""
PIPFILE_LOCK = json.dumps(
    {
        "_meta": {"hash": {"sha256": HASH}},
        "default": {
            "streamlit": {"hashes": ["sha256:" + HASH], "index": "pypi", "version": "==1.41.1"},
            "rich": {"extras": ["jupyter"], "hashes": [], "version": "==13.7.1", "markers": "python_version >= '3.8'"},
        },
        "develop": {"pytest": {"git": "https://example.com"}},
    }
)
CONDA = """name: demo   # the name of it
channels:
  - conda-forge
dependencies:
  - python=3.11
  - conda-forge::gdal>=3.6
  - numpy 1.26
  - pip
  - pip:
      - streamlit==1.41.*  # a page
      - "rich"
variables:
  A: b
"""
PYLOCK = f"""
lock-version = "1.0"
requires-python = ">=3.10"
created-by = "uv"

[[packages]]
name = "streamlit"
version = "1.41.1"
index = "https://pypi.org/simple"
sdist = {{ url = "https://example.com/streamlit-1.41.1.tar.gz", hashes = {{ sha256 = "{HASH}" }} }}
wheels = [{{ url = "https://example.com/streamlit-1.41.1-py3-none-any.whl", hashes = {{ sha256 = "{HASH[::-1]}" }} }}]
"""


def read(folder: Path, files: dict[str, str]) -> tuple[Needs, Report]:
    for name, content in files.items():
        (folder / name).write_bytes(content.encode())
    report = Report()
    return read_requirements(str(folder), report.about(str(folder / "setup.toml")), package="streamlit"), report


@pytest.mark.parametrize(
    ("files", "texts", "python"),
    [
        ({"pyproject.toml": POETRY}, {"requirements.txt": POETRY_LINES}, (">=3.10", "<4")),
        (
            {
                "pyproject.toml": POETRY,
                "poetry.lock": '[[package]]\nname = "Altair"\nversion = "5.5.0"\n'
                '[[package]]\nname = "numpy"\nversion = "1.26.4"\n[[package]]\nname = "numpy"\nversion = "2.2.1"\n',
            },
            {"constraints.txt": "altair==5.5.0\n", "requirements.txt": POETRY_LINES},
            (">=3.10", "<4"),
        ),
        (
            {"Pipfile": PIPFILE},
            {"requirements.txt": "streamlit\nrich[jupyter]==13.7.1\n"},
            ("==3.11.*",),
        ),
        (
            {"Pipfile": PIPFILE, "Pipfile.lock": PIPFILE_LOCK},
            {
                "constraints.txt": "streamlit==1.41.1\nrich==13.7.1 ; python_version >= '3.8'\n",
                "requirements.txt": "streamlit\nrich[jupyter]==13.7.1\n",
            },
            ("==3.11.*",),
        ),
        (
            {"Pipfile.lock": PIPFILE_LOCK},
            {"requirements.txt": "streamlit==1.41.1\nrich[jupyter]==13.7.1 ; python_version >= '3.8'\n"},
            (),
        ),
        ({"environment.yml": CONDA}, {"requirements.txt": "streamlit==1.41.*\nrich\n"}, ("==3.11.*",)),
        (
            {"environment.yaml": CONDA.replace("\n", "\r\n")},
            {"requirements.txt": "streamlit==1.41.*\nrich\n"},
            ("==3.11.*",),
        ),
        (
            {"pylock.toml": PYLOCK},
            {
                "requirements.txt": f"streamlit==1.41.1 \\\n    --hash=sha256:{HASH[::-1]} \\\n"
                f"    --hash=sha256:{HASH}\n"
            },
            (">=3.10",),
        ),
        (
            {"pyproject.toml": "[tool.ruff]\nline-length = 100\n", "environment.yml": CONDA},
            {"requirements.txt": "streamlit==1.41.*\nrich\n"},
            ("==3.11.*",),
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_other_tools_files_are_taken(
    tmp_path: Path, files: dict[str, str], texts: dict[str, str], python: tuple[str, ...]
) -> None:
    needs, report = read(tmp_path, files)
    assert [problem.as_line() for problem in report.problems] == []
    assert (needs.files, needs.entry, needs.python.conditions) == (texts, "requirements.txt", python)


@pytest.mark.parametrize(
    ("files", "notice"),
    [
        ({"environment.yml": CONDA}, "only conda would install: gdal, numpy."),
        (
            {"pyproject.toml": POETRY + "[tool.poetry.group.dev.dependencies]\na = '*'\n"},
            "not installed here: tool.poetry",
        ),
        ({"Pipfile": PIPFILE + "[dev-packages]\na = '*'\n"}, "dev-packages: not installed here"),
        ({"requirements.txt": "streamlit", "Pipfile": PIPFILE}, "Pipfile is not used, because requirements.txt is"),
        ({"requirements.txt": "streamlit", "environment.yml": "?"}, "environment.yml is not used"),
        ({"pylock.toml": PYLOCK, "pyproject.toml": POETRY}, "pyproject.toml is not used, because pylock.toml is taken"),
        ({}, "the newest Streamlit and nothing else: to choose, write a requirements.txt"),
        ({"setup.py": "import os"}, "nothing else (setup.py has no effect here): to choose"),
    ],
)
def test_what_is_left_out_is_told(tmp_path: Path, files: dict[str, str], notice: str) -> None:
    needs, report = read(tmp_path, files)
    assert report.problems == []
    assert [notice in each for each in report.notices].count(True) == 1, report.notices
    assert "streamlit" in needs.files["requirements.txt"]


@pytest.mark.parametrize(
    ("python", "conditions"),
    [(">=3.9,<3.9.7 || >3.9.7,<4.0", [">3.9.7", "<4.0"]), ("3.10 || 3.11", ["==3.11.*"])],
)
def test_of_several_ranges_of_poetry_the_last_one_counts(tmp_path: Path, python: str, conditions: list[str]) -> None:
    found, report = read(tmp_path, poetry('python = "%s"' % python))
    assert report.problems == []
    assert sorted(found.python.conditions) == sorted(conditions)


def poetry(line: str) -> dict[str, str]:
    return {"pyproject.toml": "[tool.poetry.dependencies]\nstreamlit = '*'\n%s\n" % line}


def conda(line: str) -> dict[str, str]:
    return {"environment.yml": "dependencies:\n- pip:\n  - streamlit\n%s\n" % line}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (poetry('a = {git = "https://example.com/a"}'), "a path, a URL or a repository"),
        (poetry('a = {path = "../a"}'), "a path, a URL or a repository"),
        (poetry('a = {version = "1", source = "mine"}'), "belongs to the host"),
        (poetry('a = {version = "1", new-key = 1}'), '"new-key"'),
        (poetry('a = "^1 || ^2"'), "a choice of versions"),
        (poetry('a = "1\\n-e /tmp"'), "is not a requirement"),
        (poetry('a = "%s"' % ("1." * 300 + "1")), "more than 500 characters"),
        (poetry('"a\\n-e x" = "1"'), "is not a name"),
        (poetry("a = 1"), "neither a version nor a table"),
        (poetry('a = {version = "*", platform = "x\' or 1"}'), "a platform that is not known"),
        (poetry('a = {version = "*", markers = "sys_platform"}'), "its condition"),
        (poetry('a = {version = "*", extras = ["x y"]}'), "is not a name"),
        (poetry('python = "three"'), "is not understood"),
        (poetry("streamlit-nightly = '*'"), "nightly"),
        ({"pyproject.toml": "[tool.poetry.dependencies]\npython = '^3.10'\n"}, "names no package"),
        (
            {"pyproject.toml": POETRY + '[[tool.poetry.source]]\nname = "x"\nurl = "https://example.com"\n'},
            "is not taken from an app",
        ),
        ({"pyproject.toml": POETRY, "poetry.lock": "[[package]]\nname = 1\n"}, "has no name, or no version"),
        ({"pyproject.toml": POETRY, "poetry.lock": "[["}, "is not valid TOML"),
        ({"Pipfile": PIPFILE.replace("pypi.org", "example.com")}, "is not taken from an app"),
        ({"Pipfile": "[packages]\n"}, "names no package"),
        ({"Pipfile": "["}, "is not valid TOML"),
        ({"Pipfile.lock": "[" * 100_000}, "is no JSON"),
        ({"Pipfile.lock": "[]"}, "is no table"),
        ({"Pipfile.lock": '{"default": {}}'}, "names no package"),
        ({"Pipfile.lock": '{"default": {"a": {"file": "/tmp/a"}}}'}, "a path, a URL or a repository"),
        (conda("  - -e /tmp"), "is an editable installation"),
        (conda("  - a @ file:///tmp/a"), "a URL or a repository"),
        (conda("    - a"), "is not read in this form"),
        (conda("- *alias"), "is not read in this form"),
        (conda("- {a: b}"), "is not read in this form"),
        ({"environment.yml": "dependencies: [pip]\n"}, "is not read in this form"),
        ({"environment.yml": "dependencies:\n- python\n"}, "names nothing for pip"),
        ({"environment.yml": ""}, "names nothing for pip"),
        ({"pylock.toml": PYLOCK.replace('"1.0"', '"2.0"')}, "is not known here"),
        ({"pylock.toml": PYLOCK + "vcs = { type = 'git' }\n"}, 'has "vcs"'),
        ({"pylock.toml": PYLOCK + "[[packages]]\nname = 'a'\nversion = '1'\n"}, "names no file with a hash"),
        ({"pylock.toml": PYLOCK.replace(HASH, HASH + "\\n-e x")}, "has a hash that is none of"),
        ({"pylock.toml": PYLOCK.replace('"1.41.1"', '"1.41.1\\n-e x"')}, "is not a version"),
        ({"pylock.toml": 'lock-version = "1.0"\n'}, "is no array of 1"),
    ],
    ids=lambda value: repr(value)[-40:],
)
def test_what_is_not_understood_is_refused_with_its_file(tmp_path: Path, files: dict[str, str], message: str) -> None:
    _needs, report = read(tmp_path, files)
    assert len(report.problems) == 1, report.problems
    assert message in report.problems[0].message
    assert Path(report.problems[0].file).name in files


def test_many_faults_are_told_once(tmp_path: Path) -> None:
    files = poetry("".join("p%d = 1\n" % number for number in range(1000)))
    assert len(read(tmp_path, files)[1].problems) == 21
    (tmp_path / "pyproject.toml").unlink()
    assert len(read(tmp_path, conda("- ?\n" * 1000))[1].problems) == 22


@pytest.mark.parametrize(
    "line",
    ["- a%s1!" % (" " * 100_000), "- %s!" % ("a1" * 50_000), "- a=%s!" % ("1" * 100_000), "- a>%s" % ("=" * 100_000)],
)
def test_long_lines_take_no_time(tmp_path: Path, line: str) -> None:
    """Quadratic reading would take minutes."""
    begun = time.monotonic()
    read(tmp_path, conda(line))
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("lock", ["package = 5\n", "package = 'many'\n", "[package]\nname = 'a'\n"])
def test_a_lock_of_poetry_without_a_list_of_packages_is_refused(tmp_path: Path, lock: str) -> None:
    _found, report = read(tmp_path, {"pyproject.toml": POETRY, "poetry.lock": lock})
    assert any("is no array of at most" in problem.message for problem in report.problems)
