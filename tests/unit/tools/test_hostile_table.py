# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table that ``make hostile`` ends with."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import attacks
from helpers.attacks import Attack, record, record_open, recorded
from tools.hostile_table import HEAD, report, together, with_table


@pytest.fixture(autouse=True)
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A record of its own."""
    monkeypatch.setattr(attacks, "RECORDS", tmp_path / "hostile.jsonl")
    return tmp_path / "hostile.jsonl"


def test_two_hosts_of_a_kind_are_one_line() -> None:
    tried = [Attack("image", "climbs", 2, 0), Attack("controller", "digs", 5, 1), Attack("image", "climbs", 3, 0)]
    found = together(tried)
    assert found == [Attack("controller", "digs", 5, 1), Attack("image", "climbs", 5, 0)]


def test_a_clean_run_ends_with_zeros_and_code_0() -> None:
    lines, code = report([Attack("image", "climbs", 2, 0)], {"image"})
    assert code == 0
    assert lines == [
        "WHERE  ATTACK  TRIES  GOT THROUGH",
        "image  climbs  2      0",
        "",
        "1 attacks, 2 tries, 0 got through",
    ]


def test_what_got_through_is_code_1_even_once_of_many() -> None:
    lines, code = report([Attack("image", "climbs", 2, 0), Attack("image", "climbs", 9000, 1)], {"image"})
    assert code == 1
    assert lines[1] == "image  climbs  9002   1"


def test_a_place_that_nobody_attacked_is_code_1() -> None:
    lines, code = report([Attack("image", "climbs", 2, 0)], {"image", "home"})
    assert code == 1
    assert "Nothing was attacked here: home" in lines
    assert report([], {"image"})[1] == 1


def test_what_is_known_to_be_open_stands_apart_and_is_no_fault() -> None:
    lines, code = report([Attack("image", "climbs", 1, 0), Attack("image", "digs", 3, 3, is_open=True)], {"image"})
    assert code == 0
    assert "1 attacks, 1 tries, 0 got through" in lines
    assert lines.index("image  digs    3") > lines.index("Open, as docs/explanation/safety.md says:")


def test_the_page_has_the_last_table_and_no_older_one() -> None:
    tried = [Attack("image", "climbs a|b", 2, 0), Attack("image", "digs", 3, 3, is_open=True)]
    once = with_table("# Attacks\n\n", tried)
    assert once == "# Attacks\n\n" + HEAD + "| image | climbs a\\|b | 2 | 0 |\n"
    assert with_table(once, tried) == once


def test_an_attack_is_recorded_whether_it_got_through_or_not(records: Path) -> None:
    record("image", "climbs", 3, [])
    with pytest.raises(AssertionError, match=r"digs got through 1 of 2 times: \['a'\]"):
        record("image", "digs", 2, ["a"])
    record_open("image", "knocks", 1, ["b"])
    with pytest.raises(AssertionError, match="it is not"):
        record_open("image", "waves", 1, [])
    assert [attack.name for attack in recorded(records)] == ["climbs", "digs", "knocks", "waves"]
    assert recorded(records)[2] == Attack("image", "knocks", 1, 1, is_open=True)


def test_an_attack_without_a_try_is_a_fault() -> None:
    with pytest.raises(AssertionError, match="nothing was tried"):
        record("image", "climbs", 0, [])
