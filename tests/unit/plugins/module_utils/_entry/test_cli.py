# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry import (
    cli as _host_cli,
    module_supervisor_daemon as supervisor_daemon,
    watcher as _watcher,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.files import Wish


@pytest.mark.parametrize("arguments", [[], ["start", "/"], ["run", "ls"], ["watch"], ["nonsense"]])
def test_a_wrong_command_shows_what_is_right(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert _host_cli.main(arguments, "/srv/pyapps/tools/pyapps.pyz") == 2
    assert capsys.readouterr().err.startswith("usage: pyapps ctl")


@pytest.mark.parametrize("root", ["/", "/home/me/with space"])
def test_the_zipapp_knows_its_root(root: str) -> None:
    assert _host_cli._root_of(Layout(root).zipapp) == root


@pytest.mark.parametrize("own", [True, False], ids=["our daemon", "Debian's"])
@pytest.mark.parametrize("firewall", [True, False], ids=["firewall", "none"])
def test_the_watcher_is_started_with_what_it_takes(own: bool, firewall: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[object, ...]] = []
    monkeypatch.setattr(_watcher, "main", lambda *words: started.append(words))
    wish = Wish(Layout("/"), own=own, from_debian=False, manager="systemd", as_root=True)
    command = supervisor_daemon.watcher(wish, firewall)["command"]
    _host_cli.main(command[3:], command[2])
    socket = [] if own else ["/var/run/supervisor.sock"]
    assert started == [(Layout("/"), "firewall" if firewall else "no-firewall", *socket)]
