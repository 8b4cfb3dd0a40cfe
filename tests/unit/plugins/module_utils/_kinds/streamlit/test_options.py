# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Report
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.options import (
    max_upload_size,
    merged,
    own_options,
    setup_options,
    user_headers,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.owned import HOST_OWNED


def test_tables_become_dotted_names() -> None:
    report = Report()
    config = {"theme": {"primaryColor": "red", "sidebar": {"base": "dark"}}, "server.maxUploadSize": 50}
    assert setup_options(config, report.about("f")) == {
        "theme.primaryColor": "red",
        "theme.sidebar.base": "dark",
        "server.maxUploadSize": 50,
    }
    assert report.problems == []


def test_font_faces_are_arrays_of_tables() -> None:
    report = Report()
    faces = [{"family": "A", "url": "app/static/a.woff2", "weight": 400}]
    assert setup_options({"theme": {"fontFaces": faces}}, report.about("f")) == {"theme.fontFaces": faces}
    assert report.problems == []


@pytest.mark.parametrize("option", sorted(HOST_OWNED))
def test_what_the_host_owns_is_an_error_in_setup_toml_and_a_notice_elsewhere(option: str) -> None:
    """C-02, C-03, C-04, X1 to X6: what the app cannot set, in any spelling, with what to do instead."""
    section, name = option.split(".")
    for config in ({section: {name: "geheim"}}, {option: {}}, {section: {name.upper(): "geheim"}}):
        report = Report()
        assert setup_options(config, report.about("f")) == {}
        assert report.problems[0].key.lower() == "streamlit.config." + option.lower()
        assert report.problems[0].message == "belongs to the host: " + HOST_OWNED[option]
        assert "geheim" not in report.problems[0].as_line()
        report = Report()
        assert own_options(config, report.about("f")) == {}
        assert report.problems == []
        assert HOST_OWNED[option] in report.notices[0]


def test_origins_are_sent_to_the_key_that_works() -> None:
    """X1 to X5, C-21: neither of Streamlit's two spellings, nor switching CORS off, but route.allowed_origins."""
    for option in ("server.corsAllowedOrigins", "server.allowedOrigins", "server.enableCORS"):
        assert "route.allowed_origins" in HOST_OWNED[option]


def test_setup_toml_wins_over_the_apps_own_file() -> None:
    report = Report()
    options = merged({"theme.base": "dark", "server.maxUploadSize": 5}, {"server.maxUploadSize": 50}, report.about("f"))
    assert list(options.items()) == [("server.maxUploadSize", 50), ("theme.base", "dark")]


def test_an_option_can_not_be_a_section_too() -> None:
    report = Report()
    merged({"theme.sidebar": "x"}, {"theme.sidebar.base": "dark"}, report.about("f"))
    assert [problem.key for problem in report.problems] == ["streamlit.config.theme.sidebar"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"maxUploadSize": 5}, "is not the name of an option"),
        ({"server": {"a b": 5}}, "is not the name of an option"),
        ({"server": {"a\nport": 5}}, "is not the name of an option"),
        ({"server": {"x" * 200: 5}}, "is not the name of an option"),
        ({"server": {"x": 5}, "server.x": 6}, "is given twice"),
        ({"server": {"x": "a\nb"}}, "control character"),
        ({"server": {"x": 2**63}}, "is too large"),
        ({"server": {"x": float("inf")}}, "is no number"),
        ({"server": {"x": datetime.date(2026, 1, 1)}}, "has a type that no option has"),
        ({"server": {"x": [[1]]}}, "has a type that no option has"),
        ({"server": {"x": [{"a": [1]}]}}, "holds a table"),
        ({"server": {"x": [{"a b": 1}]}}, "holds a table"),
    ],
)
def test_what_no_option_can_be_is_refused(config: dict[str, object], message: str) -> None:
    report = Report()
    setup_options(config, report.about("f"))
    assert message in report.problems[0].message


@pytest.mark.parametrize("value", ["200", 0, -1, True, 1.5, 100_001])
def test_the_upload_size_is_a_number(value: object) -> None:
    report = Report()
    assert max_upload_size({"server.maxUploadSize": value}, report.about("f"), 100_000) == 200
    assert report.problems[0].key == "streamlit.config.server.maxUploadSize"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"server.trustedUserHeaders": '{"a b": "name"}'}, 'has "a b", which is no name of a header'),
        ({"server.trustedUserHeaders": '{"X;": "name"}'}, 'has "X;", which is no name of a header'),
        ({"server.trustedUserHeaders": "[1]"}, "is not a JSON object"),
        ({"server.trustedUserHeaders": "X-User"}, "is not a JSON object"),
        ({"server.trustedUserHeaders.X-User": "name"}, "is a table: write it as JSON"),
        ({"server.trusteduserheaders.X-User": "name"}, "is a table: write it as JSON"),
    ],
)
def test_headers_that_name_the_user_are_such_as_the_front_can_take_away(options: dict[str, str], told: str) -> None:
    """Before anything changes: the front is the last step of a run."""
    report = Report()
    merged({}, options, report.about("f"))
    assert [problem.message for problem in report.problems] == [told]


def test_headers_that_name_the_user_are_told_by_name() -> None:
    report = Report()
    options = {"server.trustedUserHeaders": '{"X-User": "name", "X_Mail": "mail"}'}
    assert merged(options, {}, report.about("f")) == options
    assert report.problems == []
    assert user_headers(options["server.trustedUserHeaders"]) == ["X-User", "X_Mail"]
    assert user_headers(None) == []


def test_headers_that_name_the_user_may_be_a_table() -> None:
    """As in Streamlit's own file: [server.trustedUserHeaders]."""
    report = Report()
    own = own_options({"server": {"trustedUserHeaders": {"X-User": "name", "X.Mail": 1}}}, report.about("f"))
    assert own == {"server.trustedUserHeaders": '{"X-User": "name", "X.Mail": 1}'}
    merged(own, {}, report.about("f"))
    assert [problem.message for problem in report.problems] == ['has "X.Mail", which is no name of a header']
    with pytest.raises(ValueError, match='gives "X-Mail" something else than a text'):
        user_headers({"X-Mail": 1})


@pytest.mark.parametrize("value", ["[1]", "{", "[" * 5000, '"X-User"'])
def test_user_headers_that_are_none_are_an_error_of_their_app(value: str) -> None:
    with pytest.raises(ValueError, match="is not a JSON object"):
        user_headers(value)


@pytest.mark.parametrize(
    ("options", "section"), [({"a": 1, "a.b": 2}, "a"), ({"a.b": 1, "a.b.c": 2}, "a.b"), ({"a": 1, "a.b.c": 2}, "a")]
)
def test_an_option_can_not_also_be_a_section(options: dict[str, object], section: str) -> None:
    report = Report()
    merged({}, options, report.about("f"))
    assert [problem.key for problem in report.problems] == ["streamlit.config." + section]
