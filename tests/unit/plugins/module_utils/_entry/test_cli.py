# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os

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


@pytest.mark.parametrize(
    ("arguments", "module", "function"),
    [
        (["start", "/", "one", "i1"], "_deploy.starter", "main"),
        (["task", "/", "one", "r1", "1-2", "--", "true"], "_deploy.starter", "task_main"),
        (["run", "--", "true"], "_deploy.starter", "run_main"),
        (["container"], "_images.entry_point", "main"),
        (["container-drain", "3"], "_images.drain", "main"),
        (["container-gate"], "_images.gate", "main"),
        (["healthcheck", "--json"], "_health.cli", "main"),
        (["ctl", "status"], "_managers.supervisor.ctl", "main"),
    ],
)
def test_each_command_ends_as_its_work_does(
    arguments: list[str], module: str, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = "ansible_collections.selfhost.pyapps.plugins.module_utils.%s.%s" % (module, function)
    monkeypatch.setattr(place, lambda *words: 7)
    monkeypatch.setattr(os, "umask", lambda mask: 0o022)
    assert _host_cli.main(arguments, Layout("/").zipapp) == 7


@pytest.mark.parametrize(
    "arguments",
    [
        ["task", "/", "one", "r1", "1-2", "true", "--"],
        ["task", "/", "one", "r1", "1-2", "--"],
        ["run", "--"],
        ["run", "true", "--"],
        ["watch", "/", "a", "b", "c"],
        ["container", "x"],
        ["container-drain"],
    ],
)
def test_words_that_a_command_does_not_take_are_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _host_cli.main(arguments, Layout("/").zipapp) == 2


@pytest.mark.parametrize("word", ["-h", "--help", "help"])
def test_who_asks_for_help_has_made_no_mistake(word: str) -> None:
    assert _host_cli.main([word], Layout("/").zipapp) == 0


@pytest.mark.parametrize(("before", "after"), [(0o000, 0o022), (0o077, 0o077), (0o027, 0o027)])
def test_others_write_into_nothing_that_a_command_makes(
    before: int, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def look(*_: object) -> int:
        seen.append(os.umask(0o022))
        return 0

    monkeypatch.setattr("ansible_collections.selfhost.pyapps.plugins.module_utils._health.cli.main", look)
    kept = os.umask(before)
    try:
        _host_cli.main(["healthcheck"], Layout("/").zipapp)
    finally:
        os.umask(kept)
    assert seen == [after]
