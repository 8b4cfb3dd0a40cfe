# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Past the front, to an app's port, from what Landlock has not confined: a person, or an app on Linux 6.1."""

from __future__ import annotations

from helpers.attacks import tries
from helpers.containers import wait_for
from helpers.places import VICTIM, Attacker


def test_talks_to_no_port_of_an_app(attacker: Attacker) -> None:
    place, folder = attacker.place, attacker.place.layout.app(VICTIM).instances

    def ports() -> list[int]:
        found: list[int] = place.ask("root", "ports_of", folder=folder)
        return found

    # An instance is kept from others a moment after it is there.
    wait_for("the ports are closed", lambda: not attacker.ask("dials", ports=ports()))
    tried = [port for _try in range(tries(2, 200)) for port in ports()]
    attacker.tell("talks to an app's port", len(tried), attacker.ask("dials", ports=tried))
    for user in ("root", "www-data", place.user_of(VICTIM)):
        assert place.ask(user, "dials", ports=ports()) == ports(), user
