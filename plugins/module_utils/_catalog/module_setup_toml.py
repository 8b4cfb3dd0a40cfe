# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module ``setup_toml`` takes and does. On the controller its action plugin does it without the module."""

from __future__ import annotations

import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.assignment import EVERY, Assignment
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.reader import read_catalog
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml import TomlMissingError

GIVEN: dict[str, t.Any] = {
    "path": {"type": "path", "required": True},
    "secrets": {"type": "dict", "no_log": True},
    "only": {"type": "list", "elements": "str", "default": [EVERY]},
    "fleet": {"type": "list", "elements": "raw", "default": []},
    "chosen": {"type": "list", "elements": "str", "default": []},
    "invalid": {"type": "str", "choices": ["refuse", "keep"], "default": "refuse"},
    "apt_packages": {"type": "bool", "default": False},
}
"""What people give."""
ARGUMENTS: dict[str, t.Any] = {**GIVEN, "secret_names": {"type": "dict", "no_log": False}}


def answer(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The catalog, or with ``msg`` why there is none.

    :param params: as :data:`ARGUMENTS` says
    :returns: ``apps``, ``notices``, ``invalid``; or ``msg``, ``errors``, ``notices``
    """
    try:
        catalog = read_catalog(
            params["path"],
            params.get("secret_names"),
            Assignment(params["only"]),
            params["fleet"],
            [name.strip() for name in params["chosen"] if name.strip()],
            params["invalid"] == "keep",
            params["apt_packages"],
        )
    except TomlMissingError as error:
        return {"msg": str(error), "errors": [], "notices": []}
    if catalog.errors:
        return {
            "msg": "\n".join(problem.as_line() for problem in catalog.errors),
            "errors": [problem.as_dict() for problem in catalog.errors],
            "notices": catalog.notices,
        }
    return {"apps": catalog.apps, "notices": catalog.notices, "invalid": catalog.invalid}
