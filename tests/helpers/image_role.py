# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One entry of the role image, played on this machine, and what its variables are afterwards."""

from __future__ import annotations

import json
import sys
import typing as t
from dataclasses import dataclass
from pathlib import Path

import yaml
from helpers.checkout import run_playbook
from helpers.site_host import Played

CONTROLLER = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}


@dataclass(frozen=True)
class ImageRole:
    """The role with the image's folder below ``folder``.

    :ivar shown: the variables that are wanted afterwards
    """

    folder: Path
    shown: tuple[str, ...]

    @property
    def image(self) -> Path:
        return self.folder / "image"

    def play(self, entry: str, *flags: str, **variables: t.Any) -> Played:
        """Run ``tasks/<entry>.yml``.

        :param flags: further words of the command line
        :param variables: of the role
        """
        self._result.unlink(missing_ok=True)
        tasks = [
            {"ansible.builtin.import_role": {"name": "selfhost.pyapps.image", "tasks_from": entry}},
            {
                "ansible.builtin.copy": {
                    "content": "{{ {%s} | to_json }}" % ", ".join("'%s': %s" % (name, name) for name in self.shown),
                    "dest": str(self._result),
                    "mode": "0644",
                },
                "check_mode": False,
                "changed_when": False,
            },
        ]
        play = {"hosts": "localhost", "gather_facts": False, "vars": CONTROLLER, "tasks": tasks}
        playbook = self.folder / "play.yml"
        playbook.write_text(yaml.safe_dump([play]))
        given = json.dumps({"image_folder": str(self.image), **variables})
        done = run_playbook(
            playbook,
            *("-i", "localhost,", "-e", given, *flags),
            environment={"ANSIBLE_HOME": str(self.folder / "ansible")},
        )
        return Played(done.returncode, done.stdout)

    def found(self) -> dict[str, t.Any]:
        """The variables of the last play, by name."""
        return t.cast("dict[str, t.Any]", json.loads(self._result.read_text()))

    @property
    def _result(self) -> Path:
        return self.folder / "found.json"
