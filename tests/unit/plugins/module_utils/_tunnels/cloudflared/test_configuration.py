# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import json
import typing as t

import pytest
import yaml
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._tunnels.cloudflared.configuration import (
    Cloudflared,
    Tunnel,
    config_text,
    problems,
    read_credentials,
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
