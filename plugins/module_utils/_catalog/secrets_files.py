# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the secrets that lie in an app's folder: ``.env``, and the TOML file of its kind.

They are for the controller only: no release's code and no archive ever holds them (``_state/ignore.py``). Errors and
notices name files and lines, never what stands there.
"""

from __future__ import annotations

import os
import re
import stat

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.app_env import name_fault
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets import AppSecrets
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.app_files import (
    KIB,
    UnreadableError,
    read_app_text,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.dotenv import DotenvError, parse_dotenv
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import FileReport
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml import TomlError, parse_toml

DOTENV = ".env"

_LARGEST = 64 * KIB
_OTHERS_MAY_READ = stat.S_IRGRP | stat.S_IROTH
_PLACE = re.compile(r"\(at (?:line \d+, column \d+|end of document)\)")


def read_folder_secrets(folder: str, secrets_file: str, report: FileReport) -> AppSecrets:
    """The secrets of an app's folder; what is wrong is told, and left out.

    :param secrets_file: where the app's kind looks for those in TOML (``Kind.secrets_file``); "" for nowhere
    """
    return AppSecrets(_dotenv(folder, report), _toml(folder, secrets_file, report) if secrets_file else "")


def toml_fault(text: str) -> str:
    """Why a text cannot be a ``secrets.toml``, or nothing. An app might start with it all the same, without it."""
    try:
        parse_toml(text)
    except TomlError as error:
        place = _PLACE.search(str(error))
        return "is not valid TOML" + (" " + place[0] if place else "")
    return ""


def _dotenv(folder: str, report: FileReport) -> dict[str, str]:
    text = _text(folder, DOTENV, report)
    about = report.beside(os.path.join(folder, DOTENV))
    try:
        values = parse_dotenv(text)
    except DotenvError as error:
        about.error("", str(error))
        return {}
    if any("\0" in value for value in values.values()):
        about.error("", "holds a NUL character, so it cannot be read as variables")
    owned = [name for name in sorted(values) if name_fault(name)]
    if owned:
        # Such a file is often one for a laptop; what it says about the host has no meaning on the host.
        about.notice("has no effect here: %s (see the page of setup.toml)" % ", ".join(owned))
    return {name: value for name, value in values.items() if name not in owned}


def _toml(folder: str, secrets_file: str, report: FileReport) -> str:
    text = _text(folder, secrets_file, report)
    fault = toml_fault(text)
    if fault:
        report.beside(os.path.join(folder, secrets_file)).error("", fault)
    return "" if fault else text


def _text(folder: str, relative: str, report: FileReport) -> str:
    path = os.path.join(folder, relative)
    about = report.beside(path)
    try:
        text = read_app_text(folder, path, _LARGEST)
        if os.stat(path).st_mode & _OTHERS_MAY_READ:
            about.notice("can be read by other users of this machine: chmod 600 it")
        return text
    except FileNotFoundError:
        return ""
    except (UnreadableError, OSError) as error:
        about.error("", str(error) if isinstance(error, UnreadableError) else str(error.strerror))
        return ""
