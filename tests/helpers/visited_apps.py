# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The apps that the tests in a browser visit: two under each of three Streamlits, and one that gets a newer one."""

from __future__ import annotations

import typing as t
from pathlib import Path

from helpers.checkout import CHECKOUT
from helpers.site_host import SiteHost

VERSIONS = ("1.41", "1.53", "1.67")
"""The oldest that is supported, one with the interface for hosts (since 1.46), and the newest."""

UPGRADED = VERSIONS[:-1]
"""Streamlits from which the apps ``upgrading`` go to the newest."""

_SOURCES = CHECKOUT / "tests" / "end_to_end" / "apps"


def short_name(app: str, version: str) -> str:
    """The title of an app, and the last part of its URL."""
    return "%s-%s" % (app, version.replace(".", ""))


def add_visited_apps(host: SiteHost) -> None:
    """Every app, for each of its versions."""
    for app, versions in (("tour", VERSIONS), ("changing", VERSIONS), ("upgrading", UPGRADED)):
        for version in versions:
            host.add_app(short_name(app, version), "streamlit==%s.*" % version, _files(_SOURCES / app))


def change_apps(host: SiteHost, before: int) -> None:
    """Make the next version of each app ``changing``."""
    for version in VERSIONS:
        _next_version(host, short_name("changing", version), before)


def upgrade_apps(host: SiteHost, before: int) -> None:
    """Make the next version of each app ``upgrading``; it wants the newest Streamlit."""
    for version in UPGRADED:
        short = short_name("upgrading", version)
        _next_version(host, short, before)
        (host.apps / host.name(short) / "requirements.txt").write_text("streamlit==%s.*\n" % VERSIONS[-1])


def _next_version(host: SiteHost, short: str, before: int) -> None:
    script = host.apps / host.name(short) / "main.py"
    text = script.read_text()
    assert "VERSION = %d" % before in text
    script.write_text(text.replace("VERSION = %d" % before, "VERSION = %d" % (before + 1)))


def drain_one_only(host: SiteHost, app: str, versions: t.Sequence[str]) -> None:
    """From now on one old release of an app stays; an older one ends whoever uses it."""
    for version in versions:
        settings = host.apps / host.name(short_name(app, version)) / "setup.toml"
        settings.write_text(settings.read_text() + "\n[deploy]\nmax_draining = 1\n")


def _files(folder: Path) -> dict[str, str | bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
