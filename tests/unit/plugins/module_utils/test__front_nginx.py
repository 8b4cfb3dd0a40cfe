# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site of nginx as text; what it does is shown with a real nginx (tests/integration)."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._front_nginx import nginx_site
from ansible_collections.selfhost.pyapps.plugins.module_utils._front_routes import (
    FrontSettings,
    app_routes,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._layout import Layout
from helpers.fronts import entry

LAYOUT = Layout("/srv/a folder")


def settings(**changes: t.Any) -> FrontSettings:
    return FrontSettings(**{"layout": LAYOUT, "port": 80, **changes})


def test_it_has_only_directives_of_old_and_new_nginx() -> None:
    """C-19: no ``listen ... http2`` (deprecated in 1.25) and no ``http2 on`` (unknown to 1.22)."""
    text = nginx_site(app_routes(LAYOUT, [entry("app")]), settings())
    assert "http2" not in text


def test_where_it_listens_is_all_variable() -> None:
    """S0-60: port, address, names, default server; IPv6."""
    text = nginx_site([], settings(server_names=("localhost", "apps.example"), default_server=True))
    assert "listen 80 default_server;\n    listen [::]:80 default_server;" in text
    assert 'server_name "localhost" "apps.example";' in text
    assert "listen [::1]:8080;\n    server_name _;" in nginx_site([], settings(address="::1", port=8080))
    assert "listen 80;\n    server_name" in nginx_site([], settings(ipv6=False))


def test_each_app_has_its_own_block_and_limits() -> None:
    """S0-70, S0-63, C-12"""
    one, two = entry("app-1", max_upload_mb=5), entry("app_1")
    text = nginx_site(app_routes(LAYOUT, [one, two]), settings())
    assert text.count("location ^~ /app-1/ {") == text.count("location ^~ /app_1/ {") == 1
    assert "client_max_body_size 6m;" in text
    assert text.count("proxy_read_timeout 86400s;") == 4
    alone = nginx_site(app_routes(LAYOUT, [one]), settings())
    assert alone[alone.index("server {") : alone.index("# app app-1")] in text


def test_it_takes_only_names_that_were_asked_for() -> None:
    """The machine's own may be those of another site; that they are answered is said apart from it."""
    text = nginx_site([], settings(server_names=("apps.example", "*"), further_names=("attic",)))
    assert 'server_name "apps.example" "localhost";' in text
    text = nginx_site([], settings(further_names=("attic",)))
    assert "server_name _;" in text
    assert all('"~*^(%s)' % name in text for name in ("localhost", "attic"))


def test_every_name_needs_no_look_at_any() -> None:
    """``*``: neither map nor rule."""
    assert "misdirected" not in nginx_site([], settings(server_names=("*",)))
    assert nginx_site([], settings()).count("if ($pyapps_misdirected)") == 1


def test_a_container_brings_its_names_when_it_starts() -> None:
    """nginx judges the site before the file is there, hence the wildcard."""
    assert 'include "/srv/a folder/run/pyapps/front-names.nginx*";' in nginx_site([], settings(names_at_start=True))
    assert "include" not in nginx_site([], settings())


def test_a_long_name_makes_no_variable_that_nginx_cannot_take() -> None:
    """nginx has 46 bytes for a variable's name, and one that is longer would stop the whole site."""
    names = ["a" + "_" * 46 + end for end in "bc"]
    apps = [entry(name, allowed_origins=["https://a.example"]) for name in names]
    text = nginx_site(app_routes(LAYOUT, apps), settings())
    variables = set(re.findall(r"\$(pyapps_(?:origin|refused)_\w+)", text))
    assert len(variables) == 4
    assert max(map(len, variables)) <= 46


def test_a_pins_flag_is_asked_for_before_its_marker() -> None:
    """Both go by one rename: the other way round, a pin whose marker has just gone was open without a flag."""
    text = nginx_site(app_routes(LAYOUT, [entry("app")]), settings())
    for block in text.split("location ")[1:]:
        if "$pyapps_pin_port" in block and "proxy_pass" in block:
            assert block.index("return 502") < block.index("return 410") < block.index("proxy_pass")
    assert text.count('/away") { return 502; }') == 2
