# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine says of its accounts: users, groups, passwords. Reads only.

``/etc/passwd`` tells what only root can have made; NSS tells of people in a directory service, too.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import typing as t

_NOLOGIN = ("/usr/sbin/nologin", "/sbin/nologin")


class Account(t.NamedTuple):
    """A user, with everything that tells a person's from a service's.

    :param is_local: root has written it into ``/etc/passwd``; else it comes from a directory service
    :param has_password: somebody can log in with one
    :param groups: other groups that it is a member of
    :param shares: names of other users and groups that have its uid or its primary group
    """

    name: str
    uid: int
    gid: int
    comment: str
    home: str
    shell: str
    is_local: bool
    has_password: bool
    groups: tuple[str, ...]
    shares: tuple[str, ...]

    @property
    def has_shell(self) -> bool:
        return self.shell not in _NOLOGIN

    def describe(self) -> str:
        """What was found, for people."""
        facts = ["uid %d" % self.uid, "home %s" % self.home, "shell %s" % (self.shell or "/bin/sh")]
        facts += [] if self.is_local else ["from a directory service"]
        facts += ["described as %r" % self.comment] if self.comment else []
        facts += ["with a password"] if self.has_password else []
        facts += ["in the groups %s" % ", ".join(self.groups)] if self.groups else []
        facts += ["whose uid or group is also that of %s" % ", ".join(self.shares)] if self.shares else []
        return ", ".join(facts)


class Group(t.NamedTuple):
    """A group, and who is said to be in it."""

    name: str
    gid: int
    members: tuple[str, ...]


class Accounts:
    """The accounts of this machine, as they are now.

    :param folder: where ``passwd``, ``group`` and ``shadow`` lie
    """

    def __init__(self, folder: str = "/etc") -> None:
        self._passwd = {fields[0]: fields for fields in _lines(os.path.join(folder, "passwd"), 7)}
        self._group = {fields[0]: fields for fields in _lines(os.path.join(folder, "group"), 4)}
        self._passwords = {fields[0]: fields[1] for fields in _lines(os.path.join(folder, "shadow"), 9)}

    def user(self, name: str) -> Account | None:
        """A user of this name, from wherever; None when there is none."""
        fields = self._passwd.get(name)
        if fields is not None:
            entry = pwd.struct_passwd((*fields[:2], int(fields[2]), int(fields[3]), *fields[4:]))
        else:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                return None
        password = self._passwords.get(name, "") if entry.pw_passwd == "x" else entry.pw_passwd  # noqa: S105
        return Account(
            name=name,
            uid=entry.pw_uid,
            gid=entry.pw_gid,
            comment=entry.pw_gecos,
            home=entry.pw_dir,
            shell=entry.pw_shell,
            is_local=fields is not None,
            has_password=not password.startswith(("!", "*")),
            groups=tuple(sorted(group for group, found in self._group.items() if name in found[3].split(","))),
            shares=self._sharers(name, entry),
        )

    def _sharers(self, name: str, entry: pwd.struct_passwd) -> tuple[str, ...]:
        uid, gid = str(entry.pw_uid), str(entry.pw_gid)
        found = {user for user, fields in self._passwd.items() if fields[2] == uid or fields[3] == gid}
        found |= {group for group, fields in self._group.items() if fields[2] == gid}
        return tuple(sorted(found - {name}))

    def group(self, name: str) -> Group | None:
        """A group of this name, from wherever."""
        fields = self._group.get(name)
        if fields is not None:
            return Group(name, int(fields[2]), tuple(filter(None, fields[3].split(","))))
        try:
            entry = grp.getgrnam(name)
        except KeyError:
            return None
        return Group(name, entry.gr_gid, tuple(entry.gr_mem))

    @staticmethod
    def has_uid(uid: int) -> bool:
        """Whether any user has this uid now."""
        with contextlib.suppress(KeyError):
            return bool(pwd.getpwuid(uid))
        return False

    @staticmethod
    def has_gid(gid: int) -> bool:
        """Whether any group has this gid now."""
        with contextlib.suppress(KeyError):
            return bool(grp.getgrgid(gid))
        return False


def _lines(path: str, count: int) -> list[list[str]]:
    """The entries of a file of accounts; other lines, such as those of the old NIS, are none."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            entries = [line.rstrip("\n").split(":") for line in file]
    except OSError:
        return []
    numbered = 3 if count > 3 and not path.endswith("shadow") else 0
    return [fields for fields in entries if len(fields) == count and (not numbered or fields[2].isdigit())]
