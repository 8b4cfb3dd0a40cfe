# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment store with real uv: what is resolved, built, shared, refused and deleted."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments import store as _environment_store
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv import Sources
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Report
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.reader import read_requirements
from helpers.environment_host import Host, app, imports, make_wheel, temporary_host, two_wheels


@pytest.fixture
def host() -> t.Iterator[Host]:
    with temporary_host() as made:
        yield made


@pytest.fixture
def wheels(host: Host) -> Path:
    return two_wheels(host)


def of(report: dict[str, t.Any], name: str) -> dict[str, t.Any]:
    result = report["app_results"][name]
    assert isinstance(result, dict)
    return result


def test_a_second_run_changes_nothing_and_starts_no_uv(host: Host, wheels: Path) -> None:
    """S0-23: an environment that is there is known to be whole, so nothing is asked again."""
    first = host.make(app("app_1", "beta\n"), wheelhouse=str(wheels))
    assert first["changed"]
    assert of(first, "app_1")["state"] == "ok", first
    assert imports(of(first, "app_1")["python"], "import alpha, beta; print(alpha.VERSION)") == "1.0"
    before = host.everything()
    os.unlink(host.layout.uv)
    before.pop(host.layout.uv)

    second = host.make(app("app_1", "beta\n"), wheelhouse=str(wheels), prune=True)

    assert (second["changed"], second["diff"], second["pruned"]) == (False, [], [])
    assert of(second, "app_1") == {**of(first, "app_1"), "changed": False}
    after = host.everything()
    assert {path for path in before if before[path] != after.get(path)} <= {
        host.layout.lock,
        str(Path(host.layout.uv).parent),
    }


def test_changed_requirements_are_installed(host: Host, wheels: Path) -> None:
    """S0-23: edit requirements, run again, and the change is installed."""
    first = host.make(app("app_1", "alpha\n"), wheelhouse=str(wheels))
    second = host.make(app("app_1", "beta\n"), wheelhouse=str(wheels))
    assert of(second, "app_1")["changed"]
    assert of(first, "app_1")["environment"] != of(second, "app_1")["environment"]
    assert imports(of(second, "app_1")["python"], "import beta; print(beta.VERSION)") == "1.0"
    assert [entry["before"] + "|" + entry["after"] for entry in second["diff"]] == [
        "alpha==1.0\n|alpha==1.0\nbeta==1.0\n"
    ]


def test_apps_with_equal_requirements_share_one_environment(host: Host, wheels: Path) -> None:
    """S0-22: one environment for as many apps as ask for the same; one more costs nothing."""
    report = host.make(app("a", "alpha\n"), app("b", "alpha\n"), wheelhouse=str(wheels))
    assert of(report, "a")["environment"] == of(report, "b")["environment"]
    assert len(host.environments()) == 1
    third = host.make(app("c", "alpha\n"), wheelhouse=str(wheels))
    assert of(third, "c")["environment"] == of(report, "a")["environment"]
    assert of(third, "c")["changed"]
    assert not [line for line in host.said if line.startswith("c:")]


def test_versions_side_by_side(host: Host, wheels: Path) -> None:
    """S0-25, C-21: two apps have two versions of one package."""
    make_wheel(wheels, "alpha", "2.0")
    report = host.make(app("old", "alpha==1.*\n"), app("new", "alpha==2.*\n"), wheelhouse=str(wheels))
    found = [imports(of(report, name)["python"], "import alpha; print(alpha.VERSION)") for name in ("old", "new")]
    assert found == ["1.0", "2.0"]


def test_a_range_is_resolved_once_until_an_upgrade_is_wanted(host: Host, wheels: Path) -> None:
    """S0-22, S0-23: the lock is kept; a new release of a package moves nobody who did not ask."""
    first = host.make(app("app_1", "alpha==1.*\n"), wheelhouse=str(wheels))
    make_wheel(wheels, "alpha", "1.1")
    os.rename(host.layout.uv, host.layout.uv + ".away")
    again = host.make(app("app_1", "alpha==1.*\n"), wheelhouse=str(wheels))
    other = host.make(app("app_2", "alpha==1.*\n"), wheelhouse=str(wheels))
    os.rename(host.layout.uv + ".away", host.layout.uv)
    assert not again["changed"]
    assert of(other, "app_2")["environment"] == of(first, "app_1")["environment"]

    upgraded = host.make(app("app_1", "alpha==1.*\n"), wheelhouse=str(wheels), upgrade=True)

    assert upgraded["changed"]
    assert [(entry["before"], entry["after"]) for entry in upgraded["diff"]] == [("alpha==1.0\n", "alpha==1.1\n")]
    assert "alpha==1.1" in Path(of(upgraded, "app_1")["lock"]).read_text()
    shown = Path(host.layout.locks) / "apps" / "app_1.txt"
    assert shown.resolve() == Path(of(upgraded, "app_1")["lock"])
    assert not host.make(app("app_1", "alpha==1.*\n"), wheelhouse=str(wheels), upgrade=True)["changed"]


def test_two_environments_are_built_at_once(host: Host, wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S0-31: the published build made one after the other. Each of these begins when the other one has, too."""
    meeting = threading.Barrier(2)
    build = _environment_store.Builder.build

    def meet(self: t.Any, *arguments: t.Any) -> None:
        meeting.wait(60)
        build(self, *arguments)

    monkeypatch.setattr(_environment_store.Builder, "build", meet)
    report = host.make(app("app_1", "alpha\n"), app("app_2", "beta\n"), wheelhouse=str(wheels), parallel=2)
    assert [result["state"] for result in report["app_results"].values()] == ["ok", "ok"]
    assert len(host.environments()) == 2


def test_a_rebuild_repairs_a_damaged_environment(host: Host, wheels: Path) -> None:
    """S0-20: the published --hard-reset; damage in environment, pool and cache is gone afterwards."""
    report = host.make(app("app_1", "alpha\n"), wheelhouse=str(wheels))
    python = of(report, "app_1")["python"]
    module = Path(imports(python, "import alpha; print(alpha.__file__)"))
    bytecode = next((module.parent / "__pycache__").glob("alpha.*.pyc"))
    for path in (module, bytecode):
        path.chmod(0o644)
        path.write_text("broken(")
    with pytest.raises(subprocess.CalledProcessError):
        imports(python, "import alpha")
    assert not host.make(app("app_1", "alpha\n"), wheelhouse=str(wheels))["changed"]

    rebuilt = host.make(app("app_1", "alpha\n"), wheelhouse=str(wheels), rebuild=True)

    assert rebuilt["changed"]
    assert of(rebuilt, "app_1")["environment"] == of(report, "app_1")["environment"]
    assert imports(python, "import alpha; print(alpha.VERSION)") == "1.0"
    assert host.environments() == [of(report, "app_1")["environment"]]


@pytest.mark.parametrize(
    ("requirements", "reason"),
    [
        ("nosuchthing\n", r"nosuchthing was not found"),
        ("alpha==2.*\n", r"alpha"),
        ("beta\nalpha==0.1\n", r"alpha==0.1"),
        ("onlysource\n", r"onlysource.*Only wheels are installed"),
        ("alpha=1.0\n", r"requirements.txt.*alpha=1.0"),
        ("-r missing.txt\n", r"missing.txt"),
    ],
)
def test_a_bad_requirement_is_one_apps_failure_with_its_reason(
    host: Host, wheels: Path, requirements: str, reason: str
) -> None:
    """S0-24: the bad app is named with package and cause; the other one is built."""
    (wheels / "onlysource-1.0.tar.gz").write_bytes(b"")
    report = host.make(app("bad", requirements), app("good", "alpha\n"), wheelhouse=str(wheels))
    bad = of(report, "bad")
    assert (bad["state"], bad["step"], bad["changed"]) == ("failed", "environment", False)
    assert re.search(reason, bad["reason"]), bad
    assert bad["log"]
    assert of(report, "good")["state"] == "ok"
    assert host.environments() == [of(report, "good")["environment"]]


def test_a_failed_resolution_is_tried_again(host: Host, wheels: Path) -> None:
    """S0-23: nothing of a failure is taken for done."""
    assert of(host.make(app("app_1", "gamma\n"), wheelhouse=str(wheels)), "app_1")["state"] == "failed"
    make_wheel(wheels, "gamma", "1.0")
    assert of(host.make(app("app_1", "gamma\n"), wheelhouse=str(wheels)), "app_1")["state"] == "ok"


def test_a_failed_upgrade_keeps_the_lock(host: Host, wheels: Path) -> None:
    """S0-24: the lock in use is replaced only together with its environment."""
    first = host.make(app("app_1", "alpha\n"), wheelhouse=str(wheels))
    lock = Path(of(first, "app_1")["lock"])
    before = lock.read_text()
    make_wheel(wheels, "alpha", "1.1")
    (wheels / "alpha-1.1-py3-none-any.whl").write_bytes((wheels / "alpha-1.1-py3-none-any.whl").read_bytes()[:200])
    assert of(host.make(app("app_1", "alpha\n"), wheelhouse=str(wheels), upgrade=True), "app_1")["state"] == "failed"
    assert lock.read_text() == before
    assert not host.make(app("app_1", "alpha\n"), wheelhouse=str(wheels))["changed"]


def test_streamlit_has_to_be_among_a_streamlit_apps_requirements(host: Host, wheels: Path) -> None:
    """S0-24: said before anything is built."""
    report = host.make(app("app_1", "alpha\n", kind="streamlit"), wheelhouse=str(wheels))
    assert "streamlit is not among" in of(report, "app_1")["reason"]
    assert host.environments() == []


def test_a_timeout_is_a_reason(host: Host, wheels: Path) -> None:
    """S0-24: what takes too long fails its app with the limit named."""
    report = host.make(app("app_1", "alpha\n"), wheelhouse=str(wheels), resolve_timeout=0.001)
    assert "within 0.001 s" in of(report, "app_1")["reason"]


def test_an_unknown_python_is_one_apps_failure(host: Host, wheels: Path) -> None:
    """S0-24: with the file that asks, and with what is there."""
    report = host.make(
        app("a", "alpha\n", python="3.99", python_from="runtime.txt"),
        app("b", "alpha\n", requires_python=[">=3.9", "<4"]),
        app("c", "alpha\n", requires_python=[">=3.99"], python_from="pyproject.toml"),
        wheelhouse=str(wheels),
    )
    assert "Python 3.99, which runtime.txt asks for, is not installed on this host" in of(report, "a")["reason"]
    assert "no Python of this host is >=3.99, as pyproject.toml asks. Here are: 3." in of(report, "c")["reason"]
    assert of(report, "b")["state"] == "ok"


def test_pyproject_and_uv_lock_are_sources(host: Host) -> None:
    """S0-22: pyproject.toml alone is resolved; with uv.lock it is installed as it is locked; from PyPI.

    What uv gets is what the checker has written of them.
    """
    project = '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["idna%s"]\n'
    folder = Path(host.root) / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(project % "==3.6")
    environment = {**os.environ, "UV_CACHE_DIR": str(folder / "cache")}
    subprocess.run([host.layout.uv, "lock", "--quiet"], cwd=folder, env=environment, check=True)
    (folder / "pyproject.toml").write_text(project % "")
    told = Report()
    files = read_requirements(str(folder), told.about("setup.toml")).files
    assert told.problems == []

    report = host.make(
        app("plain", "", files={"pyproject.toml": project % ">3.6"}, entry="pyproject.toml"),
        app("locked", "", files=files, entry="pyproject.toml"),
    )

    assert [of(report, name)["reason"] for name in ("plain", "locked")] == ["", ""]
    question = "import idna; print(idna.__version__)"
    assert imports(of(report, "locked")["python"], question) == "3.6"
    assert imports(of(report, "plain")["python"], question) != "3.6"


def test_included_and_constraining_files_count(host: Host, wheels: Path) -> None:
    """S0-22: a change in any file that resolution reads is a change."""
    make_wheel(wheels, "alpha", "1.1")
    files = {
        "requirements.txt": "-r more/base.txt\n-c limits.txt\n",
        "more/base.txt": "alpha\n",
        "limits.txt": "alpha<1.1\n",
    }
    first = host.make(app("app_1", "", files=files), wheelhouse=str(wheels))
    assert "alpha==1.0" in Path(of(first, "app_1")["lock"]).read_text()
    second = host.make(app("app_1", "", files={**files, "limits.txt": "alpha<2\n"}), wheelhouse=str(wheels))
    assert "alpha==1.1" in Path(of(second, "app_1")["lock"]).read_text()


def hash_of(wheels: Path, name: str) -> str:
    return "--hash=sha256:" + hashlib.sha256((wheels / (name + "-1.0-py3-none-any.whl")).read_bytes()).hexdigest()


def test_hashes_of_an_app_are_honoured(host: Host, wheels: Path) -> None:
    """The package that was checked is installed, or none; what it needs is checked, too."""
    alpha, beta = ("%s==1.0 %s\n" % (name, hash_of(wheels, name)) for name in ("alpha", "beta"))
    wrong = "alpha==1.0 --hash=sha256:%s\n" % ("a" * 64)
    report = host.make(app("good", alpha + beta), app("wrong", wrong), app("incomplete", beta), wheelhouse=str(wheels))
    assert of(report, "good")["state"] == "ok", report
    assert re.search(
        r"Hash mismatch for `alpha==1\.0`.*Expected: sha256:aaaa.*Computed: sha256", of(report, "wrong")["reason"]
    )
    assert "also what others ask for. These have none: alpha." in of(report, "incomplete")["reason"]
    assert host.environments() == [of(report, "good")["environment"]]

    changed = host.make(
        app("good", alpha + beta.replace("sha256:", "sha256:%s --hash=sha256:" % ("b" * 64))), wheelhouse=str(wheels)
    )

    assert of(changed, "good")["changed"]
    assert of(changed, "good")["environment"] != of(report, "good")["environment"]


def test_what_a_project_limits_and_overrules_counts(host: Host, wheels: Path) -> None:
    """As the checker writes it of [tool.uv]: in files beside."""
    make_wheel(wheels, "alpha", "1.1")
    make_wheel(wheels, "gamma", "1.0", requires=["alpha>1.0"])
    project = '[project]\nname = "app"\nversion = "0"\ndependencies = ["%s"]\n'
    report = host.make(
        app(
            "a",
            "",
            files={"pyproject.toml": project % "alpha", "constraints.txt": "alpha<1.1\n"},
            entry="pyproject.toml",
        ),
        app(
            "b",
            "",
            files={"pyproject.toml": project % "gamma", "overrides.txt": "alpha==1.0\n"},
            entry="pyproject.toml",
        ),
        wheelhouse=str(wheels),
    )
    for name in ("a", "b"):
        assert "alpha==1.0" in Path(of(report, name)["lock"]).read_text()


def test_a_kept_lock_that_asks_for_more_is_made_anew(host: Host, wheels: Path) -> None:
    """An earlier release kept what uv had written, also what an app had smuggled in."""
    lock = Path(of(host.make(app("app_1", "alpha\n"), wheelhouse=str(wheels)), "app_1")["lock"])
    good = lock.read_text()
    lock.write_text(good + "-e /dev/shm/x\n")
    again = of(host.make(app("app_1", "alpha\n"), wheelhouse=str(wheels)), "app_1")
    assert (again["state"], lock.read_text()) == ("ok", good)


def test_no_requirements_are_an_empty_environment(host: Host, wheels: Path) -> None:
    """S0-22: an app may need nothing but Python."""
    report = host.make(app("app_1", "# nothing yet\n"), wheelhouse=str(wheels))
    assert imports(of(report, "app_1")["python"], "print(1)") == "1"


def test_check_mode_writes_nothing_and_says_what_it_can(host: Host, wheels: Path) -> None:
    """Rule 6: unknown is null, known is named, and without uv it works too."""
    known = host.make(app("app_1", "alpha\n"), wheelhouse=str(wheels))
    os.unlink(host.layout.uv)
    before = host.everything()
    report = host.make(app("app_1", "alpha\n"), app("app_2", "beta\n"), wheelhouse=str(wheels), check=True, prune=True)
    assert host.everything() == before
    assert of(report, "app_1") == {**of(known, "app_1"), "changed": False}
    assert (of(report, "app_2")["changed"], of(report, "app_2")["environment"]) == (True, None)
    assert report["changed"]


def test_prune_deletes_what_nobody_uses(host: Host, wheels: Path) -> None:
    """S0-22: used is what a release, a tool's link or this run refers to."""
    make_wheel(wheels, "gamma", "1.0")
    make_wheel(wheels, "delta", "1.0")
    released = of(host.make(app("app_1", "alpha\n"), wheelhouse=str(wheels)), "app_1")["environment"]
    folder = Path(host.layout.app("app_1").release("0123456789abcdef"))
    folder.mkdir(parents=True)
    (folder / "release.json").write_text(json.dumps({"app": "app_1", "environment": released}))
    tool = host.make(tools={"tool": {"requirements": ["gamma"]}}, wheelhouse=str(wheels))["tools"]["tool"][
        "environment"
    ]
    unused = of(host.make(app("gone", "delta\n"), wheelhouse=str(wheels)), "gone")

    report = host.make(app("app_1", "beta\n"), wheelhouse=str(wheels), prune=True)

    assert report["pruned"] == [unused["environment"]]
    assert host.environments() == sorted([released, tool, of(report, "app_1")["environment"]])
    assert not os.path.exists(unused["lock"])
    pool = [path for path in Path(host.layout.srv, "pool").rglob("*") if path.is_file()]
    assert pool
    assert [path for path in pool if path.stat().st_nlink == 1] == []
    (folder / "release.json").write_text("{")
    careful = host.make(app("app_1", "gamma\n"), wheelhouse=str(wheels), prune=True)
    assert careful["pruned"] == []
    assert "release.json cannot be read" in careful["warnings"][0]


def test_a_tool_works_through_its_link_in_a_folder_with_a_space(host: Host) -> None:
    """S0-22: scripts find their interpreter wherever the root folder lies; from PyPI."""
    assert " " in host.root
    host.make(tools={"supervisor": {"requirements": ["supervisor==4.3.*"]}})
    program = os.path.join(host.layout.tools, "supervisor", "bin", "supervisord")
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("4.3.")


def test_an_unreachable_index_is_a_reason_without_its_password(host: Host) -> None:
    """S0-24: no traceback without network, and no secret in what is told."""
    sources = Sources(index_url="http://user:geheim@127.0.0.1:9/simple")
    bad = of(host.make(app("app_1", "alpha\n"), sources=sources), "app_1")
    assert "127.0.0.1:9" in bad["reason"]
    assert "network" in bad["reason"]
    assert "geheim" not in json.dumps(bad)
