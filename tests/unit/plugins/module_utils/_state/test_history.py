# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an app remembers of its releases."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import history
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.history import History

A, B, C = "a" * 16, "b" * 16, "c" * 16


@pytest.fixture
def app(tmp_path: Path) -> AppLayout:
    return AppLayout(str(tmp_path), "app")


def deployed(*releases: str) -> History:
    found, before = History({}), None
    for moment, release in enumerate(releases):
        found, before = found.deployed(release, "day %d" % moment, before), release
    return found


def test_the_release_that_went_live_last_comes_first() -> None:
    found = deployed(A, B, A)
    assert found.newest_first == [A, B]
    assert found.live[A] == "day 2"


def test_a_host_without_a_history_begins_with_what_was_live() -> None:
    assert History({}).deployed(B, "today", before=A).newest_first == [B, A]


def test_a_rollback_withdraws_what_was_live() -> None:
    found = deployed(A, B, C).rolled_back(B, "today", C)
    assert (found.newest_first, found.withdrawn) == ([B, C, A], {C})
    further = found.rolled_back(A, "tomorrow", B)
    assert (further.newest_first, further.withdrawn) == ([A, B, C], {B, C})


def test_a_rollback_to_a_withdrawn_release_goes_forward_and_withdraws_nothing() -> None:
    forward = deployed(A, B).rolled_back(A, "today", B).rolled_back(B, "tomorrow", A)
    assert (forward.newest_first, forward.withdrawn) == ([B, A], frozenset())


def test_a_deploy_ends_what_was_withdrawn_but_a_restart_does_not() -> None:
    found = deployed(A, B).rolled_back(A, "today", B)
    assert found.deployed(A, "restarted", A).withdrawn == {B}
    assert found.deployed(C, "deployed", A).withdrawn == frozenset()


def test_it_is_read_as_it_was_written_without_what_was_pruned(app: AppLayout) -> None:
    assert history.read(app) == History({})
    history.write(app, deployed(A, B).rolled_back(A, "today", B), held=[A])
    assert history.read(app) == History({A: "today"}, frozenset({B}))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"live": [1]}', '{"live": [{"release": 1}]}', '{"withdrawn": 1}'])
def test_a_file_that_is_not_ours_is_no_history(app: AppLayout, text: str) -> None:
    Path(app.history).write_text(text)
    assert history.read(app) == History({})


def test_the_same_code_with_another_url_leaves_withdrawn_what_was() -> None:
    found = History({A: "day 1", B: "day 2"}, frozenset({A})).remade(C, "day 3", B)
    assert (found.newest_first, found.withdrawn) == ([C, B, A], {A})
