# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an app's limits become: a scope's command, or what a process sets for itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import limits as _limits
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.limits import Limits

LIMITED = Limits(memory=300, cpu=50)
_SHOW = """
import json, os, resource, sys
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.limits import Limits, apply_to_this_process
before = len(os.sched_getaffinity(0)), os.nice(0)
apply_to_this_process(Limits(*json.loads(sys.argv[1])), "0" * 32)
print(json.dumps([resource.getrlimit(resource.RLIMIT_DATA), len(os.sched_getaffinity(0)), os.nice(0) - before[1]]))
try:
    bytearray(400 << 20)
except MemoryError:
    print("MemoryError")
"""


def applied(limits: Limits) -> list[str]:
    """What a process sees of limits that it has set for itself; then it asks for 400 MB."""
    done = subprocess.run(
        [sys.executable, "-c", _SHOW, json.dumps(limits)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.splitlines()


def test_a_process_is_refused_more_memory_than_its_limit_and_may_not_raise_it() -> None:
    shown, *refused = applied(LIMITED)
    (soft, hard), processors, nice = json.loads(shown)
    assert soft == hard == 300 * 1024 * 1024
    assert (processors, nice) == (1, 10)
    assert refused == ["MemoryError"]


def test_without_limits_a_process_is_left_as_it_is() -> None:
    (line,) = applied(Limits())
    data, _processors, nice = json.loads(line)
    assert nice == 0
    assert data[1] != 300 * 1024 * 1024


def test_a_limit_above_what_the_host_allows_is_the_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container started with a limit of its own: raising it is for root alone."""
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(_limits.resource, "getrlimit", lambda which: (1000, 1000))
    monkeypatch.setattr(_limits.resource, "setrlimit", lambda which, values: given.append(values))
    _limits.apply_to_this_process(Limits(memory=64), "0")
    assert given == [(1000, 1000)]


def test_a_process_in_a_scope_sets_nothing_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_limits, "_is_in_scope", lambda: True)
    monkeypatch.setattr(_limits.resource, "setrlimit", lambda *_args: pytest.fail("two limits would disagree"))
    _limits.apply_to_this_process(LIMITED, "0")


@pytest.mark.parametrize(("percent", "count"), [(5, 1), (100, 1), (101, 2), (200, 2), (900, 4)])
def test_processors_are_rounded_up_and_never_more_than_there_are(percent: int, count: int) -> None:
    found = _limits.processors([0, 2, 4, 6], percent, "00000003")
    assert len(found) == count
    assert 6 in found, "the seed says where it begins"


def test_a_scope_has_the_limits_and_leaves_root_at_once() -> None:
    """The last words are the app's own command, so that ps shows it (S0-44)."""
    command = _limits.in_scope(LIMITED, "pyapp-app_1", "app_1.0", ["python", "start"])
    assert command == [
        *("/usr/bin/systemd-run", "--quiet", "--scope", "--collect", "--slice=pyapps.slice", "--description=app_1.0"),
        *("--property=MemoryMax=300M", "--property=MemorySwapMax=0", "--property=CPUQuota=50%", "--"),
        *("/usr/bin/setpriv", "--reuid=pyapp-app_1", "--regid=pyapp-app_1", "--init-groups", "--", "python", "start"),
    ]


@pytest.mark.parametrize(
    ("reason", "log", "blamed"),
    [
        ("the process ended by itself (terminated by SIGKILL); ...", [], True),
        ("the script raised an exception: MemoryError", [], True),
        ("the process ended by itself (exit status 1)", ["numpy._ArrayMemoryError: Unable to allocate 1 GiB"], True),
        ("the script raised an exception: ValueError: no such table", ["ValueError: no such table"], False),
    ],
)
def test_memory_is_blamed_when_it_is_the_cause(reason: str, log: list[str], blamed: bool) -> None:
    told = _limits.blame_memory(LIMITED, reason, log)
    assert reason in told
    assert ("[limits] memory = 300 (MB)" in told) == blamed
    assert _limits.blame_memory(Limits(cpu=50), reason, log) == reason


@pytest.mark.parametrize(
    ("settings", "limits"),
    [
        ({}, Limits()),
        ({"limits": None}, Limits()),
        ({"limits": {"memory": 300, "cpu": None}}, Limits(memory=300)),
    ],
)
def test_a_release_from_before_this_table_has_no_limits(settings: dict[str, t.Any], limits: Limits) -> None:
    assert _limits.limits_of(settings) == limits


@pytest.mark.parametrize(
    ("uid", "missing", "controllers", "can"),
    [
        (0, "", {"memory", "cpu", "io"}, True),
        (1000, "", {"memory", "cpu"}, False),
        (0, "/run/systemd/system", {"memory", "cpu"}, False),
        (0, _limits._RUN, {"memory", "cpu"}, False),
        (0, "", {"cpu"}, False),
    ],
)
def test_a_scope_needs_root_systemd_its_tools_and_a_kernel_that_counts(
    uid: int, missing: str, controllers: set[str], can: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    monkeypatch.setattr(os.path, "isdir", lambda path: path != missing)
    monkeypatch.setattr(os, "access", lambda path, mode: path != missing)
    monkeypatch.setattr(_limits, "_controllers", lambda: controllers)
    assert _limits.have_scopes() is can


def test_what_the_kernel_counts_is_read_in_both_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_limits, "_CGROUP_FOLDER", str(tmp_path))
    assert _limits._controllers() == set()
    (tmp_path / "memory").mkdir()
    assert _limits._controllers() == {"memory"}
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io\n")
    assert _limits._controllers() == {"cpuset", "cpu", "io"}
