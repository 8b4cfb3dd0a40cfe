# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts: nobody else's is used or removed, and nobody gets another one's data with its uid."""

from __future__ import annotations

import typing as t

import pytest
from helpers import attacks
from helpers.machine import Machine

FIRST, LAST = 60706, 61183


@pytest.fixture
def machine() -> t.Iterator[Machine]:
    found = Machine()
    yield found
    found.close()


STRANGERS = {
    "person": "useradd --create-home --shell /bin/bash {user}",
    "service": "useradd --system --user-group --shell /usr/sbin/nologin --home-dir /var/lib/x {user}",
    "nohome": "useradd --system --user-group --shell /usr/sbin/nologin --home-dir /nonexistent {user}",
    "shell": "useradd --system --user-group --shell /bin/sh --home-dir {data} {user}",
    "password": "useradd --system --user-group --shell /usr/sbin/nologin --home-dir {data} {user}"
    " && echo {user}:secret | chpasswd",
    "groups": "useradd --system --user-group --shell /usr/sbin/nologin --home-dir {data} --groups adm {user}",
    "shared": "useradd --system --gid users --shell /usr/sbin/nologin --home-dir {data} {user}",
    "twin": "useradd --system --user-group --shell /usr/sbin/nologin --home-dir {data} {user}"
    " && useradd --non-unique --uid $(id -u {user}) alice",
    "forged": "useradd --create-home --shell /bin/bash --comment 'selfhost.pyapps app forged' {user}",
    "other": "useradd --system --user-group --shell /usr/sbin/nologin --comment 'selfhost.pyapps app x' {user}",
}
"""Accounts of other people that have an app's name, by app."""


def _stranger(app: str) -> str:
    """A shell's commands that make one, and a process of its."""
    user = "pyapp-" + app
    process = "setpriv --reuid %s --regid 0 --clear-groups sleep 1000 >/dev/null 2>&1 &" % user
    return STRANGERS[app].format(user=user, data="/srv/pyapps/apps/%s/data" % app) + "\n" + process


def test_an_account_of_somebody_else_is_neither_used_nor_changed_nor_removed(machine: Machine) -> None:
    """Also where an app of this name has been deployed: by an earlier version, which took any account."""
    machine.run("\n".join(map(_stranger, STRANGERS)))
    machine.run("groupadd pyapp-group && groupadd --gid 60999 pyapp-members && useradd -g users -G pyapp-members eve")
    apps = [*STRANGERS, "group", "members"]
    before, through = machine.accounts(), []

    answer = machine.module("host_layout", apps=["innocent", *apps])
    said = answer.get("msg", "")
    through += [app for app in apps if "pyapp-%s: " % app not in said]
    through += ["something was made"] if machine.can("root", "test -e /srv/pyapps") else []
    through += ["an account changed: laid out"] if machine.accounts() != before else []

    machine.run("".join("mkdir -p /srv/pyapps/apps/%s/releases /run/pyapps;" % app for app in STRANGERS))
    answer = machine.module("app_removal", names=apps)
    assert sorted(answer["removed"]) == sorted(STRANGERS)
    through += [app for app in STRANGERS if "user pyapp-%s (uid " % app not in str(answer.get("warnings"))]
    through += ["an account changed: removed"] if machine.accounts() != before else []
    running = machine.run("ps -C sleep -o user:40=").split()
    through += [app for app in STRANGERS if "pyapp-" + app not in running and app != "twin"]
    through += ["twin"] if not {"pyapp-twin", "alice"}.intersection(running) else []

    machine.run("id pyapps-build || useradd --create-home pyapps-build; useradd --system --shell /bin/sh pyapps-caddy")
    before = machine.accounts()
    machine.module("host_removal")
    through += ["an account changed: host removed"] if machine.accounts() != before else []
    attacks.record("home", "an app gets a person's account, or ends it", 2 * len(apps) + 2, through)


def test_no_uid_comes_to_another_app_while_data_is_kept_for_it(machine: Machine) -> None:
    """An app comes back after many others have come; also when everything but data has been removed in between."""
    many = attacks.tries(6, 400)
    machine.module("host_layout", apps=["old", "older"])
    uids = {app: machine.uid("pyapp-" + app) for app in ("old", "older")}
    for app in uids:
        machine.run("echo precious >/srv/pyapps/apps/%s/data/notes; " % app, "pyapp-" + app)
    machine.module("app_removal", names=list(uids))
    machine.module("host_removal")
    through: list[object] = []
    new = ["new-%d" % number for number in range(many)]
    assert machine.module("host_layout", apps=new)["changed"]
    found = [line.split(":") for line in machine.run("getent passwd").splitlines() if line.startswith("pyapp")]
    through += [fields[0] for fields in found if int(fields[2]) in uids.values()]
    through += [fields[0] for fields in found if not FIRST <= int(fields[2]) == int(fields[3]) <= LAST]
    assert len({fields[2] for fields in found}) == len(found) == many + 1  # and the build user

    back = machine.module("host_layout", apps=[*new, *uids])
    through += [back["msg"]] if back.get("users") != ["pyapp-old", "pyapp-older"] else []
    for app, uid in uids.items():
        through += [app] if not machine.can("pyapp-" + app, "cat /srv/pyapps/apps/%s/data/notes" % app) else []
        through += [app] if not machine.can("root", "[ $(id -u pyapp-%s) = %d ]" % (app, uid)) else []
    through += [new[0]] if machine.can("pyapp-" + new[0], "cat /srv/pyapps/apps/old/data/notes") else []
    through += ["changed again"] if machine.module("host_layout", apps=[*new, *uids]).get("changed", True) else []
    attacks.record("home", "an app gets the uid of a removed one", many, through)


EARLIER = "useradd --system --user-group --no-create-home --home-dir {home} --shell /usr/sbin/nologin"
"""How earlier versions made every user."""


def _lay_out_as_before(machine: Machine, app: str, uid: int) -> None:
    home = "/srv/pyapps/apps/%s/data" % app
    machine.run(EARLIER.format(home=home) + " --uid %d pyapp-%s && mkdir -p %s" % (uid, app, home))
    machine.run("echo %ss >%s/notes; chown -R pyapp-%s:pyapp-%s %s" % (app, home, app, app, home))
    machine.run("chmod 0750 " + home)


def test_a_host_of_an_earlier_version_goes_on_with_its_uids(machine: Machine) -> None:
    """Their accounts get the mark, while processes run as them; who had got another one's uid keeps it."""
    _lay_out_as_before(machine, "old", 890)
    machine.run("userdel pyapp-old; chown root:root /srv/pyapps/apps/old/data; chmod 700 /srv/pyapps/apps/old/data")
    _lay_out_as_before(machine, "new", 890)
    _lay_out_as_before(machine, "other", 889)
    machine.run(EARLIER.format(home="/srv/pyapps/cache") + " --uid 888 pyapps-build; mkdir -m 700 /srv/pyapps/cache")
    machine.run("chown pyapps-build:pyapps-build /srv/pyapps/cache")
    machine.run("setpriv --reuid pyapp-new --regid pyapp-new --clear-groups sleep 1000 >/dev/null 2>&1 &")

    planned = machine.module("host_layout", apps=["new", "old", "other"], check=True)
    done = machine.module("host_layout", apps=["new", "old", "other"])
    assert "failed" not in done, done["msg"]
    assert done["diff"] == planned["diff"]
    assert done["users"] == ["pyapp-old"]
    assert done["marked_users"] == ["pyapps-build", "pyapp-new", "pyapp-other"]
    assert "mark of user pyapp-new\n" in done["diff"]["after"]
    assert not machine.module("host_layout", apps=["new", "old", "other"])["changed"]
    assert [machine.uid("pyapp-new"), machine.uid("pyapp-other"), machine.uid("pyapps-build")] == [890, 889, 888]
    assert FIRST <= machine.uid("pyapp-old") <= LAST
    assert machine.can("root", "pgrep --uid pyapp-new sleep")
    assert "selfhost.pyapps app new" in machine.run("getent passwd pyapp-new")
    through = []
    for app in ("new", "old", "other"):
        notes = "/srv/pyapps/apps/%s/data/notes" % app
        assert machine.run("echo more >>%s; cat %s" % (notes, notes), "pyapp-" + app).split() == [app + "s", "more"]
        through += [(other, app) for other in ("new", "old", "other") if other != app]
    through = [
        pair for pair in through if machine.can("pyapp-" + pair[0], "cat /srv/pyapps/apps/%s/data/notes" % pair[1])
    ]
    machine.module("app_removal", names=["other"])
    machine.module("host_layout", apps=["new", "old"])
    machine.module("host_layout", apps=["new", "old", "other"])
    assert machine.uid("pyapp-other") == 889
    attacks.record("home", "an app reads data whose uid it was given by an earlier version", 6, through)
