# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a visitor of a home host sees, whichever front it has."""

from __future__ import annotations

import pytest
from helpers.containers import containers, get, handshake, healthy
from testinfra.host import Host

testinfra_hosts = containers()
apps = pytest.mark.parametrize("app", ["app-1", "app-2"])


@apps
def test_an_app_answers_at_its_base_path(host: Host, app: str) -> None:
    """S0-62, S0-65, C-01: the page is Streamlit's, and the health body comes from the process."""
    page = get(host, "/%s/" % app)
    assert page.status == 200
    assert "<title>" in page.body
    assert healthy(host, app)


@apps
def test_a_path_without_the_slash_is_redirected(host: Host, app: str) -> None:
    """S0-64."""
    answer = get(host, "/" + app)
    assert answer.status == 301
    assert answer.location.endswith("/%s/" % app)


@apps
def test_the_websocket_opens_for_our_own_pages_only(host: Host, app: str) -> None:
    """S0-63, S0-67, S0-68, C-01, C-02: a handshake with a good origin, with an evil one, and on an odd port."""
    stream = "/%s/_stcore/stream" % app
    assert handshake(host, stream, origin="http://localhost") == 101
    assert handshake(host, stream, origin="http://localhost:18090", name="localhost:18090") == 101
    assert handshake(host, stream, origin="https://evil.example") == 403


@apps
def test_a_page_of_another_host_gets_nothing(host: Host, app: str) -> None:
    """DNS rebinding: its name leads here, and for a browser it is of the same origin as the app."""
    stream = "/%s/_stcore/stream" % app
    assert handshake(host, stream, origin="http://evil.example", name="evil.example") == 421
    for path in ("/%s/" % app, "/"):
        refused = get(host, path, "--header", "Host: evil.example")
        assert refused.status == 421
        assert "pyapps_server_names" in refused.body


def test_a_host_answers_to_its_names_and_addresses(host: Host) -> None:
    """Of the inventory, of the machine, and for mDNS; nobody had to list them."""
    machine = host.check_output("uname -n")
    inventory = host.backend.get_pytest_id().partition("://")[2]
    for name in (machine, machine + ".local", inventory, "127.0.0.1", "[::1]:8080", "192.168.178.20", "LOCALHOST.:80"):
        assert get(host, "/", "--header", "Host: " + name).status == 200, name


def test_the_gallery_names_and_links_every_app(host: Host) -> None:
    page = get(host, "/")
    assert page.status == 200
    for expected in ("App 1", "App 2", 'href="/app-1/"', 'href="/app-2/"', "Johan"):
        assert expected in page.body


@pytest.mark.parametrize("path", ["/nope", "/app-3/", "/_stcore/health", "/app-1x/", "/app-1/_stcore/metrics"])
def test_everything_else_is_not_found(host: Host, path: str) -> None:
    """S0-61, C-14."""
    assert get(host, path).status == 404


@apps
def test_an_upload_is_not_cut_off_at_one_megabyte(host: Host, app: str) -> None:
    """S0-69, C-12: Streamlit answers, not the front's size limit (413)."""
    host.check_output("head -c 2000000 /dev/zero > /tmp/upload")
    answer = get(host, "/%s/_stcore/upload_file/x/y" % app, "--request", "PUT", "--data-binary", "@/tmp/upload")
    assert answer.status not in (0, 404, 413)
