# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a playbook of this checkout, with its own configuration."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import typing as t
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PLAYBOOK = Path(sysconfig.get_path("scripts")) / "ansible-playbook"


def run_playbook(
    playbook: str | Path,
    *words: str | Path,
    prefix: t.Sequence[str] = (),
    environment: t.Mapping[str, str] | None = None,
    limit: float = 900,
) -> subprocess.CompletedProcess[str]:
    """Run it, whatever comes of it.

    :param playbook: below the checkout, or elsewhere with a whole path
    :param words: further ones of the command line
    :param prefix: the words before it, such as those of sudo
    :param environment: variables of the process besides our own
    :param limit: seconds that it may take
    :returns: its exit status and everything that it prints, as ``stdout``; the test's output has it too
    """
    done = subprocess.run(
        [*prefix, PLAYBOOK, CHECKOUT / playbook, *words],
        cwd=CHECKOUT,
        env={
            **os.environ,
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
            **(environment or {}),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=limit,
        check=False,
    )
    print(done.stdout)
    return done
