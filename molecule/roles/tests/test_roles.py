# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each role is usable alone, with its own variables."""

from __future__ import annotations

import pytest
import testinfra
from helpers.containers import get, healthy, wait_for
from testinfra.host import Host

SOCKET = "/run/pyapps/supervisor.sock"


def _host(name: str) -> Host:
    return testinfra.get_host("docker://pyapps-roles-" + name)


def test_nginx_alone_serves_the_gallery_and_says_that_no_app_answers() -> None:
    host = _host("nginx")
    gallery = get(host, "/")
    assert gallery.status == 200
    assert "App 1" in gallery.body
    assert get(host, "/app-1/").status == 503
    assert get(host, "/nope").status == 404


def test_supervisor_alone_runs_a_daemon_beside_nothing_else() -> None:
    host = _host("supervisor")
    # ss(8) cannot be asked: supervisord binds another name and renames it.
    assert host.file(SOCKET).is_socket
    assert "RUNNING" in host.check_output("pyapps ctl status pyapps-watcher")
    assert not host.package("supervisor").is_installed
    assert get(host, "/").status == 0


@pytest.mark.parametrize("app", ["app-1", "app-2"])
def test_the_roles_one_after_another_serve_the_apps_through_caddy(app: str) -> None:
    host = _host("apps")
    wait_for(app + " serves", lambda: healthy(host, app, port=8080))
    assert get(host, "/" + app + "/", port=8080).status == 200
