# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration that a release gives to Streamlit.

The app's own options come first (its ``.streamlit/config.toml`` and ``[streamlit.config]``, merged in the catalog);
what the host owns is set over them, so that exactly the right origins are accepted and nothing is reachable past the
front.
"""

from __future__ import annotations

import glob
import os
import re
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.suggest import nearest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml_writer import to_toml
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.base import KindError
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.generator import Generator, HostOptions
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.kind import CONFIG
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.owned import host_owned

ORIGINS = "server.corsAllowedOrigins"

# Without it Streamlit's menu offers visitors a button "Deploy", which leads elsewhere.
_DEFAULTS: dict[str, t.Any] = {"client.toolbarMode": "viewer"}

_OPTION = re.compile(r'\b_create_option\(\s*"([\w.]+)"')
_THEME_OPTION = re.compile(r'\b_create_theme_options\(\s*"(\w+)",\s*categories=\[([^\]]*)\]')
_THEME_CLASS = re.compile(r"^class CustomThemeCategories\b.*\n((?:[ \t]+.*\n|\n)*)", re.MULTILINE)
_THEME_CATEGORY = re.compile(r'^\s+([A-Z_]+) = "([\w.]+)"', re.MULTILINE)


class StreamlitConfigError(KindError):
    """The options do not fit the installed Streamlit; the text names the option and says what to do."""


class InstalledStreamlit(t.NamedTuple):
    """The Streamlit of an environment.

    :param options: names of all its options; empty when they cannot be told
    """

    version: str
    options: frozenset[str]

    def knows(self, option: str) -> bool:
        return not self.options or option in self.options


def options_in(source: str) -> frozenset[str]:
    """The names of all options in the text of Streamlit's ``config.py``.

    Read as text: nothing of an environment is run (safety rules), and the target's Python may be older than its syntax.
    """
    block = _THEME_CLASS.search(source)
    categories = dict(_THEME_CATEGORY.findall(block.group(1))) if block else {}
    found = set(_OPTION.findall(source))
    for name, places in _THEME_OPTION.findall(source):
        if '"theme"' in places:
            found.add("theme." + name)
        found.update(
            "theme.%s.%s" % (value, name)
            for member, value in categories.items()
            if re.search(r"CustomThemeCategories\.%s\b" % member, places)
        )
    return frozenset(found)


def installed_streamlit(environment: str, version: str) -> InstalledStreamlit:
    """What the environment's Streamlit knows.

    :param environment: folder of the environment
    :param version: its Streamlit's version, as the environment step has told
    :raises StreamlitConfigError: there is no Streamlit in it
    """
    pattern = os.path.join(glob.escape(environment), "lib", "python*", "site-packages", "streamlit", "config.py")
    for path in sorted(glob.glob(pattern)):
        with open(path, encoding="utf-8") as file:
            options = options_in(file.read())
        # A config.py of another shape than every one since 1.41 tells us nothing; then Streamlit itself warns.
        return InstalledStreamlit(version, options if "server.baseUrlPath" in options else frozenset())
    raise StreamlitConfigError(
        "the environment has no Streamlit: add streamlit to the app's requirements.txt or pyproject.toml"
    )


def config_options(app: t.Mapping[str, t.Any], host: HostOptions, streamlit: InstalledStreamlit) -> dict[str, t.Any]:
    """All options of a release.

    :param app: the app's entry of the catalog
    :returns: without those of the app's own file that this Streamlit does not know, as Streamlit ignores them
    :raises StreamlitConfigError: ``[streamlit.config]`` has options that this Streamlit does not have, or there are
        origins that it cannot allow
    """
    unknown = _unknown(app, streamlit)
    misspelt = [name for name in unknown if name not in _of_own_file(app)]
    if misspelt:
        raise StreamlitConfigError("; ".join(_told(name, streamlit) for name in misspelt))
    own = {key: value for key, value in _own(app).items() if key not in unknown}
    origins = app["route"]["allowed_origins"]
    if origins and not streamlit.knows(ORIGINS):
        raise StreamlitConfigError(
            "[route] allowed_origins: Streamlit %s cannot allow other origins (it has no option %s; 1.53 has): "
            "use a newer Streamlit or remove allowed_origins (%s)" % (streamlit.version, ORIGINS, ", ".join(origins))
        )
    defaults, ours = (
        {key: value for key, value in options.items() if streamlit.knows(key)}
        for options in (_DEFAULTS, _host_owned(app, host))
    )
    return {**defaults, **own, **ours}


def config_text(options: t.Mapping[str, t.Any]) -> str:
    """The file's text."""
    return "# Made by selfhost.pyapps: change [streamlit.config] in setup.toml instead.\n" + to_toml(options)


def ignored_options(app: t.Mapping[str, t.Any], streamlit: InstalledStreamlit) -> str | None:
    """What to tell of the app's ``.streamlit/config.toml``, when it has options that this Streamlit does not know."""
    names = [name for name in _unknown(app, streamlit) if name in _of_own_file(app)]
    if not names:
        return None
    guesses = {name: nearest(name, streamlit.options) for name in names}
    shown = ["%s (did you mean %s?)" % (name, guesses[name]) if guesses[name] else name for name in names]
    return "%s: Streamlit %s does not know and ignores %s" % (
        os.path.join(app["folder"], CONFIG),
        streamlit.version,
        ", ".join(shown),
    )


def _own(app: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {key: value for key, value in app["streamlit"]["config"].items() if not host_owned(key)}


def _of_own_file(app: t.Mapping[str, t.Any]) -> t.Sequence[str]:
    return t.cast("t.Sequence[str]", app["streamlit"].get("own", ()))


def _unknown(app: t.Mapping[str, t.Any], streamlit: InstalledStreamlit) -> list[str]:
    return sorted(name for name in _own(app) if not streamlit.knows(name))


def _told(name: str, streamlit: InstalledStreamlit) -> str:
    guess = nearest(name, streamlit.options)
    hint = "did you mean %s?" % guess if guess else "remove it"
    return "[streamlit.config] %s: Streamlit %s has no such option: %s" % (name, streamlit.version, hint)


def _host_owned(app: t.Mapping[str, t.Any], host: HostOptions) -> dict[str, t.Any]:
    options: dict[str, t.Any] = {
        "server.address": "127.0.0.1",
        "server.headless": True,
        "server.baseUrlPath": app["base_path"].strip("/"),
        # Both on: only then are the page's own origin and the listed ones accepted, and no others.
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        ORIGINS: list(app["route"]["allowed_origins"]),
        # It would run the script for whoever asks.
        "server.scriptHealthCheckEnabled": False,
        # Names the host that visitors use, so that Streamlit never asks the internet for its own address.
        "browser.serverAddress": host.public_host,
        "browser.gatherUsageStats": False,
    }
    if host.production:
        options.update({"server.fileWatcherType": "none", "server.runOnSave": False})
    return options


def _files(app: t.Mapping[str, t.Any], host: HostOptions, environment: str, version: str) -> dict[str, str]:
    return {CONFIG: config_text(config_options(app, host, installed_streamlit(environment, version)))}


def _notices(app: t.Mapping[str, t.Any], environment: str, version: str) -> list[str]:
    if not _of_own_file(app):
        return []
    ignored = ignored_options(app, installed_streamlit(environment, version))
    return [ignored] if ignored else []


GENERATOR = Generator(files=_files, notices=_notices)
