# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Markers: what is taken, how it is written again, and that nothing else is."""

from __future__ import annotations

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.marker import MarkerError, normal_marker


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("python_version<'3.9'", "python_version < '3.9'"),
        ('  sys_platform == "win32"\t', "sys_platform == 'win32'"),
        ("'linux' in sys_platform", "'linux' in sys_platform"),
        ("os_name not  in 'nt java'", "os_name not in 'nt java'"),
        ("extra == ''", "extra == ''"),
        (
            "( python_full_version >= '3.9' and( os.name == 'nt' or extra=='x-y' ) )",
            "(python_full_version >= '3.9' and (os.name == 'nt' or extra == 'x-y'))",
        ),
        ("python_version ~= '3.9' or python_version == '3'", "python_version ~= '3.9' or python_version == '3'"),
    ],
)
def test_what_is_understood_has_one_form(text: str, written: str) -> None:
    assert normal_marker(text) == written
    assert normal_marker(written) == written


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "python_version",
            "python_version <",
            "< '3'",
            "python_version < 3",
            "python_version < python_version",
        ),
        *(
            "'3' < '4'",
            "no_variable == 'x'",
            "python_version = '3'",
            "python_version < '3' and",
            "python_version < '3' x",
        ),
        *("python_version < '3", "python_version < '3\"", "(python_version < '3'", "python_version < '3')", "()"),
        *(
            "python_version not '3'",
            "and",
            "python_version < '3' 'and' python_version < '4'",
            "python_version 'in' '3'",
        ),
        "python_version === '3'",  # uv does not know it there
        *("sys_platform == 'a#b'", "sys_platform == 'a\\'", "sys_platform == 'a\nb'", "sys_platform == '$a'"),
        *("sys_platform == 'a --hash'", "sys_platform == '-e'", "sys_platform == 'a;b'", "sys_platform == 'ä'"),
        *("sys_platform == 'a'; x", "sys_platform\n== 'a'", "sys_platform == 'a' # b", "sys_platform == u'a'"),
        "(" * 17 + "os_name == 'a'" + ")" * 17,
        "os_name == 'a' and " * 1000 + "os_name == 'a'",
    ],
)
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(MarkerError):
        normal_marker(text)
