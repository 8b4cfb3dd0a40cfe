# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook that goes back, and what the site playbook does after it; the steps build on each other."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.releases_held import held_releases, live_release
from helpers.site_host import Played, SiteHost, new_site_host

REQUIREMENT = "streamlit==1.67.*"
SCRIPT = "import streamlit as st\n\nst.write('version %d')\n"


class Here(t.NamedTuple):
    """A host with two apps, of which two releases each have been live, and the names of both."""

    host: SiteHost
    one: str
    two: str

    def back(self, *apps: str, **variables: t.Any) -> Played:
        return self.host.play("playbooks/rollback.yml", "--diff", app=",".join(apps), **variables)

    def write(self, app: str, version: int) -> None:
        (self.host.apps / app / "main.py").write_text(SCRIPT % version)

    def live(self, app: str) -> str:
        release = live_release(self.host.layout.app(app))
        assert release is not None
        return release

    def others(self, app: str) -> list[str]:
        return [name for name in held_releases(self.host.layout.app(app)) if name != self.live(app)]


@pytest.fixture(scope="module")
def here() -> t.Iterator[Here]:
    with new_site_host() as host:
        found = Here(host, host.name("one"), host.name("two"))
        host.add_app("one", REQUIREMENT, {"main.py": SCRIPT % 1})
        host.add_app("two", REQUIREMENT, {"main.py": SCRIPT % 1})
        assert host.site().code == 0
        for name in (found.one, found.two):
            found.write(name, 2)
        assert host.site().code == 0
        yield found


def test_a_release_that_is_not_there_is_refused_with_those_that_are(here: Here) -> None:
    """S0-101, S1-30: nothing changes, and the list can be copied from."""
    before = here.host.live_pids()
    (old,) = here.others(here.one)
    refused = here.back(here.one, release="0123456789abcdef")
    assert (refused.code, refused.changed) == (2, 0)
    for expected in ("0123456789abcdef", here.live(here.one) + "  live since 2", old + "  was live since 2"):
        assert expected in refused.text
    assert here.host.live_pids() == before


def test_several_apps_go_back_at_once(here: Here) -> None:
    """S1-30: what drains is not started again; the switch is told; other apps are not asked."""
    newer = {name: here.live(name) for name in (here.one, here.two)}
    older = {name: here.others(name)[0] for name in (here.one, here.two)}
    played = here.back(here.one, here.two)
    assert played.code == 0, played.text
    assert len(re.findall(r"live \(the switch took [0-9.e-]+ s\)", played.text)) == 2
    assert {name: here.live(name) for name in older} == older
    assert {name: here.others(name)[0] for name in older} == newer


def test_the_site_playbook_does_not_bring_back_what_was_left(here: Here) -> None:
    """Its table says why; and it changes nothing."""
    before, withdrawn = here.host.live_pids(), here.others(here.one)[0]
    site = here.host.site()
    assert (site.code, site.changed) == (0, 0), site.text
    assert "what its folder holds (%s) was rolled back" % withdrawn in site.text
    assert here.host.live_pids() == before


def test_a_new_change_goes_live_as_ever(here: Here) -> None:
    """And the app that was rolled back, too, and was not changed since, stays where it is."""
    here.write(here.one, 3)
    before, pids = (here.live(here.one), here.live(here.two)), here.host.live_pids()
    site = here.host.site()
    assert site.code == 0
    assert here.live(here.one) != before[0]
    assert here.live(here.two) == before[1]
    assert here.host.live_pids()[here.two] == pids[here.two]


def test_who_names_the_release_that_was_left_gets_it_back(here: Here) -> None:
    (newer,) = here.others(here.two)
    forward = here.back(here.two, release=newer)
    assert forward.code == 0, forward.text
    assert here.live(here.two) == newer


def test_another_url_of_the_host_reaches_old_code_and_brings_nothing_back(here: Here) -> None:
    """What the folder holds is what was rolled back, whatever URL is added to it; the old code gets the new URL."""
    url = "https://other.example"
    left = here.live(here.two)
    assert here.back(here.two).code == 0
    old = here.live(here.two)
    site = here.host.site(pyapps_public_url=url)
    assert site.code == 0, site.text
    assert "was rolled back" in site.text
    again = Path(here.host.layout.app(here.two).release(here.live(here.two)))
    assert again.name not in (old, left)
    assert (again / "code" / "main.py").read_text() == SCRIPT % 1
    assert '"other.example"' in (again / "code" / ".streamlit" / "config.toml").read_text()
    second = here.host.site(pyapps_public_url=url)
    assert (second.code, second.changed) == (0, 0), second.text
    assert "was rolled back" in second.text
