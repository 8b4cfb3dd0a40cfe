# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry import host_plan as _host_plan
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import trusted_path as _trusted_path
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import layout as _host_layout
from ansible_collections.selfhost.pyapps.plugins.modules import host_layout
from helpers.modules import run_module

STRANGER = 12345


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder as /var/tmp is: everybody may write there, and nobody exchange what is another's."""
    found = tmp_path / "place"
    found.mkdir()
    found.chmod(0o1777)
    return found


def test_a_folder_of_ones_own_and_one_that_is_missing_can_be_relied_on(place: Path) -> None:
    (place / "mine").mkdir()
    assert _trusted_path.faults(str(place / "mine" / "below")) == []
    assert _trusted_path.faults(str(place / "missing")) == []
    assert _trusted_path.faults("/") == []


def test_a_folder_that_another_user_owns_is_named_with_its_owner(place: Path) -> None:
    (place / "theirs").mkdir()
    os.chown(place / "theirs", STRANGER, STRANGER)
    (fault,) = _trusted_path.faults(str(place / "theirs" / "below"))
    assert fault == "the folder %s belongs to uid 12345, who could put something else there" % (place / "theirs")


def test_a_link_of_another_user_is_named_and_so_is_what_it_leads_to(place: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", STRANGER, STRANGER)
    (place / "link").symlink_to(tmp_path / "theirs")
    (fault,) = _trusted_path.faults(str(place / "link"))
    assert "the folder %s belongs" % (tmp_path / "theirs") in fault
    os.chown(place / "link", STRANGER, STRANGER, follow_symlinks=False)
    assert "the link %s belongs" % (place / "link") in _trusted_path.faults(str(place / "link"))[0]


def test_a_parent_whose_entries_everybody_may_exchange_is_named(place: Path) -> None:
    (place / "mine").mkdir()
    place.chmod(0o777)
    (fault,) = _trusted_path.faults(str(place / "mine"))
    assert fault == "everybody may exchange what is in the folder %s (mode 777)" % place


def test_a_parent_whose_entries_a_group_may_exchange_is_named_with_who_is_in_it(place: Path) -> None:
    (place / "mine").mkdir()
    os.chown(place, -1, pwd.getpwnam("mail").pw_gid)
    place.chmod(0o2775)
    (fault,) = _trusted_path.faults(str(place / "mine"))
    assert fault == "mail may exchange what is in the folder %s (mode 2775)" % place
    place.chmod(0o3775)
    assert _trusted_path.faults(str(place / "mine")) == []


def test_a_group_without_anybody_else_is_no_fault(place: Path) -> None:
    (place / "mine").mkdir()
    os.chown(place, -1, os.getegid())
    place.chmod(0o775)
    assert _trusted_path.faults(str(place / "mine")) == []


def test_a_host_is_not_laid_out_in_a_folder_of_somebody_else(place: Path) -> None:
    root = place / "demo"
    root.mkdir()
    os.chown(root, STRANGER, STRANGER)
    for answer in (run_module(host_layout, root=str(root)), run_module(host_layout, root=str(root), check=True)):
        assert "Nothing was changed on this host:\n- pyapps_root: the folder %s belongs" % root in answer["msg"]
    assert list(root.iterdir()) == []
    layout = Layout(str(root))
    assert set(_host_layout.strangers(layout)) <= set(_host_plan.root_problems(layout))


def test_a_folder_that_somebody_makes_between_look_and_work_is_refused(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = place / "demo"

    def race(path: str, exist_ok: bool) -> None:
        os.mkdir(path)
        os.chown(path, STRANGER, STRANGER)

    monkeypatch.setattr(os, "makedirs", race)
    assert "belongs to uid 12345" in run_module(host_layout, root=str(root))["msg"]
    assert list(root.iterdir()) == []
