# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in environments, listed by the module environment_sbom with real uv."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.modules import environment_sbom, environments
from helpers.environment_host import Host, app, make_wheel, temporary_host, two_wheels
from helpers.modules import run_module


@pytest.fixture
def host() -> t.Iterator[Host]:
    with temporary_host() as made:
        yield made


@pytest.fixture
def wheels(host: Host) -> Path:
    return two_wheels(host)


class Lists:
    """The lists of one host's environments."""

    def __init__(self, host: Host, wheels: Path) -> None:
        self.folder = Path(host.root) / "sbom"
        self._given: dict[str, t.Any] = {"root": host.root, "wheelhouse": str(wheels)}

    def make(self, *apps: dict[str, t.Any], check: bool = False) -> dict[str, t.Any]:
        """Make the environments, then list what is in them (or only tell it); what the module returns."""
        made = run_module(environments, apps=list(apps), **self._given)["app_results"]
        assert [result["state"] for result in made.values()] == ["ok"] * len(apps), made
        given = {"folder": str(self.folder), "apps": list(apps), "results": made}
        return run_module(environment_sbom, check=check, **given, **self._given)

    def read(self) -> dict[str, dict[str, t.Any]]:
        """The documents by file name."""
        return {path.name: json.loads(path.read_text()) for path in sorted(self.folder.iterdir())}


@pytest.fixture
def lists(host: Host, wheels: Path) -> Lists:
    return Lists(host, wheels)


def components(document: dict[str, t.Any]) -> dict[str, str | None]:
    """The purl of each package, by name and version; what comes from a local file has none."""
    return {"%s %s" % (part["name"], part["version"]): part.get("purl") for part in document["components"]}


def test_what_is_installed_is_listed_once_for_each_environment(lists: Lists) -> None:
    """Design rule 6: a second run changes nothing; what no app has any more is deleted."""
    apps = [app("a", "beta\n"), app("b", "beta\n"), app("c", "alpha\n")]
    first = lists.make(*apps)
    assert (first["changed"], len(first["written"]), first["deleted"]) == (True, 2, [])
    found = lists.read()
    assert list(found) == first["files"]
    assert {document["specVersion"] for document in found.values()} == {"1.5"}
    listed = sorted((components(document) for document in found.values()), key=len)
    assert listed == [
        {"alpha 1.0": "pkg:pypi/alpha@1.0"},
        {"alpha 1.0": "pkg:pypi/alpha@1.0", "beta 1.0": "pkg:pypi/beta@1.0"},
    ]

    second = lists.make(*apps)
    assert (second["changed"], second["written"]) == (False, [])
    assert lists.read() == found

    third = lists.make(apps[2])
    assert (third["changed"], third["written"], len(third["deleted"])) == (True, [], 1)
    assert list(lists.read()) == third["files"]


def test_dependencies_are_told(lists: Lists) -> None:
    lists.make(app("a", "beta\n"))
    (document,) = lists.read().values()
    names = {part["bom-ref"]: part["name"] for part in document["components"]}
    needed = {
        names[entry["ref"]]: [names[ref] for ref in entry.get("dependsOn", [])]
        for entry in document["dependencies"]
        if entry["ref"] in names
    }
    assert needed == {"alpha": [], "beta": ["alpha"]}


def test_only_what_is_installed_is_listed(lists: Lists, wheels: Path) -> None:
    """What a package needs elsewhere is not here."""
    needs = ["alpha ; sys_platform == 'win32'", "alpha ; python_full_version < '3'"]
    make_wheel(wheels, "gamma", "2.0", requires=needs)
    lists.make(app("a", "gamma\n"))
    (document,) = lists.read().values()
    assert list(components(document)) == ["gamma 2.0"]


def test_check_mode_writes_nothing(lists: Lists) -> None:
    foreseen = lists.make(app("a", "alpha\n"), check=True)
    assert foreseen["changed"]
    assert foreseen["written"] == foreseen["files"]
    assert not lists.folder.exists()


def test_what_can_not_be_listed_is_named(lists: Lists, wheels: Path) -> None:
    """Design rule 3: the environment, the app, and what uv says."""
    lists.make(app("a", "alpha\n"))
    (name,) = lists.read()
    (lists.folder / name).unlink()
    (wheels / "alpha-1.0-py3-none-any.whl").unlink()
    failed = lists.make(app("a", "alpha\n"))
    assert failed["failed"]
    environment = name[len("environment-") : -len(".cdx.json")]
    assert "environment %s of a " % environment in failed["msg"]
    assert "alpha" in failed["msg"].split(environment)[1]
    assert not list(lists.folder.iterdir())
