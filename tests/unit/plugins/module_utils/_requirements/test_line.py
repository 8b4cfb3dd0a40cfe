# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One line of an app's requirements, and why it is refused."""

from __future__ import annotations

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.grammar import RequirementError
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.line import read_line, shown


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("-e .", "editable"),
        ("--editable=src", "editable"),
        ("./wheels/a.whl", "a path"),
        (".", "a path"),
        ("/srv/a", "a path"),
        ("a.whl", "a path"),
        ("a.whl[x]", "a path"),
        ("requirements-dev.txt", "a path"),
        ("a-1.0.tar.gz", "a path"),
        ("C:\\a", "a path"),
        ("git+https://example.com/a", "a URL or a repository"),
        ("https://example.com/a.whl", "a URL or a repository"),
        ("a @ file:///srv/a", "a URL or a repository"),
        ("a@https://example.com/a.zip", "a URL or a repository"),
        ("file:a", "is not a requirement"),
        ("-i https://example.com", "pyapps_index_url"),
        ("--extra-index-url=https://example.com", "pyapps_extra_index_urls"),
        ("--find-links wheels", "pyapps_wheelhouse"),
        ("-f https://example.com", "pyapps_extra_index_urls"),
        ("--trusted-host example.com", "pyapps_ca_bundle"),
        ("--pre", "streamlit>=1.50.0rc1"),
        ("--prefer-binary", "is an option"),
        ("streamlit-nightly", "write streamlit"),
        ("Streamlit_Nightly==1.52.1.dev20251201", "write streamlit"),
        ("--no-binary :all:", "is an option"),
        ("a==${VERSION}", "environment variable"),
        ("a b", "is not a requirement"),
        ("==1", "is not a requirement"),
        ("ä", "is not a requirement"),
    ],
)
def test_anything_else_is_refused_with_the_reason(line: str, message: str) -> None:
    with pytest.raises(RequirementError) as refused:
        read_line(line)
    assert message in str(refused.value)


def test_a_line_is_shown_short_and_without_a_password() -> None:
    assert shown("a @ git+https://me:geheim@example.com/a") == '"a @ git+https://***@example.com/a"'
    assert len(shown("a" * 1_000_000)) < 100
