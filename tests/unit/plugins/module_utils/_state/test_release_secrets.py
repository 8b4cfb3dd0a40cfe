# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secrets of releases, without Ansible around them."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets import AppSecrets
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import release_secrets as _release_secrets
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord

OWN = AppSecrets({"A": "1"}, "x = 1\n")
USED, RETIRED, WANTED = "a" * 16, "b" * 16, "c" * 16


@pytest.fixture
def app(tmp_path: Path) -> AppLayout:
    app = Layout(str(tmp_path)).app("app")
    os.makedirs(app.instances)
    for release in (USED, RETIRED, WANTED):
        os.makedirs(app.release(release))
        _release_secrets.write(app.release(release), OWN, None)
    record = InstanceRecord("app", "0" * 32, 20001, USED, "2026-11-21T07:42:00Z")
    Path(app.instance(record.instance)).write_text(record.to_json())
    return app


def test_what_is_written_is_for_few(app: AppLayout) -> None:
    """C-11. With root the group is the app's and may read; tests/integration has that."""
    for name in _release_secrets.FILES:
        assert stat.S_IMODE(os.stat(os.path.join(app.release(USED), name)).st_mode) == 0o600
    assert _release_secrets.read_env(app.release(USED)) == {"A": "1"}
    assert _release_secrets.read_env(app.releases) == {}


def test_secrets_of_retired_releases_are_deleted_and_their_code_is_not(app: AppLayout) -> None:
    before = os.stat(app.release(RETIRED)).st_mtime_ns
    paths = _release_secrets.unused(app, WANTED)
    assert {os.path.basename(os.path.dirname(path)) for path in paths} == {RETIRED}
    _release_secrets.delete(paths)
    assert os.listdir(app.release(RETIRED)) == []
    assert len(os.listdir(app.release(USED))) == len(os.listdir(app.release(WANTED))) == len(_release_secrets.FILES)
    # Its time says when it was asked for last; else what is retired would be kept longest.
    assert os.stat(app.release(RETIRED)).st_mtime_ns == before
    _release_secrets.delete(paths)


def test_a_release_that_is_wanted_again_gets_its_secrets_back(app: AppLayout) -> None:
    release = app.release(USED)
    assert not _release_secrets.differ(release, OWN)
    _release_secrets.delete([os.path.join(release, _release_secrets.TOML)])
    assert _release_secrets.differ(release, OWN)
    _release_secrets.write(release, OWN, None)
    assert not _release_secrets.differ(release, OWN)
    assert not _release_secrets.differ(app.instances, AppSecrets())


def test_nothing_is_deleted_while_a_record_can_not_be_read(app: AppLayout) -> None:
    Path(app.instances, "damaged.json").write_text("{")
    assert _release_secrets.unused(app) == []


def test_the_key_is_made_once_and_for_root_only(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path))
    os.makedirs(layout.etc)
    assert _release_secrets.secrets_key(layout, make=False) is None
    assert not os.path.exists(layout.secrets_key)
    key = _release_secrets.secrets_key(layout, make=True)
    assert key is not None
    assert len(key) == 64
    assert stat.S_IMODE(os.stat(layout.secrets_key).st_mode) == 0o600
    assert _release_secrets.secrets_key(layout, make=True) == key


def test_a_damaged_file_is_an_error_without_its_content(app: AppLayout) -> None:
    Path(app.release(USED), _release_secrets.ENV).write_text("{geheim")
    with pytest.raises(json.JSONDecodeError) as error:
        _release_secrets.read_env(app.release(USED))
    assert "geheim" not in str(error.value)
