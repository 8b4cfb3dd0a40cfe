# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._health import settings as _health_settings
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.settings import (
    Endpoint,
    Settings,
    SettingsError,
    front_address,
    notify_from,
    read_settings,
    settings_from,
    to_json,
)

TUNNEL = {"name": "tunnel", "url": "http://127.0.0.1:20241/ready"}


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    written = Settings(
        front=front_address("nginx", 8080, "", ["*.example.com"]),
        endpoints=(Endpoint("tunnel", "https://apps.example.com/ready?full", body="ok"),),
        ignore_programs=("tail",),
        timeout=2.5,
    )
    path = tmp_path / "healthcheck.json"
    path.write_text(to_json(written))
    assert read_settings(str(path)) == written
    assert read_settings(str(tmp_path / "missing")) == Settings()


@pytest.mark.parametrize(
    ("port", "address", "names", "url", "asked"),
    [
        (80, "", [], "http://localhost", "127.0.0.1"),
        (8080, "0.0.0.0", ["apps.example.com"], "http://apps.example.com:8080", "127.0.0.1"),
        (80, "::", ["*.example.com"], "http://www.example.com", "::1"),
        (80, "192.0.2.7", [], "http://localhost", "192.0.2.7"),
    ],
)
def test_a_front_is_asked_by_a_name_that_it_serves(
    port: int, address: str, names: list[str], url: str, asked: str
) -> None:
    front = front_address("caddy", port, address, names)
    assert (front.url, front.address) == (url, asked)


def test_an_endpoint_is_a_host_or_a_socket_and_a_path() -> None:
    (plain, secure, local) = settings_from(
        {
            "endpoints": [
                TUNNEL,
                {"name": "public", "url": "https://apps.example.com"},
                {"name": "db", "url": "http://localhost/ping?x=1", "socket": "/run/db.sock", "status": 204},
            ]
        }
    ).endpoints
    assert (plain.port, plain.path) == (20241, "/ready")
    assert (secure.port, secure.path) == (443, "/")
    assert (local.path, local.socket, local.status) == ("/ping?x=1", "/run/db.sock", 204)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], ["found list"]),
        ({"endpoint": []}, ["endpoint: no such setting", "endpoints"]),
        ({"timeout": 0, "min_disk_percent": 101}, ["timeout: found 0", "min_disk_percent: found 101"]),
        ({"timeout": True}, ["timeout: found True"]),
        ({"endpoints": [{"name": "x"}]}, ["endpoints[0]", "name and url are needed"]),
        ({"endpoints": [{**TUNNEL, "stat": 1}]}, ["endpoints[0]"]),
        ({"endpoints": [TUNNEL, TUNNEL]}, ["endpoints[1].name: tunnel is there twice"]),
        ({"endpoints": [{**TUNNEL, "status": 99}]}, ["endpoints[0].status: found 99"]),
        ({"endpoints": [{**TUNNEL, "socket": "run/x"}]}, ["endpoints[0].socket: found 'run/x'"]),
        ({"endpoints": [{**TUNNEL, "url": "https://x/", "socket": "/x"}]}, ["found https"]),
        ({"endpoints": [{**TUNNEL, "url": "ftp://host/"}]}, ["endpoints[0].url"]),
        ({"endpoints": [{**TUNNEL, "url": "http://host:99999/"}]}, ["endpoints[0].url"]),
        ({"endpoints": [{**TUNNEL, "url": "http://host/a b"}]}, ["endpoints[0].url"]),
        ({"front": {"server": "apache"}}, ["front: found", "server, address, port, host"]),
        ({"front": {"server": "x", "address": "", "port": 0, "host": "/"}}, ["server", "address", "port", "host"]),
        ({"ignore_programs": "tail"}, ["ignore_programs: found 'tail'"]),
    ],
)
def test_mistakes_are_told_with_key_and_value_all_at_once(data: t.Any, words: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_from(data)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        {"webhook": "ftp://s3cr3t/"},
        {"webhook": "http://user:s3cr3t@host/"},
        {"webhook": 5, "command": ["s3cr3t"]},
        {"command": "s3cr3t"},
        {"s3cr3t": 1},
    ],
)
def test_a_mistake_in_whom_to_tell_shows_no_secret(data: t.Any) -> None:
    with pytest.raises(SettingsError) as caught:
        notify_from(data)
    assert "s3cr3t" not in str(caught.value)


def test_a_password_in_a_url_is_refused_and_not_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        settings_from({"endpoints": [{"name": "x", "url": "https://me:s3cr3t@host/"}]})
    assert "s3cr3t" not in str(caught.value)


def test_a_damaged_file_names_the_place_only(tmp_path: Path) -> None:
    path = tmp_path / "notify.json"
    path.write_text('{"webhook": "https://host/s3cr3t')
    with pytest.raises(SettingsError) as caught:
        _health_settings.read_notify(str(path))
    assert "cannot be read" in str(caught.value)
    assert "s3cr3t" not in str(caught.value)
    assert json.loads(to_json(notify_from({}))) == {"command": [], "webhook": ""}
