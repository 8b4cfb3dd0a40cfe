# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host is large enough for a catalog (C-17)."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import capacity as _capacity
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.capacity import Room, lacks

PLENTY = Room(memory=100_000, disk=100_000)


def app(name: str, requirement: str = "streamlit", memory: int | None = None) -> dict[str, t.Any]:
    environment = {"python": None, "files": {"requirements.txt": requirement}, "entry": "requirements.txt"}
    return {"name": name, "environment": environment, "limits": {"memory": memory, "cpu": None}}


def test_a_host_that_is_large_enough_lacks_nothing() -> None:
    assert lacks([app("a"), app("b")], [], PLENTY) == []
    assert lacks([], [], Room(0, 0)) == []


@pytest.mark.parametrize(("memory", "told"), [(465, 0), (464, 1)])
def test_each_new_app_needs_the_memory_of_one_that_is_visited(memory: int, told: int) -> None:
    """C-17: 155 MB each; the sentence has what is needed, what there is, and a way out."""
    found = lacks([app("a"), app("b"), app("c")], [], Room(memory, 100_000))
    assert len(found) == told
    for text in found:
        assert text.startswith("memory: the apps need about 465 MB (465 MB for 3 new (a, b, c)), and 464 MB")
        assert "pyapps_capacity: ignore" in text


def test_a_host_that_serves_needs_room_for_a_new_release_beside_the_old_one() -> None:
    apps = [app("a"), app("b")]
    assert lacks(apps, ["a", "b"], Room(155, 0)) == []
    (text,) = lacks(apps, ["a", "b"], Room(154, 0))
    assert "155 MB for a new release beside the old one" in text
    (text,) = lacks([*apps, app("c")], ["a", "b"], Room(309, 100_000))
    assert "about 310 MB" in text


def test_an_app_that_is_limited_to_less_needs_less() -> None:
    assert lacks([app("a", memory=100)], [], Room(100, 100_000)) == []
    assert lacks([app("a", memory=4000)], [], Room(155, 100_000)) == []


@pytest.mark.parametrize(
    ("apps", "deployed", "needed"),
    [
        ([app("a"), app("b")], [], 500),
        ([app("a"), app("b", "streamlit==1.41.*")], [], 650),
        ([app("a"), app("b")], ["a"], 150),
        ([app("a")], ["a"], 0),
    ],
)
def test_equal_requirements_need_their_disk_once(
    apps: list[dict[str, t.Any]], deployed: list[str], needed: int
) -> None:
    assert lacks(apps, deployed, Room(100_000, needed)) == []
    if needed:
        (text,) = lacks(apps, deployed, Room(100_000, needed - 1))
        assert "about %d MB, and %d MB are free" % (needed, needed - 1) in text
        assert "pyapps_root" in text


def test_many_names_are_not_all_told() -> None:
    (text,) = lacks([app("app_%d" % number) for number in range(50)], [], Room(0, 100_000))
    assert "50 new (app_0, app_1, app_2, app_3, app_4, ...)" in text


def test_the_host_is_asked_where_the_store_will_be(tmp_path: t.Any) -> None:
    there = _capacity.room(str(tmp_path / "not" / "yet"))
    assert there.memory > 0
    assert there.disk > 0
    with pytest.raises(OSError, match="MemAvailable"):
        _capacity.available_memory("MemTotal: 5 kB\n")
