# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.app_env import read_env
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Report


def test_values_become_strings_sorted_by_name() -> None:
    report = Report()
    env = read_env({"B": True, "A": 1, "C_1": "a b\n'\"$", "a": False, "EMPTY": ""}, report.about("f"))
    assert list(env.items()) == [("A", "1"), ("B", "true"), ("C_1", "a b\n'\"$"), ("EMPTY", ""), ("a", "false")]
    assert report.problems == []


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PYAPPS_APP", "x", "belongs to the host"),
        ("HOME", "x", "belongs to the host"),
        ("TMPDIR", "x", "belongs to the host"),
        ("PATH", "x", "belongs to the host"),
        ("LD_PRELOAD", "x", "belongs to the host"),
        ("PYTHONHOME", "x", "belongs to the host"),
        ("PYTHONPATH", "x", "belongs to the host"),
        ("STREAMLIT_SERVER_PORT", 8001, "write the option into [streamlit.config.server]"),
        ("streamlit_server_port", 8001, "write the option into [streamlit.config.server]"),
        ("STREAMLIT_SERVER_ALLOWED_ORIGINS", "x", "write the option into [streamlit.config.server]"),
        ("STREAMLIT_BROWSER_GATHER_USAGE_STATS", True, "write the option into [streamlit.config.browser]"),
        ("1A", "x", "is not a name"),
        ("A-B", "x", "is not a name"),
        ("A=B", "x", "is not a name"),
        ("A\nB", "x", "is not a name"),
        ("", "x", "is not a name"),
        ("Ä", "x", "is not a name"),
        ("A" * 129, "x", "is not a name"),
        ("A", 1.5, "must be a string, an integer or a boolean"),
        ("A", ["x"], "must be a string, an integer or a boolean"),
        ("A", {"B": 1}, "must be a string, an integer or a boolean"),
        ("A", "a\0b", "NUL"),
        ("A", 2**63, "too large"),
    ],
)
def test_what_is_refused(name: str, value: object, message: str) -> None:
    report = Report()
    assert read_env({name: value}, report.about("f")) == {}
    assert message in report.problems[0].message


def test_a_refused_value_is_never_shown() -> None:
    report = Report()
    read_env({"PATH": "geheim", "A-B": "geheim", "C": "geheim\0"}, report.about("f"))
    assert len(report.problems) == 3
    assert not any("geheim" in problem.as_line() for problem in report.problems)


def test_streamlits_other_variables_and_pythons_harmless_ones_are_taken() -> None:
    """X7: OCapistaine's STREAMLIT_AUTH_PASSWORD is a variable of the app's own."""
    report = Report()
    names = ["STREAMLIT_AUTH_PASSWORD", "PYTHONUNBUFFERED", "PYTHONHASHSEED", "HOMEPAGE", "PATHS"]
    assert sorted(read_env(dict.fromkeys(names, "1"), report.about("f"))) == sorted(names)
