# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's packages of apps, on a Debian that only answers: what apt is asked, and what becomes of which app."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements import (
    app_packages as _app_packages,
    debian_packages as _debian_packages,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.app_packages import Step
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.debian_packages import notices


class Debian:
    """Answers as dpkg and apt do.

    :ivar known: what its lists have; ``renewed`` comes with an update
    :ivar refused: packages that apt cannot install
    """

    def __init__(self, known: t.Iterable[str], renewed: t.Iterable[str] = (), refused: t.Iterable[str] = ()) -> None:
        self.known, self.renewed, self.refused = {"bash", *known}, set(renewed), set(refused)
        self.installed = {"bash"}
        self.commands: list[list[str]] = []
        self.update_fails = False

    def __call__(self, command: t.Sequence[str]) -> tuple[int, str, str]:
        self.commands.append(list(command))
        name = os.path.basename(command[0])
        if name == "dpkg-query":
            lines = ["%s installed" % each for each in sorted(self.installed)] + ["gone config-files"]
            return 0, "\n".join(lines) + "\n", ""
        if name == "apt-cache":
            lines = []
            for each in command[2:]:
                if each in self.known or each == "virtual":
                    candidate = "1.0" if each in self.known else "(none)"
                    lines += [each + ":", "  Installed: (none)", "  Candidate: " + candidate, "  Version table:"]
            return 0, "\n".join(lines) + "\n", ""
        if command[-1] == "update":
            self.known |= set() if self.update_fails else self.renewed
            return (100, "", "E: Failed to fetch http://deb\n") if self.update_fails else (0, "", "")
        names = [each for each in command[command.index("install") + 1 :] if each != "--simulate"]
        assert "--no-remove" in command
        if self.refused & set(names):
            return 100, "Reading...\n", "E: Packages need to be removed but remove is disabled.\n"
        if "--simulate" not in command:
            self.installed |= set(names)
        return 0, "", ""

    def asked(self, word: str) -> list[list[str]]:
        """The commands with a word, as the packages that they name."""
        return [command[command.index(word) + 1 :] for command in self.commands if word in command]


def app(name: str, *names: str) -> dict[str, t.Any]:
    return {"name": name, "folder": "/apps/" + name, "debian_packages": list(names)}


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host with dpkg, as root, with lists of today."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(_debian_packages.shutil, "which", lambda name, path: "/usr/bin/" + name)
    monkeypatch.setattr(_app_packages, "_is_fresh", lambda: True)


def test_what_is_missing_is_installed_at_once() -> None:
    """One transaction for all apps; what is there is not asked for, and a second run does nothing."""
    debian = Debian(known=["ffmpeg", "g++"])
    apps = [app("a", "ffmpeg", "bash"), app("b", "g++", "ffmpeg"), app("c", "bash"), app("d")]
    step = Step(debian, check=False)
    results = step.work(apps)
    assert {name: (result.state, result.changed) for name, result in results.items()} == {
        "a": ("ok", True),
        "b": ("ok", True),
        "c": ("ok", False),
        "d": ("ok", False),
    }
    assert step.installed == ["ffmpeg", "g++"]
    assert debian.asked("install") == [["--simulate", "ffmpeg", "g++"], ["ffmpeg", "g++"]]
    assert debian.asked("update") == []
    debian.commands.clear()
    again = Step(debian, check=False)
    again.work(apps)
    assert (again.installed, [command[0] for command in debian.commands]) == ([], ["/usr/bin/dpkg-query"])


@pytest.mark.parametrize("name", ["nosuch", "virtual", "bash+", "bas.", "gone"])
def test_a_name_that_debian_has_not_is_its_apps_failure(name: str) -> None:
    """It never reaches apt, which would take it for another; a package that was removed is not there."""
    debian = Debian(known=["ffmpeg"])
    results = Step(debian, check=False).work([app("a", name, "ffmpeg"), app("b", "ffmpeg")])
    assert (results["a"].state, results["a"].step) == ("failed", "packages")
    assert results["a"].reason.startswith("/apps/a/packages.txt names %s, which " % name)
    assert results["a"].reason.endswith("does not have: correct the name, or remove it")
    assert (results["b"].state, results["b"].changed) == ("ok", True)
    assert debian.asked("install")[-1] == ["ffmpeg"]
    assert len(debian.asked("update")) == 1


def test_lists_are_renewed_before_a_name_is_unknown() -> None:
    debian = Debian(known=[], renewed=["ffmpeg"])
    assert Step(debian, check=False).work([app("a", "ffmpeg")])["a"].state == "ok"
    assert debian.asked("install")[-1] == ["ffmpeg"]


def test_old_lists_are_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Old ones name files that are gone from the mirror. Where that fails, what is known is tried."""
    monkeypatch.setattr(_app_packages, "_is_fresh", lambda: False)
    debian = Debian(known=["ffmpeg"])
    debian.update_fails = True
    results = Step(debian, check=False).work([app("a", "ffmpeg"), app("b", "nosuch")])
    assert (results["a"].state, results["a"].changed) == ("ok", True)
    assert results["b"].reason.endswith("could not be renewed, either: E: Failed to fetch http://deb")


def test_what_apt_refuses_keeps_no_other_app_from_its_own() -> None:
    """A package that would need another one removed; found before anything is installed."""
    debian = Debian(known=["ffmpeg", "rival"], refused=["rival"])
    results = Step(debian, check=False).work([app("a", "rival"), app("b", "ffmpeg")])
    assert results["a"].reason == (
        "/apps/a/packages.txt: apt cannot install rival: E: Packages need to be removed but remove is disabled."
    )
    assert results["a"].log[-1].startswith("E: Packages need to be removed")
    assert (results["b"].state, debian.installed) == ("ok", {"bash", "ffmpeg"})


def test_check_mode_asks_and_installs_nothing() -> None:
    """It does not renew the lists, so an unknown name is only told."""
    debian = Debian(known=["ffmpeg"], renewed=["new"])
    step = Step(debian, check=True)
    results = step.work([app("a", "ffmpeg"), app("b", "new")])
    assert (results["a"].changed, results["b"].state) == (True, "ok")
    assert results["a"].notices == ("/apps/a/packages.txt: would be installed from Debian: ffmpeg",)
    assert results["b"].notices == (
        "/apps/b/packages.txt: would be installed from Debian: new",
        "/apps/b/packages.txt: new: not in this host's lists of packages, which check mode does not renew",
    )
    assert (debian.asked("install"), debian.asked("update"), debian.installed) == ([], [], {"bash"})
    assert step.installed == ["ffmpeg", "new"]


def test_only_root_installs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    debian = Debian(known=["ffmpeg"])
    assert not Step(debian, check=False).work([app("a", "ffmpeg")])["a"].changed
    assert debian.asked("install") == []


@pytest.mark.parametrize(
    ("uid", "installs", "told"),
    [
        (0, False, "set pyapps_apt_packages: true, which installs them, or do it yourself: apt install ffmpeg"),
        (0, True, None),
        (1000, False, "and only root can install packages: apt install ffmpeg"),
        (1000, True, "and only root can install packages: apt install ffmpeg"),
    ],
)
def test_what_is_missing_is_told_where_it_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, uid: int, installs: bool, told: str | None
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    apps = [app("a", "ffmpeg", "bash"), app("b", "bash"), {"name": "older", "folder": "/apps/older"}]
    found = notices(apps, installs, Debian(known=[]))
    assert len(found) == (1 if told else 0)
    if told:
        assert found[0].startswith("/apps/a/packages.txt: names Debian's ffmpeg, which this host lacks")
        assert found[0].endswith(told)


def test_another_system_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_debian_packages.shutil, "which", lambda name, path: None)
    found = notices([app("a", "ffmpeg")], True, Debian(known=[]))
    assert found == ["/apps/a/packages.txt: names Debian's ffmpeg, and this host is no Debian"]
    assert not Step(Debian(known=["ffmpeg"]), check=False).work([app("a", "ffmpeg")])["a"].changed


def test_lists_of_today_are_fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(_app_packages, "_LISTS", str(tmp_path))
    assert _app_packages._is_fresh()
    os.utime(tmp_path, (1, 1))
    assert not _app_packages._is_fresh()
    monkeypatch.setattr(_app_packages, "_LISTS", str(tmp_path / "none"))
    assert not _app_packages._is_fresh()
