# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What root does on a home host while an app has laid traps for it: links in its data, names that root would use."""

from __future__ import annotations

import concurrent.futures
import os

import pytest
from helpers.attacks import tries
from helpers.docker_engine import docker
from helpers.places import AN_APP, INTRUDER, PLACES, VICTIM, Attacker
from helpers.playbooks import play_on_all

CANARY = "canary-of-the-victim"
FOR_EVERYBODY = ["/tmp", "/var/tmp", "/dev/shm", "/run/lock"]
PLAYBOOKS = tries(("backup",), ("backup", "status", "logs", "site"))


@pytest.fixture
def app() -> Attacker:
    """On one host of a scenario, because each playbook takes its time."""
    return Attacker(AN_APP, PLACES[os.environ["MOLECULE_SCENARIO_NAME"]][-1])


def _archives(app: Attacker) -> set[str]:
    return {path for path in app.place.ask("root", "find", roots=["/var/backups/pyapps"])["files"] if INTRUDER in path}


@pytest.mark.parametrize(
    "links",
    [
        {"shadow": "/etc/shadow", "others": "../../app_1/data", "loop": "."},
        {".home": "/etc", "secret": "/srv/pyapps/apps/app_1/data/secret"},
        {".tmp": "../../app_1/data"},
    ],
    ids=lambda links: " ".join(links),
)
def test_root_follows_no_link_that_an_app_has_planted(app: Attacker, links: dict[str, str]) -> None:
    """Nothing of others comes into a backup, is shown, or changes its owner, mode or content."""
    place = app.place
    victim = place.layout.app(VICTIM)
    words = ["sh", "-c", "echo %s > %s/secret" % (CANARY, victim.data)]
    docker("exec", "--user", place.user_of(VICTIM), place.container, *words)
    folders = [victim.path, "/etc/pyapps", "/etc/security", "/root/.ssh"]
    before, archives = place.ask("root", "describes", paths=folders), _archives(app)
    app.ask("plants", folder=app.data, links=links)
    try:
        said = [play_on_all(name, pyapps_hosts=place.container).stdout for name in PLAYBOOKS]
        docker("exec", place.container, "pyapps", "healthcheck")
    finally:
        app.ask("clears", folder=app.data, links=links)
    after = place.ask("root", "describes", paths=folders)
    through = sorted(path for path, state in before.items() if after.get(path) != state)
    through += [name for name, text in zip(PLAYBOOKS, said) if CANARY in text]
    for archive in _archives(app) - archives:
        content = docker("exec", place.container, "tar", "--extract", "--gzip", "--to-stdout", "--file", archive)
        through += [archive for word in (CANARY, "root:") if word in content]
    app.tell("lets root follow a link", len(links) * (len(PLAYBOOKS) + 1), through)


def test_root_makes_no_name_that_an_app_can_take_first(app: Attacker) -> None:
    """What root makes where everybody may write has another name each time."""
    place = app.place
    seen = []
    for _again in range(2):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            watched = pool.submit(place.ask, "root", "names_made", folders=FOR_EVERYBODY, seconds=120)
            for name in PLAYBOOKS:
                play_on_all(name, pyapps_hosts=place.container)
            docker("exec", place.container, "touch", "/tmp/.stop")
            seen.append(set(watched.result()))
        docker("exec", place.container, "rm", "/tmp/.stop")
    app.tell("takes a name that root will use", len(PLAYBOOKS), sorted(seen[0] & seen[1]))
