# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The importer's playbook on the published repository."""

from __future__ import annotations

import json
import os
import re
import subprocess
import typing as t
from pathlib import Path

import pytest
from helpers.checkout import CHECKOUT, PLAYBOOK, run_playbook
from helpers.published import CREDENTIALS, TUNNEL_ID, repository


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return run_playbook("playbooks/import.yml", *words)


def changed(done: subprocess.CompletedProcess[str]) -> int:
    assert done.returncode == 0, done.stdout
    return int(re.findall(r"\bchanged=(\d+)", done.stdout)[-1])


def test_a_published_repository_is_imported_once(tmp_path: Path) -> None:
    """S0-01: shown first, then made, and validated by the playbook's own last step; a second run changes nothing."""
    source, destination = repository(tmp_path / "self hosted"), tmp_path / "self hosted-pyapps"
    only_source = ("-e", '{"source": "%s"}' % source)
    shown = run(*only_source, "--check", "--diff")
    assert changed(shown) == 1
    assert 'base_path = "/app-2"' in shown.stdout
    assert "WORLD" not in shown.stdout
    assert not destination.exists()
    done = run(*only_source)
    assert changed(done) == 1
    for told in ("apps/app_1: taken", "build.py: left", "2 apps are in"):
        assert told in done.stdout
    assert changed(run(*only_source)) == 0


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What comes of the published repository."""
    folder = tmp_path_factory.mktemp("import")
    done = run("-e", "source=%s" % repository(folder / "theirs"), "-e", "destination=%s" % (folder / "ours"))
    assert done.returncode == 0
    assert "canary" not in done.stdout
    return folder / "ours"


def there(ours: Path, *words: str) -> str:
    """What a command says in the destination, where a person types it."""
    done = subprocess.run(
        words,
        cwd=ours,
        env={
            **os.environ,
            "LC_ALL": "C.UTF-8",
            "PATH": "%s:%s" % (PLAYBOOK.parent, os.environ["PATH"]),
            "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    return done.stdout


def hosts(ours: Path, inventory: str) -> dict[str, t.Any]:
    variables: dict[str, t.Any] = json.loads(there(ours, "ansible-inventory", "-i", inventory, "--list"))["_meta"][
        "hostvars"
    ]
    return variables


def test_the_inventories_are_what_ansible_reads(ours: Path) -> None:
    """S0-90, S0-94, S0-98: two images, and a host with its tunnel."""
    images = hosts(ours, "inventory-container")
    assert {host: each["pyapps_image_name"] for host, each in images.items()} == {
        "streamlit-prod": "self-hosted-streamlit-prod",
        "streamlit-dev": "self-hosted-streamlit-dev",
    }
    assert images["streamlit-prod"]["image_run_env"] == {"APP_ENV": "PROD"}
    host = hosts(ours, "inventory")["localhost"]
    assert (host["pyapps_tunnel"], host["cloudflared_tunnel"]) == ("cloudflared", TUNNEL_ID)
    assert host["pyapps_public_url"] == "https://dash.example.com"
    assert "canary" not in json.dumps(host)
    for playbook, inventory in (("site", "inventory"), ("container", "inventory-container")):
        there(ours, "ansible-playbook", "selfhost.pyapps." + playbook, "-i", inventory, "--syntax-check")


@pytest.mark.parametrize("kind", ["prod", "dev"])
def test_its_targets_run_the_playbook_on_one_image(ours: Path, kind: str) -> None:
    """S0-95: in check mode, which validates what the image would hold; no other image is worked on."""
    for target in ("build-" + kind, "run-%s-80" % kind, "rebuild-%s-80" % kind):
        command = there(ours, "make", "-n", target)
        assert re.fullmatch("ansible-playbook selfhost.pyapps.container .*\n", command)
        assert "pyapps_hosts=streamlit-%s" % kind in command
    said = there(ours, "make", "rebuild-%s-80" % kind, "FLAGS=--check")
    assert "2 apps are right" in said
    assert re.findall(r"^(\S+) +: ok=.* changed=0 .* failed=0 ", said, re.MULTILINE) == ["streamlit-" + kind]


def test_the_tunnels_secret_goes_into_a_vault_by_the_command_that_is_told(ours: Path) -> None:
    """S0-98: before that a run is refused, before anything changes; then it is read, and lies encrypted."""
    refused = run_playbook("playbooks/site.yml", "-i", ours / "inventory", "--check")
    assert refused.returncode == 2
    assert "cloudflared_credentials, cloudflared_token: neither is given" in " ".join(refused.stdout.split())
    variables = ours / "inventory" / "group_vars" / "all"
    (ours / "password").write_text("a password\n")
    command = re.findall(r"^#   (ansible-vault .*)", (variables / "tunnel.yml").read_text(), re.MULTILINE)[0]
    command = command.replace("encrypt_string", "encrypt_string --vault-password-file ../../../password")
    there(variables, "bash", "-c", command)
    assert "canary" not in (variables / "tunnel-secret.yml").read_text()
    wanted = "cloudflared_credentials | from_json == %s" % json.dumps(json.loads(CREDENTIALS))
    words = ("--vault-password-file", "password", "-i", "inventory", "localhost", "-m", "ansible.builtin.assert")
    there(ours, "ansible", *words, "-a", json.dumps({"that": [wanted], "quiet": True}))


def test_odd_files_are_named_and_never_a_traceback(tmp_path: Path) -> None:
    """A stranger's Dockerfile, Makefile and configuration of the tunnel; the apps are taken all the same."""
    source = repository(tmp_path / "theirs")
    (source / "Dockerfile").write_bytes(b"\xff\xfe\0FROM x\nRNU apt-get install git\nRUN 'x\n")
    (source / "Makefile").write_bytes(b"build\n\tdocker build\n$(eval\nall: \xff\n")
    (source / "cloudflare" / "config.yml").write_text("tunnel: [\n")
    done = run("-e", "source=%s" % source)
    assert done.returncode == 0
    assert "Traceback" not in done.stdout
    told = " ".join(done.stdout.split())
    for part in (
        "Dockerfile: line 2, RNU: left",
        "line 3, RUN: left",
        "Makefile: line",
        "it is not YAML: see line",
        "2 apps",
    ):
        assert part in told, part


def test_a_path_that_is_not_absolute_is_refused() -> None:
    done = run("-e", "source=apps")
    assert done.returncode == 2
    assert "allowed is an absolute path" in " ".join(done.stdout.split())
