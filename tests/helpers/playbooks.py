# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a playbook of the collection on the hosts of a Molecule scenario, as a person does."""

from __future__ import annotations

import json
import os
import subprocess
import typing as t
from pathlib import Path

from helpers.checkout import PLAYBOOK
from testinfra.host import Host


def play(
    name: str, host: Host, *flags: str, environment: t.Mapping[str, str] | None = None, **variables: object
) -> subprocess.CompletedProcess[str]:
    """Run ``selfhost.pyapps.<name>`` on this host only; see :func:`play_on_all`."""
    return play_on_all(name, *flags, environment=environment, pyapps_hosts=host.backend.name, **variables)


def play_on_all(
    name: str, *flags: str | Path, environment: t.Mapping[str, str] | None = None, **variables: object
) -> subprocess.CompletedProcess[str]:
    """Run ``selfhost.pyapps.<name>`` on every host of the scenario.

    :param flags: further words of the command line
    :param environment: variables of the process besides our own
    :param variables: given with ``-e``
    :returns: its exit status and everything that it prints, as ``stdout``; the test's output has it too
    """
    inventory = os.environ["MOLECULE_INVENTORY_FILE"]
    done = subprocess.run(
        [PLAYBOOK, "selfhost.pyapps." + name, "-i", inventory, "-e", json.dumps(variables), *flags],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    print(done.stdout)
    return done
