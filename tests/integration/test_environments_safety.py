# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nobody may do to an environment, whose files they are, and what a killed run leaves.

As root these tests see root's store; as an ordinary user they see that user's.
"""

from __future__ import annotations

import json
import os
import pwd
import signal
import stat
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.pool import Pool
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import BUILD_USER
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError
from helpers.environment_host import Host, app, imports, make_wheel, temporary_host, two_wheels

HELPERS = Path(__file__).resolve().parents[1]
RUN = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from helpers.environment_host import Host, app
host = Host(sys.argv[2])
class Said(list):
    def append(self, line):
        print(line, flush=True)
host.said = Said()
report = host.make(app("app_1", "big\\n"), wheelhouse=host.root + "/wheels", parallel=1)
print(report["app_results"]["app_1"]["state"])
"""


@pytest.fixture
def host() -> t.Iterator[Host]:
    with temporary_host() as made:
        yield made


@pytest.fixture
def wheels(host: Host) -> Path:
    return two_wheels(host)


def tree(path: str) -> t.Iterator[tuple[str, os.stat_result]]:
    for folder, folders, names in os.walk(path):
        yield folder, os.lstat(folder)
        for name in names + [name for name in folders if os.path.islink(os.path.join(folder, name))]:
            yield os.path.join(folder, name), os.lstat(os.path.join(folder, name))


def test_an_environment_is_read_only_and_not_the_builders(host: Host, wheels: Path) -> None:
    """S0-22: handed over read-only; no inode of it belongs to who built it."""
    result = host.make(app("app_1", "beta\n"), wheelhouse=str(wheels))["app_results"]["app_1"]
    seen = list(tree(result["path"]))
    assert len(seen) > 15
    for path, status in seen:
        assert status.st_uid == os.geteuid(), path
        assert stat.S_ISLNK(status.st_mode) or not status.st_mode & 0o7222, path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a build user")
def test_the_build_user_can_change_neither_environment_nor_pool(host: Host, wheels: Path) -> None:
    """S0-22: tried as that user."""
    result = host.make(app("app_1", "alpha\n"), wheelhouse=str(wheels))["app_results"]["app_1"]
    module = imports(result["python"], "import alpha; print(alpha.__file__)")
    pool = os.path.join(host.layout.srv, "pool")
    for attempt in (
        "open(%r, 'a')" % module,
        "os.chmod(%r, 0o777)" % module,
        "os.unlink(%r)" % module,
        "open(%r, 'w')" % os.path.join(result["path"], "new"),
        "os.rename(%r, %r)" % (result["path"], result["path"] + "x"),
        "os.link(%r, %r)" % (module, os.path.join(host.layout.cache, "mine")),
        "os.listdir(%r)" % pool,
    ):
        command = [
            "setpriv",
            "--reuid=" + BUILD_USER,
            "--clear-groups",
            "/usr/bin/python3",
            "-c",
            "import os; " + attempt,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
        assert "PermissionError" in done.stderr, (attempt, done.stderr)


def test_nothing_of_a_package_runs_while_it_is_built(host: Host, wheels: Path) -> None:
    """S0-22: neither its modules nor a .pth file, neither as root nor as the build user."""
    mark = Path(host.root) / "mark"
    mark.mkdir()
    mark.chmod(0o777)
    code = "import os; open(%r, 'w')" % str(mark / "ran")
    make_wheel(
        wheels, "evil", "1.0", {"evil.py": code + "\n", "evil.pth": code + "\n", "sitecustomize.py": code + "\n"}
    )
    result = host.make(app("app_1", "evil\n"), wheelhouse=str(wheels))["app_results"]["app_1"]
    assert result["state"] == "ok"
    assert list(mark.iterdir()) == []
    imports(result["python"], "print()")
    assert [path.name for path in mark.iterdir()] == ["ran"]


def test_bytecode_is_compiled_once_and_shared(host: Host, wheels: Path) -> None:
    """A further environment costs what differs, bytecode included; the real path is in tracebacks."""
    for version in ("1.0", "2.0"):
        make_wheel(
            wheels, "gamma", version, {"gamma.py": "def fail():\n    raise ValueError\n", "v%s.py" % version[0]: ""}
        )
    report = host.make(app("a", "gamma==1.0\n"), app("b", "gamma==2.0\n"), wheelhouse=str(wheels))["app_results"]
    inodes = {}
    for name, result in report.items():
        folder = next(Path(result["path"]).glob("lib/python*/site-packages"))
        inodes[name] = {
            os.stat(path).st_ino for path in (folder / "gamma.py", next(folder.glob("__pycache__/gamma.*")))
        }
        question = "import gamma; print(gamma.__cached__, gamma.fail.__code__.co_filename, sep=chr(10))"
        cached, source = imports(result["python"], question).splitlines()
        assert cached.startswith(str(folder))
        assert source == str(folder / "gamma.py")
    assert inodes["a"] == inodes["b"]
    compiled = [line for line in host.said if "compiling" in line]
    host.make(app("c", "gamma\nalpha\n"), wheelhouse=str(wheels))
    assert [line for line in host.said if "compiling" in line][len(compiled) :] == ["c: compiling 1 file(s)"]


@pytest.mark.parametrize("moment", ["resolving", "installing", "compiling"])
def test_a_killed_run_leaves_nothing_that_is_used(host: Host, wheels: Path, moment: str) -> None:
    """S0-23: SIGKILL in the middle; no environment, no process, and the next run works and cleans up."""
    make_wheel(wheels, "big", "1.0", {"big/m%d.py" % count: "x = [%d]\n" % count * 40 for count in range(300)})
    command = [sys.executable, "-c", RUN, json.dumps([str(HELPERS), *sys.path]), host.root]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        line = next(line for line in run.stdout if moment in line)
        run.send_signal(signal.SIGKILL)
        # The pipe ends when nobody holds it any more: its children died with it.
        run.wait(30)
    assert line.startswith("app_1: " + moment)
    assert [name for name in host.environments() if not name.startswith(".part-")] == []
    assert os.listdir(host.layout.locks) == []
    deadline = time.monotonic() + 20
    while processes_in(host.root) and time.monotonic() < deadline:
        pass
    assert processes_in(host.root) == []

    result = host.make(app("app_1", "big\n"), wheelhouse=str(wheels))["app_results"]["app_1"]

    assert result["state"] == "ok"
    assert host.environments() == [result["environment"]]
    assert imports(result["python"], "import big.m7; print(big.m7.x)") == "[7]"


def processes_in(root: str) -> list[str]:
    """Command lines of processes that work in a folder."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                command = (folder / "cmdline").read_bytes().decode(errors="replace")
                if root in command or root in os.readlink(folder / "cwd"):
                    found.append(command)
            except OSError:
                continue
    return found


def test_a_full_disk_is_a_reason(host: Host, wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S0-24: no traceback, nothing left."""
    import errno

    def full(_self: Pool, *_arguments: t.Any) -> dict[str, str]:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Pool, "adopt", full)
    result = host.make(app("app_1", "alpha\n"), wheelhouse=str(wheels))["app_results"]["app_1"]
    assert result["reason"] == "No space left on device: make room and run again"
    assert host.environments() == []


@pytest.mark.parametrize(
    "trick", ["link out", "relative link out", "link out behind a link", "device", "setuid", "other owner"]
)
def test_only_plain_files_are_adopted(tmp_path: Path, trick: str) -> None:
    """S0-22: what the build user could plant for root to carry over is refused."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    (tmp_path / "pool").mkdir()
    (source / "python").symlink_to("/usr/bin/python3.99")
    (source / "fine").write_text("fine")
    (source / "deep" / "er").mkdir(parents=True)
    (source / "deep" / "er" / "also").symlink_to("../../fine")
    Pool(str(tmp_path / "pool"), 1).adopt(str(source), str(tmp_path / "ok"), os.geteuid(), "/usr/bin/python3.99")
    assert (tmp_path / "ok" / "fine").read_text() == "fine"
    assert (tmp_path / "ok" / "deep" / "er" / "also").read_text() == "fine"
    owner = os.geteuid()
    bad = source / "bad"
    if trick == "link out":
        bad.symlink_to("/etc/passwd")
    elif trick == "relative link out":
        (source / "folder").mkdir()
        (source / "folder" / "bad").symlink_to("../../x")
    elif trick == "link out behind a link":
        (source / "folder").mkdir()
        (source / "folder" / "bad").symlink_to("../up/../x")
    elif trick == "device":
        os.mkfifo(bad)
    elif trick == "setuid":
        bad.write_text("x")
        bad.chmod(0o4755)
    else:
        owner += 1
    with pytest.raises(EnvironmentFailedError):
        Pool(str(tmp_path / "pool"), 1).adopt(str(source), str(target), owner, "/usr/bin/python3.99")


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user builds as itself")
def test_a_closed_root_folder_is_named(tmp_path: Path) -> None:
    """S0-24: the build user could not enter; said before uv fails obscurely."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(LookupError, match="closed to other users"):
        Host(str(closed)).make(app("app_1", "alpha\n"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_ordinary_user_has_its_own_store(host: Host, wheels: Path) -> None:
    """S0-22: without root everything belongs to the one user, and works the same, rebuild and prune included."""
    other = pwd.getpwnam("nobody")
    for folder, _folders, _names in os.walk(host.root):
        os.chown(folder, other.pw_uid, other.pw_gid)
    script = """
import json, os, sys
sys.path[:0] = json.loads(sys.argv[1])
from helpers.environment_host import Host, app
host = Host(sys.argv[2])
def make(text, **more):
    report = host.make(app("app_1", text), wheelhouse=host.root + "/wheels", **more)
    return report["changed"], report["app_results"]["app_1"]["state"], report["pruned"]
print(json.dumps([make("beta"), make("beta"), make("beta", rebuild=True), make("alpha", prune=True)]))
"""
    command = [
        "setpriv",
        "--reuid=nobody",
        "--regid=%d" % other.pw_gid,
        "--clear-groups",
        "/usr/bin/python3",
        "-c",
        script,
    ]
    where = json.dumps([str(HELPERS), *sys.path])
    done = subprocess.run([*command, where, host.root], capture_output=True, text=True, cwd="/", check=False)
    assert done.returncode == 0, done.stderr
    first, second, rebuilt, changed = json.loads(done.stdout)
    assert [first[:2], second[:2], rebuilt[:2]] == [[True, "ok"], [False, "ok"], [True, "ok"]]
    assert len(changed[2]) == 1
    (environment,) = host.environments()
    path = host.layout.envs + "/" + environment
    assert {status.st_uid for _path, status in tree(path)} == {other.pw_uid}
    assert [path for path, status in tree(path) if not os.path.islink(path) and status.st_mode & 0o222] == []
