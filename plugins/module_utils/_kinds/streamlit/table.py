# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``[streamlit]`` of a ``setup.toml``, and a folder that should have one."""

from __future__ import annotations

import json
import os
import re
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.app_files import (
    MIB,
    SAFE_PATH_IN_WORDS,
    SCRIPT_PATH,
    SETUP,
    UnreadableError,
    check_regular,
    is_script_path,
    read_app_text,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import printable, show
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.schema import Key
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.kind import CONFIG, NAME
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.options import (
    max_upload_size,
    merged,
    own_options,
    setup_options,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.owned import owned_variable
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.table import (
    ADDRESS,
    MAX_UPLOAD_MB,
    Folder,
    Read,
    Table,
)

_STATIC = "static"
_IMPORTS_STREAMLIT = re.compile(r"^[ \t]*(?:import|from)[ \t]+streamlit\b", re.MULTILINE)
_NEEDS_STREAMLIT = re.compile(r"^[ \t\"']*streamlit\b", re.MULTILINE | re.IGNORECASE)
_MOST_SCRIPTS = 200

_SETUP = """\
[streamlit]
entry_file = "%s"
"""
_SCRIPT = """\
import streamlit as st

st.title(%s)
name = st.text_input("What is your name?")
if name:
    st.write("Hello " + name + "!")
"""
_REQUIREMENTS = "streamlit==1.67.*\n"

_KEY = Key(
    NAME,
    "table",
    "A Streamlit app, and how it is reached.",
    keys=(
        Key(
            "entry_file",
            "string",
            "The script that `streamlit run` starts, relative to the app's folder.",
            required=True,
            pattern=SCRIPT_PATH + r"\.py",
            longest=200,
            allowed=SAFE_PATH_IN_WORDS + ", ending with .py; also blanks and ( ) + , &",
            example="app_1.py",
        ),
        *ADDRESS,
        Key(
            "config",
            "map",
            "Streamlit's own options, as in `.streamlit/config.toml` (`[streamlit.config.server]`, or"
            ' `"server.maxUploadSize" = 50` in `[streamlit.config]`). They are merged with the app\'s own'
            " `.streamlit/config.toml` and win over it. What the host owns is refused, see below.",
            allowed="Streamlit's options: strings, numbers, booleans and arrays of them",
            example={"server": {"maxUploadSize": 50}},
        ),
    ),
)


def _read(table: t.Mapping[str, t.Any], folder: Folder) -> Read:
    entry_file: str | None = table["entry_file"]
    config, own = _config(table["config"], folder)
    largest = max_upload_size(config, folder.report, MAX_UPLOAD_MB)
    _check_entry_file(entry_file, folder)
    if config.get("server.enableStaticServing") is True:
        _tell_static(entry_file or "", folder)
    entry = {"entry_file": entry_file, "config": config, "own": own}
    return Read(entry, [entry_file] if entry_file else [], largest)


def _config(table: dict[str, t.Any], folder: Folder) -> tuple[dict[str, t.Any], list[str]]:
    """All options, and which of them only Streamlit's own file of the app names."""
    document = folder.document(CONFIG) or {}
    own_report = folder.report.beside(os.path.join(folder.path, CONFIG))
    own, setup = own_options(document, own_report), setup_options(table, folder.report)
    return merged(own, setup, folder.report), sorted(set(own) - set(setup))


def _check_entry_file(entry_file: str | None, folder: Folder) -> None:
    if entry_file is None:
        return
    fault = "" if is_script_path(entry_file) else "holds a character that is not allowed"
    try:
        if not fault:
            check_regular(folder.path, os.path.join(folder.path, entry_file))
    except UnreadableError as error:
        fault = str(error)
    except OSError as error:
        fault = "cannot be found in the app's folder (%s)" % error.strerror
    if fault:
        allowed = "a Python file inside the app's folder"
        folder.report.error("streamlit.entry_file", fault, found=show(entry_file), allowed=allowed)


def _tell_static(entry_file: str, folder: Folder) -> None:
    """Newer Streamlits serve no link that leads out of their static folder; the folder itself may be one."""
    static = os.path.join(os.path.dirname(entry_file), _STATIC)
    below = [path for path in folder.data_paths if path.startswith(static + "/")]
    if below:
        folder.report.notice(
            "data.paths: visitors get 400 for files below %s: newer Streamlits serve no links that lead out of "
            '%s. Name the whole folder, [data] paths = ["%s"], or write the files elsewhere and show them with '
            "st.image or st.download_button" % (", ".join(below), static, static)
        )


def _template(name: str, title: str) -> dict[str, str]:
    script = name.replace("-", "_") + ".py"
    quoted = json.dumps(title, ensure_ascii=False)
    return {SETUP: _SETUP % script, script: _SCRIPT % quoted, "requirements.txt": _REQUIREMENTS}


def _looks_like(folder: str) -> str | None:
    script = _script(folder)
    if script is None:
        return None
    return (
        "looks like a Streamlit app but has no %s, so it is not served: make that file with the two lines"
        ' [streamlit] and entry_file = "%s"' % (SETUP, printable(script))
    )


def _script(folder: str) -> str | None:
    """A script of the folder that imports Streamlit (or might be meant); None when nothing hints at Streamlit."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return None
    scripts = [name for name in names if name.endswith(".py")][:_MOST_SCRIPTS]
    for name in scripts:
        if _matches(folder, name, _IMPORTS_STREAMLIT):
            return name
    if any(_matches(folder, name, _NEEDS_STREAMLIT) for name in ("requirements.txt", "pyproject.toml")):
        return scripts[0] if scripts else "app.py"
    return None


def _matches(folder: str, name: str, pattern: t.Pattern[str]) -> bool:
    try:
        return bool(pattern.search(read_app_text(folder, os.path.join(folder, name), MIB)))
    except (OSError, UnreadableError):
        return False


def _variable_fault(name: str) -> str:
    section = owned_variable(name)
    if section is None:
        return ""
    return "would change Streamlit past the host: write the option into [streamlit.config.%s]" % section


TABLE = Table(_KEY, _read, _template, _looks_like, _variable_fault)
