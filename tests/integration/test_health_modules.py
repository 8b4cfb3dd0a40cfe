# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of the health check: what they write, say and take away."""

from __future__ import annotations

import json
import os
import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.log import lock_path
from ansible_collections.selfhost.pyapps.plugins.modules import health_info, healthcheck_schedule, healthcheck_settings
from helpers.modules import run_module

HOOK = "https://hooks.example.com/s3cr3t"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(str(tmp_path))
    for folder in (layout.etc, layout.srv, layout.log, layout.run):
        os.makedirs(folder)
    return layout


def settings(layout: Layout, check: bool = False, **arguments: t.Any) -> dict[str, t.Any]:
    return run_module(healthcheck_settings, check, root=layout.root, **arguments)


def test_what_is_wanted_is_written_once_and_foretold(layout: Layout) -> None:
    """S0-29: check mode foretells it, the second run changes nothing, the webhook is for its owner only."""
    wanted = {
        "front": "nginx",
        "port": 8080,
        "endpoints": [{"name": "tunnel", "url": "http://127.0.0.1:20241/ready"}],
        "min_disk_percent": 12.5,
        "notify_webhook": HOOK,
    }
    planned = settings(layout, check=True, **wanted)
    assert planned["changed"]
    assert not os.path.exists(layout.healthcheck)
    done = settings(layout, **wanted)
    assert (done["changed"], done["diff"]) == (True, planned["diff"])
    assert "s3cr3t" not in json.dumps(done)
    assert settings(layout, **wanted)["changed"] is False
    written = json.loads(Path(layout.healthcheck).read_text())
    assert written["front"] == {"server": "nginx", "address": "127.0.0.1", "port": 8080, "host": "localhost"}
    assert written["min_disk_percent"] == 12.5
    assert written["endpoints"][0]["name"] == "tunnel"
    assert "s3cr3t" not in Path(layout.healthcheck).read_text()
    assert stat.S_IMODE(os.stat(layout.healthcheck).st_mode) == 0o644
    assert stat.S_IMODE(os.stat(layout.healthcheck_notify).st_mode) == 0o600
    assert json.loads(Path(layout.healthcheck_notify).read_text())["webhook"] == HOOK
    changed = settings(layout, **{**wanted, "notify_webhook": HOOK + "2"})
    assert [entry["after"] for entry in changed["diff"]] == ["(secret, changed)\n"]
    assert settings(layout, **{**wanted, "notify_webhook": ""})["changed"]
    assert not os.path.exists(layout.healthcheck_notify)


def test_every_mistake_is_told_before_anything_is_written(layout: Layout) -> None:
    refused = settings(
        layout,
        timeout=0,
        endpoints=[{"name": "x", "url": "gopher://x"}],
        notify_command=["relative"],
        notify_webhook="ftp://s3cr3t",
    )
    assert refused["failed"]
    for words in ("timeout: found 0", "endpoints[0].url", "notify_command", "notify_webhook", "Nothing was changed"):
        assert words in refused["msg"]
    assert "s3cr3t" not in json.dumps(refused)
    assert os.listdir(layout.etc) == []


def test_absent_takes_everything_away_and_leaves_others_things(layout: Layout) -> None:
    settings(layout, notify_webhook=HOOK)
    for path in (
        layout.healthcheck_log,
        layout.healthcheck_log + ".1",
        layout.healthcheck_told,
        lock_path("%s/x" % layout.log),
    ):
        Path(path).write_text("text\n")
    Path(layout.log, "app_1.out.log").write_text("kept\n")
    planned = settings(layout, check=True, state="absent")
    done = settings(layout, state="absent")
    assert done["changed"]
    assert done["diff"] == planned["diff"]
    assert os.listdir(layout.etc) == os.listdir(layout.srv) == []
    assert os.listdir(layout.log) == ["app_1.out.log"]
    assert settings(layout, state="absent")["changed"] is False


def test_a_schedule_of_the_crontab_comes_and_goes(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for crontab(1), which this machine may not have, with its contract: -l, - and -r, exit 1 for none."""
    table, program = tmp_path / "table", tmp_path / "bin" / "crontab"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\ncase "$1" in -l) cat "%(t)s" 2>/dev/null || exit 1;; -) cat > "%(t)s";; -r) rm "%(t)s";; esac\n'
        % {"t": table}
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", "%s:%s" % (program.parent, os.environ["PATH"]))

    def schedule(check: bool = False, **arguments: t.Any) -> dict[str, t.Any]:
        return run_module(healthcheck_schedule, check, root=layout.root, service_manager="none", **arguments)

    planned = schedule(check=True, minutes=7)
    assert planned["changed"]
    assert not table.exists()
    done = schedule(minutes=7)
    assert (done["changed"], done["diff"]) == (True, planned["diff"])
    assert table.read_text().splitlines()[-1].startswith("*/7 * * * * /usr/bin/python3 -I ")
    assert schedule(minutes=7)["changed"] is False
    assert schedule(state="absent")["changed"]
    assert not table.exists()
    table.write_text("# mine\n")
    assert schedule()["changed"]
    assert schedule(state="absent")["changed"]
    assert table.read_text() == "# mine\n"
    assert "1 to 59" in schedule(minutes=60)["msg"]


def test_a_host_without_anything_can_not_be_told(tmp_path: Path) -> None:
    """Nothing fails: that there is no supervisor is an answer."""
    found = run_module(health_info, root=str(tmp_path), timeout=1.0)
    assert found["state"] == "unknown"
    assert "supervisorctl command not found. Is supervisor installed?" in found["problems"][0]["problem"]
    assert found["changed"] is False
