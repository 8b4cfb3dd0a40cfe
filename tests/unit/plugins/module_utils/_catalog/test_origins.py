# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.origins import normal_origins
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Report


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("https://www.example.com", "https://www.example.com"),
        ("HTTPS://WWW.Example.com:443", "https://www.example.com"),
        ("http://a:80", "http://a"),
        ("http://a:443", "http://a:443"),
        ("https://a:08443", "https://a:8443"),
        ("http://192.0.2.1:8080", "http://192.0.2.1:8080"),
        ("http://[2001:DB8:0:0::1]:8080", "http://[2001:db8::1]:8080"),
        ("http://[::1]", "http://[::1]"),
    ],
)
def test_origins_are_written_as_browsers_send_them(given: str, normal: str) -> None:
    report = Report()
    assert normal_origins([given, given], report.about("f")) == [normal]
    assert report.problems == []


@pytest.mark.parametrize("origin", ["http://a:0", "http://a:65536", "http://[1::2::3]", "http://[:]", "http://[1.2]"])
def test_what_can_not_exist_is_refused(origin: str) -> None:
    report = Report()
    assert normal_origins([origin], report.about("f")) == []
    assert report.problems[0].key == "route.allowed_origins"
