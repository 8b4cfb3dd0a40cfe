# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._images import image_layers as _image_layers
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result

APP = {"name": "app_1", "folder": "/home/me/apps/App_1", "kind": "streamlit", "streamlit": {"port": 8001}}
RELEASE = "f" * 16
RESULTS = {"app_1": Result(release=RELEASE, environment="ab", assets="streamlit-1.0.0-0123456789ab")}
CANARY = "geheim-4711"


def put(path: str, text: str = "x") -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    Path(path).write_text(text)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """What roles lay out, with secrets and leftovers in every place where some may be."""
    layout = Layout(str(tmp_path / "root"))
    app = layout.app("app_1")
    for name in ("supervisor", "other"):
        put(os.path.join(layout.envs, name, "bin", "python"))
    os.makedirs(layout.tools)
    os.symlink("../envs/supervisor", os.path.join(layout.tools, "supervisor"))
    put(layout.uv)
    put(layout.zipapp)
    put(layout.command)
    put(os.path.join(layout.envs, "ab", "bin", "python"))
    put(os.path.join(layout.assets, "streamlit-1.0.0-0123456789ab", "index.html"))
    os.makedirs(os.path.join(layout.assets, "environments"))
    os.symlink("../streamlit-1.0.0-0123456789ab", os.path.join(layout.assets, "environments", "ab"))
    put(os.path.join(app.release(RELEASE), "release.json"))
    put(os.path.join(app.release(RELEASE), "code", "app_1.py"))
    put(os.path.join(app.release("e" * 16), "code", "old.py"))
    put(os.path.join(app.data, "visitors.db"))
    put(os.path.join(app.data, ".home", "history"))
    for secret in ("secret-env.json", "secrets.toml"):
        put(os.path.join(app.release(RELEASE), secret), CANARY)
    for secret in ("secrets.key", "healthcheck-notify.json", "cloudflared/token", "supervisor/supervisord.conf.1~"):
        put(os.path.join(layout.etc, secret), CANARY)
    put(layout.supervisor_conf)
    put(layout.program("pyapps-watcher"))
    put(layout.program("app_1." + "0" * 32))
    for leftover in (".part-x", "envs/ab/.part-y"):
        put(os.path.join(layout.srv, leftover), CANARY)
    put(os.path.join(layout.front, "index.html"))
    put(layout.not_found_page)
    put(layout.away_page("app_1"))
    put(os.path.join(layout.front, "nginx.pending"), CANARY)
    for folder in (layout.locks, layout.log):
        os.makedirs(folder)
    put(os.path.join(layout.srv, "pool", "ab"), CANARY)
    put(os.path.join(layout.cache, "ab"), CANARY)
    return layout


def wish(layout: Layout) -> _image_layers.Wish:
    return _image_layers.Wish(layout, [APP], RESULTS, "20000-29999", None)


def written(layout: Layout, folder: Path) -> dict[str, tarfile.TarFile]:
    folder.mkdir(exist_ok=True)
    found = _image_layers.layers(wish(layout))
    for layer in found:
        _image_layers.write(str(folder), layer)
    return {layer.name: tarfile.open(folder / layer.path) for layer in found}


def test_what_seldom_changes_comes_first(layout: Layout) -> None:
    names = [layer.name for layer in _image_layers.layers(wish(layout))]
    groups = [layer.group for layer in _image_layers.layers(wish(layout))]
    assert groups == ["environments"] * 3 + ["apps"] * 2
    assert names == ["tools", "environment-ab", "assets-streamlit-1.0.0-0123456789ab", "app-app_1", "configuration"]


def test_what_was_fetched_is_in_the_image_when_something_stands_on_it(layout: Layout, tmp_path: Path) -> None:
    """A layer for each: an app's change sends the engine none of them."""
    for environment, version in (("ab", "3.12.1-x"), ("supervisor", "3.13.1-x"), ("other", "3.14.1-x")):
        put(os.path.join(layout.pythons, version, "bin", "python3"))
        link = os.path.join(layout.envs, environment, "bin", "python")
        os.unlink(link)
        os.symlink(os.path.join(layout.pythons, version, "bin", "python3"), link)
    layers = written(layout, tmp_path / "layers")
    assert list(layers)[:3] == ["python-3.12.1-x", "python-3.13.1-x", "tools"]
    names = layers["python-3.12.1-x"].getnames()
    assert {"srv/pyapps/pythons", "srv/pyapps/pythons/3.12.1-x/bin/python3"} <= set(names)
    assert [layer.group for layer in _image_layers.layers(wish(layout))][:2] == ["environments"] * 2


def test_each_thing_is_in_its_layer_and_parents_come_first(layout: Layout, tmp_path: Path) -> None:
    layers = written(layout, tmp_path / "layers")
    names = {name: archive.getnames() for name, archive in layers.items()}
    assert "srv/pyapps/envs/supervisor/bin/python" in names["tools"]
    assert "srv/pyapps/envs/ab/bin/python" in names["environment-ab"]
    assert "srv/pyapps/image/apps/app_1/releases/%s/code/app_1.py" % RELEASE in names["app-app_1"]
    assert "srv/pyapps/image/apps/app_1/initial-data/visitors.db" in names["app-app_1"]
    assert "srv/pyapps/image/programs/pyapps-watcher.conf" in names["configuration"]
    for found in names.values():
        assert found == sorted(found)
        assert len(found) == len(set(found))
        for name in found:
            if name.startswith("srv/pyapps/"):
                assert os.path.dirname(name) in found
    # What changes while a container runs is below /run, so that its root may be read-only.
    assert (
        layers["configuration"].getmember("etc/pyapps/supervisor/programs").linkname == "../../../run/pyapps/programs"
    )
    link = layers["configuration"].getmember("srv/pyapps/image/apps/app_1/data")
    assert link.linkname == "../../../apps/app_1/data"
    record = layers["configuration"].extractfile("srv/pyapps/image/image.json")
    assert record is not None
    assert json.load(record)["apps"] == {"app_1": {"release": RELEASE, "port": 8001, "folder": "App_1"}}


def test_folders_above_are_in_a_layer_when_they_are_ours(layout: Layout, tmp_path: Path) -> None:
    """The base has ``/srv`` and ``/etc``, and they are not to change; a root folder of our own it has not."""
    names = written(layout, tmp_path / "layers")["tools"].getnames()
    assert {"srv", "srv/pyapps", "srv/pyapps/envs"} <= set(names)
    layer = _image_layers.Layer("x", "apps", [_image_layers.Part("srv/pyapps/x/file", text=b"")])
    _image_layers._add_parents(Layout("/"), layer)
    assert sorted(part.name for part in layer.parts) == ["srv/pyapps", "srv/pyapps/x", "srv/pyapps/x/file"]


def test_the_machines_users_stay_out_where_one_user_has_everything(layout: Layout, tmp_path: Path) -> None:
    """In such an image it is the base that knows the user."""
    names = written(layout, tmp_path / "layers")["configuration"].getnames()
    assert not set(_image_layers.ACCOUNTS) & set(names)


def test_a_new_volume_has_a_pattern(layout: Layout, tmp_path: Path) -> None:
    """Docker gives it the owner and the rights of the folder in its place; what visitors wrote is not in it."""
    names = written(layout, tmp_path / "layers")["app-app_1"].getnames()
    assert "srv/pyapps/apps/app_1/data" in names
    assert not [name for name in names if name.startswith("srv/pyapps/apps/app_1/data/")]


def test_no_secret_cache_or_leftover_is_in_a_layer(layout: Layout, tmp_path: Path) -> None:
    """S0-97: neither uv, other releases, what the app has written for itself, nor a program of an instance."""
    layers = written(layout, tmp_path / "layers")
    for path in (tmp_path / "layers").glob("*/*.tar"):
        assert CANARY.encode() not in path.read_bytes(), path.name
    names = "\n".join(name for archive in layers.values() for name in archive.getnames())
    for unwanted in ("tools/uv", "old.py", ".home", "0" * 32, "envs/other"):
        assert unwanted not in names


def test_the_front_of_an_earlier_image_is_not_in_this_one(layout: Layout, tmp_path: Path) -> None:
    put(layout.program("pyapps-nginx"))
    put(layout.program("pyapps-caddy"))
    names = written(layout, tmp_path / "layers")["configuration"].getnames()
    programs = [os.path.basename(name) for name in names if "/programs/" in name]
    assert programs == ["pyapps-caddy.conf", "pyapps-watcher.conf"]


def test_the_same_content_is_the_same_layer_whenever_it_was_laid_out(layout: Layout, tmp_path: Path) -> None:
    written(layout, tmp_path / "layers")
    os.utime(layout.zipapp, (1, 1))
    os.utime(os.path.join(layout.front, "index.html"), (1, 1))
    found = _image_layers.layers(wish(layout))
    assert not any(_image_layers.write(str(tmp_path / "layers"), layer) for layer in found)


def test_a_change_of_one_app_changes_its_layer_alone(layout: Layout, tmp_path: Path) -> None:
    written(layout, tmp_path / "layers")
    put(os.path.join(layout.app("app_1").release(RELEASE), "code", "app_1.py"), "y")
    changed = [
        layer.name
        for layer in _image_layers.layers(wish(layout))
        if _image_layers.write(str(tmp_path / "layers"), layer)
    ]
    assert changed == ["app-app_1"]
    assert not list((tmp_path / "layers").glob("*/.part-*"))


def test_files_of_the_code_keep_their_times(layout: Layout, tmp_path: Path) -> None:
    """Servers tell browsers by time and size whether a file is still the one they know."""
    os.utime(os.path.join(layout.app("app_1").release(RELEASE), "code", "app_1.py"), (1_234_567_890, 1_234_567_890))
    archive = written(layout, tmp_path / "layers")["app-app_1"]
    folder = "srv/pyapps/image/apps/app_1/releases/" + RELEASE
    assert archive.getmember(folder + "/code/app_1.py").mtime == 1_234_567_890
    assert archive.getmember(folder + "/release.json").mtime == _image_layers.TIME


def test_an_app_without_a_release_is_refused(layout: Layout) -> None:
    failed = {"app_1": Result().failed("environment", "no such package")}
    with pytest.raises(_image_layers.LayerError, match="app_1 has no release: no such package"):
        _image_layers.layers(_image_layers.Wish(layout, [APP], failed, "20000-29999", None))


def test_layers_of_earlier_images_are_surplus(layout: Layout, tmp_path: Path) -> None:
    written(layout, tmp_path / "layers")
    for path in ("environments/environment-cd.tar", "apps/.part-x", "apps/Dockerfile"):
        put(str(tmp_path / "layers" / path))
    surplus = _image_layers.surplus(str(tmp_path / "layers"), _image_layers.layers(wish(layout)))
    assert surplus == [str(tmp_path / "layers" / path) for path in ("apps/.part-x", "environments/environment-cd.tar")]


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (None, "it was not laid out"),
        (Result(environment="ab"), "it was not laid out"),
        (Result(release=RELEASE, environment="ab").failed("release", "its folder is gone", []), "its folder is gone"),
    ],
)
def test_an_app_without_a_release_is_no_part_of_an_image(layout: Layout, result: Result | None, why: str) -> None:
    results = {} if result is None else {"app_1": result}
    wish = _image_layers.Wish(layout, [APP], results, "20000-20999", None)
    with pytest.raises(_image_layers.LayerError, match="app_1 has no release: " + why):
        _image_layers.layers(wish)
