# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation tells people to type exists, and its links lead somewhere."""

from __future__ import annotations

import os
import re
import shlex
import typing as t
from pathlib import Path

import pytest
import yaml
from helpers.pages import blocks, commands

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = [
    CHECKOUT / "README.md",
    CHECKOUT / "SECURITY.md",
    *sorted(CHECKOUT.glob("docs/**/*.md")),
    *sorted(CHECKOUT.glob("roles/*/README.md")),
]
# Those for a host itself are run by molecule/shared/tests/test_troubleshooting.py.
PROGRAMS = ("ansible-galaxy", "ansible-playbook", "ansible-vault", "docker", "git", "make")
OTHERS_INVENTORY = "my-inventory"  # stands for the reader's own

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))


def variables() -> set[str]:
    """Every variable that a role or a playbook takes."""
    found: set[str] = set()
    for path in CHECKOUT.glob("roles/*/meta/argument_specs.yml"):
        for spec in yaml.safe_load(path.read_text())["argument_specs"].values():
            found |= set(spec.get("options", {}))
    for path in CHECKOUT.glob("playbooks/*.yml"):
        found |= set(
            re.findall(
                r"\b(?:pyapps_hosts|app|lines|title|archive|stop|catalog|source|destination)\b"
                r"|\b(?:release|preview|preview_public|promote|discard)\b",
                path.read_text(),
            )
        )
    return found


def arguments(words: list[str], option: str) -> t.Iterator[str]:
    """What stands after an option."""
    return (value for name, value in zip(words, words[1:]) if name == option)


@pytest.mark.parametrize(
    "words", [words for page in PAGES for words in commands(page, "ansible-playbook")], ids=" ".join
)
def test_a_playbook_is_called_with_what_exists(words: list[str]) -> None:
    playbook = words[1]
    if playbook.startswith("selfhost.pyapps."):
        playbook = "playbooks/%s.yml" % playbook.rpartition(".")[2]
    assert (CHECKOUT / playbook).is_file()
    for inventory in arguments(words, "-i"):
        assert inventory == OTHERS_INVENTORY or (CHECKOUT / inventory).is_dir(), inventory
    given = [value.partition("=")[0] for value in arguments(words, "-e") if not value.startswith("@")]
    assert set(given) <= variables()


def test_every_make_target_that_is_told_exists() -> None:
    rules = re.findall(r"^([a-z0-9-]+(?: [a-z0-9-]+)*):", (CHECKOUT / "Makefile").read_text(), flags=re.MULTILINE)
    targets = {target for rule in rules for target in rule.split()}
    told = {word for page in PAGES for words in commands(page, "make") for word in words[1:] if "=" not in word}
    assert told
    assert told <= targets


@pytest.fixture(scope="module")
def what_ci_runs() -> str:
    """The texts of all tests and scenarios, and of the Makefile's test command."""
    paths = [path for folder in ("tests", "molecule") for path in (CHECKOUT / folder).rglob("*")]
    texts = [path.read_text() for path in paths if path.suffix in (".py", ".yml") and path != Path(__file__)]
    makefile = (CHECKOUT / "Makefile").read_text()
    return "\n".join([*texts, *re.findall(r"^test: .*?\n\n", makefile, flags=re.MULTILINE | re.DOTALL)])


def needles(words: list[str]) -> list[str]:
    """Any of these in a test says that it runs a command."""
    if words[0] == "ansible-playbook":
        name = words[1].rpartition("/")[2].removesuffix(".yml").removeprefix("selfhost.pyapps.")
        return ["%s.yml" % name, "selfhost.pyapps.%s" % name, 'play("%s"' % name]
    if words[0] == "make":
        return ["make %s" % words[1], "\n%s: " % words[1]]
    return [" ".join(words[:2]), '"%s", "%s"' % (words[0], words[1])]


@pages
def test_a_command_is_one_that_ci_runs_or_says_what_it_needs(page: Path, what_ci_runs: str) -> None:
    for block in blocks(page):
        for line in block.lines if not block.language and "*Needs " not in block.before else []:
            if line.split()[:1] and line.split()[0] in PROGRAMS:
                words = shlex.split(line, comments=True)
                assert [needle for needle in needles(words) if needle in what_ci_runs], line


@pages
def test_links_lead_somewhere(page: Path) -> None:
    """Within docs/ MkDocs knows it, too, but for pages that are made there (tests/tools/docs_site.py)."""
    made = {CHECKOUT / "docs" / "reference" / name for name in ("roles.md", "modules.md", "playbooks.md")}
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)\s]*)?\)", text):
        path = Path(os.path.normpath(page.parent / target))
        assert path.exists() or path in made, target
