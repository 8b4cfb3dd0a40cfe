# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets that listen, memory that is shared, becoming somebody else, and lasting longer than the app."""

from __future__ import annotations

import re

from helpers.attacks import tries
from helpers.places import VICTIM, Attacker

SYSTEMS = re.compile(
    r"/run/(?:dbus/system_bus_socket|systemd/.*|ssh-unix-local/socket|udev/control|user/\d+/bus)|@/org/kernel/.*|@.*systemd.*"
)
"""What Debian opens to every user; each asks who is there."""


def test_connects_to_no_socket_of_ours(attacker: Attacker) -> None:
    """S0-40. Supervisor's, Caddy's admin, Docker's: whatever listens, in the file system or by the kernel's names."""
    owner = attacker.place.owner()
    sockets = set(attacker.place.ask(owner, "listening"))
    layout = attacker.place.layout
    sockets |= set(attacker.place.ask(owner, "find", roots=["/run", layout.run, layout.srv])["sockets"])
    wanted = sorted(path for path in sockets if not SYSTEMS.fullmatch(path))
    ours = [path for path in wanted if path.endswith(("supervisor.sock", "admin.sock"))]
    assert ours
    assert attacker.place.ask(owner, "connects", paths=ours) == ours
    wanted += ["/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock"]
    attacker.tell("connects to a control socket", len(wanted), attacker.ask("connects", paths=wanted))


def test_opens_no_memory_that_others_share(attacker: Attacker) -> None:
    through = attacker.ask("shares")
    attacker.tell("opens shared memory of others", 5, through)


def test_becomes_nobody_else(attacker: Attacker) -> None:
    """sudo, su and their like, and the system calls below them."""
    users = ["root", attacker.place.user_of(VICTIM), "www-data", "pyapps-build"]
    done = attacker.ask("becomes", users=tries(users[:1], users))
    attacker.tell("becomes somebody else", done["tried"], done["through"])


def test_runs_nothing_later(attacker: Attacker) -> None:
    """cron, at, systemd: what runs there is not ended with the app, and holds no limit."""
    done = attacker.ask("schedules")
    attacker.tell("lets something run later", done["tried"], done["through"])
