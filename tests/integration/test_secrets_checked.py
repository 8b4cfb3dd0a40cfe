# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets are checked on the controller, before anything is changed; ansible-playbook with -vvv shows none of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import typing as t
from pathlib import Path

from helpers.apps import SETTINGS, make_app
from helpers.canary import holders, shows

CHECKOUT = Path(__file__).resolve().parents[2]
PLAYBOOK = Path(sysconfig.get_path("scripts")) / "ansible-playbook"
CANARY = "canary-of-this-test"


def read_apps(folder: Path, secrets: t.Any) -> str:
    """What is printed when the apps of a folder are read with these secrets."""
    task = {
        "name": "Read",
        "selfhost.pyapps.setup_toml": {"path": str(folder / "apps"), "secrets": "{{ pyapps_secrets }}"},
    }
    variables = {"ansible_python_interpreter": sys.executable}
    play = {"hosts": "all", "connection": "local", "gather_facts": False, "vars": variables, "tasks": [task]}
    (folder / "play.yml").write_text(json.dumps([play]))
    (folder / "vars.json").write_text(json.dumps({"pyapps_secrets": secrets}))
    (folder / "tmp").mkdir()
    done = subprocess.run(
        [PLAYBOOK, "-vvv", "-i", "localhost,", folder / "play.yml", "-e", "@%s" % (folder / "vars.json")],
        env={
            **os.environ,
            "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
            "ANSIBLE_HOME": str(folder / "tmp"),
            "ANSIBLE_REMOTE_TMP": str(folder / "tmp"),
            "ANSIBLE_KEEP_REMOTE_FILES": "1",
            "TMPDIR": str(folder / "tmp"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(done.stdout)
    assert not shows(done.stdout, CANARY)
    # Ansible was told to keep what it hands to modules. The catalog is read without one.
    assert not list((folder / "tmp").rglob("AnsiballZ_setup_toml.py"))
    assert holders(folder / "tmp", CANARY) == set()
    return done.stdout


def test_a_survey_can_give_secrets_as_json(tmp_path: Path) -> None:
    """C-11, and AWX: its surveys know text, and its passwords are text."""
    make_app(tmp_path / "apps" / "sales", SETTINGS + '[env]\nrequired = ["KEY"]\n')
    text = read_apps(tmp_path, json.dumps({"sales": {"env": {"KEY": CANARY}}}))
    assert "failed=0" in text


def test_everything_that_is_wrong_is_told_at_once_and_no_value_is_shown(tmp_path: Path) -> None:
    """S0-15: settings, files and variables; without a traceback."""
    make_app(tmp_path / "apps" / "sales", SETTINGS + '[env]\nrequired = ["KEY"]\n', {".env": CANARY})
    secrets = {"sale": {}, "sales": {"env": {"PORT": 1, "HOME": CANARY}, "toml": 'a = "' + CANARY}}
    text = read_apps(tmp_path, secrets)
    for expected in (
        "missing secret named in [env] required: KEY has no value",
        "sales/.env: line 1 is not NAME=value",
        "pyapps_secrets: sale: is no app: did you mean sales?",
        "pyapps_secrets: sales.env.PORT: must be a string",
        "pyapps_secrets: sales.env.HOME: belongs to the host",
        "pyapps_secrets: sales.toml: is not valid TOML",
    ):
        assert expected in text
    assert "Traceback" not in text
