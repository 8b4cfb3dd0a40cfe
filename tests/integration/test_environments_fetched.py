# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of Python that the host lacks, fetched by real uv from a folder of this machine.

The host's own interpreters are hidden, so that the version of Debian's is one that it lacks.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments import python as pythons
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv import Sources
from helpers.environment_host import Host, app, imports, temporary_host, two_wheels
from helpers.fetched_pythons import StandalonePython, known_to_uv


@pytest.fixture(scope="module")
def standalone(tmp_path_factory: pytest.TempPathFactory) -> StandalonePython:
    return StandalonePython(tmp_path_factory.mktemp("standalone"))


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Host]:
    """A host without any interpreter in its folders for programs."""
    monkeypatch.setattr(pythons, "_folders", list)
    pythons.find_python.cache_clear()
    pythons.installed.cache_clear()
    with temporary_host() as made:
        two_wheels(made)
        yield made
    pythons.find_python.cache_clear()
    pythons.installed.cache_clear()


@pytest.fixture
def mirror(host: Host, standalone: StandalonePython) -> Path:
    """A folder on the host with the file and its list."""
    folder = Path(host.root) / "my pythons"
    folder.mkdir()
    shutil.copy(standalone.path, folder)
    standalone.listed(standalone.path.parent / "downloads.json")
    shutil.copy(standalone.path.parent / "downloads.json", folder)
    return folder / "downloads.json"


def make(host: Host, *apps: dict[str, t.Any], mirror: Path | str | None = None, **changes: t.Any) -> dict[str, t.Any]:
    sources = Sources(wheelhouse=host.root + "/wheels", python_mirror=str(mirror) if mirror else None)
    return host.make(*apps, **{"python_downloads": True, "sources": sources, **changes})


def kept(host: Host) -> list[str]:
    return sorted(os.listdir(host.layout.pythons)) if os.path.isdir(host.layout.pythons) else []


def edited(mirror: Path, **changes: t.Any) -> Path:
    entries = json.loads(mirror.read_text())
    for entry in entries.values():
        entry.update(changes)
    mirror.write_text(json.dumps(entries))
    return mirror


def test_a_missing_version_is_fetched_and_kept(host: Host, mirror: Path, standalone: StandalonePython) -> None:
    """Without a network, once for all who ask, and the next run starts no uv."""
    minor = standalone.minor
    apps = [
        app("a", "beta\n", python=minor),
        app("b", "alpha\n", python=standalone.number, python_from=".python-version"),
        app("c", "alpha\n", requires_python=["==%s.*" % minor]),
    ]
    first = make(host, *apps, mirror=mirror, python=minor)
    assert [result["reason"] for result in first["app_results"].values()] == ["", "", ""]
    (name,) = kept(host)
    assert name.startswith(standalone.number + "-")
    python = first["app_results"]["a"]["python"]
    question = "import beta, sys, sysconfig; print(sys.base_prefix, sysconfig.get_config_var('LIBDIR'), sep=chr(10))"
    place = os.path.join(host.layout.pythons, name)
    assert imports(python, question).splitlines() == [place, place + "/lib"]
    assert os.readlink(python) == "%s/bin/python%s" % (place, minor)
    assert first["app_results"]["b"]["environment"] == first["app_results"]["c"]["environment"]
    assert [line for line in host.said if line.startswith("fetching")] == ["fetching Python " + standalone.number]
    os.unlink(host.layout.uv)
    shutil.rmtree(mirror.parent)

    again = make(host, *apps, mirror=mirror, python=minor, prune=True)
    without = make(host, *apps, python=minor, python_downloads=False)

    assert (again["changed"], again["pruned_pythons"]) == (False, [])
    assert without["app_results"] == again["app_results"]


def test_what_was_fetched_is_nobodys_to_write(host: Host, mirror: Path, standalone: StandalonePython) -> None:
    """Apps and supervisor run it, so it is root's, as environments are; its bytecode is there already."""
    make(host, app("a", "alpha\n", python=standalone.minor), mirror=mirror)
    place = Path(host.layout.pythons, *kept(host))
    seen = 0
    for folder, _folders, names in os.walk(place):
        for path in [folder, *(os.path.join(folder, name) for name in names)]:
            status, seen = os.lstat(path), seen + 1
            assert status.st_uid == os.geteuid(), path
            assert stat.S_ISLNK(status.st_mode) or not status.st_mode & 0o7222, path
    assert seen > 300
    assert stat.S_IMODE(os.stat(host.layout.pythons).st_mode) == 0o755
    assert list(place.glob("lib/python3*/__pycache__/abc.*.pyc"))
    assert (place / "share/terminfo/x/xterm").read_text() == "vt100"


def test_an_app_may_run_it(host: Host, mirror: Path, standalone: StandalonePython) -> None:
    result = make(host, app("a", "alpha\n", python=standalone.minor), mirror=mirror)["app_results"]["a"]
    found = pythons.ask(result["python"])  # as the build user
    assert found.number == standalone.number


def test_another_file_than_the_list_says_is_refused(host: Host, mirror: Path, standalone: StandalonePython) -> None:
    edited(mirror, sha256="0" * 64)
    report = make(host, app("a", "alpha\n", python=standalone.minor), app("b", "alpha\n"), mirror=mirror)
    reason = report["app_results"]["a"]["reason"]
    assert "and none could be fetched: could not fetch Python: " in reason
    assert "Hash mismatch for `cpython-%s" % standalone.number in reason
    assert report["app_results"]["b"]["state"] == "ok"
    assert kept(host) == []
    assert [name for name in host.environments() if name.startswith(".part")] == []


def test_another_file_than_uv_knows_is_refused(host: Host, standalone: StandalonePython) -> None:
    """A folder as the releases of python-build-standalone have it; what uv knows of them counts."""
    number, path = known_to_uv(host.layout.uv, "3.12")
    folder = Path(host.root) / "mirror"
    file = folder / path.replace("%2B", "+")
    file.parent.mkdir(parents=True)
    shutil.copy(standalone.path, file)
    report = make(host, app("a", "alpha\n", python="3.12"), app("b", "alpha\n", python="3.13"), mirror=folder)
    assert "Hash mismatch for `cpython-%s-" % number in report["app_results"]["a"]["reason"]
    assert "%s/" % folder in report["app_results"]["b"]["reason"]
    assert "No such file" in report["app_results"]["b"]["reason"]
    assert kept(host) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sha256": None}, "sha256 is null; it must be 64 hexadecimal digits"),
        ({"url": ""}, 'url is ""; it must be'),
        ({"url": "nothing.tar.gz"}, "nothing.tar.gz"),
        ({"url": "https://127.0.0.1:9/x.tar.gz"}, "Network connectivity is disabled"),
        ({"minor": 99}, "there is no such version. There are: 3.99."),
    ],
)
def test_a_faulty_list_is_a_reason(
    host: Host, mirror: Path, standalone: StandalonePython, changes: dict[str, t.Any], reason: str
) -> None:
    """uv would install what has no hash."""
    edited(mirror, **changes)
    bad = make(host, app("a", "alpha\n", python=standalone.minor), mirror=mirror)["app_results"]["a"]
    assert (bad["state"], bad["step"]) == ("failed", "environment")
    assert reason in bad["reason"]
    assert kept(host) == []


@pytest.mark.parametrize(
    ("mirror", "reason"),
    [
        (None, "with a wheelhouse nothing comes over the network: let pyapps_python_mirror name a folder"),
        ("https://pythons.example.com/x", "with a wheelhouse nothing comes over the network"),
        ("/nope", "pyapps_python_mirror is /nope, which is not a folder of this host"),
        ("/nope/downloads.json", "/nope/downloads.json, which pyapps_python_mirror names, cannot be read"),
        ("ftp://a/b", 'pyapps_python_mirror is "ftp://a/b"; allowed are'),
    ],
)
def test_a_mirror_that_cannot_be_used_is_a_reason(host: Host, mirror: str | None, reason: str) -> None:
    bad = make(host, app("a", "alpha\n", python="3.12"), mirror=mirror)["app_results"]["a"]
    assert reason in bad["reason"]
    assert "Python 3.12 is not installed on this host" in bad["reason"]


def test_without_downloads_it_is_said_how_to_get_it(host: Host, mirror: Path) -> None:
    bad = make(host, app("a", "alpha\n", python="3.12"), mirror=mirror, python_downloads=False)["app_results"]["a"]
    assert "have it fetched (pyapps_python_downloads: true)" in bad["reason"]


def test_check_mode_fetches_nothing(host: Host, mirror: Path, standalone: StandalonePython) -> None:
    before = host.everything()
    report = make(host, app("a", "alpha\n", python=standalone.minor), mirror=mirror, check=True)
    result = report["app_results"]["a"]
    assert (result["state"], result["changed"], result["environment"]) == ("ok", True, None)
    assert host.everything() == before


def test_an_interpreter_leaves_with_its_last_environment(
    host: Host, mirror: Path, standalone: StandalonePython
) -> None:
    """One that fails to be used goes, too."""
    first = make(host, app("a", "alpha\n", python=standalone.minor), mirror=mirror)["app_results"]["a"]
    folder = Path(host.layout.app("a").release("0123456789abcdef"))
    folder.mkdir(parents=True)
    (folder / "release.json").write_text(json.dumps({"app": "a", "environment": first["environment"]}))
    kept_by_release = make(host, app("a", "alpha\n"), mirror=mirror, prune=True)
    assert (kept_by_release["pruned_pythons"], len(kept(host))) == ([], 1)
    shutil.rmtree(folder)

    report = make(host, app("a", "alpha\n"), mirror=mirror, prune=True)

    assert (report["changed"], len(report["pruned_pythons"]), kept(host)) == (True, 1, [])
    pool = [path for path in Path(host.layout.srv, "pool").rglob("*") if path.is_file()]
    assert [path for path in pool if path.stat().st_nlink == 1] == []


def test_an_app_keeps_its_interpreter_beside_a_newer_one(
    host: Host, mirror: Path, standalone: StandalonePython, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another app's wish moves nobody; an upgrade takes the newest."""
    first = make(host, app("a", "alpha\n", python=standalone.minor), mirror=mirror)["app_results"]["a"]
    (name,) = kept(host)
    newer = "%s.%d" % (standalone.minor, int(standalone.number.rpartition(".")[2]) + 1)
    other = os.path.join(host.layout.pythons, newer + "-0123456789abcdef")
    shutil.copytree(os.path.join(host.layout.pythons, name), other, symlinks=True)
    ask = pythons.ask

    def as_newer(path: str) -> pythons.Interpreter:
        found = ask(path)
        return pythons.Interpreter(
            **{
                **vars(found),
                "version": found.version.replace(standalone.number, newer) if other in path else found.version,
            }
        )

    monkeypatch.setattr(pythons, "ask", as_newer)
    asking = {"python": standalone.minor}
    again = make(host, app("a", "alpha\n", **asking), app("new", "beta\n", **asking), python_downloads=False)
    assert again["app_results"]["a"] == {**first, "changed": False}
    assert other in os.readlink(again["app_results"]["new"]["python"])

    upgraded = make(host, app("a", "alpha\n", **asking), python_downloads=False, upgrade=True)["app_results"]["a"]

    assert other in os.readlink(upgraded["python"])
    assert not make(host, app("a", "alpha\n", **asking), python_downloads=False)["changed"]
