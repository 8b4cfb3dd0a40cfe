# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of others; and how an app's own process is confined, and what it was given."""

from __future__ import annotations

import re

import pytest
from helpers.docker_engine import docker, inspect
from helpers.places import VICTIM, Attacker, Place

GIVEN = {"LANG", "PATH", "VIRTUAL_ENV", "HOME", "TMPDIR", "PYTHONUNBUFFERED", "PYAPPS_APP", "PYAPPS_DATA_DIR"}
NOTHING = "0" * 16


def _pid(place: Place, command: str) -> int:
    """The process with this command line; ``[x]`` in it keeps pgrep from finding itself."""
    return int(docker("exec", place.container, "pgrep", "--full", command).split()[0])


def test_touches_no_process_of_others(attacker: Attacker) -> None:
    """Environment, memory, open files, folder; ptrace, signals, processors, limits."""
    done = attacker.ask("strangers", one_user=bool(attacker.place.one_user))
    attacker.tell("reaches into a process of others", done["tried"], done["through"])


@pytest.fixture
def process(place: Place) -> dict[str, dict[str, str]]:
    """The process of an app, as its own user sees it: root in a container may see less."""
    pid = _pid(place, "[s]treamlit run %s.py" % VICTIM)
    return place.ask(place.user_of(VICTIM), "process", pid=pid)  # type: ignore[no-any-return]


def test_an_app_has_no_right_of_roots(place: Place, process: dict[str, dict[str, str]], app: Attacker) -> None:
    """No capability, and no way to one: without new privileges the bounding set is of no use."""
    status = process["status"]
    has = {name: status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb") if status[name] != NOTHING}
    if status["NoNewPrivs"] != "1" and status["CapBnd"] != NOTHING:
        has["CapBnd"] = status["CapBnd"]
    has.update({name: status[name] for name in ("Uid", "Gid") if set(status[name].split()) & {"0"}})
    app.tell("has a right of root's", 7, sorted(has.items()))
    assert "0" not in status["Groups"].split()


def test_an_app_inherits_no_variable(place: Place, process: dict[str, dict[str, str]], app: Attacker) -> None:
    """Nothing of supervisord's, of the run's, or of whoever logged in; in a container, what that was given."""
    given = {item.partition("=")[0] for item in inspect(place.container)["Config"]["Env"] or []}
    # Docker sets the second, and Python the third where no language is set, as in a container.
    allowed = GIVEN | (given | {"HOSTNAME", "LC_CTYPE"} if place.is_image else set())
    variables = list(process["variables"])
    assert {"PYAPPS_APP", "HOME"} <= set(variables)
    app.tell("inherits a variable", len(variables), sorted(set(variables) - allowed))


def test_an_app_inherits_no_open_file(place: Place, process: dict[str, dict[str, str]], app: Attacker) -> None:
    """Beside its three streams: no pipe, socket or log that supervisord holds, too."""
    daemon = place.ask(place.owner(), "process", pid=_pid(place, "[s]upervisord"))["holds"]
    holds = process["holds"]
    assert daemon
    assert {"0", "1", "2"} <= set(holds)
    kernels = re.compile(r"anon_inode:.*|/dev/null")
    shared = {
        number: what
        for number, what in holds.items()
        if number not in ("0", "1", "2") and what in daemon.values() and not kernels.fullmatch(what)
    }
    ours = [what for what in holds.values() if re.match(r"%s(?:etc|run|var/log)/pyapps/" % re.escape(place.root), what)]
    app.tell("inherits an open file", len(holds), [*sorted(shared.items()), *ours])
