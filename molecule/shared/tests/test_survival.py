# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What dies comes back without hand work, and takes nothing else along."""

from __future__ import annotations

import subprocess

from helpers.containers import containers, healthy, streamlit_processes, wait_for
from testinfra.host import Host

testinfra_hosts = containers()


def _all_serve(host: Host) -> bool:
    return healthy(host, "app-1") and healthy(host, "app-2")


def test_a_killed_app_comes_back_and_the_other_one_goes_on(host: Host) -> None:
    """S0-46."""
    before = streamlit_processes(host)
    host.check_output("kill -KILL %s", before["pyapp-app_1"]["pid"])
    wait_for("app 1 serves again", lambda: healthy(host, "app-1"))
    after = streamlit_processes(host)
    assert after["pyapp-app_1"]["pid"] != before["pyapp-app_1"]["pid"]
    assert after["pyapp-app_2"] == before["pyapp-app_2"]


def test_a_killed_supervisord_leaves_no_orphan_and_all_apps_serve_again(host: Host) -> None:
    """A child that outlives its daemon keeps its port and stalls when its log pipe breaks."""
    before = streamlit_processes(host)
    daemon = host.check_output(r"pgrep -f '[s]upervisord.*/supervisord\.conf'")
    host.check_output("kill -KILL %s", daemon)

    def new_processes() -> bool:
        after = streamlit_processes(host)
        old = {process["pid"] for process in before.values()}
        return len(after) == len(before) and old.isdisjoint(process["pid"] for process in after.values())

    wait_for("every app has a new process", new_processes)
    wait_for("all apps serve", lambda: _all_serve(host))


def test_a_restarted_host_serves_again(host: Host) -> None:
    """/run is empty after a restart, as after a boot."""
    name = host.backend.name
    subprocess.run(["docker", "restart", "--time", "20", name], check=True, capture_output=True)
    wait_for("all apps serve", lambda: _all_serve(host))
