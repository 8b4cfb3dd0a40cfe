# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.selfhost.pyapps.plugins.action.app_table import failure_lines, summary
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result
from ansible_collections.selfhost.pyapps.plugins.plugin_utils._table import table

APPS = [{"name": "app_1", "base_path": "/app-1"}, {"name": "app_2", "base_path": "/app-2"}]


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert table(["A", "B"], [["1", "22"], ["333", "4"]]) == ["A    B", "1    22", "333  4"]


def test_wide_characters_take_two_columns() -> None:
    assert table(["A", "B"], [["日本", "x"]]) == ["A     B", "日本  x"]


def test_every_app_of_the_catalog_has_a_line_even_without_a_result() -> None:
    lines = summary(APPS, {"app_1": Result(note="live")}, "http://localhost", ["old"])
    assert lines[1].split() == ["app_1", "http://localhost/app-1/", "ok", "live"]
    assert lines[2].split()[:3] == ["app_2", "http://localhost/app-2/", "failed"]
    assert lines[3].split() == ["old", "-", "removed", "data/", "is", "kept"]


def test_a_failure_names_app_step_reason_and_the_end_of_the_log() -> None:
    failed = Result().failed("script", "it raised", ["Traceback", "ZeroDivisionError"])
    assert failure_lines({"app_1": failed, "app_2": Result()}) == [
        "",
        "app_1 failed at step script: it raised",
        "    | Traceback",
        "    | ZeroDivisionError",
    ]
