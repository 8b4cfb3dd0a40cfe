# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store of Streamlit's static files, with hand-made environments."""

from __future__ import annotations

import gzip
import json
import os
import stat
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit import (
    assets as _streamlit_assets,
    assets_step as _streamlit_assets_step,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.assets import AssetsError
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result, Results

NEW = b"window.__streamlit BACKEND_BASE_URL _stcore/stream " * 40
OLD = b"new WebSocket _stcore/stream " * 40
SETTINGS = {"base_path": "/app-1", "route": {"pinned": True}}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(str(tmp_path / "with a blank"))
    os.makedirs(layout.envs)
    return layout


def make_environment(layout: Layout, name: str, script: bytes = NEW) -> None:
    static = Path(layout.envs, name, "lib", "python3.11", "site-packages", "streamlit", "static")
    (static / "static" / "js").mkdir(parents=True)
    (static / "index.html").write_text(
        '<html><head></head><script type="module" src="./static/js/a.js"></script></html>'
    )
    (static / "static" / "js" / "a.js").write_bytes(script)
    (static / "static" / "tiny.css").write_bytes(b"a")
    (static / "outside").symlink_to("/etc/passwd")


def results(*environments: str) -> Results:
    return {name: Result(environment=name, streamlit="1.67.0") for name in environments}


def apps(*names: str) -> list[dict[str, object]]:
    return [{"name": name, "kind": "streamlit", "route": {"pinned": True}} for name in names]


def test_files_are_copied_once_and_compressed_the_same_everywhere(layout: Layout) -> None:
    """Named by content: equal Streamlits share a folder; readable for the front, no links followed."""
    make_environment(layout, "one")
    make_environment(layout, "two")
    name = _streamlit_assets.copy_assets(layout, "one", "1.67.0")
    assert _streamlit_assets.copy_assets(layout, "two", "1.67.0") == name
    folder = Path(layout.assets, name)
    packed = (folder / "static" / "js" / "a.js.gz").read_bytes()
    assert gzip.decompress(packed) == NEW
    assert packed[4:8] == b"\0\0\0\0"
    assert not (folder / "static" / "tiny.css.gz").exists()
    assert not (folder / "outside").exists()
    for path in [folder, *folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o755 if path.is_dir() else 0o644)
    assert sorted(os.listdir(layout.assets)) == ["environments", name]


def test_an_unchanged_run_reads_a_link_and_hashes_nothing(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """A no-op must cost nothing."""
    make_environment(layout, "one")
    first = _streamlit_assets_step.run(layout, apps("one"), results("one"))
    assert first["changed"] is True
    monkeypatch.setattr(_streamlit_assets, "_content_hash", None)
    assert _streamlit_assets_step.has_work(layout, apps("one"), results("one")) is False
    again = _streamlit_assets_step.foresee(layout, apps("one"), results("one"))
    assert again == {**first, "changed": False}


def test_check_mode_says_the_name_without_copying(layout: Layout) -> None:
    """What is built can be named; what is not built yet is None."""
    make_environment(layout, "one")
    given = {**results("one"), "two": Result()}
    foreseen = _streamlit_assets_step.foresee(layout, apps("one", "two"), given)
    assert foreseen["app_results"]["two"]["assets"] is None
    assert not os.path.exists(layout.assets)
    real = _streamlit_assets_step.run(layout, apps("one"), results("one"))
    assert real["app_results"]["one"]["assets"] == foreseen["app_results"]["one"]["assets"]


def test_an_environment_without_streamlit_fails_that_app_alone(layout: Layout) -> None:
    """One app's failure is one app's failure; what failed before is handed on."""
    make_environment(layout, "one")
    os.makedirs(os.path.join(layout.envs, "bare"))
    given = {**results("one", "bare"), "gone": Result().failed("environment", "x")}
    report = _streamlit_assets_step.run(layout, apps("one", "bare", "gone"), given)["app_results"]
    assert report["one"]["state"] == "ok"
    assert (report["bare"]["state"], report["bare"]["step"]) == ("failed", "assets")
    assert "no Streamlit" in report["bare"]["reason"]
    assert report["gone"] == given["gone"].as_dict()


def test_only_what_no_release_and_no_app_uses_is_deleted(layout: Layout) -> None:
    """Kept releases need theirs for a rollback."""
    for name, script in (("one", NEW), ("two", OLD), ("three", NEW * 2)):
        make_environment(layout, name, script)
    names = {name: _streamlit_assets.copy_assets(layout, name, "1.67.0") for name in ("one", "two", "three")}
    release = Path(layout.app("app_1").release("0123"))
    release.mkdir(parents=True)
    (release / "release.json").write_text(json.dumps({"assets": names["two"]}))
    report = _streamlit_assets_step.run(layout, apps("one"), results("one"))
    assert report["pruned"] == [names["three"]]
    assert sorted(os.listdir(layout.assets)) == sorted(["environments", names["one"], names["two"]])
    assert sorted(os.listdir(os.path.join(layout.assets, "environments"))) == ["one", "two"]


def test_a_copy_that_fails_leaves_no_folder(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Built beside, then renamed."""

    def full(_path: str, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    make_environment(layout, "one")
    monkeypatch.setattr(_streamlit_assets, "_write", full)
    with pytest.raises(OSError, match="No space"):
        _streamlit_assets.copy_assets(layout, "one", "1.67.0")
    assert os.listdir(layout.assets) == []


@pytest.mark.parametrize(("script", "has_interface"), [(NEW, True), (OLD, False)])
def test_the_way_is_chosen_by_the_bundle(layout: Layout, script: bytes, has_interface: bool) -> None:
    """By what the scripts hold, not by the version number."""
    make_environment(layout, "one", script)
    name = _streamlit_assets.copy_assets(layout, "one", "9.9.9")
    page = _streamlit_assets.write_page(layout, SETTINGS, name, "0" * 32, 20001)
    assert page is not None
    assert ("window.__streamlit" in page) == has_interface
    assert ("XMLHttpRequest.prototype.open" in page) != has_interface


def test_an_app_has_no_page_where_neither_way_is_sure_or_it_wants_none(layout: Layout) -> None:
    """Then it is served unpinned."""
    make_environment(layout, "one", b"something else")
    make_environment(layout, "two")
    strange, usual = (_streamlit_assets.copy_assets(layout, name, "1.67.0") for name in ("one", "two"))
    unpinned = {"base_path": "/x", "route": {"pinned": False}}
    assert _streamlit_assets.write_page(layout, SETTINGS, strange, "0" * 32, 20001) is None
    assert _streamlit_assets.write_page(layout, unpinned, usual, "0" * 32, 20001) is None
    assert _streamlit_assets.write_page(layout, SETTINGS, None, "0" * 32, 20001) is None


@pytest.mark.parametrize(
    ("index", "script", "pinnable"),
    [
        ('<script type="module" src="./static/js/a.js">', OLD, True),
        ('<script src="./static/js/a.js">', OLD + b'__webpack_require__.p="./",', True),
        ('<script src="./static/js/a.js">', OLD + b'__webpack_require__.p="/",', False),
        ('<script src="./static/js/a.js">', OLD, False),
        ('<script src="./static/js/a.js">', NEW, True),
    ],
)
def test_an_app_whose_later_scripts_could_not_be_found_is_unpinned_and_the_run_is_told(
    layout: Layout, index: str, script: bytes, pinnable: bool
) -> None:
    """Only where the page's script is sure to find them; who has asked for no pin is told nothing."""
    make_environment(layout, "one", script)
    static = Path(_streamlit_assets.find_static(os.path.join(layout.envs, "one")))
    (static / "index.html").write_text("<html><head></head>%s</html>" % index)
    plain = {"name": "plain", "kind": "streamlit", "route": {"pinned": False}}
    given = {**results("one"), "plain": results("one")["one"]}
    report = _streamlit_assets_step.run(layout, [*apps("one"), plain], given)["app_results"]
    assert (_streamlit_assets.write_page(layout, SETTINGS, report["one"]["assets"], "0" * 32, 20001) is not None) == (
        pinnable
    )
    assert report["one"]["unpinned"] is not pinnable
    assert report["plain"]["unpinned"] is False


def test_a_missing_folder_is_an_error_with_advice(layout: Layout) -> None:
    """Never a page that points nowhere."""
    with pytest.raises(AssetsError, match="run the deploy again"):
        _streamlit_assets.write_page(layout, SETTINGS, "streamlit-1.67.0-000000000000", "0" * 32, 20001)


def test_a_version_that_is_no_name_is_refused(layout: Layout) -> None:
    """It becomes part of a path and of a URL."""
    make_environment(layout, "one")
    with pytest.raises(AssetsError, match="version"):
        _streamlit_assets.copy_assets(layout, "one", "../1")
