# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has the front's port already, in words that lead on."""

from __future__ import annotations

import os
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.listeners import Listener
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.port_holder import described, problem

NGINX = Listener(pid=7, uid=0, command="nginx: master process /usr/sbin/nginx")
DEMO = Layout("/home/me/demo")


@pytest.fixture
def site(tmp_path: Path) -> str:
    """The site of a host of ours, as nginx has it."""
    path = tmp_path / "pyapps.conf"
    path.touch()
    return str(path)


def test_a_demo_beside_a_host_of_ours_is_told_whose_site_it_is(site: str) -> None:
    said = problem(DEMO, 80, NGINX, site)
    assert said.startswith(
        "pyapps_port: 80 is taken by pid 7 (nginx: master process /usr/sbin/nginx), which serves apps"
    )
    assert site in said
    assert "DEMO_PORT=" in said
    assert "playbooks/remove.yml" in said


def test_another_front_on_the_same_host_is_told_how_to_change_it(site: str) -> None:
    said = problem(Layout("/"), 80, NGINX, site)
    assert "stop nginx first" in said
    assert "pyapps_front to nginx" in said


def test_an_nginx_without_a_site_of_ours_is_a_strangers(tmp_path: Path) -> None:
    said = problem(DEMO, 80, NGINX, str(tmp_path / "none"))
    assert said.endswith("Stop it, or set pyapps_port to another port; nothing is ever killed for a port.")
    assert "of this collection" not in said


@pytest.mark.parametrize(("command", "root"), [("/home/a b/srv/pyapps/tools/caddy/bin/caddy run", "/home/a b")])
def test_the_caddy_of_another_demo_is_named_by_its_folder(command: str, root: str) -> None:
    said = problem(DEMO, 8080, Listener(pid=7, uid=1000, command=command))
    assert "the front of the apps of this collection below %s. " % root in said
    assert "make demo-clean" in said


def test_a_hidden_server_is_guessed_by_its_user(tmp_path: Path) -> None:
    """Who is not root sees whose a socket is, and the processes of that user, but not which one has it."""
    program = tmp_path / "nginx"
    program.symlink_to("/bin/cat")
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()  # until it answers, /proc may not have its command line yet
        name, words = described(Listener(pid=None, uid=os.geteuid(), command=None))
        process.stdin.close()
    assert name in ("nginx", "caddy")  # another test may run one
    assert "probably %s (pid " % name in words


def test_a_hidden_process_of_no_known_server_is_told_by_its_user() -> None:
    hidden: t.Any = Listener(pid=None, uid=4_000_000_000, command=None)
    assert described(hidden) == ("", "a process of user 4000000000")
