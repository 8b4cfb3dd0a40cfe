# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Streamlit processes, started by our starter, under a real supervisord that is killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import typing as t
import urllib.request
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.listeners import listener_uid
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import program_text
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import (
    InstanceRecord,
    instance_program,
)
from helpers.supervisord import Supervisord, make_environment, supervisor_environment, wait_for

ENVIRONMENT = "0123456789abcdef"
RELEASE = "fedcba9876543210"
INSTANCE = "0123456789abcdef" * 2
CONFIG = """\
[server]
address = "127.0.0.1"
baseUrlPath = "/100%-odd"
headless = true
fileWatcherType = "none"
[browser]
gatherUsageStats = false
"""
APP = "import streamlit\n\nstreamlit.write('hello')\n"
AS_ROOT = os.geteuid() == 0
USER = "nobody" if AS_ROOT else None
"""Without root everything runs as the one user."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Host(Supervisord):
    """A supervisord with one app, laid out as the modules do it."""

    def __init__(self, bin_folder: Path, environment: Path) -> None:
        super().__init__(bin_folder)
        place = self.layout.app("app_1")
        self.record = InstanceRecord("app_1", INSTANCE, free_port(), RELEASE, "2026-11-21T07:42:00Z")
        self.data = Path(place.data)
        code = Path(place.release(RELEASE), "code")
        for folder in (code / ".streamlit", self.data, Path(place.instances), Path(self.layout.envs)):
            folder.mkdir(parents=True)
        os.symlink(environment, Path(self.layout.envs, ENVIRONMENT))
        (code / "app 1.py").write_text(APP)
        (code / ".streamlit" / "config.toml").write_text(CONFIG)
        settings = {
            "streamlit": {"entry_file": "app 1.py"},
            "base_path": "/100%-odd",
            "env": {"GREETING": "hi %(here)s; $HOME"},
        }
        release = {"release": RELEASE, "kind": "streamlit", "environment": ENVIRONMENT, "settings": settings}
        Path(place.release(RELEASE), "release.json").write_text(json.dumps(release))
        Path(place.instance(INSTANCE)).write_text(self.record.to_json())
        if AS_ROOT:
            os.chown(self.data, 65534, 65534)

    def deploy(self) -> int:
        """Start the instance; its pid when it is healthy."""
        self.add(self.record.program, instance_program(self.record, self.layout, USER))
        return self.healthy_pid()

    def healthy_pid(self, seconds: float = 60) -> int:
        wait_for(self.is_healthy, seconds, "the app is healthy")
        return self.rpc.processes()[self.record.program].pid

    def is_healthy(self) -> bool:
        url = "http://127.0.0.1:%d/100%%25-odd/_stcore/health" % self.record.port
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return bool(answer.read() == b"ok")
        except OSError:
            return False


@pytest.fixture(scope="module")
def environments() -> t.Iterator[tuple[Path, Path]]:
    # Not below pytest's folder, which the app's user cannot enter.
    folder = Path(tempfile.mkdtemp(prefix="pyapps-envs-"))
    folder.chmod(0o755)
    streamlit = make_environment(folder / "streamlit", "streamlit==1.67.*")
    yield supervisor_environment(folder / "supervisor", "4.3.0"), streamlit.parent
    shutil.rmtree(folder)


@pytest.fixture
def host(environments: tuple[Path, Path]) -> t.Iterator[Host]:
    with_app = Host(*environments)
    with_app.start()
    yield with_app
    with_app.close()


def ps(pid: int, column: str) -> str:
    done = subprocess.run(
        ["ps", "-ww", "-o", column + "=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def test_a_streamlit_app_runs_as_itself(host: Host) -> None:
    """S0-44, S0-45: its own command, user, folder, and an environment that is made from nothing."""
    pid = host.deploy()
    python = "%s/%s/bin/python" % (host.layout.envs, ENVIRONMENT)
    streamlit = "%s/%s/bin/streamlit" % (host.layout.envs, ENVIRONMENT)
    assert ps(pid, "args") == "%s %s run app 1.py --server.port=%d" % (python, streamlit, host.record.port)
    assert listener_uid(host.record.port) == (65534 if AS_ROOT else os.geteuid())
    listening = subprocess.run(
        ["ss", "-ltnH", "sport = %d" % host.record.port], capture_output=True, text=True, check=True
    )
    assert [line.split()[3] for line in listening.stdout.splitlines()] == ["127.0.0.1:%d" % host.record.port]

    environment = dict(
        entry.split("=", 1) for entry in Path("/proc/%d/environ" % pid).read_text().rstrip("\0").split("\0")
    )
    data = str(host.data)
    assert environment == {
        "PATH": "%s/%s/bin:/usr/local/bin:/usr/bin:/bin" % (host.layout.envs, ENVIRONMENT),
        "VIRTUAL_ENV": "%s/%s" % (host.layout.envs, ENVIRONMENT),
        "HOME": data + "/.home",
        "TMPDIR": data + "/.tmp",
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "GREETING": "hi %(here)s; $HOME",
        "PYAPPS_APP": "app_1",
        "PYAPPS_DATA_DIR": data,
    }
    assert os.readlink("/proc/%d/cwd" % pid) == host.layout.app("app_1").release(RELEASE) + "/code"
    status = Path("/proc/%d/status" % pid).read_text()
    assert "Umask:\t0027\n" in status
    for name in (".home", ".tmp"):
        assert (host.data / name).stat().st_mode & 0o777 == 0o700


def test_a_crashed_app_is_back(host: Host) -> None:
    """S0-46: another pid, healthy within 10 s (on a machine that has much else to do: 3 s and twice its start)."""
    begin = time.monotonic()
    pid = host.deploy()
    limit = max(10.0, 3 + 2 * (time.monotonic() - begin))
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not os.path.exists("/proc/%d" % pid), 5, "the old process has ended")
    assert host.healthy_pid(limit) not in (0, pid)


def test_a_killed_supervisord_takes_its_apps_along_and_brings_them_back(host: Host) -> None:
    """S0-46: nobody keeps a port, so the next daemon serves everything again without hand work."""
    keep = ["/usr/bin/python3", "-I", host.layout.zipapp, "run", "--", "/bin/sleep", "600"]
    host.add("keeper", program_text("keeper", keep, layout=host.layout, start_seconds=0))
    pid = host.deploy()
    keeper = wait_for(
        lambda: (p := host.rpc.processes()["keeper"].pid) and ps(p, "args") == "/bin/sleep 600" and p, 10, "it runs"
    )
    host.kill()
    wait_for(lambda: not ps(pid, "stat").strip("Z") and not ps(keeper, "stat").strip("Z"), 5, "both have ended")
    assert not host.is_healthy()
    host.start()
    assert host.healthy_pid() not in (0, pid)
    host.wait_for_state("keeper", "RUNNING")


@pytest.mark.parametrize("missing", ["record", "release", "environment"])
def test_what_is_missing_is_named_in_the_log(host: Host, missing: str) -> None:
    """S0-47: a half state is one clear line and a retry, and comes to life when it is whole."""
    place = host.layout.app("app_1")
    path = {
        "record": place.instance(INSTANCE),
        "release": place.release(RELEASE) + "/release.json",
        "environment": os.path.join(host.layout.envs, ENVIRONMENT),
    }[missing]
    os.rename(path, path + ".away")
    program = host.record.program
    host.add(program, instance_program(host.record, host.layout, USER))
    host.wait_for_state(program, "BACKOFF")
    log = Path(host.layout.log, program + ".err.log").read_text().splitlines()[0]
    assert log.startswith("pyapps: app_1 cannot start: %s" % path)
    os.rename(path + ".away", path)
    assert host.healthy_pid() > 0


def test_stopping_the_daemon_stops_its_apps(host: Host) -> None:
    """S0-49: SIGTERM, rc 0, well within Docker's 10 s; the socket is gone."""
    pid = host.deploy()
    assert host.stop() == 0
    assert not ps(pid, "stat").strip("Z")
    assert not os.path.exists(host.layout.supervisor_socket)
