# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One requirement: what is taken, how it is written again, and that nothing else is."""

from __future__ import annotations

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.grammar import (
    Requirement,
    RequirementError,
    as_lines,
    parse_hash,
    parse_requirement,
)

HASH = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("streamlit", "streamlit"),
        ("Zope.Interface_X", "zope-interface-x"),
        ("pip", "pip"),
        ("uv==0.1", "uv==0.1"),
        ("streamlit==1.41.*", "streamlit==1.41.*"),
        (
            "streamlit[auth] >= 1.41, < 2 ; python_version < '3.13'",
            "streamlit[auth]>=1.41,<2 ; python_version < '3.13'",
        ),
        ("streamlit (>=1.41)", "streamlit>=1.41"),
        ("a(>=1,<2)", "a>=1,<2"),
        ("a>=1,", "a>=1"),
        ("a []", "a"),
        ("a[B_c, b.c ,D]", "a[b-c,d]"),
        ("a.b_c-d~=1.0", "a-b-c-d~=1.0"),
        ("a===1.0", "a===1.0"),
        ("a!=1.*", "a!=1.*"),
        ("a == v1!1.0rc1.post2.dev3+Local.1", "a==v1!1.0rc1.post2.dev3+Local.1"),
        ("a==1.0-1", "a==1.0-1"),
        ("a\t==\t1", "a==1"),
        ("a==1 --hash=%s" % HASH, "a==1 \\\n    --hash=%s" % HASH),
        ("a==1\t--hash %s  --hash=%s" % (HASH.upper(), HASH), "a==1 \\\n    --hash=%s" % HASH),
        (
            "x ; platform_machine == 'aarch64' and sys_platform == 'linux'",
            "x ; platform_machine == 'aarch64' and sys_platform == 'linux'",
        ),
    ],
)
def test_what_is_understood_has_one_form(line: str, written: str) -> None:
    assert parse_requirement(line).text() == written
    again = " ".join(part.strip(" \\") for part in written.split("\n"))
    assert parse_requirement(again).text() == written


@pytest.mark.parametrize(
    "line",
    [
        *("", "a b", "==1", "ä", "a\u00a0", "a\nb", "a\n-e .", "a\x0c==1", "a\u2028b", "-e", "_a", "a_", "a" * 129),
        *("a=1", "a==", "a==1,,<2", "a,>=1", "a==1 <2", "a==1 2", "a==x", "a==1x", "a==1..2", "a==.1", "a===x.y"),
        *("a==1\u0663", "a==" + "1" * 19, "a>=1.*", "a~=1", "a~=1.*", "a>1+b", "a==1+b.*", "a(==1", "a==1)"),
        *("a==1b-", "a==1.post_", "a==1.dev_", "a==1b1.*", "a!=1.post1.*", "a==1.dev1.*"),
        *("a[", "a[b", "a[b,]", "a[b c]", "a[b]]", "a[-e]", "a]b[", "a[b][c]"),
        *("a @ b", "a@b", "a/b", "./a", "file:a", "a==1#b", "a #b", "a\\", "a==1\\", "$a", "a==$b", "a==1 ;", "a ; ; "),
        *("a==1--hash=" + HASH, "a==1 --hash", "a==1 --hash=", "a==1 --hash=sha256:aa", "a==1 --hash=md4:" + "a" * 32),
        *(
            "a==1 --hash=%sx" % HASH,
            "a==1 --hash=%s -e ." % HASH,
            "a==1 --hash=%s#" % HASH,
            "a==1 --pre",
            "a --",
            "a -e .",
        ),
        *("a==1 --global-option=x", "a==1 --config-settings=x=y", "a ; python_version > '3 --hash=%s'" % HASH),
        "a" + "," * 20_000,
    ],
)
def test_what_is_not_understood_is_refused(line: str) -> None:
    with pytest.raises(RequirementError):
        parse_requirement(line)


@pytest.mark.parametrize(
    ("line", "pinned"),
    [("a==1", True), ("a===1", True), ("a==1,>0", True), ("a", False), ("a==1.*", False), ("a>=1", False)],
)
def test_one_version_is_a_pin(line: str, pinned: bool) -> None:
    assert parse_requirement(line).is_pinned is pinned


def test_lines_are_written_once() -> None:
    assert as_lines([Requirement("b"), Requirement("a", ("x",)), Requirement("b")]) == "b\na[x]\n"


@pytest.mark.parametrize(("text", "digits"), [("sha256:" + "a" * 60, 60), ("sha512:" + "a" * 64, 64), ("md5:", 0)])
def test_a_hash_of_the_wrong_length_is_told_so(text: str, digits: int) -> None:
    """Cut off when it was copied, as often as not: the kind is right."""
    with pytest.raises(
        RequirementError, match="has a hash with %d digits, and one of %s has " % (digits, text.partition(":")[0])
    ):
        parse_hash(text)
    with pytest.raises(RequirementError, match="none of sha256, "):
        parse_hash("md4:" + "a" * 32)
