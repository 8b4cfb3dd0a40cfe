# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import json
import os
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._tunnels.cloudflared.configuration import (
    Cloudflared,
    Tunnel,
    TunnelError,
    config_text,
    problems,
    read_credentials,
    secret_diff,
)

CREDENTIALS = {"AccountTag": "account", "TunnelID": "6ff42ae2-765d-4adf-8112-31c55c1551ef", "TunnelSecret": "canary"}
TOKEN = base64.b64encode(json.dumps({"a": "account", "t": "tunnel", "s": "canary"}).encode()).decode()
FILE = "/etc/pyapps/cloudflared/credentials.json"


def tunnel(**changes: t.Any) -> Tunnel:
    values: dict[str, t.Any] = {
        "name": "dash",
        "credentials": read_credentials(json.dumps(CREDENTIALS)),
        "token": "",
        "hostnames": ("dash.example.net", "*.example.org"),
        "service": "http://localhost:80",
        "metrics_port": 19241,
    }
    return Tunnel(**{**values, **changes})


def test_each_host_name_leads_to_the_front_and_the_rest_to_404() -> None:
    """S0-99."""
    assert yaml.safe_load(config_text(tunnel(), FILE)) == {
        "tunnel": "dash",
        "credentials-file": FILE,
        "ingress": [
            {"hostname": "dash.example.net", "service": "http://localhost:80"},
            {"hostname": "*.example.org", "service": "http://localhost:80"},
            {"service": "http_status:404"},
        ],
    }


def test_the_tunnel_is_that_of_the_credentials_unless_it_is_named() -> None:
    assert yaml.safe_load(config_text(tunnel(name=""), FILE))["tunnel"] == CREDENTIALS["TunnelID"]


def test_a_token_needs_no_credentials_file_and_may_leave_the_rules_to_the_dashboard() -> None:
    config = yaml.safe_load(config_text(tunnel(name="", credentials="", token=TOKEN, hostnames=()), FILE))
    assert config == {"ingress": [{"service": "http_status:404"}]}
    assert problems(tunnel(name="", credentials="", token=TOKEN, hostnames=())) == []


def test_a_good_tunnel_has_no_problem() -> None:
    assert problems(tunnel()) == []


@pytest.mark.parametrize("given", ["", "not json", "[1]", "7"])
def test_what_is_no_json_object_is_no_credentials(given: str) -> None:
    with pytest.raises(ValueError, match="not a JSON object"):
        read_credentials(given)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"credentials": ""}, "neither is given"),
        ({"token": TOKEN}, "both are given"),
        ({"credentials": read_credentials('{"TunnelID": "x"}')}, "AccountTag"),
        ({"hostnames": ()}, "cloudflared_hostnames"),
        ({"hostnames": ("https://a.example",)}, "https://a.example"),
        ({"hostnames": ('a"\n  - service: x',)}, "cloudflared_hostnames"),
        ({"hostnames": ("a.*.example",)}, "cloudflared_hostnames"),
        ({"name": "-dash"}, "cloudflared_tunnel"),
        ({"service": "ftp://x"}, "cloudflared_service"),
        ({"metrics_port": 80}, "cloudflared_metrics_port"),
        ({"credentials": "", "token": "cloudflared service install " + TOKEN}, "begins with eyJ"),
        ({"credentials": "", "token": "canary"}, "begins with eyJ"),
    ],
)
def test_an_error_names_its_variable_and_never_shows_a_secret(changes: dict[str, t.Any], expected: str) -> None:
    found = problems(tunnel(**changes))
    assert expected in "\n".join(found)
    assert "canary" not in "\n".join(found)
    assert TOKEN not in "\n".join(found)


def test_all_errors_are_told_at_once() -> None:
    assert len(problems(tunnel(name="-", hostnames=("x",), service="", metrics_port=1, token=TOKEN))) == 5


@pytest.mark.parametrize("as_root", [True, False])
def test_no_secret_is_in_the_command_line(as_root: bool) -> None:
    """S0-98: what ps(1) shows to everybody names files."""
    cloudflared = Cloudflared(Layout("/"), "/usr/bin/cloudflared", as_root)
    by_token = cloudflared.run_command(tunnel(credentials="", token=TOKEN))
    assert by_token[-3:] == ["run", "--token-file", "/etc/pyapps/cloudflared/token"]
    by_credentials = cloudflared.run_command(tunnel())
    settings = ["tunnel", "--no-autoupdate", "--metrics", "127.0.0.1:19241", "--config", cloudflared.config, "run"]
    assert by_credentials[-8:] == ["/usr/bin/cloudflared", *settings]
    assert "canary" not in " ".join(by_token + by_credentials)
    assert ("--reuid" in by_token) is as_root


# -- Files and the program


@pytest.fixture
def ours(tmp_path: Path) -> Cloudflared:
    """cloudflared of a host without root, whose program is there."""
    layout = Layout(str(tmp_path / "root"))
    os.makedirs(layout.etc)
    binary = tmp_path / "cloudflared"
    binary.write_text("#!/bin/sh\n")
    binary.chmod(0o755)
    return Cloudflared(layout, str(binary), as_root=False)


def no_run(*_: t.Any) -> tuple[int, str, str]:
    raise AssertionError("no command is needed")


def test_the_folder_is_made_once(ours: Cloudflared) -> None:
    assert ours.folder_differs()
    assert ours.remnants() == []
    ours.make_folder("0-0", no_run)
    assert not ours.folder_differs()
    assert ours.remnants() == [ours.folder]
    ours.remove(no_run)
    assert ours.remnants() == []


def test_secrets_are_for_their_owner_alone_and_only_those_that_are_wanted(ours: Cloudflared) -> None:
    ours.make_folder("0-0", no_run)
    by_file, by_token = tunnel(), tunnel(credentials="", token=TOKEN)
    assert ours.differing_secrets(by_file) == {ours.credentials: by_file.credentials}
    ours.write_secrets(ours.differing_secrets(by_file))
    assert Path(ours.credentials).read_text() == by_file.credentials
    assert Path(ours.credentials).stat().st_mode & 0o777 == 0o600
    assert ours.differing_secrets(by_file) == {}
    assert ours.differing_secrets(by_token) == {ours.credentials: "", ours.token: TOKEN}
    ours.write_secrets(ours.differing_secrets(by_token))
    assert not os.path.exists(ours.credentials)
    assert ours.differing_secrets(by_token) == {}
    os.chmod(ours.token, 0o644)
    assert ours.differing_secrets(by_token) == {ours.token: TOKEN}
    os.chmod(ours.token, 0o600)
    Path(ours.token).write_text("other")
    assert ours.differing_secrets(by_token) == {ours.token: TOKEN}


def test_a_difference_of_a_secret_shows_none(tmp_path: Path) -> None:
    path = tmp_path / "token"
    assert (secret_diff(str(path), TOKEN)["before"], secret_diff(str(path), TOKEN)["after"]) == ("", "(another)\n")
    path.write_text("old")
    assert (secret_diff(str(path), "")["before"], secret_diff(str(path), "")["after"]) == ("(a secret)\n", "")


def test_a_configuration_is_judged_before_it_is_in_place(ours: Cloudflared) -> None:
    ours.make_folder("0-0", no_run)
    judged: list[str] = []

    def run(command: t.Sequence[str]) -> tuple[int, str, str]:
        judged.append(Path(command[list(command).index("--config") + 1]).read_text())
        assert list(command)[-2:] == ["ingress", "validate"]
        return 0, "OK", ""

    ours.write_config("one", None, run)
    ours.write_config("two", "one", run)
    assert judged == ["one", "two"]
    assert Path(ours.config).read_text() == "two"
    assert Path(ours.config + ".backup").read_text() == "one"
    with pytest.raises(TunnelError, match=r"the old one stays\. It says: no such host"):
        ours.write_config("three", "two", lambda command: (1, "", "no such host"))
    assert Path(ours.config).read_text() == "two"
    assert sorted(os.listdir(ours.folder)) == ["config.yml", "config.yml.backup"]


@pytest.mark.parametrize("version", ["2025.4.0", "2026.1.2"])
def test_a_program_that_reads_a_token_from_a_file(ours: Cloudflared, version: str) -> None:
    answer = (0, "cloudflared version %s (built 2025)" % version, "")
    ours.check_version(lambda command: answer, needs_token_file=True)


def test_a_program_that_is_too_old_for_that_or_is_none(ours: Cloudflared) -> None:
    old = (0, "cloudflared version 2025.2.1 (built 2025)", "")
    ours.check_version(lambda command: old, needs_token_file=False)
    with pytest.raises(TunnelError, match=r"is 2025\.2\.1, and only 2025\.4\.0 or newer reads a token from a file"):
        ours.check_version(lambda command: old, needs_token_file=True)
    for answer, words in (((1, "version 2026.1.1", "broken"), "broken"), ((0, "hello", ""), "hello")):
        with pytest.raises(TunnelError, match="does not tell its version: " + words):
            ours.check_version(lambda command, answer=answer: answer, needs_token_file=False)  # type: ignore[misc]
    os.chmod(ours.binary, 0o644)
    with pytest.raises(TunnelError, match="there is no program"):
        ours.check_version(no_run, needs_token_file=False)


def test_what_is_run_names_its_files_and_never_a_secret(ours: Cloudflared) -> None:
    by_file = ours.run_command(tunnel())
    by_token = ours.run_command(tunnel(credentials="", token=TOKEN))
    assert by_file[-1] == "run"
    assert by_token[-2:] == ["--token-file", ours.token]
    assert "127.0.0.1:19241" in by_file
    assert TOKEN not in " ".join(by_token)
