# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run asks its steps: made on the controller, and sent as one word."""

from __future__ import annotations

import base64
import json
import typing as t
from dataclasses import asdict, dataclass

GIVEN: dict[str, t.Any] = {
    "roles": {"type": "list", "elements": "str", "required": True},
    "apps_role": {"type": "str", "default": "streamlit_app"},
    "programs": {"type": "dict", "default": {}},
    "services": {"type": "dict", "default": {}},
    "front": {"type": "dict", "default": {}},
    "health": {"type": "dict", "default": {}},
    "thorough": {"type": "bool", "default": False},
}
"""What people give to the module ``run_plan``."""

ANSWER_OF, KEY = "__pyapps_answer_of", "key"
"""A dictionary of these two stands for a value that an earlier step has answered: its place, and the value's name."""


@dataclass(frozen=True)
class Question:
    """One step of a role, with the arguments of its module.

    :param at_rest: it is asked only when no role has anything to do, because else the run asks later
    """

    role: str
    step: str
    arguments: dict[str, t.Any]
    at_rest: bool = False


def as_word(questions: t.Sequence[Question]) -> str:
    """The questions as one word.

    Secrets are in it. As a dictionary that is ``no_log`` each of its values would be blotted out wherever it appears.
    """
    return base64.b64encode(json.dumps([asdict(question) for question in questions]).encode()).decode()


def from_word(word: str) -> list[Question]:
    """The questions that :func:`as_word` has packed."""
    return [Question(**entry) for entry in json.loads(base64.b64decode(word) or "[]")]
