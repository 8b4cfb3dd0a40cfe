# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a front's configuration may hold, and that nothing breaks out of it."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.arguments import FRONT_ARGUMENTS, settings_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.routes import (
    FrontError,
    FrontSettings,
    app_routes,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.names import own_names
from helpers.fronts import entry

LAYOUT = Layout("/srv/a folder")
HOSTILE = ['a"b', "a;b", "a\nb", "a b\\", "a{b", "a}b", "a$b", "a`b", "a'b", "a<b", "a#b", "\u2028", "a\0b"]


def settings(**changes: t.Any) -> FrontSettings:
    return FrontSettings(**{"layout": LAYOUT, "port": 80, **changes})


class TestValues:
    @pytest.mark.parametrize("root", ["relative", "/a$b", "/a\nb", '/a"b', "/a{b}", "/a;b", "/a*b", "/a\\b", "/a`b"])
    def test_an_odd_root_is_refused_and_named(self, root: str) -> None:
        """A root with a blank works; what a configuration would read as its own does not."""
        with pytest.raises(FrontError, match="root: the front's configuration cannot hold the path"):
            settings(layout=Layout(root))

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("port", 0),
            ("port", 65536),
            ("address", "localhost; evil"),
            ("server_names", ("a b",)),
            ("server_names", ("a;b",)),
            ("server_names", ("www.example.*",)),
            ("trusted_proxies", ("10.0.0.0/33",)),
            ("public_origins", ("https://x/path",)),
            ("public_origins", ("ftp://x",)),
            ("frame_ancestors", ("x;y",)),
            ("access_log", "x.log"),
        ],
    )
    def test_other_settings_are_refused_by_name(self, name: str, value: t.Any) -> None:
        """Errors name key, value and what is allowed."""
        with pytest.raises(FrontError, match=name):
            settings(**{name: value})

    @pytest.mark.parametrize("text", HOSTILE)
    def test_no_value_of_an_app_breaks_out(self, text: str) -> None:
        """The catalog refuses these before; the front does not rely on it."""
        for changes in (
            {"base": "/" + text},
            {"allowed_origins": ["http://" + text]},
            {"frame_ancestors": ["http://" + text]},
        ):
            with pytest.raises(FrontError):
                app_routes(LAYOUT, [entry("app", **changes)])
        with pytest.raises(FrontError):
            app_routes(LAYOUT, [entry(text)])
        for config in (text, '{"%s": 1}' % text.replace("\\", "\\\\").replace('"', '\\"'), "[1]", '{"X:Y": "z"}'):
            with pytest.raises(FrontError):
                app_routes(LAYOUT, [entry("app", config={"server.trustedUserHeaders": config})])

    @pytest.mark.parametrize("base", ["/_pyapps", "/_pyapps/x", "/a/", "a", "/~x", "/a//b", "/a/~b"])
    def test_a_base_that_is_the_fronts_own_or_ambiguous_is_refused(self, base: str) -> None:
        """``<base>/~`` and ``/_pyapps`` are the front's."""
        with pytest.raises(FrontError, match="base_path of app"):
            app_routes(LAYOUT, [entry("app", base=base)])

    def test_public_urls_become_origins_as_browsers_send_them(self) -> None:
        """No path, no port that the scheme has anyway."""
        params = {name: spec.get("default") for name, spec in FRONT_ARGUMENTS.items()}
        urls = ["https://Apps.example.com:443/x", "http://a.example:80", "https://a.example:8443/"]
        found = settings_of({**params, "port": 80, "public_urls": urls})
        assert found.public_origins == ("https://apps.example.com", "http://a.example", "https://a.example:8443")
        assert found.security_headers[2] == ("Content-Security-Policy", "frame-ancestors 'self'")

    def test_an_apps_frame_ancestors_come_beside_those_of_the_host(self) -> None:
        """Nobody beside somebody would mean nothing; an applied catalog of an earlier version has no such key."""
        site = "https://*.example.com"
        (route,) = app_routes(LAYOUT, [entry("app", frame_ancestors=[site, "*"])])
        assert route.frame_ancestors == (site, "*")
        assert settings().policy([site]) == "frame-ancestors 'self' https://*.example.com"
        assert settings(frame_ancestors=("'none'",)).policy([site]) == "frame-ancestors https://*.example.com"
        assert settings(frame_ancestors=("'none'",)).policy() == "frame-ancestors 'none'"
        old = entry("app")
        del old["route"]["frame_ancestors"]
        assert app_routes(LAYOUT, [old])[0].frame_ancestors == ()

    def test_a_host_has_given_public_and_own_names(self) -> None:
        """What the inventory calls it counts where it can be a name; in a container the machine's own do not."""
        params = {name: spec.get("default") for name, spec in FRONT_ARGUMENTS.items()}
        params.update(port=80, server_names=["Apps.example"], public_urls=["https://public.example:8443"])
        params.update(inventory_names=["attic", "my host"], names_at_start=True)
        assert settings_of(params).names == ("localhost", "apps.example", "attic", "public.example")
        assert set(settings_of({**params, "names_at_start": False}).names or ()) > {"attic", *own_names()}
        assert settings_of({**params, "server_names": ["*"]}).names is None
        assert settings(public_origins=("http://[::1]:80",)).public_hosts == ("[::1]",)


def test_an_app_of_a_kind_that_this_version_does_not_know_is_refused() -> None:
    """A newer version may have applied it."""
    with pytest.raises(FrontError, match="app app: kind 'cobol' is not known; known are: streamlit"):
        app_routes(LAYOUT, [{**entry("app"), "kind": "cobol"}])
