# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site of nginx as text; what it does is shown with a real nginx (tests/integration)."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.reader import read_catalog
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.nginx.site import nginx_site
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.routes import (
    FrontSettings,
    app_routes,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from helpers.apps import SETTINGS, make_app
from helpers.fronts import entry

LAYOUT = Layout("/srv/a folder")


def settings(**changes: t.Any) -> FrontSettings:
    return FrontSettings(**{"layout": LAYOUT, "port": 80, **changes})


OLD_AND_NEW = """
absolute_redirect access_log add_header alias auth_request charset client_max_body_size default_type error_page etag
geo gzip gzip_static gzip_vary if if_modified_since internal listen location log_format map max_ranges merge_slashes
open_file_cache proxy_buffer_size proxy_buffers proxy_busy_buffers_size proxy_connect_timeout proxy_http_version
proxy_ignore_headers proxy_intercept_errors proxy_method proxy_pass proxy_pass_request_body
proxy_pass_request_headers proxy_read_timeout proxy_request_buffering proxy_send_timeout proxy_set_header
real_ip_header real_ip_recursive return rewrite root server server_name server_tokens set_real_ip_from try_files
underscores_in_headers
"""
"""Directives that nginx 1.22 has and no later one has deprecated; look a new one up in the list of changes of nginx."""


def directives(text: str) -> set[str]:
    """The names of all directives of a site; what stands in a map is none."""
    found: set[str] = set()
    in_map = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith(("map ", "geo ")):
            found.add(line.split()[0])
            in_map = not line.endswith("}")
        elif in_map:
            in_map = line != "}"
        else:
            found |= {*re.findall(r"^([a-z_0-9]+)[ ;]", line), *re.findall(r"^if .*\{ ([a-z_0-9]+) ", line)}
    return found


def test_it_has_only_directives_of_old_and_new_nginx() -> None:
    """C-19: no ``listen ... http2`` (deprecated in 1.25) and no ``http2 on`` (unknown to 1.22). What the real one says
    of it is in tests/integration/test_front_modules.py; the scenarios have 1.22 and 1.26.
    """
    apps = [entry("app", allowed_origins=["https://x.example"]), entry("plain", pinned=False)]
    every = {
        "server_names": ("a.example",),
        "default_server": True,
        "names_at_start": True,
        "access_log": "/var/log/x",
        "trusted_proxies": ("127.0.0.1",),
        "public_origins": ("https://p.example",),
    }
    for text in (nginx_site(app_routes(LAYOUT, apps), settings(**every)), nginx_site([], settings(gallery=False))):
        assert {"server", "listen", "proxy_pass"} & directives(text)
        assert directives(text) <= set(OLD_AND_NEW.split())
        assert "http2" not in text


@pytest.mark.parametrize("spelling", ["app-1", "/app-1", "/app-1/"])
def test_each_spelling_of_a_base_path_gives_the_same_site(tmp_path: Path, spelling: str) -> None:
    """S0-05: byte for byte, from setup.toml on."""

    def site(base_path: str) -> str:
        folder = make_app(tmp_path / base_path.replace("/", "_") / "a", '%sbase_path = "%s"\n' % (SETTINGS, base_path))
        catalog = read_catalog(str(folder))
        assert catalog.errors == []
        return nginx_site(app_routes(LAYOUT, catalog.apps), settings())

    assert site(spelling) == site("app-1/")
    assert site(spelling) != site("app-2")


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


def test_a_host_that_takes_every_name_has_one_line_for_all() -> None:
    from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.nginx.site_parts import EVERY, names_lines

    assert names_lines(["a.example", EVERY]) == '"~^" "";\n'
    assert names_lines(["a.example"]).count("\n") >= 1
    assert '"~^" "";' not in names_lines(["a.example"])
