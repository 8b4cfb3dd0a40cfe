# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.schedule import (
    Wish,
    crontab_text,
    files,
    plan,
    unit_text,
)

THEIRS = "# mine\n0 3 * * * backup 100\\%\n"
HERE = Layout("/home/me/100% of it")


def test_a_crontab_keeps_every_other_line_and_gets_ours_once() -> None:
    wish = Wish(HERE, "none", 5)
    once = crontab_text(wish, THEIRS)
    assert once.startswith(THEIRS)
    assert once.splitlines()[-1].startswith("*/5 * * * * ")
    assert r"/home/me/100\% of it/srv" in once, "a percent sign would end cron's line"
    assert crontab_text(wish, once) == once
    assert crontab_text(Wish(HERE, "none", 10), once).count("*/10 ") == 1
    assert crontab_text(Wish(HERE, "none", 0), once) == THEIRS
    other = crontab_text(Wish(Layout("/home/me/other"), "none", 5), once)
    assert crontab_text(Wish(HERE, "none", 0), other) == crontab_text(Wish(Layout("/home/me/other"), "none", 5), THEIRS)
    assert crontab_text(wish, "0 3 * * * no-line-end").count("\n") == 3


def test_a_unit_and_a_file_of_cron_name_the_command_as_they_read_it() -> None:
    assert '"/home/me/100%% of it/srv/pyapps/tools/pyapps.pyz" healthcheck --quiet --notify' in unit_text(HERE)
    (text,) = files(Wish(Layout("/"), "sysv", 7)).values()
    assert text
    assert text.splitlines()[-1].startswith("*/7 * * * * root ")


@pytest.mark.parametrize("manager", ["systemd", "sysv", "none"])
def test_nothing_is_wanted_where_it_shall_not_run(manager: str) -> None:
    assert set(files(Wish(HERE, manager, 0)).values()) <= {None}
    todo = plan(Wish(HERE, manager, 0), lambda *_arguments, **_options: (1, "", ""))
    assert not todo.changed
