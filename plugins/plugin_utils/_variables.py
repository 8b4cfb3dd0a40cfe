# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the variables that people set, and says each fault in one line.

Ansible checks a role's variables too, but shows the whole specification with each error, and ignores names that no
role knows.
"""

from __future__ import annotations

import fnmatch
import json
import os
import typing as t

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Problem, show
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.suggest import nearest

IGNORED = "pyapps_ignored_variables"
ROLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "roles")

_LONGEST_REASON = 200
_MOST_CHOICES = 12
_WORDS = {
    "bool": "true or false",
    "dict": "a dictionary",
    "float": "a number",
    "int": "an integer",
    "list": "a list",
    "path": "a path",
    "str": "a string",
}

Option = t.Mapping[str, t.Any]


def options_of_roles(folder: str = ROLES) -> dict[str, dict[str, t.Any]]:
    """Every variable of every role of the collection.

    :param folder: the folder of the roles
    :returns: the option of ``argument_specs.yml`` by the variable's name
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    options: dict[str, dict[str, t.Any]] = {}
    for role in sorted(os.listdir(folder)):
        path = os.path.join(folder, role, "meta", "argument_specs.yml")
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                specs = yaml.load(file, Loader=loader)["argument_specs"]  # noqa: S506  (a safe loader)
            for spec in specs.values():
                options.update(spec.get("options", {}))
    return options


def prefixes(folder: str = ROLES) -> tuple[str, ...]:
    """What the names of the collection's variables begin with: each role's name and an underscore."""
    return tuple(role + "_" for role in sorted(os.listdir(folder)) if os.path.isdir(os.path.join(folder, role)))


def unknown_variables(
    names: t.Iterable[str], known: t.Collection[str], beginnings: tuple[str, ...], ignored: t.Sequence[str] = ()
) -> list[Problem]:
    """Names that begin like those of the collection and that no role knows: what they say would have no effect.

    :param names: all variables of a host
    :param known: the names of the collection's variables
    :param beginnings: what :func:`prefixes` returns
    :param ignored: patterns of names that belong to something else, such as ``nginx_*``
    """
    problems = []
    for name in sorted(names):
        if not name.startswith(beginnings) or name in known:
            continue
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in ignored):
            continue
        guess = _nearest(name, known, beginnings)
        hint = "did you mean %s?" % guess if guess else "remove it."
        message = "is not a variable of this collection: %s If it is another role's, name it in %s" % (hint, IGNORED)
        problems.append(Problem(name, "", message))
    return problems


def _nearest(name: str, known: t.Collection[str], beginnings: tuple[str, ...]) -> str | None:
    """The known name with the same beginning that is most like it; the beginning itself makes no name near."""
    own = max((beginning for beginning in beginnings if name.startswith(beginning)), key=len)
    guess = nearest(name[len(own) :], [other[len(own) :] for other in known if other.startswith(own)])
    return own + guess if guess else None


def fault(name: str, value: object, option: Option) -> Problem | None:
    """What is wrong with the value of a variable; None when nothing is.

    :param name: the variable
    :param value: its value, without templates
    :param option: its option of ``argument_specs.yml``
    """
    if value is None and not option.get("required"):
        return None
    result = ArgumentSpecValidator({name: dict(option)}).validate({name: value})
    if not result.error_messages:
        return None
    kind, choices = str(option.get("type", "str")), option.get("choices")
    found = "" if _is_secret(name, option) else _shown(value)
    plain = ArgumentSpecValidator({name: {"type": kind}}).validate({name: value})
    if plain.error_messages:
        message = "must be " + _WORDS.get(kind, kind)
        return Problem(name, "", message, found, _choices(choices) or "")
    if choices and value not in choices:
        guess = nearest(str(value), map(str, choices))
        message = "did you mean %s?" % guess if guess else "is not one of its values"
        return Problem(name, "", message, found, _choices(choices))
    elements = str(option.get("elements", ""))
    if (
        elements
        and ArgumentSpecValidator({name: {"type": kind, "elements": elements}}).validate({name: value}).error_messages
    ):
        return Problem(name, "", "must be a list in which each is %s" % _WORDS.get(elements, elements), found)
    # Ansible's words about what is inside a dictionary name its key; a secret's could hold its value.
    inside = "" if _is_secret(name, option) else ": " + " ".join(result.error_messages[0].split())[:_LONGEST_REASON]
    return Problem(name, "", "has not the form that the role's page shows" + inside)


def _is_secret(name: str, option: Option) -> bool:
    return bool(option.get("no_log")) or any(word in name for word in ("secret", "token", "password", "credential"))


def _choices(choices: t.Sequence[object] | None) -> str:
    return ", ".join(map(str, choices)) if choices and len(choices) <= _MOST_CHOICES else ""


def _shown(value: object) -> str:
    """A value in one line, as YAML's readers know it."""
    if isinstance(value, (dict, list)):
        try:
            text = json.dumps(value, ensure_ascii=True)
        except (TypeError, ValueError):
            return "a dictionary" if isinstance(value, dict) else "a list"
        return text if len(text) <= 60 else "a dictionary" if isinstance(value, dict) else "a list"
    return show(value)
