# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One app of a published repository as an app of ours.

There is nothing to do for most: the published ``setup.toml`` is accepted as it is. What the build there let through, or
bent until it fitted, is put right here, and told.
"""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass, field

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.app_env import name_fault
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets_files import DOTENV
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.setup_toml import SETUP_TOML
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.app_files import (
    KIB,
    SETUP,
    UnreadableError,
    read_app_text,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.dotenv import DotenvError, parse_dotenv
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Report, printable
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.schema import Key, read_table
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml import TomlError, parse_toml
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml_writer import to_toml_document

_LEFT_OUT = frozenset((".venv", "venv", "__pycache__", ".git", ".DS_Store"))
_FROM_DOCKER = "# What docker gave to every app: from the repository's .env, or secrets of its Dockerfile.\n"


class NotTakenError(Exception):
    """An app that cannot be taken; the text says why."""


@dataclass
class Taken:
    """What others have taken already, so that two apps do not want the same."""

    ports: set[int] = field(default_factory=set)
    base_paths: set[str] = field(default_factory=set)


def settings(folder: str, taken: Taken, served_at: str | None, alone: bool) -> tuple[str, list[str]]:
    """The text of an app's ``setup.toml``, and what was changed in it, a sentence each.

    :param taken: of the apps before this one; is added to
    :param served_at: the base path that supervisord.conf gives it, or None
    :param alone: whether it is the only app, which may have the root of the site
    :raises NotTakenError: there is none, or it is not readable, or names no entry file
    """
    try:
        text = read_app_text(folder, os.path.join(folder, SETUP), 64 * KIB)
        document = parse_toml(text)
    except FileNotFoundError:
        raise NotTakenError("it has no %s; the build there ended with an error at it" % SETUP) from None
    except (UnreadableError, TomlError) as error:
        raise NotTakenError("its %s %s" % (SETUP, error)) from None
    said = _drop_unknown(document, SETUP_TOML, "")
    report = Report()
    read_table(SETUP_TOML, document, report.about(SETUP))
    for problem in report.problems:
        if problem.key in ("streamlit", "streamlit.entry_file"):
            raise NotTakenError(problem.as_line())
        _drop(document, problem.key)
        said.append("%s is left out: %s" % (problem.key, problem.message))
    said += _settle(document["streamlit"], taken, served_at, alone)
    return (to_toml_document(document) if said else text), said


def _drop_unknown(document: dict[str, t.Any], table: Key, path: str) -> list[str]:
    """Take out the keys that nothing there has read, and nothing here knows."""
    said = []
    known = {key.name: key for key in table.keys}
    for name in list(document):
        dotted = path + name
        if name not in known:
            del document[name]
            said.append("%s is left out: it is no key that anything reads" % printable(dotted[:80]))
        elif known[name].kind == "table" and isinstance(document[name], dict):
            said += _drop_unknown(document[name], known[name], dotted + ".")
    return said


def _drop(document: dict[str, t.Any], dotted: str) -> None:
    *tables, name = dotted.split(".")
    place: t.Any = document
    for table in tables:
        place = place.get(table, {})
    place.pop(name, None)


def _settle(streamlit: dict[str, t.Any], taken: Taken, served_at: str | None, alone: bool) -> list[str]:
    """Let no two apps have one port or one base path, which the build there bent."""
    said = []
    port = streamlit.get("port")
    if port in taken.ports:
        del streamlit["port"]
        said.append("streamlit.port is left out: another app has %d; a free one is taken at each start" % port)
    elif port is not None:
        taken.ports.add(port)
    if "base_path" in streamlit:
        wish = _one_form(streamlit["base_path"])
        if wish in taken.base_paths and served_at is not None and _one_form(served_at) not in taken.base_paths:
            streamlit["base_path"] = _one_form(served_at)
            said.append("streamlit.base_path is %s, where it was really served; another app has %s" % (served_at, wish))
        elif wish in taken.base_paths or (wish == "/" and not alone):
            del streamlit["base_path"]
            said.append(
                "streamlit.base_path is left out: another app has %s, or apps beside it; its folder's name is "
                "taken" % wish
            )
        taken.base_paths.add(_one_form(streamlit.get("base_path", "")))
    return said


def _one_form(path: str) -> str:
    return "/" + path.strip("/")


def files(folder: str) -> tuple[list[str], list[str]]:
    """The files of an app by relative path, sorted, and those that are no regular files and stay behind."""
    found: list[str] = []
    left: list[str] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
        inside = os.path.relpath(place, folder)
        for name in [*names, *(each for each in folders if os.path.islink(os.path.join(place, each)))]:
            if name in _LEFT_OUT or name.endswith(".pyc"):
                continue
            relative = os.path.normpath(os.path.join(inside, name))
            path = os.path.join(place, name)
            (found if os.path.isfile(path) and not os.path.islink(path) else left).append(relative)
    return sorted(found), sorted(left)


def docker_variables(text: str) -> tuple[dict[str, str], list[str]]:
    """What ``docker run --env-file`` takes from a file, quotes and all, and numbers of the lines it cannot use
    here."""
    values: dict[str, str] = {}
    left = []
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.lstrip()
        if not stripped or stripped.startswith("#"):
            continue
        name, equals, value = stripped.partition("=")
        if equals and not name_fault(name) and "\0" not in value:
            values[name] = value
        else:
            left.append("line %d" % number)
    return values, left


def dotenv(own: str | None, shared: t.Mapping[str, str]) -> str | None:
    """The ``.env`` of an app: its own, and behind it what docker gave to all; None when there is neither.

    :raises NotTakenError: its own is none
    """
    try:
        names = parse_dotenv(own or "")
    except DotenvError as error:
        raise NotTakenError("its %s: %s" % (DOTENV, error)) from None
    lines = ["%s=%s\n" % (name, _quoted(value)) for name, value in shared.items() if name not in names]
    if not lines:
        return own
    head = (own if own.endswith("\n") else own + "\n") if own else ""
    return head + _FROM_DOCKER + "".join(lines)


def _quoted(value: str) -> str:
    if "'" not in value:
        return "'%s'" % value
    return '"%s"' % value.replace("\\", "\\\\").replace('"', '\\"')
