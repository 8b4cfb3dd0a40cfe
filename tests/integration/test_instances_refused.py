# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must not go live, each with its cause. The live process and the session on it never notice.

One app serves all of these tests. ``pytest -s`` shows at the end how long each refusal took.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import socket
import threading
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.action import app_table as app_table_action
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import turn as _app_turn
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv import Sources
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import ports as _ports
from helpers.apps import SETTINGS, make_app
from helpers.environments import environment
from helpers.refusals import GOOD, UsedApp
from helpers.serving_host import ServingHost

TABLE = {"url": "https://apps.example", "preview_url": "", "removed": [], "notices": [], "invalid": {}, "fail": True}
app_table = app_table_action.ActionModule.__new__(app_table_action.ActionModule)  # what it shows needs no task

RICH = "5" * 32  # an environment with rich in it
LONG_KEY = "a key that is longer than a line of a terminal is wide, which Rich breaks into two lines of its own"
RICH_SCRIPT = "def f(n):\n    return {}[%r] if n == 0 else f(n - 1)\n\n\nf(8)\n" % LONG_KEY

LIMIT = 4  # seconds of what never ends
GOAL = 5.0  # seconds from the cause to the refusal; measured and shown
TOO_SLOW = 60.0  # the same on a machine that does much else; that is what is asserted

FILES = dict[str, str]


@dataclass(frozen=True)
class Refused:
    """A release that must be refused.

    :param step: where; empty for whichever step is under way by then
    :param says: what the reason or the log must tell
    :param server: options of Streamlit's section ``server`` that differ
    :param memory: ``[limits] memory`` in MB
    :param wants: keys of ``[deploy]`` that differ
    :param waits: seconds that pass before anybody can know
    """

    step: str
    says: str
    script: str | None = GOOD
    files: FILES = field(default_factory=dict)
    server: dict[str, t.Any] = field(default_factory=dict)
    wants: dict[str, t.Any] = field(default_factory=dict)
    memory: int | None = None
    waits: float = 0


SHOWS_MORE = """\
import time
import streamlit as st
for number in range(4):
    st.write(number)
    time.sleep(3)
{}["late"]
"""
DIES_LATER = "import os, threading\nthreading.Timer(3, os._exit, [7]).start()\n"

RELEASES = {
    "raises an exception": Refused("script", "ValueError: no such table", "raise ValueError('no such table')"),
    "shows more and more and then fails": Refused(
        "script", "KeyError: 'late'", SHOWS_MORE, wants={"script_timeout": 60}, waits=12
    ),
    "asks for a secret that it was not given": Refused(
        "script", "with pyapps_secrets: see docs/how-to/secrets.md", "import streamlit as st\nst.secrets['key']\n"
    ),
    "cannot import": Refused("script", "No module named 'nowhere'", "import nowhere"),
    "syntax error": Refused("script", "SyntaxError", "def:\n"),
    "recursion without an end": Refused("script", "RecursionError", "def f():\n    return f()\nf()\n"),
    "out of memory": Refused("script", "MemoryError", "x = bytearray(1 << 60)\n"),
    "a file that is not there": Refused("script", "no-such.csv", "open('no-such.csv')\n"),
    "a secret that nobody gave": Refused("script", "secret", "import streamlit as st\nst.secrets['database']\n"),
    "sys.exit": Refused("script", "sys.exit()", "import sys\nsys.exit()", wants={"script_timeout": LIMIT}, waits=LIMIT),
    "hangs": Refused("script", "it hangs", "while True:\n    pass\n", wants={"script_timeout": LIMIT}, waits=LIMIT),
    "ends its process": Refused("script", "ended by itself (exit status 3)", "import os\nos._exit(3)"),
    "memory above its cap": Refused("script", "[limits] memory = 700 (MB)", "x = bytearray(900 << 20)\n", memory=700),
    "killed by the kernel": Refused(
        "script", "terminated by SIGKILL", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"
    ),
    "ends seconds later": Refused("", "exit status 7", DIES_LATER, wants={"stable_time": 30}, waits=3),
    "writes a database beside its code": Refused(
        "script",
        'may not write app.db beside its code, which is read-only. Write into setup.toml: [data] paths = ["app.db"]',
        "import sqlite3\nsqlite3.connect('app.db').execute('CREATE TABLE visits (day)')\n",
    ),
    "writes a log beside its code": Refused(
        "script", 'setup.toml: [data] paths = ["app.log"]', "import logging\nlogging.FileHandler('app.log')\n"
    ),
    "its release command writes beside its code": Refused(
        "release_command",
        'setup.toml: [data] paths = ["usage.json"]',
        files={"m.py": "open('usage.json', 'w')\n"},
        wants={"release_command": "python m.py"},
    ),
    "missing entry file": Refused("start", "app.py", None),
    "another base path": Refused(
        "health", "/used/_stcore/health", server={"baseUrlPath": "elsewhere"}, wants={"start_timeout": 15}, waits=15
    ),
    "lets nobody in": Refused("handshake", "refused with 403", server={"allowedHosts": ["only.example"]}),
    "lets every site in": Refused("handshake", "101 instead of 403", server={"enableCORS": False}),
    "a broken page beside a good one": Refused(
        "pages",
        "the page two raised an exception: KeyError",
        files={"pages/one.py": GOOD, "pages/two.py": "raise KeyError('x')\n"},
        wants={"gate": "pages"},
    ),
    "its own test fails": Refused(
        "test", "AssertionError: 2 + 2", files={"t.py": "assert 0, '2 + 2'\n"}, wants={"test": "python t.py"}
    ),
    "its test does not end": Refused(
        "test",
        "did not end within 4 s ([deploy] test_timeout)",
        files={"t.py": "import time\ntime.sleep(600)\n"},
        wants={"test": "python t.py", "test_timeout": LIMIT},
        waits=LIMIT,
    ),
    "its release command fails": Refused(
        "release_command",
        "no such column",
        files={"m.py": "raise SystemExit('no such column')\n"},
        wants={"release_command": "python m.py"},
    ),
}

BETA = "streamlit\nbeta\n"

FOLDERS: dict[str, tuple[str, str, str, FILES]] = {
    # step, what is told, setup.toml, further files
    "unreadable setup.toml": ("catalog", "setup.toml", "[streamlit\n", {}),
    "an unknown key": ("catalog", "did you mean streamlit.entry_file", '[streamlit]\nentry_fil = "main.py"\n', {}),
    "an entry file that is not there": ("catalog", "cannot be found", '[streamlit]\nentry_file = "a.py"\n', {}),
    "a missing secret": ("catalog", "missing secret named in [env]", SETTINGS + '[env]\nrequired = ["KEY"]\n', {}),
    "a Python that nobody has": ("environment", "3.99", SETTINGS + '[environment]\npython = "3.99"\n', {}),
    "a test that needs a shell": ("catalog", "needs a shell", SETTINGS + '[deploy]\ntest = "a && b"\n', {}),
    "an option of the host": ("catalog", "belongs to the host", SETTINGS + "[streamlit.config]\nserver.port = 1\n", {}),
    "an option that Streamlit has not": (
        "release",
        "server.maxUploadSizes: Streamlit 1.67.0 has no such option: did you mean server.maxUploadSize?",
        SETTINGS + "[streamlit.config]\nserver.maxUploadSizes = 1\n",
        {"requirements.txt": "streamlit\n"},
    ),
    "a package that is not there": ("environment", "nosuchthing", SETTINGS, {"requirements.txt": BETA + "nosuchthing"}),
    "pins that conflict": ("environment", "alpha", SETTINGS, {"requirements.txt": BETA + "alpha<1\n"}),
    "requirements without Streamlit": ("environment", "streamlit is not among", SETTINGS, {"requirements.txt": "beta"}),
    "a requirement that is none": ("catalog", "alpha=1", SETTINGS, {"requirements.txt": "streamlit\nalpha=1\n"}),
}


@pytest.fixture(scope="module")
def used() -> t.Iterator[UsedApp]:
    """A host with one app that serves and is in use."""
    host = ServingHost()
    try:
        with UsedApp(host) as used:
            yield used
        lines = ["%6.2f s  %s" % (seconds, cause) for cause, seconds in used.took.items()]
        slow = sum(seconds > GOAL for seconds in used.took.values())
        print("\nfrom the cause to the refusal:", *lines, "over %g s: %d" % (GOAL, slow), sep="\n")
    finally:
        host.close()


@pytest.fixture(autouse=True)
def _untouched(used: UsedApp) -> t.Iterator[None]:
    """S0-24, C-09: pid, start time, link, marker and the open session are the same after each refusal."""
    before = used.state()
    assert before[1]
    used.host.apps[used.name]["deploy"] = dict(used.deploy_settings)
    yield
    assert used.state() == before


def check(result: dict[str, t.Any], step: str, says: str) -> None:
    """S0-24: the result names step and cause, with the last lines that tell more."""
    told = "\n".join([result["reason"], *result["log"]])
    assert (result["state"], result["step"]) == ("failed", step or result["step"]), told
    assert says in told
    assert len(result["log"]) <= 20
    if step != "catalog":  # whose errors end the run before there are results
        check_table(result)


def check_table(result: dict[str, t.Any]) -> None:
    """S0-24: people read that the old release serves, the reason, and the log line by line."""
    apps = [{"name": "used", "base_path": "/used"}]
    lines, answer = app_table.tell({**TABLE, "apps": apps, "results": {"used": result}}, "here")
    assert lines[2].split(maxsplit=3) == ["used", "https://apps.example/used/", "failed", "kept (old release serves)"]
    at = lines.index("used failed at step %s: %s" % (result["step"], result["reason"]))
    assert lines[at + 1 :] == ["    | " + line for line in result["log"]]
    assert answer["failed"]


@pytest.mark.parametrize("cause", list(RELEASES))
def test_a_broken_release_is_refused_with_its_cause(used: UsedApp, cause: str) -> None:
    """S0-24, C-09, X14, C-01: by its behaviour, with step, reason and last log lines, seconds after the cause."""
    broken = RELEASES[cause]
    used.host.apps[used.name]["deploy"].update(broken.wants)
    used.host.apps[used.name]["limits"] = {"memory": broken.memory, "cpu": None}
    used.host.release(used.name, broken.script, files=broken.files, **broken.server)
    result = used.deploy(cause, broken.waits)
    check(result, broken.step, broken.says)
    assert result["note"] == "kept (old release serves)"
    assert used.took[cause] < TOO_SLOW


@pytest.mark.parametrize("cause", list(FOLDERS))
def test_a_broken_folder_is_refused_before_a_process_starts(used: UsedApp, cause: str, tmp_path: Path) -> None:
    """S0-02 to S0-07, S0-24, C-08: by the step that sees it first; the steps after it leave the app alone."""
    step, says, settings, files = FOLDERS[cause]
    used.host.release(used.name, GOOD)
    result = used.run(cause, make_app(tmp_path / "used", settings, dict(files)))
    check(result, step, says)
    assert used.took[cause] < TOO_SLOW


@pytest.mark.parametrize(
    ("cause", "url"),
    [("an index that is down", "http://127.0.0.1:9/simple"), ("no network", "https://pypi.invalid/simple")],
)
def test_without_an_index_nothing_that_serves_is_touched(used: UsedApp, tmp_path: Path, cause: str, url: str) -> None:
    """S0-24, C-09: told with the index's address before a process starts."""
    used.host.release(used.name, GOOD)
    folder = make_app(tmp_path / "used", SETTINGS, {"requirements.txt": "streamlit\nalpha==%d\n" % len(url)})
    result = used.run(cause, folder, Sources(index_url=url))
    check(result, "environment", url.split("/")[2])
    assert "network" in result["reason"]


def test_an_environment_that_is_gone_is_named(used: UsedApp) -> None:
    """S0-24: the starter's own words are in the log."""
    change_record(used, GOOD + "# gone\n", environment="0" * 32)
    result = used.deploy("its environment is gone")
    check(result, "start", "environment is gone")
    assert "exit status 2" in result["reason"]


def change_record(used: UsedApp, script: str, **changes: t.Any) -> None:
    """Make and want a release whose record says something else."""
    release = used.host.release(used.name, script)
    path = Path(used.host.layout.app(used.name).release(release)) / "release.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_with_rich_the_exception_is_the_reason_too(used: UsedApp) -> None:
    """S0-24: Streamlit then prints tracebacks to its output, and its errors end with "Uvicorn server started on …"."""
    os.symlink(environment("streamlit", "1.67.0", "rich"), os.path.join(used.host.layout.envs, RICH))
    change_record(used, RICH_SCRIPT, environment=RICH)
    result = used.deploy("an exception that Rich prints")
    check(result, "script", "KeyError: ")
    assert result["reason"] == "the script raised an exception: KeyError: '%s'" % LONG_KEY


def test_a_release_that_was_pruned_meanwhile_is_refused(used: UsedApp) -> None:
    """C-09: a plan that was made for an older state of the host is refused."""
    used.host.release(used.name, GOOD)
    used.host.wanted[used.name]["release"] = "0" * 16
    assert "pruned" in used.deploy("its release was pruned")["reason"]


def test_damaged_secrets_are_refused_and_not_shown(used: UsedApp) -> None:
    """C-11: a line of them could be one."""
    release = used.host.release(used.name, GOOD + "# damaged\n")
    (Path(used.host.layout.app(used.name).release(release)) / "secret-env.json").write_text("{geheim")
    result = used.deploy("damaged secrets")
    assert result["state"] == "failed"
    assert "geheim" not in json.dumps(result)


def test_assets_that_are_missing_are_named_before_anything_starts(used: UsedApp) -> None:
    used.host.release(used.name, GOOD + "# no assets\n")
    used.host.wanted[used.name]["assets"] = "streamlit-0.0.0-000000000000"
    assert used.deploy("missing assets")["step"] == "page"


def test_without_a_free_port_nothing_is_killed_and_nothing_starts(used: UsedApp) -> None:
    """C-20, C-08: a range full of strangers is an error that names the range."""
    used.host.release(used.name, GOOD + "# no port\n")
    with contextlib.ExitStack() as strangers:
        sockets = [strangers.enter_context(socket.create_server(("127.0.0.1", 0))) for _number in range(3)]
        port = sockets[0].getsockname()[1]
        result = used.deploy("no free port", ports=range(port, port + 1))
    assert "no free port" in result["reason"]
    assert "pyapps_port_range" in result["reason"]


def test_a_port_that_a_stranger_takes_meanwhile_is_left_to_it(used: UsedApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """C-20: a listener that is not the app's user is no healthy app, whatever it answers."""
    used.host.release(used.name, GOOD + "# taken\n")
    monkeypatch.setattr(_ports, "is_free", lambda port: True)
    # Without root the stranger has the app's user, and only the candidate's end tells.
    handler = http.server.SimpleHTTPRequestHandler
    with http.server.ThreadingHTTPServer(("127.0.0.1", used.host.ports[-1]), handler) as stranger:
        threading.Thread(target=stranger.serve_forever, daemon=True).start()
        port = stranger.server_address[1]
        result = used.deploy("a port taken by a stranger", ports=range(port, port + 1))
        stranger.shutdown()
    assert result["state"] == "failed"
    expected = "port %d is held by pid %d" % (port, os.getpid()) if os.geteuid() == 0 else "ended by itself"
    assert expected in result["reason"]


def test_a_fault_of_ours_leaves_no_candidate(used: UsedApp, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(candidate: object) -> None:
        raise MemoryError

    monkeypatch.setattr(_app_turn, "prove", fault)
    used.host.release(used.name, GOOD + "# fault\n")
    before = sorted(os.listdir(used.host.layout.programs))
    result = used.deploy("a fault of ours")
    assert (result["state"], result["note"]) == ("failed", "kept (old release serves)")
    assert sorted(os.listdir(used.host.layout.programs)) == before


def test_refused_candidates_do_not_fill_the_disk_with_logs(used: UsedApp) -> None:
    for number in range(4):
        change_record(used, GOOD + "# %d\n" % number, environment="0" * 32)
        assert used.deploy("again without an environment, %d" % number)["state"] == "failed"
    logs = [file for file in os.listdir(used.host.layout.log) if file.startswith(used.name) and file.count(".") == 3]
    assert len({file.split(".")[1] for file in logs}) <= 1 + 2 + 1, "the live one's, two of old ones, the last one's"
