# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions on their way to the target."""

from __future__ import annotations

from ansible_collections.selfhost.pyapps.plugins.module_utils._entry.questions import Question, as_word, from_word


def test_questions_arrive_as_they_were() -> None:
    questions = [Question("nginx", "nginx_site", {"apps": [{"title": "Grüße"}]}), Question("h", "x", {}, at_rest=True)]
    word = as_word(questions)
    assert from_word(word) == questions
    assert "title" not in word


def test_no_word_is_no_question() -> None:
    assert from_word("") == []
