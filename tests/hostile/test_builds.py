# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages whose build attacks the host, the index and other apps; with real uv, namespaces and users."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import pwd
import secrets
import shutil
import socket
import stat
import subprocess
import sys
import tarfile
import tempfile
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv import Sources
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import namespaces as _namespaces
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import app_user
from helpers import hostile_backend
from helpers.attacks import record, tries
from helpers.canary import holders
from helpers.environment_host import Host, app, imports, make_wheel, temporary_host, two_wheels
from helpers.package_index import PackageIndex, package_index

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="without root everything is one user's")

HELPERS = Path(__file__).resolve().parents[1]
RUN = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv import Sources
from helpers.environment_host import Host, app
apps = [app(name, "evil\\n", allow_build=True) for name in sys.argv[4:]]
Host(sys.argv[2]).make(*apps, sources=Sources(index_url=sys.argv[3]))
"""
PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
INFO = "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n"
KEPT_APART = {
    "write": "a build writes into cache, pool, other environments and builds",
    "credentials": "a build looks for the index's password in all of /proc and in every file",
    "network": "a build connects to whatever is not the index",
    "relay": "a build asks the index for anything but packages",
}


@dataclasses.dataclass
class Scene:
    """A host with an index, two evil apps, and what they attack.

    :ivar evil: names of the apps
    :ivar victim: a folder of another app
    :ivar secret: a file that only root reads
    """

    host: Host
    index: PackageIndex
    password: str
    evil: list[str]
    victim: Path
    secret: Path

    def build(self) -> dict[str, t.Any]:
        """One run that makes the environments of the evil apps, at the same time."""
        apps = [app(name, "evil\nalpha\n", allow_build=True) for name in self.evil]
        return self.host.make(*apps, sources=Sources(index_url=self.index.url))

    def told(self, report: dict[str, t.Any]) -> list[dict[str, t.Any]]:
        """What the builds say of their attacks."""
        found = []
        for name in self.evil:
            result = report["app_results"][name]
            assert result["state"] == "ok", result
            found.append(json.loads(imports(result["python"], "import evil; print(evil.TOLD)")))
            # Its own environment is a build's to spoil; that it has shows that the others are worth a look.
            assert imports(result["python"], "import alpha; print(alpha.POISONED)") == "by a build"
        return found

    def harm(self) -> list[str]:
        """What has become of the victim's folder and of the secret; what still runs as an evil user."""
        found = []
        for path in (self.victim, *sorted(self.victim.iterdir())):
            status = path.lstat()
            if (stat.S_IMODE(status.st_mode), status.st_uid) != (0o755, 0):
                found.append("%s has mode %o of user %d" % (path.name, stat.S_IMODE(status.st_mode), status.st_uid))
        if len(list(self.victim.glob("*/file"))) != 20:
            found.append("files of the victim are gone")
        if holders(Path(self.host.root), self.secret.read_text()) != {str(self.secret)}:
            found.append("the secret was copied")
        return found + ["process %s goes on" % pid for pid in self.running()]

    def running(self) -> list[str]:
        """Ids of the processes of evil users."""
        return alive("-U", ",".join(app_user(name) for name in self.evil))


def alive(*selection: str) -> list[str]:
    """Ids of the processes that ps(1) selects, but for those that wait only to be counted."""
    done = subprocess.run(["ps", "-o", "pid=,stat=", *selection], capture_output=True, text=True, check=False)
    lines = [line.split() for line in done.stdout.splitlines()]
    return [pid for pid, state in lines if not state.startswith("Z")]


@contextlib.contextmanager
def listeners() -> t.Iterator[dict[str, t.Any]]:
    """Sockets of this machine that nobody may reach from a build."""
    abstract = "pyapps-hostile-" + secrets.token_hex(4)
    with socket.create_server(("0.0.0.0", 0)) as everywhere, socket.socket(socket.AF_UNIX) as local:
        local.bind("\0" + abstract)
        local.listen()
        port = everywhere.getsockname()[1]
        own = socket.gethostbyname(socket.gethostname())
        addresses = [["127.0.0.1", port], [own, port]]
        yield {"listeners": addresses, "abstract": abstract, "foreign": "http://127.0.0.1:%d/" % port}


def source_package(folder: Path, target: dict[str, t.Any]) -> None:
    """Write the hostile package as an index has it."""
    backend = Path(hostile_backend.__file__).read_text(encoding="utf-8")
    files = {"pyproject.toml": PYPROJECT, "backend.py": backend, "PKG-INFO": INFO, "target.json": json.dumps(target)}
    with tarfile.open(folder / "evil-1.0.tar.gz", "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo("evil-1.0/" + name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))


@pytest.fixture
def scene() -> t.Iterator[Scene]:
    evil = ["evil-%s" % secrets.token_hex(3) for _number in range(2)]
    password = "geheim" + secrets.token_hex(8)
    with contextlib.ExitStack() as stack:
        host = stack.enter_context(temporary_host())
        for name in evil:
            # The next free uid could be one of a container's on this machine, whose processes are no finds of ours.
            uid = str(200_000 + secrets.randbelow(1_000_000))
            add = ["useradd", "--uid", uid, "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
            subprocess.run([*add, app_user(name)], check=True)
            stack.callback(subprocess.run, ["userdel", app_user(name)], check=True)
        index = stack.enter_context(package_index(two_wheels(host), password))
        victim = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pyapps-victim-")))
        victim.chmod(0o755)
        for number in range(20):
            (victim / ("folder%d" % number)).mkdir(mode=0o755)
            (victim / ("folder%d" % number) / "file").write_text("kept")
        secret = Path(host.root) / "secret"
        secret.write_text("secret" + secrets.token_hex(8))
        secret.chmod(0o600)
        target = {
            **stack.enter_context(listeners()),
            "root": host.root,
            "cache": host.layout.cache,
            "envs": host.layout.envs,
            "locks": host.layout.locks,
            "pool": os.path.join(host.layout.srv, "pool"),
            "password": password,
            "secret": str(secret),
            "victim": str(victim),
        }
        source_package(Path(host.root) / "wheels", target)
        yield Scene(host, index, password, evil, victim, secret)


def neighbour(scene: Scene) -> list[str]:
    """What is wrong with the environment that another app gets now: alpha as the index has it."""
    report = scene.host.make(app("neighbour", "alpha\nbeta\n"), sources=Sources(index_url=scene.index.url))
    result = report["app_results"]["neighbour"]
    assert result["state"] == "ok", result
    told = imports(result["python"], "import alpha, beta; print(alpha.VERSION, hasattr(alpha, 'POISONED'))")
    return [] if told == "1.0 False" else ["alpha is %s" % told]


def test_a_hostile_build_reaches_nothing(scene: Scene) -> None:
    """All at once, twice in the same run, so that each has another build to attack; then the next app is clean."""
    through: dict[str, list[str]] = {name: [] for name in (*KEPT_APART, "harm", "neighbour")}
    count = tries(1, 10)
    for _number in range(count):
        report = scene.build()
        assert report["warnings"] == []
        for name, told in zip(scene.evil, scene.told(report)):
            assert told["met"], "the builds did not run at the same time"
            assert told["uid"] == pwd.getpwnam(app_user(name)).pw_uid
            for attack in KEPT_APART:
                through[attack] += told[attack]
        through["harm"] += scene.harm()
        through["neighbour"] += neighbour(scene)
        for name in (*scene.host.environments(), "../locks", "../pool"):
            shutil.rmtree(os.path.join(scene.host.layout.envs, name))
    assert not [path for path in scene.index.asked if not path.startswith(("/simple/", "/files/"))]
    for attack, words in KEPT_APART.items():
        record("home", words, 2 * count, through[attack])
    record(
        "home", "a build's daemon outlives it, and exchanges folders while root cleans up", 2 * count, through["harm"]
    )
    record("home", "a build plants another package's wheel", 2 * count, through["neighbour"])


def test_where_the_kernel_gives_no_namespaces_a_build_reaches_no_other_app(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container without further rights: network and processes are open, which the run says; nothing else is."""
    monkeypatch.setattr(_namespaces, "fault", lambda: "unshare failed")
    count = tries(1, 10)
    through: list[str] = []
    for _number in range(count):
        report = scene.build()
        (warning,) = report["warnings"]
        assert "unshare failed" in warning
        for told in scene.told(report):
            assert told["network"], "this is what the warning is about"
            through += told["write"] + told["credentials"] + told["relay"]
        through += scene.harm() + neighbour(scene)
        for name in (*scene.host.environments(), "../locks", "../pool"):
            shutil.rmtree(os.path.join(scene.host.layout.envs, name))
    record(
        "a container without namespaces", "a build reaches the cache, another app or the password", 2 * count, through
    )


def test_a_killed_run_takes_its_builds_with_it(scene: Scene) -> None:
    """SIGKILL as soon as a build runs: neither it, nor its daemon, nor the relay that knows the password goes on."""
    command = [sys.executable, "-c", RUN, json.dumps([str(HELPERS), *sys.path]), scene.host.root, scene.index.url]
    deadline = time.monotonic() + 60
    with subprocess.Popen([*command, *scene.evil]) as run:
        while not scene.running() and run.poll() is None and time.monotonic() < deadline:
            pass
        began = scene.running()
        children = alive("--ppid", str(run.pid))
        run.kill()
    assert began
    assert children, "neither unshare nor the relay"
    while (left := scene.running() + alive("-p", ",".join(children))) and time.monotonic() < deadline:
        pass
    record("home", "a build outlives a killed run", len(scene.evil), left)


def test_a_wheel_with_files_of_another_package_changes_the_cache_of_nobody(scene: Scene) -> None:
    """Wheels only: no code runs, but files of both packages lie in one folder, as links to the cache."""
    wheels = Path(scene.host.root) / "wheels"
    name = "lib/python%s/site-packages/alpha.py"
    minor = ".".join(imports("/usr/bin/python3", "import platform; print(platform.python_version())").split(".")[:2])
    places = ["alpha.py", "%s.data/purelib/alpha.py", "%s.data/platlib/alpha.py", "%s.data/data/" + name % minor]
    thieves = ["thief%d" % number for number in range(len(places))]
    for thief, place in zip(thieves, places):
        path = place % (thief + "-1.0") if "%s" in place else place
        make_wheel(wheels, thief, "1.0", {path: hostile_backend.POISON})
    apps = [app(thief, "alpha\n%s\n" % thief) for thief in thieves]
    report = scene.host.make(*apps, sources=Sources(index_url=scene.index.url))
    assert {result["state"] for result in report["app_results"].values()} == {"ok"}, report
    record("home", "a wheel brings files of another package", len(places), neighbour(scene))
