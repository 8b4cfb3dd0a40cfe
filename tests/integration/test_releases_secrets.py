# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets through the module releases, run by ansible-playbook with -vvv: where they end, and that they end nowhere
else."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.dotenv import parse_dotenv
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import app_user
from helpers.canary import holders, shows
from helpers.release_target import NEW, Target, new_target

IDENTITIES = ["", "nobody"] if os.geteuid() == 0 else [""]
CANARY = "canary-of-this-test"
FILES = ("secret-env.json", "secrets.toml", "secret.env")

each_identity = pytest.mark.parametrize("target", IDENTITIES, ids=lambda user: user or "self", indirect=True)


@pytest.fixture
def target(request: pytest.FixtureRequest) -> t.Iterator[Target]:
    with new_target(getattr(request, "param", "")) as made:
        yield made


def secrets_of(name: str, key: str) -> dict[str, t.Any]:
    return {name: {"env": {"KEY": key}, "toml": {"auth": {"password": CANARY + "-toml"}}}}


@each_identity
def test_secrets_end_in_three_files_and_nowhere_else(target: Target) -> None:
    """C-11, S0-15: not in logs, diffs, results or temporary files, of controller and target; and .env beats nothing
    that the inventory says."""
    name, other = target.add_app(NEW), target.add_app(NEW)
    (target.source(name) / ".env").write_text(f"KEY={CANARY}-not-used\nMORE={CANARY}-file\n")
    secrets = secrets_of(name, CANARY + "-given")
    planned = target.run("--check", "--diff", secrets=secrets)
    assert planned.app(name)["release"] is None  # its key is not made yet
    first = target.run("--diff", secrets=secrets)
    assert (planned.changed, first.changed) == (True, True)
    release = target.code(first, name).parent
    variables = json.loads((release / "secret-env.json").read_text())
    assert variables == {"KEY": CANARY + "-given", "MORE": CANARY + "-file"}
    toml = (release / "code" / ".streamlit" / "secrets.toml").read_text()
    assert toml == '[auth]\npassword = "%s-toml"\n' % CANARY
    # S0-15: what reads .env beside the code finds what is in it, and what the inventory says instead
    assert list(target.root.rglob(".env")) == [release / "code" / ".env"]
    assert (release / "code" / ".env").readlink() == Path("../secret.env")
    assert parse_dotenv((release / "code" / ".env").read_text()) == variables
    assert not any((target.code(first, other).parent / file).exists() for file in FILES)

    assert not shows(planned.text + first.text, CANARY)
    expected = {str(release / file) for file in FILES} | {str(target.source(name) / ".env")}
    # Each run's playbook holds the arguments; a person's would name variables of a vault.
    assert {path for path in holders(target.folder, CANARY) if not path.endswith("/play.yml")} == expected
    status = [(release / file).stat() for file in FILES]
    assert {stat.S_IMODE(each.st_mode) for each in status} == {0o640 if target.as_root else 0o600}
    key = Path(target.layout.secrets_key).stat()
    assert (stat.S_IMODE(key.st_mode), key.st_uid) == (0o600, status[0].st_uid)

    again = target.run(secrets=secrets)
    assert not again.changed
    assert again.app(name)["release"] == first.app(name)["release"]
    assert not target.run("--check", "--diff", secrets=secrets).changed

    changed = target.run(secrets=secrets_of(name, CANARY + "-other"))
    assert (changed.app(name)["changed"], changed.app(other)["changed"]) == (True, False)
    assert changed.app(name)["release"] != first.app(name)["release"]


def test_values_that_stand_in_the_answer_too_spoil_nothing(target: Target) -> None:
    """Ansible hides what it knows to be secret wherever it appears; a value such as `ok` or `1` must not."""
    name = target.add_app(NEW)
    secrets = {name: {"env": {"A": "ok", "B": "1", "C": "a", "D": name, "E": "release"}}}
    outcome = target.run(secrets=secrets)
    assert outcome.app(name)["state"] == "ok"
    assert target.code(outcome, name).is_dir()


if os.geteuid() == 0:

    def test_only_the_app_and_root_read_its_secrets(target: Target) -> None:
        """C-11: 0640 root:<app>; the key is root's alone."""
        mine, other = target.add_app(NEW), target.add_app(NEW)
        outcome = target.run(secrets=secrets_of(mine, CANARY))
        release = target.code(outcome, mine).parent
        for file in FILES:
            status = (release / file).stat()
            assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (0, 0o640)
            assert reads(app_user(mine), release / file)
            assert not reads(app_user(other), release / file)
            assert not reads("nobody", release / file)
        assert not reads(app_user(mine), Path(target.layout.secrets_key))


def reads(user: str, path: Path) -> bool:
    """Whether a user gets the content of a file."""
    command = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", "cat", str(path)]
    if user == "nobody":
        command[4] = "nogroup"
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
