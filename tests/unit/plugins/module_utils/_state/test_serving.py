# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import serving as _serving
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord

RECORD = InstanceRecord("app", "0123456789abcdef" * 2, 20001, "0" * 16, "2026-11-21T07:42:00Z")


@pytest.fixture
def app(tmp_path: Path) -> AppLayout:
    app = Layout(str(tmp_path)).app("app")
    os.makedirs(app.serving)
    return app


@pytest.mark.parametrize(("page", "files"), [("<html>", ["index.html", "index.html.gz"]), (None, [])])
def test_a_marker_holds_the_port_file_and_only_pinned_apps_a_page(
    app: AppLayout, page: str | None, files: list[str]
) -> None:
    _serving.make_marker(app, RECORD, page)
    marker = Path(app.marker(RECORD.instance, RECORD.port))
    assert sorted(os.listdir(marker)) == ["20001.port", *files]
    assert (marker / "20001.port").read_bytes() == b""
    assert marker.stat().st_mode & 0o777 == 0o755
    assert os.listdir(app.serving) == [marker.name]


def test_a_marker_leads_to_the_scripts_of_its_release(app: AppLayout) -> None:
    """So that a front knows which there are, also of an app that is not pinned."""
    release = Path(app.release(RECORD.release))
    release.mkdir(parents=True)
    (release / "release.json").write_text('{"assets": "streamlit-1.67.0-0123456789ab"}')
    scripts = Path(app.path, "..", "..", "assets", "streamlit-1.67.0-0123456789ab", "static", "js")
    scripts.mkdir(parents=True)
    _serving.make_marker(app, RECORD, None)
    marker = Path(app.marker(RECORD.instance, RECORD.port))
    assert sorted(os.listdir(marker)) == ["20001.port", "static"]
    assert (marker / "static" / "js").samefile(scripts)
    assert _serving.differences(app, RECORD, None) == {}


def test_the_live_link_is_relative(app: AppLayout) -> None:
    _serving.make_marker(app, RECORD, "<html>")
    _serving.switch(app, RECORD)
    assert os.readlink(app.live) == "serving/%s.20001" % RECORD.instance
    assert Path(app.live, "index.html").read_text() == "<html>"


def test_what_differs_is_found_and_corrected(app: AppLayout) -> None:
    _serving.make_marker(app, RECORD, "<html>")
    assert _serving.differences(app, RECORD, "<html>") == {}
    marker = app.marker(RECORD.instance, RECORD.port)
    os.unlink(os.path.join(marker, "20001.port"))
    Path(app.down).write_text("since then\n")
    wrong = _serving.differences(app, RECORD, None)
    pages = {os.path.join(marker, name): None for name in ("index.html", "index.html.gz")}
    assert wrong == {os.path.join(marker, "20001.port"): b"", **pages, app.down: None}
    _serving.correct(wrong)
    assert _serving.differences(app, RECORD, None) == {}


def test_a_route_that_is_taken_away_comes_back_with_a_healthy_instance(app: AppLayout) -> None:
    _serving.make_marker(app, RECORD, "<html>")
    _serving.switch(app, RECORD)
    marker = app.marker(RECORD.instance, RECORD.port)
    assert not _serving.is_away(marker)
    _serving.set_away(marker)
    _serving.set_away(marker)
    assert _serving.is_away(marker)
    assert _serving.differences(app, RECORD, "<html>") == {os.path.join(marker, "away"): None}
    _serving.clear_down(app)
    assert _serving.differences(app, RECORD, "<html>") == {}
    _serving.clear_away(marker)


def test_the_route_of_an_instance_that_has_just_been_retired_is_no_error(app: AppLayout) -> None:
    marker = app.marker(RECORD.instance, RECORD.port)
    _serving.set_away(marker)
    _serving.clear_away(marker)
    assert not os.path.exists(marker)


def test_a_route_is_taken_away_where_no_file_can_be_made(app: AppLayout, monkeypatch: pytest.MonkeyPatch) -> None:
    """An app can use up the files that the disk has room for."""
    _serving.make_marker(app, RECORD, None)
    marker = app.marker(RECORD.instance, RECORD.port)

    def full(*_arguments: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    _serving.set_away(marker)
    assert _serving.is_away(marker)
    assert os.listdir(marker) != ["away"]


def test_log_links_point_at_the_live_instances_logs(tmp_path: Path) -> None:
    """S0-101: people find an app's logs by the app's name."""
    layout = Layout(str(tmp_path))
    os.makedirs(layout.log)
    links = _serving.log_links(layout, RECORD)
    assert _serving.wrong_links(links) == links
    _serving.point_links(links)
    assert _serving.wrong_links(links) == {}
    assert os.readlink(os.path.join(layout.log, "app.err.log")) == "app.%s.err.log" % RECORD.instance
