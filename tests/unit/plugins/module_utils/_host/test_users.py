# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pwd
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.accounts import Accounts
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import UIDS, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import users as _host_users

HOME = "/srv/pyapps/apps/bob/data"
OURS = "pyapp-bob:x:60900:60900:selfhost.pyapps app bob:%s:/usr/sbin/nologin" % HOME
EARLIER = "pyapp-bob:x:996:995::%s:/usr/sbin/nologin" % HOME
LOCKED = "pyapp-bob:!:20000::::::"


class Machine:
    """A machine's files of accounts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write(passwd=[], group=["pyapp-bob:x:60900:"], shadow=[LOCKED])

    def write(self, **files: list[str]) -> None:
        for name, lines in files.items():
            (self.folder / name).write_text("".join(line + "\n" for line in lines))

    def plan(self) -> _host_users.Plan:
        return _host_users.plan([_host_users.app(Layout("/"), "bob")], Accounts(str(self.folder)))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_marked_account_is_ours(machine: Machine) -> None:
    machine.write(passwd=[OURS])
    assert machine.plan() == _host_users.Plan()


def test_an_account_of_an_earlier_version_gets_the_mark_and_keeps_its_uid(machine: Machine) -> None:
    machine.write(passwd=[EARLIER], group=["pyapp-bob:x:995:"])
    plan = machine.plan()
    assert (plan.make, plan.faults, [user.name for user in plan.mark]) == ([], [], ["pyapp-bob"])
    assert plan.lines == ["mark of user pyapp-bob"]


@pytest.mark.parametrize(
    ("passwd", "group", "shadow", "says"),
    [
        ("pyapp-bob:x:1001:1001:Bob,,,:/home/pyapp-bob:/bin/bash", "pyapp-bob:x:1001:", LOCKED, "home /home/pyapp-bob"),
        ("pyapp-bob:x:996:995::/home/pyapp-bob:/usr/sbin/nologin", "pyapp-bob:x:995:", LOCKED, "home /home/pyapp-bob"),
        ("pyapp-bob:x:996:995::/nonexistent:/usr/sbin/nologin", "pyapp-bob:x:995:", LOCKED, "home /nonexistent"),
        (EARLIER.replace("/usr/sbin/nologin", "/bin/sh"), "pyapp-bob:x:995:", LOCKED, "shell /bin/sh"),
        (EARLIER.replace("/usr/sbin/nologin", ""), "pyapp-bob:x:995:", LOCKED, "shell /bin/sh"),
        (EARLIER, "pyapp-bob:x:995:", "pyapp-bob:$y$hash:20000::::::", "with a password"),
        (EARLIER, "pyapp-bob:x:995:", "pyapp-bob::20000::::::", "with a password"),
        (EARLIER, "pyapp-bob:x:995:\nsudo:x:27:alice,pyapp-bob", LOCKED, "in the groups sudo"),
        (EARLIER, "staff:x:995:", LOCKED, "also that of staff"),
        (EARLIER + "\nalice:x:996:100::/home/alice:/bin/bash", "pyapp-bob:x:995:", LOCKED, "also that of alice"),
        (OURS + "\nalice:x:60900:100::/home/alice:/bin/bash", "pyapp-bob:x:60900:", LOCKED, "also that of alice"),
        (OURS.replace("nologin", "bash"), "pyapp-bob:x:60900:", LOCKED, "shell /usr/sbin/bash"),
        (OURS.replace("app bob", "app eve"), "pyapp-bob:x:60900:", LOCKED, "selfhost.pyapps app eve"),
    ],
)
def test_everybody_elses_account_is_refused_with_what_was_found(
    machine: Machine, passwd: str, group: str, shadow: str, says: str
) -> None:
    machine.write(passwd=[passwd], group=[group], shadow=[shadow])
    plan = machine.plan()
    assert not plan.changed
    (fault,) = plan.faults
    assert fault.startswith("user pyapp-bob: this name is taken by an account that this collection has not made (uid ")
    assert says in fault
    assert "or give the app another name" in fault


def test_what_could_be_ours_is_said_how_to_mark(machine: Machine) -> None:
    machine.write(passwd=[EARLIER], group=["pyapp-bob:x:995:", "video:x:44:pyapp-bob"])
    assert "usermod --comment 'selfhost.pyapps app bob' pyapp-bob" in machine.plan().faults[0]
    machine.write(passwd=[EARLIER.replace("nologin", "bash")])
    assert "--comment" not in machine.plan().faults[0]


def test_a_mark_from_a_directory_service_is_none(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = pwd.struct_passwd(["pyapp-bob", "*", 60900, 60900, *OURS.split(":")[4:]])
    monkeypatch.setattr(pwd, "getpwnam", lambda name: entry)
    assert "from a directory service" in machine.plan().faults[0]


def test_a_group_of_somebody_is_refused_and_one_that_a_killed_run_left_is_not(machine: Machine) -> None:
    machine.write(group=["pyapp-bob:x:1005:alice"])
    assert "there is a group of this name already (gid 1005, members alice)" in machine.plan().faults[0]
    machine.write(group=["pyapp-bob:x:60900:"])
    assert [user.name for user in machine.plan().make] == ["pyapp-bob"]


def test_the_build_user_that_a_person_has_made_as_we_said_is_ours(machine: Machine) -> None:
    machine.write(passwd=["pyapps-build:x:990:990::/nonexistent:/usr/sbin/nologin"], shadow=["pyapps-build:!:1::::::"])
    plan = _host_users.plan([_host_users.builder(Layout("/"))], Accounts(str(machine.folder)))
    assert (len(plan.mark), plan.faults) == (1, [])


def test_a_uid_is_the_same_wherever_it_is_chosen_and_differs_between_users() -> None:
    uids = _host_users.parse_range(UIDS)
    chosen: list[int] = []
    for number in range(100):
        chosen.append(_host_users.choose_uid("pyapp-%d" % number, None, chosen, uids))
    assert len(set(chosen)) == 100
    assert set(chosen) <= set(uids)
    assert _host_users.choose_uid("pyapp-0", None, [], uids) == chosen[0]


def test_a_uid_comes_back_and_another_ones_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Accounts, "has_uid", staticmethod(lambda uid: uid == 997))
    uids = _host_users.parse_range(UIDS)
    assert _host_users.choose_uid("pyapp-a", 61000, [61000], uids) == 61000
    assert _host_users.choose_uid("pyapp-a", 998, [998], uids) == 998  # an earlier version's
    for persons in (0, 1, 997, 1000, 70000):  # taken, or not one that we could have given
        assert _host_users.choose_uid("pyapp-a", persons, [persons], uids) in uids
    assert _host_users.choose_uid("pyapp-a", None, uids[1:], uids) == uids[0]


def test_a_range_that_is_used_up_is_named() -> None:
    with pytest.raises(_host_users.UserError, match=r"pyapps_uid_range: all 3 ids of 60706-60708 are used"):
        _host_users.choose_uid("pyapp-a", None, [60706, 60707, 60708], range(60706, 60709))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("60706-61183", ""),
        ("500000-500999", ""),
        ("2000-2999", "overlaps the ids that"),
        ("59000-61183", "overlaps the ids that"),
        ("many", "'many' is not a range"),
        ("5-2", "'5-2' is not a range"),
        ("99-200", "'99-200' is not a range"),
    ],
)
def test_a_range_is_checked_against_those_of_people(tmp_path: Path, text: str, says: str) -> None:
    found = _host_users.range_problems(text, str(tmp_path / "login.defs"))
    assert [says in problem for problem in found] == ([True] if says else [])
    assert all(problem.startswith("pyapps_uid_range: ") for problem in found)


def test_what_people_get_is_read_from_the_machine(tmp_path: Path) -> None:
    (tmp_path / "login.defs").write_text("# UID_MAX 1\nUID_MIN\t\t 1000\nUID_MAX 65000\n")
    assert "(1000-65000)" in _host_users.range_problems(UIDS, str(tmp_path / "login.defs"))[0]


def _recorded(code: int = 0, error: str = "") -> tuple[list[list[str]], t.Callable[[t.Any], t.Any]]:
    commands: list[list[str]] = []

    def run(command: list[str]) -> tuple[int, str, str]:
        commands.append(command)
        return code, "", error

    return commands, run


def test_a_user_is_made_with_mark_uid_and_a_group_of_its_own(tmp_path: Path) -> None:
    commands, run = _recorded()
    layout = Layout(str(tmp_path))
    plan = _host_users.Plan(make=[_host_users.app(layout, "nobodys")])
    _host_users.carry_out(plan, layout, "61000-61000", run)
    (command,) = commands
    assert command[0] == "useradd"
    assert command[-1] == "pyapp-nobodys"
    assert command[command.index("--comment") + 1] == "selfhost.pyapps app nobodys"
    assert command[command.index("--uid") + 1] == "61000"
    assert "SYS_GID_MIN=61000" in command
    assert "SYS_GID_MAX=61000" in command


def test_nothing_is_done_while_one_of_many_is_refused(tmp_path: Path) -> None:
    commands, run = _recorded()
    layout = Layout(str(tmp_path))
    plan = _host_users.Plan(make=[_host_users.app(layout, "a")], faults=["user pyapp-b: taken", "user pyapp-c: taken"])
    with pytest.raises(_host_users.UserError, match=r"pyapp-b: taken\n- user pyapp-c: taken"):
        _host_users.carry_out(plan, layout, UIDS, run)
    assert commands == []


def test_a_user_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    _commands, run = _recorded(1, "no space\n")
    plan = _host_users.Plan(make=[_host_users.app(Layout(str(tmp_path)), "a")])
    with pytest.raises(_host_users.UserError, match=r"pyapp-a cannot be made: no space"):
        _host_users.carry_out(plan, Layout(str(tmp_path)), UIDS, run)


def test_somebody_elses_account_is_not_removed() -> None:
    commands, run = _recorded()
    assert _host_users.remove(_host_users.Wanted("daemon", "runs Caddy", "/srv/pyapps/caddy"), run)
    assert commands == []


def test_users_that_are_to_be_made_or_marked_are_a_change(machine: Machine) -> None:
    assert not _host_users.Plan().changed
    user = _host_users.app(Layout("/"), "bob")
    assert _host_users.Plan(make=[user]).changed
    assert _host_users.Plan(mark=[user]).changed
    assert not _host_users.Plan(faults=["no"]).changed


def test_one_user_that_can_not_be_had_is_an_error_and_none_is_nothing() -> None:
    stranger = _host_users.Wanted("root", "app root", "/nonexistent")
    with pytest.raises(_host_users.UserError, match="user root: this name is taken by an account"):
        _host_users.plan_for(stranger)
    assert not _host_users.plan_for(None).changed
