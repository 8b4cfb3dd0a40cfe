# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requirements and lock files that somebody hostile has made up: what is accepted names packages of an index only.

The texts that are handed on are read here as uv reads them: a comment ends with its line, whatever stands at its end.
"""

from __future__ import annotations

import re
import shutil
import sys
import typing as t
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.reader import read_catalog
from helpers.apps import make_app
from helpers.attacks import record, tries
from hostile.generate import Generator, seed
from packaging.requirements import InvalidRequirement, Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CASES = tries(200, 20_000)
PROJECT = '[project]\nname = "project"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["a", "b"]\n'


def _handed_on(folder: Path, files: dict[str, str | bytes]) -> dict[str, str]:
    """What of these files goes on to uv, by name; nothing when they are refused."""
    app = make_app(folder / "app", files={"requirements.txt": "a\n", **files})
    if "uv.lock" in files:
        (app / "requirements.txt").unlink()
    try:
        catalog = read_catalog(str(app))
    finally:
        shutil.rmtree(app)
    return {name: text for app in catalog.apps for name, text in app["environment"]["files"].items()}


def test_requirements_name_packages_of_an_index_only(tmp_path: Path) -> None:
    generator = Generator(seed())
    through, accepted = [], 0
    for _case in range(CASES):
        given = generator.requirements()
        texts = _handed_on(tmp_path, {"requirements.txt": given})
        accepted += bool(texts)
        through += [(given, line) for text in texts.values() for line in _lines(text) if not _is_package(line)]
    assert 0 < accepted < CASES
    record("controller", "requirements bring words to uv", CASES, through)


def _lines(text: str) -> t.Iterator[str]:
    lines = iter(re.split(r"\r\n|\r|\n", text))
    for line in lines:
        while not line.lstrip().startswith("#") and line.endswith("\\"):
            line = line[:-1] + next(lines, "")
        line = re.sub(r"(?:^|\s)#.*", "", line).strip()
        if line:
            yield line


def _is_package(line: str) -> bool:
    line = re.sub(r"\s+--hash[= ](?:sha256|sha384|sha512):[0-9a-f]+", "", line)
    try:
        return Requirement(line).url is None
    except InvalidRequirement:
        return False


def test_a_lock_names_packages_of_an_index_only(tmp_path: Path) -> None:
    generator = Generator(seed())
    through, accepted = [], 0
    for _case in range(CASES):
        given = generator.lock()
        texts = _handed_on(tmp_path, {"pyproject.toml": PROJECT, "uv.lock": given})
        accepted += bool(texts)
        if "uv.lock" in texts:
            through += [(given, source) for source in _sources(texts["uv.lock"]) if set(source) != {"registry"}]
    assert 0 < accepted < CASES
    record("controller", "a lock brings a source to uv", CASES, through)


def _sources(text: str) -> list[dict[str, t.Any]]:
    """But for the project itself, which is in no index."""
    return [package["source"] for package in tomllib.loads(text)["package"] if package["name"] != "project"]
