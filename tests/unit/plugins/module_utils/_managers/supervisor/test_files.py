# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import configparser
import subprocess
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import ConfError
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.files import (
    Wish,
    daemon_text,
    files,
    script_text,
    unit_text,
)


def wish(root: str = "/", own: bool = True, manager: str = "systemd", as_root: bool = True) -> Wish:
    return Wish(Layout(root), own=own, from_debian=False, manager=manager, as_root=as_root)


def test_the_daemons_configuration() -> None:
    """S0-40, S0-41, S0-42, S0-50: closed socket, log, pid, RPC interface, supervisorctl, and root said openly."""
    parser = configparser.RawConfigParser()
    parser.read_string(daemon_text(wish()))
    assert dict(parser["unix_http_server"]) == {"file": "/run/pyapps/supervisor.sock", "chmod": "0700"}
    daemon = parser["supervisord"]
    assert daemon["user"] == "root"
    assert daemon["logfile"] == "/var/log/pyapps/supervisord.log"
    assert daemon["pidfile"] == "/run/pyapps/supervisord.pid"
    assert (daemon["logfile_maxbytes"], daemon["logfile_backups"]) == ("10MB", "5")
    assert parser["supervisorctl"]["serverurl"] == "unix:///run/pyapps/supervisor.sock"
    assert parser["include"]["files"] == "programs/*.conf"
    assert parser["rpcinterface:supervisor"]["supervisor.rpcinterface_factory"]


def test_without_root_nothing_needs_root() -> None:
    text = daemon_text(wish("/home/me", manager="none", as_root=False))
    assert "user=" not in text
    assert "minfds" not in text


def test_a_percent_sign_in_the_root_survives() -> None:
    """S0-45."""
    parser = configparser.RawConfigParser()
    parser.read_string(daemon_text(wish("/100%/a b")))
    assert parser["unix_http_server"]["file"] % {} == "/100%/a b/run/pyapps/supervisor.sock"


@pytest.mark.parametrize(("length", "fits"), [(10, True), (72, True), (73, False), (200, False)])
def test_a_socket_whose_path_is_too_long_is_refused(length: int, fits: bool) -> None:
    """Before anything is written, with the path and the variable; supervisord adds its pid for a moment."""
    root = "/" + "r" * (length - 1)
    socket = Layout(root).supervisor_socket
    assert fits is (len(socket + ".4194304") <= 107)
    if fits:
        assert files(wish(root))
    else:
        with pytest.raises(ConfError, match="pyapps_root") as error:
            files(wish(root))
        assert socket in str(error.value)


@pytest.mark.parametrize("root", ["/a*", "/a[b]", "/a?", '/a"b', "/a\\b"])
def test_a_root_that_would_be_read_as_a_pattern_is_refused(root: str) -> None:
    with pytest.raises(ConfError, match="root folder"):
        files(wish(root))


def test_each_service_manager_has_its_file() -> None:
    conf = "/etc/pyapps/supervisor/supervisord.conf"
    assert set(files(wish())) == {conf, "/etc/systemd/system/pyapps-supervisor.service"}
    assert set(files(wish(manager="sysv"))) == {conf, "/etc/init.d/pyapps-supervisor"}
    assert set(files(wish(manager="none"))) == {conf, "/etc/pyapps/supervisor/daemon"}
    assert set(files(wish(own=False))) == {conf}
    assert "unix:///var/run/supervisor.sock" in files(wish(own=False))[conf].text


def test_the_unit_brings_the_daemon_back_and_makes_the_run_folder() -> None:
    """S0-41, S0-49: after a crash, and after a boot."""
    text = unit_text(wish())
    start = "ExecStart=/srv/pyapps/tools/supervisor/bin/supervisord -n -c /etc/pyapps/supervisor/supervisord.conf\n"
    assert start in text
    for line in ("Restart=always", "RuntimeDirectory=pyapps", "RuntimeDirectoryPreserve=yes", "KillMode=mixed"):
        assert line + "\n" in text
    assert '"/a b/100%%/$$x/srv' in unit_text(wish("/a b/100%/$x"))


def test_the_script_is_a_shell_script_whatever_the_root(tmp_path: Path) -> None:
    """S0-41: LSB's exit codes; a root with quotes and spaces stays a word."""
    root = tmp_path / "it's a $HOME"
    script = tmp_path / "daemon"
    script.write_text(script_text(wish(str(root), manager="none")))
    done = subprocess.run(["sh", script, "status"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "not running\n", "")
    assert subprocess.run(["sh", script, "stop"], check=False).returncode == 0
    assert subprocess.run(["sh", script], capture_output=True, check=False).returncode == 2
    assert not root.exists()


def test_the_first_process_of_a_container_needs_no_unit_and_no_script() -> None:
    """S0-92."""
    assert list(files(wish(manager="supervisor"))) == ["/etc/pyapps/supervisor/supervisord.conf"]
