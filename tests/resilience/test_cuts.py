# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that are cut and browsers that are stopped: nothing is lost that Streamlit alone keeps (`make resilience`).

The table that is printed stands in docs/explanation/deploys.md.
"""

from __future__ import annotations

import contextlib
import typing as t

import pytest
from helpers.cables import RESET
from helpers.cut_visits import (
    ASLEEP,
    BROWSERS,
    CASES,
    VERSIONS,
    Case,
    Place,
    Seen,
    Sites,
    Visitors,
    alone,
    here,
    table,
)

KEPT_BY_ALL = {Case(RESET, 3), Case(RESET, 20), Case(ASLEEP, 120)}

Found = dict[tuple[str, Case, Place], Seen]

each_browser = pytest.mark.parametrize("browser", BROWSERS)
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: "%s-%d" % case)
live_and_draining = pytest.mark.parametrize("drains", [False, True], ids=["live", "draining"])


@pytest.fixture(scope="module")
def shown() -> t.Iterator[Found]:
    """What became of every visit, by browser, case and place; printed in the end."""
    found: Found = {}
    yield found
    print("\n" + table(found))


@pytest.fixture(scope="module", params=list(VERSIONS))
def server(request: pytest.FixtureRequest) -> str:
    return t.cast(str, request.param)


@pytest.fixture(scope="module")
def found(server: str, shown: Found, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """With the visits behind one front."""
    folder = tmp_path_factory.mktemp("cuts")
    file = folder / "file.txt"
    file.write_text("abc")
    with (
        contextlib.closing(Sites(server, folder)) as sites,
        contextlib.closing(Visitors(sites, file)) as visitors,
    ):
        sites.deploy()
        visitors.lose_connections()
        shown.update(visitors.look())
    return shown


@each_browser
@each_case
@live_and_draining
def test_nothing_is_lost_that_streamlit_alone_keeps(
    found: Found, server: str, drains: bool, case: Case, browser: str
) -> None:
    """Issue 13, point 13."""
    plain, ours = found[browser, case, alone(server)], found[browser, case, here(server)[drains]]
    assert (plain.trouble, ours.trouble) == ("", "")
    assert ours.lost <= plain.lost


@each_browser
@live_and_draining
def test_every_visit_stays_on_its_release(found: Found, server: str, drains: bool, browser: str) -> None:
    assert {found[browser, case, here(server)[drains]].heading for case in CASES} == {"Version 1"}


@each_browser
def test_streamlit_alone_keeps_a_session_for_a_lift_ride_and_a_nap(found: Found, server: str, browser: str) -> None:
    """Or the comparison would say nothing."""
    assert {case for case in KEPT_BY_ALL if found[browser, case, alone(server)].lost} == set()
