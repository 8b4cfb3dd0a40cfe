# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Caddyfile as text; what it does is shown with a real Caddy (tests/integration)."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.caddy.site import admin_socket, caddy_config
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.routes import (
    FrontError,
    FrontSettings,
    app_routes,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from helpers.fronts import entry

LAYOUT = Layout("/srv/a folder")


def settings(**changes: t.Any) -> FrontSettings:
    return FrontSettings(**{"layout": LAYOUT, "port": 80, **changes})


def test_its_admin_endpoint_is_a_socket_in_a_folder_of_its_own() -> None:
    """Caddy's admin endpoint on TCP takes a configuration from any local user."""
    text = caddy_config([], settings())
    assert 'admin "unix//srv/a folder/srv/pyapps/caddy/admin.sock|0600"' in text
    assert "persist_config off" in text


def test_a_root_too_long_for_a_socket_is_refused() -> None:
    """unix(7) takes 107 bytes, and Caddy's own message would name neither."""
    with pytest.raises(FrontError, match="Use a shorter root folder"):
        admin_socket(Layout("/" + "x" * 90))


def test_what_nothing_matches_is_404() -> None:
    """Caddy's own answer would be an empty 200."""
    assert "\t\tvars pyapps_no_app yes\n\t\terror 404\n\t}\n\thandle_errors" in caddy_config([], settings())


def test_every_name_needs_no_look_at_any() -> None:
    """``*``: no matcher."""
    assert "@misdirected" not in caddy_config([], settings(server_names=("*",)))
    assert caddy_config([], settings()).count("handle @misdirected") == 1


def test_a_container_brings_its_names_when_it_starts() -> None:
    """Caddy judges the configuration before the file is there, hence the wildcard."""
    assert 'import "/srv/a folder/run/pyapps/front-names.caddy*"' in caddy_config([], settings(names_at_start=True))
    assert "front-names" not in caddy_config([], settings())


def test_a_pins_flag_is_asked_for_before_its_marker() -> None:
    """Both go by one rename: the other way round, a pin whose marker has just gone was open without a flag."""
    text = caddy_config(app_routes(LAYOUT, [entry("app")]), settings())
    pinned = text[text.index("handle @pinned") : text.index("respond 410", text.index("handle @pinned"))]
    assert pinned.index("respond @away 502") < pinned.index("@marker file") < pinned.index("pyapps_proxy")
