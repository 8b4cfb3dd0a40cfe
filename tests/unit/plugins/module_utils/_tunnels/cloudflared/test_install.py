# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import functools
import hashlib
import http.server
import os
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._tunnels.cloudflared.install import (
    InstallError,
    checksum_of,
    install,
    source_url,
    wanted_checksum,
)

SUMS = {"amd64": "a" * 64, "arm64": "B" * 64}
PROGRAM = b"#!/bin/sh\necho a program\n"
RIGHT = hashlib.sha256(PROGRAM).hexdigest()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: t.Any) -> None:
        """Nothing."""


@pytest.fixture
def mirror(tmp_path: Path) -> t.Iterator[str]:
    """The URL of a mirror that has one program."""
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "cloudflared").write_bytes(PROGRAM)
    handler = functools.partial(_Quiet, directory=tmp_path / "mirror")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield "http://127.0.0.1:%d/cloudflared" % server.server_address[1]
    server.shutdown()
    server.server_close()


def test_the_checksum_is_that_of_the_machine() -> None:
    assert wanted_checksum(SUMS, "x86_64") == ("amd64", "a" * 64)
    assert wanted_checksum(SUMS, "aarch64") == ("arm64", "b" * 64)


@pytest.mark.parametrize("machine", ["riscv64", "armv7l"])
def test_a_machine_without_a_checksum_is_refused(machine: str) -> None:
    with pytest.raises(InstallError, match=machine):
        wanted_checksum(SUMS, machine)


def test_what_is_no_sha256_is_refused() -> None:
    with pytest.raises(InstallError, match="64 hex digits"):
        wanted_checksum({"amd64": "md5:1234"}, "x86_64")


def test_the_words_in_the_address_are_replaced() -> None:
    assert source_url("https://x/{version}/c-{arch}", "2026.9.3", "arm64") == "https://x/2026.9.3/c-arm64"


def test_the_program_is_installed_when_its_checksum_is_right(mirror: str, tmp_path: Path) -> None:
    """S0-98."""
    path = tmp_path / "bin" / "cloudflared"
    install(str(path), mirror, RIGHT, None, None)
    assert path.read_bytes() == PROGRAM
    assert path.stat().st_mode & 0o7777 == 0o755
    assert checksum_of(str(path)) == RIGHT


def test_another_program_replaces_nothing_and_leaves_nothing(mirror: str, tmp_path: Path) -> None:
    """S0-98: a mirror that gives something else can do no harm."""
    path = tmp_path / "bin" / "cloudflared"
    path.parent.mkdir()
    path.write_text("the old one")
    with pytest.raises(InstallError, match="was expected"):
        install(str(path), mirror, "0" * 64, None, None)
    assert path.read_text() == "the old one"
    assert os.listdir(path.parent) == ["cloudflared"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "nothing", "https://127.0.0.1:9/x", "file:///nonexistent/x"])
def test_what_can_not_be_fetched_names_the_variables(url: str, tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="cloudflared_url"):
        install(str(tmp_path / "cloudflared"), url, RIGHT, None, None)
    assert os.listdir(tmp_path) == []


def test_a_page_that_is_not_found_is_no_program(mirror: str, tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="404"):
        install(str(tmp_path / "cloudflared"), mirror + "-gone", RIGHT, None, None)
