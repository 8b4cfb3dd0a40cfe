# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan that was made for an older state of the host."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.last_run import Plan, StalePlanError, look
from ansible_collections.selfhost.pyapps.plugins.modules import app_removal, applied_catalog
from helpers.modules import run_module


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(str(tmp_path))


def test_a_run_may_change_what_it_has_changed_itself(layout: Layout) -> None:
    mine = Plan.of(look(layout))
    for step in ("deployed app_1", "applied a catalog"):
        mine.check(layout)
        mine.note(layout, step)
    later = Plan.of(look(layout))
    later.check(layout)
    assert later.seen == mine.run


def test_a_run_is_refused_when_another_one_was_faster(layout: Layout) -> None:
    slow, fast = Plan.of(look(layout)), Plan.of(look(layout))
    fast.note(layout, "deployed app_1")
    with pytest.raises(StalePlanError, match=r"another run .* \(it deployed app_1 at 2\d{3}-.*Run again"):
        slow.check(layout)
    Plan.of(look(layout)).check(layout)


def test_two_runs_that_change_nothing_do_not_mind_each_other(layout: Layout) -> None:
    first, second = Plan.of(look(layout)), Plan.of(look(layout))
    second.check(layout)
    first.check(layout)


def test_what_is_done_without_a_plan_is_seen_by_those_who_have_one(layout: Layout) -> None:
    """A rollback looks and acts under one lock, so it needs none."""
    slow = Plan.of(look(layout))
    Plan.of(None).check(layout)
    Plan.of(None).note(layout, "deployed app_1")
    Plan().check(layout)
    with pytest.raises(StalePlanError):
        slow.check(layout)


def test_a_damaged_file_is_another_state(layout: Layout) -> None:
    Plan().note(layout, "deployed app_1")
    slow = Plan.of(look(layout))
    for text in ("{", "[]"):
        Path(layout.run, "changed-by.json").write_text(text)
        with pytest.raises(StalePlanError):
            slow.check(layout)


def test_no_module_removes_or_applies_by_an_old_plan(layout: Layout) -> None:
    old = look(layout)
    Plan().note(layout, "deployed app_1")
    app = Path(layout.app("app_1").releases)
    app.mkdir(parents=True)
    Path(layout.etc).mkdir(parents=True)
    removal = run_module(app_removal, root=layout.root, names=["app_1"], plan=old)
    assert "another run has changed this host" in removal["msg"]
    assert app.is_dir()
    arguments = {"source": "me", "front": "nginx", "url": "http://localhost", "apps": []}
    for plan in (old, look(layout)):
        applied = run_module(applied_catalog, root=layout.root, plan=plan, **arguments)
        assert applied.get("failed", False) is (plan is old)
    assert run_module(applied_catalog, root=layout.root, plan=look(layout), **arguments)["changed"] is False
