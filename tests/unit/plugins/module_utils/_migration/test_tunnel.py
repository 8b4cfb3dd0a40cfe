# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tunnel's variables, and its secret that stays where it is."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import yaml
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration import tunnel as _published_tunnel
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.plan import Plan
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.tunnel import (
    Tunnel,
    read_tunnel,
    tunnel_of_command,
    variables_text,
)
from helpers.published import CREDENTIALS, TUNNEL_CONFIG, TUNNEL_ID, write

RULE = "ingress:\n  - %s\n"


def read(folder: Path, config: str, program: Tunnel | None = None, **files: str) -> tuple[Tunnel, list[str]]:
    write(folder / "cloudflare", {"config.yml": config, **files})
    found = Plan()
    tunnel = read_tunnel(str(folder), program, 80, found)
    assert tunnel is not None
    return tunnel, [row.as_line() for row in found.rows]


def test_the_published_tunnel(tmp_path: Path) -> None:
    """S0-98, S0-99: name, UUID and host names; the secret is named, and not in anything that is written or said."""
    program = tunnel_of_command(["/usr/local/bin/cloudflared", "tunnel", "run", "dash"])
    tunnel, told = read(tmp_path, TUNNEL_CONFIG, program, **{TUNNEL_ID + ".json": CREDENTIALS, "cert.pem": "canary"})
    assert (tunnel.name, tunnel.identity, tunnel.names) == ("dash", TUNNEL_ID, ["dash.example.com"])
    text = variables_text(tunnel, str(tmp_path))
    assert yaml.safe_load(text) == {
        "pyapps_tunnel": "cloudflared",
        "pyapps_public_url": "https://dash.example.com",
        "cloudflared_tunnel": TUNNEL_ID,
    }
    assert "cloudflare/%s.json > tunnel-secret.yml" % TUNNEL_ID in text
    assert [line.partition(" (")[0] for line in told] == [
        "cloudflare/config.yml: taken",
        "cloudflare/%s.json: left" % TUNNEL_ID,
        "cloudflare/cert.pem: left",
        "supervisord.conf: program cloudflared: changed",
    ]
    assert "canary" not in text + "".join(told)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("cloudflared tunnel --config /x run dash", Tunnel("dash")),
        ("cloudflared tunnel run " + TUNNEL_ID, Tunnel(identity=TUNNEL_ID)),
        ("cloudflared tunnel run --token eyJhIjoi", Tunnel(by_token=True)),
        ("cloudflared tunnel --token=eyJhIjoi run", Tunnel(by_token=True)),
        ("cloudflared tunnel run", Tunnel()),
        ("cloudflared --version", None),
        ("", None),
    ],
)
def test_the_program(command: str, expected: Tunnel | None) -> None:
    assert tunnel_of_command(shlex.split(command)) == expected


def test_without_a_host_name_the_tunnel_is_not_switched_on(tmp_path: Path) -> None:
    """A clone has no folder cloudflare, which the published .gitignore names."""
    for program in (Tunnel("dash"), Tunnel(by_token=True)):
        found = Plan()
        assert read_tunnel(str(tmp_path), program, 80, found) == program
        (row,) = found.rows
        assert (row.what, row.became) == ("supervisord.conf: program cloudflared", "left")
        assert yaml.safe_load(variables_text(program, "/x"))["pyapps_tunnel"] == "none"
    assert read_tunnel(str(tmp_path), None, 80, Plan()) is None


@pytest.mark.parametrize(
    ("rule", "names", "left"),
    [
        ("{hostname: A.Example.com, service: 'http://127.0.0.1'}", ["a.example.com"], 0),
        ("{hostname: '*.example.com', service: 'http://localhost:80'}", ["*.example.com"], 0),
        ("{hostname: a.example.com, service: 'http://localhost:80', originRequest: {x: 1}}", ["a.example.com"], 1),
        ("{hostname: a.example.com, service: 'http://localhost:8501'}", [], 1),
        ("{hostname: a.example.com, service: 'ssh://localhost:22'}", [], 1),
        ("{hostname: a.example.com, service: 'http://[::1'}", [], 1),
        ("{hostname: a.example.com, service: 'http://localhost:80', path: '/x'}", [], 1),
        ("{hostname: \"{{ lookup('pipe', 'id') }}\", service: 'http://localhost:80'}", [], 1),
        ("{hostname: [a], service: 'http://localhost:80'}", [], 1),
        ("{service: 'http://localhost:80'}", [], 1),
        ("{service: 'http_status:404'}", [], 0),
        ("text", [], 1),
    ],
)
def test_rules(tmp_path: Path, rule: str, names: list[str], left: int) -> None:
    tunnel, told = read(tmp_path, RULE % rule)
    assert tunnel.names == names
    assert len([line for line in told if line.startswith("cloudflare/config.yml: ingress 1: left")]) == left


@pytest.mark.parametrize(
    "text",
    [
        b"a: [",
        b"- a\n",
        b"",
        b"\0",
        b"[" * 3000 + b": 1\n",
        b"x: 2001-99-99\n",
        b"a: &a [*a]\n",
        b"!!python/object:x {}\n",
        b"tunnel: [1]\n",
        b"ingress: 5\n",
        b"0x" + b"f" * 5000 + b": 1\n",
        b"x" * 100_000,
        b"{a: 1}: 2\n",
        b"\xff",
        b"a: &a {x: 1}\nb: {<<: [*a, *a]}\n",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_a_config_that_is_none_is_named(tmp_path: Path, text: bytes) -> None:
    write(tmp_path / "cloudflare", {"config.yml": ""})
    (tmp_path / "cloudflare" / "config.yml").write_bytes(text)
    found = Plan()
    assert read_tunnel(str(tmp_path), None, 80, found) == Tunnel()
    assert [row.became for row in found.rows if row.what.startswith("cloudflare/config.yml")][-1] == "left"


def test_links_and_other_tunnels_are_not_taken(tmp_path: Path) -> None:
    other = CREDENTIALS.replace(TUNNEL_ID, TUNNEL_ID[:-1] + "0")
    (tmp_path / "outside").write_text(TUNNEL_CONFIG)
    (tmp_path / "cloudflare").mkdir()
    (tmp_path / "cloudflare" / "config.yaml").symlink_to(tmp_path / "outside")
    tunnel, told = read(tmp_path, "tunnel: %s\n" % TUNNEL_ID, **{"other.json": other, "odd.json": "[" * 9999})
    assert (tunnel.names, tunnel.secret) == ([], "")
    assert sum("the credentials of another tunnel" in line for line in told) == 1
    assert any(line.startswith("cloudflare/config.yaml: left (it is a link") for line in told)


def test_without_pyyaml_the_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_published_tunnel.yaml, "HAS_YAML", False)
    tunnel, told = read(tmp_path, TUNNEL_CONFIG)
    assert tunnel == Tunnel()
    assert "PyYAML" in told[0]
