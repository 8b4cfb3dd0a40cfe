# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The users of ours: which a host needs, which accounts are ours, and how they come and go.

An account is ours when root has written our mark into its description and it is a service's: local, without shell and
password, with a uid and a group of its own. Nobody else's account is ever used, changed or removed, and no process of
its is ended. Accounts that earlier versions have made have no mark; they are known by the home folder, which is a
folder of ours, and get it then.

Uids come from a range of our own (:data:`UIDS`). Each name has a place in it where the search begins, so that a host
that is laid out again, and each build of an image, gives the same ones.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.accounts import Account, Accounts
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import BUILD_USER, UIDS, Layout, app_user
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.kept_data import claimed_uids, former_uid

NO_HOME = "/nonexistent"
"""The home of a user who needs none."""

_OLDEST_RANGE = range(100, 1000)  # where earlier versions let useradd(8) choose
_MARK = "selfhost.pyapps %s"
_OURS = "/srv/pyapps/"
_BUSY = 8  # userdel(8): a process still runs as the user
_LOGIN_DEFS = re.compile(r"^(UID_MIN|UID_MAX)\s+([0-9]+)", re.MULTILINE)

Run = t.Callable[[t.Any], t.Any]
"""``module.run_command``: arguments in; exit status, output and errors out."""


class UserError(Exception):
    """A system user could not be made or removed, or is not ours; the text says which, why and what to do."""


@dataclass(frozen=True)
class Wanted:
    """A user that a host needs.

    :param purpose: what it is for, in words that its description says
    """

    name: str
    purpose: str
    home: str

    @property
    def mark(self) -> str:
        """The description that makes an account ours."""
        return _MARK % self.purpose


@dataclass
class Plan:
    """What has to be done for some users.

    :param make: those that are missing
    :param mark: those of earlier versions, which lack the mark
    :param faults: why the others cannot be had; nothing may be changed then
    """

    make: list[Wanted] = field(default_factory=list)
    mark: list[Wanted] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return bool(self.make or self.mark)

    @property
    def lines(self) -> list[str]:
        """What would be done, for a difference."""
        return ["user " + user.name for user in self.make] + ["mark of user " + user.name for user in self.mark]


def app(layout: Layout, name: str) -> Wanted:
    """The user of an app."""
    return Wanted(app_user(name), "app " + name, layout.app(name).data)


def builder(layout: Layout) -> Wanted:
    """The user that builds environments."""
    return Wanted(BUILD_USER, "builds environments", layout.cache)


def all_of(layout: Layout, apps: t.Iterable[str]) -> list[Wanted]:
    """The users of a host that is run as root, without those of fronts and tunnels."""
    return [builder(layout), *(app(layout, name) for name in apps)]


def plan(users: t.Iterable[Wanted], accounts: Accounts | None = None) -> Plan:
    """What has to be done for these users; changes nothing."""
    accounts, found = accounts or Accounts(), Plan()
    for user in users:
        account = accounts.user(user.name)
        if account is None:
            group = accounts.group(user.name)
            if group is None or (not group.members and group.gid in parse_range(UIDS)):
                found.make.append(user)
            else:
                found.faults.append(
                    "user %s: it is to be made, and there is a group of this name already (gid %d%s). Rename the group "
                    "(groupmod --new-name), or remove it (groupdel)%s."
                    % (user.name, group.gid, _members(group.members), _or_rename_app(user))
                )
        elif not _is_ours(user, account):
            found.faults.append(
                "user %s: this name is taken by an account that this collection has not made (%s). It is neither used "
                "nor changed. Rename the account (usermod --login)%s.%s"
                % (user.name, account.describe(), _or_rename_app(user), _how_to_mark(user, account))
            )
        elif account.comment != user.mark:
            found.mark.append(user)
    return found


def plan_for(user: Wanted | None) -> Plan:
    """What has to be done for one user, or for none.

    :raises UserError: it cannot be had
    """
    found = plan([user] if user else [])
    if found.faults:
        raise UserError(found.faults[0])
    return found


def _how_to_mark(user: Wanted, account: Account) -> str:
    if not _is_of_a_service(account):
        return ""
    return " If it is of this collection nevertheless, say so: usermod --comment %r %s" % (user.mark, user.name)


def _members(members: t.Sequence[str]) -> str:
    return ", members %s" % ", ".join(members) if members else ""


def _or_rename_app(user: Wanted) -> str:
    return ", or give the app another name" if user.purpose.startswith("app ") else ""


def is_ours(user: Wanted) -> bool:
    """Whether there is an account of this name, and it is ours."""
    account = Accounts().user(user.name)
    return account is not None and _is_ours(user, account)


def stranger(user: Wanted) -> str:
    """In words, the account that has the name of a user of ours and is somebody else's; "" when there is none."""
    account = Accounts().user(user.name)
    return "" if account is None or _is_ours(user, account) else "user %s (%s)" % (user.name, account.describe())


def _is_ours(user: Wanted, account: Account) -> bool:
    return _is_of_a_service(account) and (account.comment == user.mark or _is_of_an_earlier_version(user, account))


def _is_of_a_service(account: Account) -> bool:
    return account.is_local and not (account.has_shell or account.has_password or account.shares)


def _is_of_an_earlier_version(user: Wanted, account: Account) -> bool:
    """Nobody but us makes an account whose home is a folder of ours; the root folder may be another one."""
    if account.comment or account.groups:
        return False
    if account.home == NO_HOME:
        # cloudflared's; and the build user, if a person has made it by hand as an earlier version said.
        return not user.purpose.startswith("app ")
    # The folder itself is not asked: an app may own less than the whole of what somebody has mounted there.
    return _OURS in user.home and account.home.endswith(user.home[user.home.rindex(_OURS) :])


def parse_range(text: str) -> range:
    """Read a range of uids such as ``60706-61183``; both ends are in it.

    :raises ValueError: it is not one
    """
    match = re.fullmatch(r"\s*([0-9]{3,10})\s*-\s*([0-9]{3,10})\s*", text)
    if match and 100 <= int(match.group(1)) <= int(match.group(2)) < 2**31:
        return range(int(match.group(1)), int(match.group(2)) + 1)
    raise ValueError("%r is not a range of user ids such as %s" % (text, UIDS))


def range_problems(text: str, login_defs: str = "/etc/login.defs") -> list[str]:
    """Why users cannot get their uids from a range: people get theirs from it, too."""
    try:
        uids = parse_range(text)
    except ValueError as error:
        return ["pyapps_uid_range: %s." % error]
    people = {"UID_MIN": 1000, "UID_MAX": 60000}
    with contextlib.suppress(OSError), open(login_defs, encoding="utf-8", errors="replace") as file:
        people.update((key, int(value)) for key, value in _LOGIN_DEFS.findall(file.read()))
    if uids[0] <= people["UID_MAX"] and uids[-1] >= people["UID_MIN"]:
        return [
            "pyapps_uid_range: %s overlaps the ids that %s gives to people (%d-%d), so a person could get one that "
            "apps' data is kept for. Choose a range outside of it, and outside of systemd's (https://systemd.io/"
            "UIDS-GIDS)." % (text, login_defs, people["UID_MIN"], people["UID_MAX"])
        ]
    return []


def carry_out(todo: Plan, layout: Layout, uid_range: str, run: Run) -> None:
    """Do what was planned.

    :raises UserError: a user is not ours, no uid is left, or the machine's tools refuse
    """
    problems = todo.faults or (range_problems(uid_range) if todo.make else [])
    if problems:
        raise UserError("\n- ".join(problems))
    claimed = claimed_uids(layout.app(name).data for name in layout.app_names()) if todo.make else set()
    for user in todo.make:
        _make(user, claimed, parse_range(uid_range), run)
    for user in todo.mark:
        _run(["usermod", "--comment", user.mark, user.name], "the user %s cannot be marked as ours" % user.name, run)


def _make(user: Wanted, claimed: t.Collection[int], uids: range, run: Run) -> None:
    if Accounts().group(user.name) is not None:
        _run(["groupdel", user.name], "the group %s cannot be made anew" % user.name, run)
    uid = choose_uid(user.name, former_uid(user.home), claimed, uids)
    # They are the same, unless an earlier version has chosen the uid.
    gid = _unused(user.name, {uid, *claimed}, uids) if Accounts.has_gid(uid) else uid
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", user.home]
    command += ["--shell", "/usr/sbin/nologin", "--comment", user.mark, "--uid", str(uid)]
    for key, number in (("UID", uid), ("GID", gid)):
        command += ["-K", "SYS_%s_MIN=%d" % (key, number), "-K", "SYS_%s_MAX=%d" % (key, number)]
    _run([*command, user.name], "the user %s cannot be made" % user.name, run)


def choose_uid(name: str, former: int | None, claimed: t.Collection[int], uids: range) -> int:
    """The uid for a user: that which it had, or one that nobody has, and that nobody's data is kept for.

    :param former: the uid that its data is of
    :param claimed: uids that data is kept for
    :raises UserError: the range is used up
    """
    if former is not None and (former in uids or former in _OLDEST_RANGE) and not Accounts.has_uid(former):
        return former
    return _unused(name, claimed, uids)


def _unused(name: str, claimed: t.Collection[int], uids: range) -> int:
    first = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % len(uids)
    for step in range(len(uids)):
        number = uids[(first + step) % len(uids)]
        if number not in claimed and not Accounts.has_uid(number) and not Accounts.has_gid(number):
            return number
    raise UserError(
        "pyapps_uid_range: all %d ids of %d-%d are used by users, groups or kept data, and %s needs one. Give a larger "
        "range, or delete data of removed apps." % (len(uids), uids[0], uids[-1], name)
    )


def remove(user: Wanted, run: Run) -> bool:
    """Remove a user and its group, if it is ours.

    :returns: False when it stays, because a process still runs as it
    :raises UserError: the machine's tools refuse
    """
    if not is_ours(user):
        return True
    code, _out, error = run(["userdel", user.name])
    if code == _BUSY:
        return False
    if code != 0:
        raise UserError("the user %s cannot be removed: %s" % (user.name, error.strip()))
    if Accounts().group(user.name) is not None:
        run(["groupdel", user.name])
    return True


def remove_idle(user: Wanted, run: Run) -> None:
    """The same for a user that nothing should run as any more.

    :raises UserError: a process still runs as it, or the machine's tools refuse
    """
    if not remove(user, run):
        raise UserError("the user %s cannot be removed: a process still runs as it" % user.name)


def _run(command: list[str], what: str, run: Run) -> None:
    code, out, error = run(command)
    if code != 0:
        raise UserError("%s: %s" % (what, (error or out).strip()))
