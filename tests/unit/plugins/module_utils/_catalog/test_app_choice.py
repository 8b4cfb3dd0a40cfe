# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.app_choice import ChoiceError, choose

APPS = ["app_2", "app_1", "sales"]


def test_no_name_means_all() -> None:
    assert choose([], APPS, "here") == ["app_1", "app_2", "sales"]
    assert choose([" ", ""], APPS, "here") == ["app_1", "app_2", "sales"]


def test_names_are_taken_once_and_sorted() -> None:
    assert choose(["sales ", "app_1", "sales"], APPS, "here") == ["app_1", "sales"]


def test_a_wrong_name_is_told_with_the_nearest_one_and_all_there_are() -> None:
    """S0-101."""
    with pytest.raises(ChoiceError) as caught:
        choose(["sale", "app_1", "zzz\n"], [*APPS], "on this host")
    first, second = str(caught.value).splitlines()
    assert first.startswith('app: "sale" is not an app on this host. Did you mean sales? Allowed are: app_1, ')
    assert "zzz" in second
    assert "Did you mean" not in second


def test_a_host_without_apps_says_so() -> None:
    with pytest.raises(ChoiceError, match="There is none"):
        choose(["x"], [], "on this host")
