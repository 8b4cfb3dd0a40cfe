# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the variable ``pyapps_secrets``.

::

    pyapps_secrets:
      app_1:
        env: {API_KEY: "..."}
        toml: {auth: {password: "..."}}   # or the text of a secrets.toml

Errors name apps and variables, never a value.
"""

from __future__ import annotations

import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.app_env import name_fault
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets import AppSecrets
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets_files import toml_fault
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import FileReport, printable, type_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.suggest import nearest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml_writer import to_toml_document

VARIABLE = "pyapps_secrets"

_PARTS = ("env", "toml")
_LONGEST_KEY = 80


def read_given(value: t.Mapping[str, t.Any], report: FileReport) -> dict[str, AppSecrets]:
    """The secrets by app; what is wrong is told, and left out."""
    return {str(app): _app(str(app), {} if value[app] is None else value[app], report) for app in value}


def tell_unknown_apps(
    given: t.Iterable[str], apps: t.Collection[str], report: FileReport, chosen: t.Collection[str] = ()
) -> None:
    """Secrets for an app that does not exist would silently not arrive.

    :param chosen: the apps that a run is for, when it is not for all: then it is only a notice
    """
    for name in sorted(set(given) - set(apps)):
        guess = nearest(name, apps)
        hint = "did you mean %s? If not, remove it" % guess if guess else "remove it"
        if chosen:
            report.notice("%s: is no app: %s" % (printable(name[:_LONGEST_KEY]), hint))
            continue
        report.error(name[:_LONGEST_KEY], "is no app: " + hint, allowed=", ".join(sorted(apps)))


def _app(app: str, value: t.Any, report: FileReport) -> AppSecrets:
    key = app[:_LONGEST_KEY]
    if not isinstance(value, t.Mapping):
        report.error(key, "must be a dictionary", found=type_of(value), allowed="env and toml")
        return AppSecrets()
    for part in sorted(set(map(str, value)) - set(_PARTS)):
        guess = nearest(part, _PARTS)
        hint = "did you mean %s?" % guess if guess else "write variables below env, Streamlit's secrets below toml"
        report.error("%s.%s" % (key, part[:_LONGEST_KEY]), "is not known: " + hint, allowed=" and ".join(_PARTS))
    env, toml = value.get("env") or {}, value.get("toml") or ""
    return AppSecrets(_env(key + ".env", env, report), _toml(key + ".toml", toml, report))


def _env(key: str, value: t.Any, report: FileReport) -> dict[str, str]:
    if not isinstance(value, t.Mapping):
        report.error(key, "must be a dictionary of variables", found=type_of(value), allowed="NAME: value")
        return {}
    found = {}
    for name in sorted(map(str, value)):
        fault = name_fault(name) or _value_fault(value.get(name))
        if fault:
            report.error("%s.%s" % (key, name[:_LONGEST_KEY]), fault, allowed="strings")
        else:
            found[name] = str(value[name])
    return found


def _value_fault(value: t.Any) -> str:
    if not isinstance(value, str):
        # YAML reads 0123 as 83, and `yes` as true: nobody would find out why the secret is wrong.
        return "must be a string: put the value in quotes"
    return "holds a NUL character, so it cannot be a variable" if "\0" in value else ""


def _toml(key: str, value: t.Any, report: FileReport) -> str:
    if isinstance(value, str):
        text, fault = str(value), ""
    elif isinstance(value, t.Mapping):
        text, fault = _written(value)
    else:
        text, fault = "", "must be the text of a secrets.toml, or a dictionary"
    fault = fault or toml_fault(text)
    if fault:
        report.error(key, fault, found=type_of(value), allowed="text in TOML, or a dictionary")
    return "" if fault else text


def _written(value: t.Mapping[str, t.Any]) -> tuple[str, str]:
    """A dictionary as TOML, and what is wrong with it."""
    try:
        return to_toml_document(value), ""
    except TypeError as error:
        return "", "%s: put it in quotes, or leave it out" % error
