# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run asks first: what has nothing to do is left out, and what somebody has changed by hand is found and mended."""

from __future__ import annotations

import os
import re
import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import PART
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import Supervisor
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import live_instance
from helpers.site_host import Played, SiteHost, new_site_host

SCRIPT = "import streamlit as st\n\nst.write('Hello')\n"
SECRET = "s3cret-word-of-app-1"  # noqa: S105 - the test looks for it
DRIFT = "playbooks/drift.yml"

Edit = t.Callable[[SiteHost], t.Callable[[], object]]
"""Changes something by hand; what it returns puts it back."""


@pytest.fixture(scope="module")
def host() -> t.Iterator[SiteHost]:
    with new_site_host() as host:
        for short in ("one", "two"):
            folder = host.add_app(short, "streamlit==1.67.*", {"main.py": SCRIPT})
            (folder / ".env").write_text("WORD=%s\n" % SECRET)
        host.variables["pyapps_firewall"] = False
        done = host.site()
        assert done.code == 0, done.text
        yield host


def table_of(played: Played) -> list[str]:
    """The lines of the drift's table."""
    found = re.search(r"^PART +DIFFERENCE\n((?:.+\n)*)", played.text, re.M)
    return found.group(1).splitlines() if found else []


def test_a_run_that_has_nothing_to_do_leaves_the_roles_out(host: SiteHost) -> None:
    """Each module of a role costs half a second and more; what runs is the check of variables, the catalog, the look at
    the host, the plan, the table, and twice Ansible's own check of a role's arguments."""
    done = host.site("-v")
    assert (done.code, done.changed) == (0, 0), done.text
    assert done.ok <= 6, done.text
    assert len(re.findall(r" ok +unchanged$", done.text, re.M)) == 2, done.text
    assert SECRET not in done.text


def test_no_secret_is_shown_however_much_is_told(host: SiteHost) -> None:
    assert SECRET not in host.site("-vvv").text


def test_a_host_as_it_was_left_has_no_drift(host: SiteHost) -> None:
    done = host.play(DRIFT)
    assert (done.code, done.changed) == (0, 0), done.text
    assert "localhost is as the last run left it" in done.text


def test_check_mode_says_the_same(host: SiteHost) -> None:
    done = host.site("--check", "--diff")
    assert (done.code, done.changed) == (0, 0), done.text


def _changed_file(path: t.Callable[[SiteHost], str], text: str | None) -> Edit:
    """Another content, or none."""

    def edit(host: SiteHost) -> t.Callable[[], object]:
        file = Path(path(host))
        before, status = file.read_bytes(), file.stat()
        if text is None:
            file.unlink()
        else:
            file.write_text(text)

        def back() -> None:
            file.write_bytes(before)
            file.chmod(stat.S_IMODE(status.st_mode))
            os.chown(file, status.st_uid, status.st_gid)
            os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))  # a younger zipapp restarts the watcher

        return back

    return edit


def _app(host: SiteHost) -> t.Any:
    return host.layout.app(host.name("one"))


def _lost_link(path: t.Callable[[SiteHost], str]) -> Edit:
    def edit(host: SiteHost) -> t.Callable[[], object]:
        link = path(host)
        target = os.readlink(link)
        os.unlink(link)
        return lambda: os.symlink(target, link)

    return edit


def _stopped(program: t.Callable[[SiteHost], str]) -> Edit:
    def edit(host: SiteHost) -> t.Callable[[], object]:
        supervisor, name = Supervisor(host.layout.supervisor_socket), program(host)
        supervisor.stop(name, 30)
        return lambda: supervisor.start(name, 30)

    return edit


def _program_of_one(host: SiteHost) -> str:
    live = live_instance(_app(host))
    assert live is not None
    return "%s.%s" % (host.name("one"), live.instance)


def _new_code(host: SiteHost) -> t.Callable[[], object]:
    script = host.apps / host.name("two") / "main.py"
    script.write_text(SCRIPT + "st.write('more')\n")
    return lambda: script.write_text(SCRIPT)


def _other_catalog(host: SiteHost) -> t.Callable[[], object]:
    path = Path(host.layout.catalog)
    before = path.read_text()
    path.write_text(before.replace('"title": "one"', '"title": "mine"'))
    return lambda: path.write_text(before)


def _unfinished(host: SiteHost) -> t.Callable[[], object]:
    path = Path(_app(host).releases, PART + "0123")
    path.mkdir()
    return path.rmdir


EDITS: dict[str, tuple[Edit, str]] = {
    "the front's configuration is edited": (
        _changed_file(lambda host: os.path.join(host.layout.etc, "caddy", "Caddyfile"), "# mine\n"),
        "Caddyfile is not as it was left",
    ),
    "the health check's settings are gone": (
        _changed_file(lambda host: host.layout.healthcheck, None),
        "healthcheck.json is missing",
    ),
    "the daemon's configuration is edited": (
        _changed_file(lambda host: host.layout.supervisor_conf, "[supervisord]\n"),
        "supervisord.conf is not as it was left",
    ),
    "a program file of a role is edited": (
        _changed_file(lambda host: os.path.join(host.layout.programs, "pyapps-watcher.conf"), "[program:x]\n"),
        "pyapps-watcher.conf",
    ),
    "the front's program is stopped": (_stopped(lambda host: "pyapps-caddy"), "supervisor: start pyapps-caddy"),
    "an app's process is stopped": (_stopped(_program_of_one), "/one-"),
    "the live link is gone": (_lost_link(lambda host: _app(host).live), "/one-"),
    "the link to the front's environment is gone": (
        _lost_link(lambda host: os.path.join(host.layout.tools, "caddy")),
        "tool caddy is not",
    ),
    "the zipapp is another": (_changed_file(lambda host: host.layout.zipapp, "#\n"), "folders, users or tools"),
    "the written catalog is another": (_other_catalog, "another catalog"),
    "a killed run has left something unfinished": (_unfinished, "should not be there"),
    "the app's folder holds other code": (_new_code, "app two-"),
}


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_by_hand_is_found(host: SiteHost, what: str) -> None:
    edit, words = EDITS[what]
    back = edit(host)
    try:
        done = host.play(DRIFT)
    finally:
        back()
    assert done.code != 0, done.text
    assert any(words in line for line in table_of(done)), done.text
    assert done.changed == 0


def test_a_run_mends_what_is_found_and_rests_then(host: SiteHost) -> None:
    caddyfile = Path(host.layout.etc, "caddy", "Caddyfile")
    right = caddyfile.read_text()
    caddyfile.write_text("# mine\n")
    os.unlink(host.layout.healthcheck)
    assert host.site("--check").changed > 0
    mended = host.site()
    assert mended.code == 0, mended.text
    assert caddyfile.read_text() == right
    assert os.path.exists(host.layout.healthcheck)
    assert host.site().changed == 0
    assert host.play(DRIFT).code == 0


def test_apps_of_a_daemon_that_is_restarted_are_looked_at_again(host: SiteHost) -> None:
    """It takes them with it, and an app that starts slowly has more time there than the front's question gives it."""
    with Path(host.layout.supervisor_conf).open("a") as file:
        file.write("; mine\n")
    done = host.site()
    assert done.code == 0, done.text
    assert re.search(
        r"^TASK \[selfhost.pyapps.streamlit_app : Bring the releases live\] \*+\n(ok|changed):", done.text, re.M
    )
    assert host.site().changed == 0
