# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import socket
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry import host_plan as _host_plan
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv_install import Installer
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.listeners import Listener
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import (
    layout as _host_layout,
    tools as _host_tools,
    users as _host_users,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import firewall as _firewall
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.serving import make_marker, switch

TOOLS = _host_tools.checksum(b"tools")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(str(tmp_path))


def test_one_app_may_leave_the_catalog() -> None:
    assert _host_plan.removal_problems(["app_1"], ["app_2"], allowed=False) == []


def test_two_apps_may_leave_only_when_it_is_allowed() -> None:
    """Rule 7 of the design: removal is never an accident."""
    (problem,) = _host_plan.removal_problems(["app_1", "app_2"], ["app_3"], allowed=False)
    assert "app_1, app_2" in problem
    assert "pyapps_allow_removal=true" in problem
    assert _host_plan.removal_problems(["app_1", "app_2"], ["app_3"], allowed=True) == []


def test_a_run_for_some_hosts_removes_nothing() -> None:
    """Rule 7: the app may have moved to a host that the run leaves out."""
    (problem,) = _host_plan.removal_problems(["app_1"], ["app_2"], allowed=False, limited=True)
    assert "--limit" in problem
    assert "app_1" in problem
    assert _host_plan.removal_problems([], ["app_2"], allowed=False, limited=True) == []
    assert _host_plan.removal_problems(["app_1"], ["app_2"], allowed=True, limited=True) == []


def test_an_empty_catalog_removes_not_even_one_app() -> None:
    (problem,) = _host_plan.removal_problems(["app_1"], [], allowed=False)
    assert "the catalog is empty" in problem


@pytest.mark.parametrize(
    ("applied", "adopt", "refused"), [(None, False, False), ("a", False, False), ("b", False, True), ("b", True, False)]
)
def test_another_source_is_refused_unless_it_takes_over(applied: str | None, adopt: bool, refused: bool) -> None:
    problems = _host_plan.source_problems(applied, "a", adopt)
    assert bool(problems) is refused
    assert all("pyapps_adopt_source=true" in problem and "b" in problem for problem in problems)


def test_a_port_that_a_stranger_holds_is_a_problem_that_names_it(layout: Layout) -> None:
    """C-20: report the holder, never kill for a port."""
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        (problem,) = _host_plan.port_problems(layout, "caddy", port)
    assert "%d is taken by pid %d" % (port, os.getpid()) in problem
    assert "pyapps_port" in problem


def test_a_free_port_is_none(layout: Layout) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert _host_plan.port_problems(layout, "caddy", port) == []


@pytest.mark.parametrize(
    ("front", "command", "ours"),
    [
        ("caddy", "/home/me/demo/srv/pyapps/tools/caddy/bin/caddy run --config x", True),
        ("caddy", "/usr/bin/caddy run", False),
        ("nginx", "nginx: master process /usr/sbin/nginx", True),
        ("nginx", "/usr/sbin/nginx -g daemon off;", True),
        ("nginx", "/usr/sbin/apache2 -k start", False),
    ],
)
def test_our_own_front_may_hold_the_port(front: str, command: str, ours: bool) -> None:
    holder = Listener(pid=1, uid=0, command=command)
    assert _host_plan._is_front(holder, Layout("/home/me/demo"), front) is ours


def test_the_users_of_front_and_tunnel_are_looked_at_before_anything_changes(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person's account called pyapps-cloudflared stops the run, and not its middle."""
    asked: list[str] = []

    def plan(users: t.Iterable[_host_users.Wanted]) -> _host_users.Plan:
        asked.extend(user.name for user in users)
        return _host_users.Plan(faults=["user %s: is somebody's" % asked[-1]])

    monkeypatch.setattr(_host_users, "plan", plan)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    problems = _host_plan.user_problems(layout, [], "caddy", "61184-65519", with_tunnel=True)
    assert problems[0] == "user pyapps-cloudflared: is somebody's"
    assert asked[1:] == ["pyapps-caddy", "pyapps-cloudflared"]
    asked.clear()
    _host_plan.user_problems(layout, [], "nginx", "61184-65519")
    assert len(asked) == 1


@pytest.mark.parametrize("root", ["relative", "/a\nb", "/a$b", "/a;b", '/a"b', "/a{b", "/a*"])
def test_a_root_that_no_configuration_can_hold_is_refused(root: str) -> None:
    assert any("pyapps_root: found" in problem for problem in _host_plan.root_problems(Layout(root)))


def test_a_root_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    (problem,) = _host_plan.root_problems(Layout(str(tmp_path / ("x" * 100))))
    assert "Choose a shorter pyapps_root" in problem


@pytest.mark.parametrize(
    ("uid", "says", "says_not"), [(0, "mounted read-only", "Run as root"), (1000, "--become", "read-only")]
)
def test_a_root_that_cannot_be_written_says_what_this_user_can_do(
    uid: int, says: str, says_not: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root is not told to become root."""
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    problem = next(line for line in _host_plan.root_problems(Layout(str(tmp_path))) if "not writable" in line)
    assert says in problem
    assert says_not not in problem


def test_a_root_from_which_no_program_can_run_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the first program of it fails with `Permission denied`, late and without a cause."""
    flags = os.statvfs_result([0] * 8 + [os.ST_NOEXEC, 255])
    monkeypatch.setattr(os, "statvfs", lambda path: flags)
    (problem,) = _host_plan.root_problems(Layout(str(tmp_path)))
    assert "%s is mounted noexec" % tmp_path in problem
    assert "DEMO_DIR" in problem


def test_a_root_with_a_space_is_fine(tmp_path: Path) -> None:
    root = "/tmp/home of me"
    assert _host_plan.root_problems(Layout(root)) == []


@pytest.fixture
def laid_out(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """A host with all that the first steps make for an app; uv is only said to be there."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(Installer, "is_done", lambda self: True)
    for folder in _host_layout.folders(layout, ["app_1"], as_root=False):
        _host_layout.make(folder)
    zipapp = Path(layout.root, "sent")
    zipapp.write_bytes(b"tools")
    _host_tools.install(layout, _host_tools.differences(layout, TOOLS), str(zipapp))
    return layout


def test_nothing_is_laid_out_twice(laid_out: Layout) -> None:
    assert not _host_plan.lays_out(laid_out, ["app_1"], None, TOOLS)


@pytest.mark.parametrize("what", ["app", "folder", "tools", "command", "uv"])
def test_whatever_is_missing_is_laid_out(laid_out: Layout, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    apps, tools = ["app_1"], TOOLS
    if what == "app":
        apps = ["app_1", "app_2"]
    elif what == "folder":
        os.rmdir(laid_out.app("app_1").instances)
    elif what == "tools":
        tools = _host_tools.checksum(b"newer tools")
    elif what == "command":
        Path(laid_out.command).unlink()
    else:
        monkeypatch.setattr(Installer, "is_done", lambda self: False)
    assert _host_plan.lays_out(laid_out, apps, None, tools)


def test_what_can_not_be_asked_is_laid_out_so_that_its_step_says_why(laid_out: Layout) -> None:
    Path(laid_out.command).write_text("somebody else's")
    assert _host_plan.lays_out(laid_out, ["app_1"], None, TOOLS)


def test_a_container_is_known_by_its_mark_wherever_its_root_folder_is(layout: Layout) -> None:
    """Else a deploy into it would start a second daemon."""
    assert _host_plan.service_manager(layout) != "supervisor"
    os.makedirs(layout.run)
    Path(layout.container_mark).touch()
    assert _host_plan.service_manager(layout) == "supervisor"


@pytest.mark.parametrize(("uid", "count"), [(0, 0), (1000, 1)])
def test_a_host_without_root_is_told_to_protect_no_app_from_another(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, uid: int, count: int
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert [notice for notice in _host_plan.notices(layout, True) if "none is protected from another" in notice] == [
        "without root all apps are one user, so none is protected from another: see docs/explanation/safety.md"
    ] * count


@pytest.mark.parametrize(("possible", "count"), [(True, 0), (False, 1)])
def test_a_kernel_that_cannot_keep_apps_apart_is_told(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, possible: bool, count: int
) -> None:
    monkeypatch.setattr(_host_plan._confinement, "is_possible", lambda: possible)
    monkeypatch.setattr("platform.release", lambda: "6.1.0")
    assert [notice for notice in _host_plan.notices(layout, True) if "another one's port" in notice] == [
        "this kernel (Linux 6.1.0) cannot keep an app away from another one's port; 6.7 and newer can: see "
        "docs/explanation/safety.md"
    ] * count


@pytest.mark.parametrize(
    ("ports", "count"), [(range(32768, 61000), 0), (range(40000, 50000), 0), ((), 0), (range(1024, 65536), 1)]
)
def test_a_kernel_that_hands_out_ports_of_apps_is_told(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, ports: t.Iterable[int], count: int
) -> None:
    """A process may listen on what it is handed out, and it may ask again and again."""
    monkeypatch.setattr(_host_plan._confinement, "is_possible", lambda: True)
    monkeypatch.setattr(_host_plan, "handed_out", lambda: set(ports))
    assert (
        len([notice for notice in _host_plan.notices(layout, True) if "can be given an app's port" in notice]) == count
    )


@pytest.mark.parametrize(
    ("older", "seen", "told"), [(True, False, True), (True, True, False), (True, None, False), (False, False, False)]
)
def test_an_app_that_was_started_before_apps_were_confined_is_told(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, *, older: bool, seen: bool | None, told: bool
) -> None:
    """Not one that has been started anew since then, and not one whose process is not shown."""
    app = layout.app("app_1")
    record = InstanceRecord("app_1", "ab" * 16, 20001, "f" * 16, "2026-01-01T00:00:00Z")
    for folder in (app.instances, app.serving):
        os.makedirs(folder)
    content = json.loads(record.to_json())
    if older:
        del content["confined"]
    Path(app.instance(record.instance)).write_text(json.dumps(content))
    make_marker(app, record, "page")
    switch(app, record)
    monkeypatch.setattr(_host_plan, "listeners", lambda ports: {port: Listener(4321, 0, "x") for port in ports})
    monkeypatch.setattr(_host_plan._confinement, "is_possible", lambda: True)
    monkeypatch.setattr(_host_plan._confinement, "is_confined", {4321: seen}.get)
    monkeypatch.setattr(_host_plan, "handed_out", set)
    assert [notice for notice in _host_plan.notices(layout, True) if "earlier version" in notice] == [
        "app_1: not kept away from other apps' ports, because started by an earlier version of this collection: run "
        "the playbook selfhost.pyapps.restart with -e app=app_1 when it suits"
    ] * told


def entry(name: str, base_path: str) -> dict[str, str]:
    return {"name": name, "kind": "streamlit", "base_path": base_path, "folder": "/apps/" + name}


def test_an_app_cannot_take_the_path_of_one_that_stays_as_it_was_applied() -> None:
    """C-08: the others' files say what they will have, not what they have."""
    applied = [entry("a", "/a"), entry("b", "/b")]
    assert _host_plan.path_problems([entry("b", "/c")], applied) == []
    for path in ("/a", "/A", "/a/below"):
        (line,) = _host_plan.path_problems([entry("b", path)], applied)
        assert line.startswith("/apps/b/setup.toml: streamlit.base_path: ")
        assert "a as it is applied" in line
    (line,) = _host_plan.path_problems([entry("b", "")], applied)
    assert line.startswith("a as it is applied: streamlit.base_path: lies below the path")


@pytest.mark.parametrize(
    ("may_change", "is_installed", "wanted", "packages", "told"),
    [
        (True, False, True, ["nftables"], False),
        (True, True, True, [], False),
        (False, False, True, [], True),
        (True, False, False, [], False),
        (False, False, False, [], False),
    ],
)
def test_the_firewall_needs_a_package_or_a_right(
    layout: Layout,
    monkeypatch: pytest.MonkeyPatch,
    may_change: bool,
    is_installed: bool,
    wanted: bool,
    packages: list[str],
    told: bool,
) -> None:
    monkeypatch.setattr(_firewall, "is_for", lambda layout: True)
    monkeypatch.setattr(_firewall, "may_change", lambda: may_change)
    monkeypatch.setattr(_firewall, "is_installed", lambda: is_installed)
    missing = _host_plan.missing_packages(layout, False, wanted)
    assert [name for name in missing if name == "nftables"] == packages
    assert any("--cap-add=NET_ADMIN" in notice for notice in _host_plan.notices(layout, wanted)) == told


def test_low_ports_are_for_root_alone(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_host_plan, "listener", lambda port: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    (problem,) = _host_plan.port_problems(layout, "nginx", 1023)
    assert problem.startswith("pyapps_port: 1023 is for root alone (uid 1000 asks)")
    assert _host_plan.port_problems(layout, "nginx", 1024) == []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert _host_plan.port_problems(layout, "nginx", 80) == []


def test_a_run_for_some_apps_needs_names_of_the_catalog_and_a_host_that_is_laid_out(layout: Layout) -> None:
    applied = {"apps": [{"name": "one", "route": {}}]}
    assert _host_plan.chosen_apps(layout, [], ["one"], applied) == ([], [])
    assert _host_plan.chosen_apps(layout, [" "], ["one"], applied) == ([], [])
    names, (problem,) = _host_plan.chosen_apps(layout, ["none"], ["one"], applied)
    assert (names, "none" in problem) == ([], True)
    names, (problem,) = _host_plan.chosen_apps(layout, ["one"], ["one"], applied)
    assert (names, "Run the site playbook once" in problem) == (["one"], True)
    Path(layout.supervisor_conf).parent.mkdir(parents=True)
    Path(layout.supervisor_conf).touch()
    assert _host_plan.chosen_apps(layout, ["one"], ["one"], applied) == (["one"], [])
    assert _host_plan.chosen_apps(layout, ["one"], ["one"], {"apps": [{"name": "one"}]})[1]


def test_without_root_no_user_is_needed(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert _host_plan.user_problems(layout, ["one"], "caddy", "nonsense", with_tunnel=True) == []


@pytest.mark.parametrize(
    ("missing", "uid", "refused"), [([], 1000, False), (["a", "b"], 0, False), (["a", "b"], 1, True)]
)
def test_only_root_may_install_what_is_missing(
    missing: list[str], uid: int, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    problems = _host_plan.package_problems(missing)
    assert ["run `apt install a b` as root" in problem for problem in problems] == [True] * refused
