# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/how-to/secrets.md: its commands for the example inventory are run, and what it shows is what is in the vault."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import yaml
from helpers.processes import free_port

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = (CHECKOUT / "docs" / "how-to" / "secrets.md").read_text(encoding="utf-8")


def run(command: str, *more: str) -> str:
    """Run a command of the page in the checkout, as the page's reader does; what it prints."""
    program, *arguments = shlex.split(command)
    tools = Path(sysconfig.get_path("scripts"))
    environment = {**os.environ, "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [tools / program, *arguments, *more],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def command(beginning: str) -> str:
    """The only command of the page that begins so and names the example inventory."""
    (found,) = [line for line in PAGE.splitlines() if line.startswith(beginning) and "example-secrets" in line]
    return found


def test_the_vault_says_what_the_page_shows() -> None:
    """C-11: the example's password is in the repository, so that everybody can try it."""
    shown = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0]
    assert yaml.safe_load(run(command("ansible-vault view"))) == yaml.safe_load(shown)


def test_the_playbook_takes_the_vault_and_shows_no_secret(tmp_path: Path) -> None:
    """In check mode, below a folder of its own: this machine may have something else on port 80."""
    settings = {"pyapps_root": str(tmp_path), "pyapps_port": free_port(), "pyapps_front": "caddy"}
    settings["ansible_python_interpreter"] = sys.executable
    text = run(command("ansible-playbook site.yml"), "--extra-vars", json.dumps(settings))
    assert "app_1" in text
    assert "an-example-" not in text
    assert not list(tmp_path.iterdir())
