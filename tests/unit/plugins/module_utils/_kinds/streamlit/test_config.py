# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration that a release gives to Streamlit. (tests/integration has the real Streamlits.)"""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import tomllib
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.generator import HostOptions
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.config import (
    InstalledStreamlit,
    StreamlitConfigError,
    config_options,
    config_text,
    installed_streamlit,
    options_in,
)
from helpers.release_target import catalog_entry

SOURCE = '''
class CustomThemeCategories(str, Enum):
    """Theme categories."""

    SIDEBAR = "sidebar"
    DARK_SIDEBAR = "dark.sidebar"


def _create_option(key: str) -> None:
    """_create_option('section.optionName')"""

_create_option(
    "server.baseUrlPath",
    type_=str,
)
@_create_option("server.address")
def _address(): ...
_create_theme_options(
    "base",
    categories=["theme"],
)
_create_theme_options("font", categories=["theme", CustomThemeCategories.SIDEBAR, CustomThemeCategories.DARK_SIDEBAR])
'''

OWNED = (
    *("server.address", "server.headless", "server.baseUrlPath", "server.enableCORS", "server.enableXsrfProtection"),
    *("server.scriptHealthCheckEnabled", "server.fileWatcherType", "server.runOnSave"),
    *("browser.serverAddress", "browser.gatherUsageStats"),
)
OLD = InstalledStreamlit("1.41.1", frozenset((*OWNED, "server.maxUploadSize", "theme.base")))
NEW = InstalledStreamlit("1.67.0", OLD.options | {"server.corsAllowedOrigins"})


def options(streamlit: InstalledStreamlit, host: HostOptions | None = None, /, **settings: t.Any) -> dict[str, t.Any]:
    return config_options(catalog_entry("app", Path("/x"), **settings), host or HostOptions(), streamlit)


def test_options_are_read_from_the_text() -> None:
    assert options_in(SOURCE) == {
        *("server.baseUrlPath", "server.address"),
        *("theme.base", "theme.font", "theme.sidebar.font", "theme.dark.sidebar.font"),
    }


def test_an_environment_without_streamlit_is_told(tmp_path: Path) -> None:
    with pytest.raises(StreamlitConfigError, match="add streamlit to the app's requirements"):
        installed_streamlit(str(tmp_path), "")


def test_a_streamlit_of_an_unknown_shape_is_not_judged(tmp_path: Path) -> None:
    package = tmp_path / "lib" / "python3.13" / "site-packages" / "streamlit"
    package.mkdir(parents=True)
    (package / "config.py").write_text("OPTIONS = []\n")
    found = installed_streamlit(str(tmp_path), "9.0")
    assert options(found, streamlit={"config": {"server.new": 1}})["server.new"] == 1


def test_the_host_decides_where_and_to_whom_an_app_answers() -> None:
    """C-04: explicit address, headless, no statistics, no file watcher; S0-45: not on all interfaces."""
    found = options(NEW, streamlit={"config": {"server.maxUploadSize": 5}})
    assert found == {
        "server.maxUploadSize": 5,
        "server.address": "127.0.0.1",
        "server.headless": True,
        "server.baseUrlPath": "app",
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.corsAllowedOrigins": [],
        "server.scriptHealthCheckEnabled": False,
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        "browser.serverAddress": "localhost",
        "browser.gatherUsageStats": False,
    }


def test_an_app_can_not_take_over_what_the_host_owns() -> None:
    """X4, X6: neither an open door for every origin nor another port, whoever writes the catalog."""
    hostile = {"server.enableCORS": False, "server.address": "0.0.0.0", "server.port": 80, "server.sslKeyFile": "k"}
    assert options(NEW, streamlit={"config": hostile}) == options(NEW)


def test_the_public_host_is_named_without_port() -> None:
    """C-02: Streamlit accepts the public host and never asks the internet for its own address."""
    host = HostOptions("https://Apps.example.com:8443/")
    assert options(NEW, host)["browser.serverAddress"] == "apps.example.com"


def test_visitors_are_not_offered_to_deploy() -> None:
    """Streamlit's menu has a button that leads elsewhere; an app may have it, and what is not known is not written."""
    knows = InstalledStreamlit("1.67.0", NEW.options | {"client.toolbarMode"})
    assert options(knows)["client.toolbarMode"] == "viewer"
    assert options(knows, streamlit={"config": {"client.toolbarMode": "auto"}})["client.toolbarMode"] == "auto"
    assert "client.toolbarMode" not in options(NEW)


def test_development_leaves_watching_to_the_app() -> None:
    found = options(NEW, HostOptions(production=False))
    assert not {"server.fileWatcherType", "server.runOnSave"} & set(found)


def test_allowed_origins_are_handed_on_as_a_list() -> None:
    """X1, X2, X3: the real option, as a TOML list, not a comma list under a name that Streamlit ignores."""
    origins = ["https://a.example.com", "https://b.example.com"]
    text = config_text(options(NEW, route={"allowed_origins": origins}))
    assert tomllib.loads(text)["server"]["corsAllowedOrigins"] == origins


def test_allowed_origins_are_refused_for_an_old_streamlit() -> None:
    """C-21: 1.41 has no such option, so the list would silently do nothing."""
    with pytest.raises(StreamlitConfigError) as error:
        options(OLD, route={"allowed_origins": ["https://a.example.com"]})
    assert "allowed_origins: Streamlit 1.41.1 cannot allow other origins" in str(error.value)
    assert "use a newer Streamlit or remove allowed_origins" in str(error.value)


def test_an_old_streamlit_gets_only_what_it_knows() -> None:
    """S0-25: old and new side by side."""
    assert set(options(OLD)) == set(OWNED)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("server.maxUploadsize", "did you mean server.maxUploadSize?"), ("zzz.qqqqqqqq", "remove it")],
)
def test_unknown_options_are_refused_by_name(name: str, hint: str) -> None:
    with pytest.raises(StreamlitConfigError) as error:
        options(NEW, streamlit={"config": {name: 1}})
    assert str(error.value) == "[streamlit.config] %s: Streamlit 1.67.0 has no such option: %s" % (name, hint)
