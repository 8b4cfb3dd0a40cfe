# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where interpreters come from, and which of them are taken."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.python_downloads import (
    Mirror,
    downloads_of,
    own_list,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import unprivileged as process
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError

HASH = "0a" * 32


@pytest.mark.parametrize(
    ("given", "mirror"),
    [
        (None, Mirror()),
        (" ", Mirror()),
        ("https://pythons.example.com/releases/", Mirror(url="https://pythons.example.com/releases")),
        ("http://user:geheim@10.0.0.1:8080", Mirror(url="http://user:geheim@10.0.0.1:8080")),
        ("/srv/my pythons/", Mirror(folder="/srv/my pythons")),
        ("/", Mirror(folder="/")),
        ("file:///srv/my%20pythons", Mirror(folder="/srv/my pythons")),
        ("/srv/pythons/downloads.json", Mirror(listed="/srv/pythons/downloads.json")),
    ],
)
def test_a_mirror_is_a_url_a_folder_or_a_list(given: str | None, mirror: Mirror) -> None:
    assert Mirror.of(given) == mirror
    assert mirror.needs_network == (not given or not given.strip() or given.startswith("http"))


@pytest.mark.parametrize(
    "given", ["pythons", "./x", "ftp://a/b", "https://a/b?c", "https:///x", "https://a b/c", "~/x"]
)
def test_what_is_no_mirror_is_said(given: str) -> None:
    with pytest.raises(ValueError, match=r"pyapps_python_mirror is .*; allowed are an http:// or https:// URL"):
        Mirror.of(given)


def test_the_complaint_has_no_password() -> None:
    with pytest.raises(ValueError, match="pyapps_python_mirror is") as error:
        Mirror.of("ftp://me:geheim@a/b")
    assert "geheim" not in str(error.value)


def test_uv_gets_a_folder_as_a_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "probe_user", lambda: None)
    folder = tmp_path / "ä b"
    folder.mkdir()
    told, hashes = Mirror(folder=str(folder)).prepare(str(tmp_path))
    assert told == {"UV_PYTHON_INSTALL_MIRROR": "file://%s/%%C3%%A4%%20b" % tmp_path}
    assert hashes == {}


def test_a_folder_that_the_build_user_cannot_enter_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "probe_user", lambda: "nobody")
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    with pytest.raises(EnvironmentFailedError, match="which only its owner may enter: chmod"):
        Mirror(folder=str(folder)).prepare(str(tmp_path))


def listed(tmp_path: Path, **changes: t.Any) -> Path:
    entry = {"name": "cpython", "os": "linux", "major": 3, "minor": 12, "url": "x.tar.gz", "sha256": HASH, "evil": 1}
    path = tmp_path / "downloads.json"
    path.write_text(json.dumps({"one": {**entry, **changes}}))
    return path


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("x y.tar.gz", "file://{0}/x%20y.tar.gz"),
        ("../x.tar.gz", "file://{1}/x.tar.gz"),
        ("/srv/x.tar.gz", "file:///srv/x.tar.gz"),
        ("file:///srv/x%20y.tar.gz", "file:///srv/x%20y.tar.gz"),
        ("https://a.example.com/x%2By.tar.gz", "https://a.example.com/x%2By.tar.gz"),
    ],
)
def test_a_path_of_a_list_is_beside_it(tmp_path: Path, url: str, wanted: str) -> None:
    """What uv gets is written anew: known fields only."""
    (entry,) = own_list(str(listed(tmp_path, url=url))).values()
    assert entry["url"] == wanted.format(tmp_path, tmp_path.parent)
    assert (entry["minor"], entry["sha256"], "evil" in entry) == (12, HASH, False)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sha256": None}, "downloads.json: one: sha256 is null; it must be 64 hexadecimal digits"),
        ({"sha256": HASH.upper()}, "sha256 is"),
        ({"sha256": HASH + "\n"}, "sha256 is"),
        ({"url": None}, "url is null"),
        ({"url": ""}, 'url is ""'),
    ],
)
def test_nothing_is_taken_unchecked(tmp_path: Path, changes: dict[str, t.Any], message: str) -> None:
    with pytest.raises(EnvironmentFailedError, match=message):
        own_list(str(listed(tmp_path, **changes)))


@pytest.mark.parametrize(
    ("text", "message"), [("[]", "holds no object"), ("{", "cannot be read"), ('{"a": 1}', "null")]
)
def test_what_is_no_list_is_said(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "downloads.json"
    path.write_text(text)
    with pytest.raises(EnvironmentFailedError, match=message):
        own_list(str(path))


def test_released_cpythons_are_taken_the_newest_first() -> None:
    keys = (
        "cpython-3.9.25-linux-x86_64-gnu",
        "cpython-3.15.0a2-linux-x86_64-gnu",
        "cpython-3.13.2+freethreaded-linux-x86_64-gnu",
        "pypy-3.11.17-linux-x86_64-gnu",
        "cpython-3.13.10-linux-x86_64-gnu",
        "cpython-3.13.9-linux-aarch64-musl",
    )
    text = json.dumps([{"key": key, "url": "https://a/20260101/%s%%2B1.tar.gz" % key} for key in keys])
    found = downloads_of(text, {})
    assert [each.number for each in found] == ["3.13.10", "3.13.9", "3.9.25"]
    assert found[0].content == "cpython-3.13.10-linux-x86_64-gnu+1.tar.gz"
    assert downloads_of(text, {"https://a/20260101/%s%%2B1.tar.gz" % keys[4]: HASH})[0].content == HASH
