# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules environments and uv, as a play calls them, with what PyPI has."""

from __future__ import annotations

import json
import os
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result, as_dicts
from ansible_collections.selfhost.pyapps.plugins.modules import environments, uv
from helpers.environment_host import SYSTEM_PYTHON, Host, app, imports, make_wheel, temporary_host, uv_binary
from helpers.modules import run_module


@pytest.fixture
def host() -> t.Iterator[Host]:
    with temporary_host() as made:
        yield made


def used(path: str) -> int:
    """Bytes on disk below a folder, each inode once."""
    inodes = {}
    for folder, _folders, names in os.walk(path):
        for status in [os.lstat(os.path.join(folder, name)) for name in names] + [os.lstat(folder)]:
            inodes[status.st_ino] = status.st_blocks * 512
    return sum(inodes.values())


def test_streamlit_old_and_new_and_what_one_more_app_costs(host: Host) -> None:
    """S0-22, S0-25, C-21: two versions side by side; one more app with equal requirements is nearly free,
    one whose requirements differ a little costs what differs, bytecode included.
    """
    old = app("old", "streamlit==1.41.*\n", kind="streamlit")
    new = app("new", "streamlit==1.67.*\n", kind="streamlit")
    report = run_module(environments, root=host.root, apps=[old, new])
    results = report["app_results"]
    assert {name: result["state"] for name, result in results.items()} == {"old": "ok", "new": "ok"}, results
    for name, version in (("old", "1.41."), ("new", "1.67.")):
        assert results[name]["streamlit"].startswith(version)
        assert imports(results[name]["python"], "import streamlit; print(streamlit.__version__)").startswith(version)
    before = used(host.layout.srv)

    os.rename(host.layout.uv, host.layout.uv + ".away")  # nothing has to be asked of it, which is what takes time
    equal = run_module(environments, root=host.root, apps=[old, new, {**old, "name": "third"}])
    os.rename(host.layout.uv + ".away", host.layout.uv)
    assert equal["app_results"]["third"]["changed"]
    assert used(host.layout.srv) - before < 1_000_000

    differs = app("sixth", "streamlit==1.41.*\nhumanize\n", kind="streamlit")
    run_module(environments, root=host.root, apps=[old, new, differs])
    assert used(host.layout.srv) - before < 10_000_000


def test_fifty_apps_without_a_change_cost_nearly_nothing(host: Host) -> None:
    """Rule 1: no uv is started, for none of them."""
    wheels = Path(host.root) / "wheels"
    make_wheel(wheels, "alpha", "1.0")
    apps = [app("app_%d" % number, "alpha\n# %d\n" % (number % 10)) for number in range(50)]
    arguments = {"root": host.root, "apps": apps, "wheelhouse": str(wheels)}
    assert run_module(environments, **arguments)["changed"]
    os.unlink(host.layout.uv)
    report = run_module(environments, **arguments)
    assert not report["changed"]
    assert len(report["app_results"]) == 50


def test_what_failed_before_is_handed_on_and_what_was_said_is_kept(host: Host) -> None:
    """Rule 3: nothing is made for an app whose packages Debian does not have; the other goes on."""
    wheels = Path(host.root) / "wheels"
    make_wheel(wheels, "alpha", "1.0")
    failed = Result().failed("packages", "Debian does not have it", ["E: no"])
    before = {
        "bad": failed,
        "good": Result(changed=True, notices=("a notice",)),
        "broken": Result(notices=("another",)),
    }
    apps = [app("bad", "alpha\n"), app("good", "alpha\n"), app("broken", "gamma\n"), app("new", "alpha\n")]
    arguments = {"root": host.root, "apps": apps, "results": as_dicts(before), "wheelhouse": str(wheels)}

    results = run_module(environments, **arguments)["app_results"]

    assert results["bad"] == failed.as_dict()
    assert (results["good"]["state"], results["good"]["notices"]) == ("ok", ["a notice"])
    assert (results["broken"]["step"], results["broken"]["notices"]) == ("environment", ["another"])
    assert results["new"]["environment"] == results["good"]["environment"]
    assert run_module(environments, **arguments)["app_results"]["good"]["changed"]


def test_a_tool_that_can_not_be_had_fails_the_module(host: Host) -> None:
    """Without it nothing goes on; the message names it."""
    wheels = Path(host.root) / "wheels"
    make_wheel(wheels, "alpha", "1.0")
    tools = {"supervisor": {"requirements": ["supervisor==4.3.*"]}}
    report = run_module(environments, root=host.root, tools=tools, wheelhouse=str(wheels))
    assert report["failed"]
    assert report["msg"].startswith("tool supervisor: could not resolve requirements.txt:")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"apps": [{"name": "app_1"}]}, "an entry of apps or tools is not what"),
        ({"tools": {"x": {}}}, "an entry of apps or tools is not what"),
        ({}, "one of the following is required: apps, tools"),
        ({"apps": [], "root": "relative"}, 'root is "relative": give an absolute path'),
        ({"apps": [], "python_mirror": "pythons"}, 'pyapps_python_mirror is "pythons"; allowed are'),
        ({"apps": [], "results": {"app_1": {"state": "fine"}}}, "results.app_1.state"),
    ],
)
def test_wrong_arguments_are_said(arguments: dict[str, t.Any], message: str, tmp_path: Path) -> None:
    """A user's typo never gives a traceback."""
    report = run_module(environments, **{"root": str(tmp_path), **arguments})
    assert report["failed"]
    assert message in report["msg"]


def test_a_password_in_an_index_url_is_never_shown(host: Host) -> None:
    """Secrets are never in results."""
    report = run_module(
        environments,
        root=host.root,
        apps=[app("app_1", "alpha\n")],
        index_url="http://someone:geheim@127.0.0.1:9/simple",
    )
    assert report["app_results"]["app_1"]["state"] == "failed"
    assert "geheim" not in json.dumps(report)


def test_without_uv_the_message_says_what_to_do(host: Host) -> None:
    """S0-24."""
    os.unlink(host.layout.uv)
    report = run_module(environments, root=host.root, apps=[app("app_1", "alpha\n")])
    assert "run the module selfhost.pyapps.uv first" in report["msg"]


def version_of(path: str) -> str:
    return subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]


def test_uv_is_installed_once_and_exchanged_when_another_is_wanted(host: Host) -> None:
    """S0-22: from its wheel, in an environment of its own; check mode writes nothing."""
    tools = Path(host.layout.tools)
    os.unlink(host.layout.uv)
    os.rmdir(os.path.dirname(host.layout.uv))
    os.rmdir(tools / "uv")
    before = host.everything()
    assert run_module(uv, check=True, root=host.root)["changed"]
    assert host.everything() == before

    first = run_module(uv, root=host.root)
    assert (first["changed"], first["executable"]) == (True, host.layout.uv)
    assert version_of(host.layout.uv) == first["version"]
    assert not run_module(uv, root=host.root)["changed"]

    linked = run_module(uv, root=host.root, binary=uv_binary())
    assert linked["changed"]
    assert os.readlink(host.layout.uv) == uv_binary()
    assert not run_module(uv, root=host.root, binary=uv_binary())["changed"]

    broken = run_module(uv, root=host.root, version="0.0.0")
    assert "could not install uv 0.0.0" in broken["msg"]
    assert os.readlink(host.layout.uv) == uv_binary()
    assert os.listdir(tools) == ["uv"]


def test_a_binary_that_is_no_uv_is_refused(host: Host) -> None:
    """S0-24."""
    report = run_module(uv, root=host.root, binary="/bin/true")
    assert "does not answer `uv --version`" in report["msg"]


def test_progress_is_shown_by_a_play(host: Host, tmp_path: Path, checkout: Path) -> None:
    """Progress of every environment is shown; a second play has none to show."""
    wheels = Path(host.root) / "wheels"
    make_wheel(wheels, "alpha", "1.0")
    arguments = {"root": host.root, "apps": [app("app_1", "alpha\n")], "wheelhouse": str(wheels)}
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [{"selfhost.pyapps.environments": arguments}]}]
    (tmp_path / "play.yml").write_text(json.dumps(play))
    command = [str(Path(uv_binary()).with_name("ansible-playbook")), "-i", "localhost,", "-c", "local"]
    command += ["-e", "ansible_python_interpreter=" + SYSTEM_PYTHON]
    outputs = []
    for _run in range(2):
        done = subprocess.run(
            [*command, str(tmp_path / "play.yml")],
            cwd=checkout,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        outputs.append(done.stdout)
    assert "    app_1: resolving requirements.txt\n    app_1: installing 1 package(s)\n" in outputs[0]
    assert "changed=1" in outputs[0]
    assert "app_1:" not in outputs[1]
    assert "changed=0" in outputs[1]
