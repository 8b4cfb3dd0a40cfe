# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages that a front serves itself."""

from __future__ import annotations

import datetime
import re

from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.pages import (
    away_page,
    gallery_page,
    in_order,
    never_live_page,
    not_found_page,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.routes import app_routes
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import away_page as _away_page
from helpers.fronts import entry
from hypothesis import given, strategies as st

LAYOUT = Layout("/srv/a folder")


@given(title=st.text(), owner=st.text())
def test_nothing_in_a_title_or_owner_becomes_markup(title: str, owner: str) -> None:
    """The gallery escapes what people call their apps."""
    page = gallery_page(app_routes(LAYOUT, [entry("app", title=title, owner=owner)]))
    plain = gallery_page(app_routes(LAYOUT, [entry("app", title="x", owner="y")]))
    assert len(re.findall("<", page)) == len(re.findall("<", plain)) - (2 if not owner else 0)


def pages() -> dict[str, str]:
    (route,) = app_routes(LAYOUT, [entry("app")])
    away = away_page(route, True)
    since = datetime.datetime(2026, 11, 8, 9, 5, 7)
    return {
        "gallery": gallery_page([route]),
        "empty": gallery_page([]),
        "away": away,
        "never": never_live_page(route, True),
        "missing": not_found_page(True),
        **{reason: _away_page.told(away, reason, since) for reason in _away_page.WORDS},
    }


def test_pages_ask_for_nothing_else() -> None:
    """No external resources, small, one heading, one landmark, a language, light and dark."""
    for name, page in pages().items():
        assert not re.search(r"""src=|url\(|https?://|href="(?!/app/|/"|data:,)""", page), name
        assert len(page) < 4500
        assert '<html lang="en">' in page
        assert "prefers-color-scheme: dark" in page
        assert page.count("<h1>") == page.count("<main ") == 1
        assert "<title>" in page


def test_an_app_that_is_away_has_its_name_why_and_since_when() -> None:
    """Other words for each reason; the data that lets an open page notice."""
    shown = pages()
    for reason, state in (
        (_away_page.DOES_NOT_ANSWER, "does-not-answer"),
        (_away_page.STOPPED, "is-stopped"),
        (_away_page.RESTARTS, "restarts-in-place"),
    ):
        assert "<h1>App app</h1>" in shown[reason]
        assert "This app is from Johan." in shown[reason]
        assert '<time datetime="2026-11-08T09:05:07Z">8 November 2026, 09:05 UTC</time>' in shown[reason]
        assert '<main data-state="%s 2026-11-08T09:05:07Z">' % state in shown[reason]
        assert [words in shown[reason] for words in _away_page.WORDS.values()].count(True) == 1
        assert _away_page.WORDS[reason] in shown[reason]
    assert "<time" not in shown["away"]
    assert not any(words in shown["never"] for words in _away_page.WORDS.values())


def test_a_title_is_no_page_of_ours() -> None:
    """What an app is called cannot stand in for what the page says."""
    words = _away_page.WORDS[_away_page.DOES_NOT_ANSWER]
    (route,) = app_routes(LAYOUT, [entry("app", title=words + _away_page.SINCE, owner=_away_page.NOT_KNOWN)])
    told = _away_page.told(away_page(route, False), _away_page.STOPPED, datetime.datetime(2026, 1, 1))
    assert "<h1>%s&lt;!-- since --&gt;</h1>" % words in told
    assert told.count("<time ") == 1
    assert "All apps" not in told


def test_titles_are_in_the_order_of_people() -> None:
    """No case, no accents, numbers by value; whatever cannot be compared as text neither."""
    wanted = ["1 first", "Äpfel", "apple", "App 2", "app 10", "Łódź", "Lux", "Øre", "Pie", "Straße", "Strassen", "Zoo"]
    wanted.sort(key=in_order)
    assert wanted == [
        "1 first", "Äpfel", "App 2", "app 10", "apple", "Łódź", "Lux", "Øre", "Pie", "Straße", "Strassen", "Zoo",
    ]  # fmt: skip
    page = gallery_page(app_routes(LAYOUT, [entry("b", title="Zoo"), entry("a", title="Älter"), entry("c", title="b")]))
    assert re.findall("<h2[^>]*>(.*)</h2>", page) == ["Älter", "b", "Zoo"]


@given(titles=st.lists(st.text(max_size=20)))
def test_every_title_can_be_sorted(titles: list[str]) -> None:
    backwards = titles[::-1]
    assert sorted(titles, key=in_order) == sorted(backwards, key=in_order)


def test_apps_of_one_title_show_their_paths() -> None:
    """And only these; what looks the same is the same."""
    apps = [entry("one", title="Sales"), entry("two", title="sales "), entry("three", title="Other")]
    apps.append(entry("four", title="Other", listed=False))
    page = gallery_page(app_routes(LAYOUT, apps))
    assert re.findall("<code>(.*?)</code>", page) == ["/one/", "/two/"]
