# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release does before its process starts, as the app's user: its test and its release command; and its pages."""

from __future__ import annotations

import json
import os
import signal
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets import AppSecrets
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import app_user
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.kind import STREAMLIT
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import release_store as _release_store
from helpers.serving_host import ServingHost
from helpers.supervisord import wait_for

GOOD = "import streamlit as st\nst.write('good')\n"
SECRETS = AppSecrets({"DATABASE": "postgres://me:very-secret@db/x"}, 'key = "other-secret"\n')

SHOW = """\
import json, os, subprocess, sys
import streamlit
with open(os.path.join(os.environ["PYAPPS_DATA_DIR"], "seen.json"), "a") as file:
    json.dump({"uid": os.geteuid(), "cwd": os.getcwd(), "env": dict(os.environ), "python": sys.prefix,
               "arguments": sys.argv[1:], "toml": open(".streamlit/secrets.toml").read()}, file)
    file.write("\\n")
"""

Result = dict[str, t.Any]


@pytest.fixture(scope="module")
def shared() -> t.Iterator[ServingHost]:
    """One host for all tests here; each has apps of its own."""
    host = ServingHost()
    try:
        yield host
    finally:
        host.close()


def deploy(host: ServingHost, name: str) -> Result:
    """Deploy only one app."""
    others = {other: host.wanted.pop(other) for other in list(host.wanted) if other != name}
    try:
        return host.deploy().results[name]
    finally:
        host.wanted.update(others)


def app(host: ServingHost, short: str, **wants: t.Any) -> str:
    name = host.add_app(short)
    host.apps[name]["deploy"] = {**host.apps[name]["deploy"], **wants}
    return name


def with_secrets(host: ServingHost, name: str, release: str) -> Path:
    """Give a release its secrets; its folder."""
    folder = Path(host.layout.app(name).release(release))
    _release_store.add_secrets(
        str(folder), SECRETS, app_user(name) if os.geteuid() == 0 else None, STREAMLIT.secrets_file
    )
    return folder


def stop(host: ServingHost, name: str) -> None:
    """Stop the only process of an app."""
    for program in host.seen(name)["processes"]:
        assert host.supervisor.stop(program, 20)


def seen(host: ServingHost, name: str) -> list[dict[str, t.Any]]:
    """What the app's command has seen, each time it ran."""
    path = Path(host.layout.app(name).data) / "seen.json"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_test_runs_where_the_app_would_and_once_per_release(
    shared: ServingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C-09: as its user, in its folder, with its environment, data folder, variables and secrets, and nothing else."""
    name = app(shared, "tested", test="python show.py 'a b'", release_command="python show.py release")
    shared.apps[name]["env"] = {"MODE": "fast"}
    folder = with_secrets(shared, name, shared.release(name, GOOD, files={"show.py": SHOW}))
    monkeypatch.setenv("OF_THE_RUN", "must not be seen")
    assert deploy(shared, name)["note"] == "live"
    first, second = seen(shared, name)
    assert (first["arguments"], second["arguments"]) == (["a b"], ["release"])
    assert first["uid"] == os.stat(shared.layout.app(name).data).st_uid
    assert (first["cwd"], first["toml"]) == (str(folder / "code"), SECRETS.toml)
    assert first["python"] == os.path.join(shared.layout.envs, shared.environment("1.67.0"))
    assert (first["env"]["MODE"], first["env"]["DATABASE"]) == ("fast", SECRETS.env["DATABASE"])
    assert first["env"]["PYAPPS_DATA_DIR"] == shared.layout.app(name).data
    assert "OF_THE_RUN" not in first["env"]

    stop(shared, name)
    assert deploy(shared, name)["note"] == "live", "a candidate of the same release"
    assert len(seen(shared, name)) == 2


def test_a_failing_test_is_refused_before_anything_starts_and_shows_no_secret(shared: ServingHost) -> None:
    """S0-24, C-09: the last lines are shown; no process, no migration."""
    name = app(shared, "failing", test="python -m tests", release_command="touch ../../../data/migrated")
    script = (
        "import os\nfor n in range(50): print('line', n)\nprint(os.environ['DATABASE'])\nassert 2 + 2 == 5, 'sum'\n"
    )
    with_secrets(shared, name, shared.release(name, GOOD, files={"tests.py": script}))
    result = deploy(shared, name)
    assert (result["state"], result["step"], result["note"]) == ("failed", "test", "has never been live")
    assert "[deploy] test: 'python -m tests' ended with exit status 1: AssertionError: sum" in result["reason"]
    assert len(result["log"]) == 20
    assert "********" in result["log"]
    assert "very-secret" not in json.dumps(result)
    assert shared.seen(name)["processes"] == {}
    assert not os.path.exists(os.path.join(shared.layout.app(name).data, "migrated"))


@pytest.mark.parametrize("key", ["test", "release_command"])
def test_a_command_that_hangs_is_ended_with_its_children(shared: ServingHost, key: str) -> None:
    """C-09: a time limit per step."""
    limit = {"test": "test_timeout", "release_command": "release_timeout"}[key]
    name = app(shared, "hang-" + key[:4], **{key: "python hang.py", limit: 10})
    script = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print('child', child.pid, flush=True)\ntime.sleep(600)\n"
    )
    shared.release(name, GOOD, files={"hang.py": script})
    result = deploy(shared, name)
    assert result["step"] == key
    assert "did not end within 10 s ([deploy] %s)" % limit in result["reason"]
    child = int(result["log"][-1].split()[1])
    wait_for(lambda: not os.path.exists("/proc/%d" % child), 20, "its child is gone")


def test_a_command_that_is_not_there_is_named(shared: ServingHost) -> None:
    name = app(shared, "nowhere", test="no-such-program --x")
    shared.release(name, GOOD)
    result = deploy(shared, name)
    assert (result["step"], "no-such-program cannot be executed" in result["reason"]) == ("test", True), result


def test_a_release_command_that_failed_runs_again_and_one_that_succeeded_does_not(shared: ServingHost) -> None:
    """C-09: its failure refuses the release; the live one serves on."""
    name = app(shared, "migrated")
    shared.release(name, GOOD)
    assert deploy(shared, name)["note"] == "live"
    shared.apps[name]["deploy"]["release_command"] = "python migrate.py"
    script = (
        "import os, pathlib\nplace = pathlib.Path(os.environ['PYAPPS_DATA_DIR'])\n"
        "with open(place / 'runs', 'a') as file: file.write('x')\n"
        "assert (place / 'allowed').exists(), 'no such column'\n"
    )
    shared.release(name, GOOD, files={"migrate.py": script})
    before = shared.seen(name)
    data = Path(shared.layout.app(name).data)
    for _attempt in range(2):
        result = deploy(shared, name)
        assert (result["step"], result["note"]) == ("release_command", "kept (old release serves)")
        assert "no such column" in result["reason"]
    assert shared.seen(name) == before
    (data / "allowed").touch()
    assert deploy(shared, name)["note"] == "live"
    assert (data / "runs").read_text() == "xxx"
    stop(shared, name)
    assert deploy(shared, name)["note"] == "live"
    assert (data / "runs").read_text() == "xxx"


NAVIGATION = """\
import streamlit as st
def works():
    st.write("works")
def breaks():
    raise KeyError("in a function")
st.navigation([st.Page("views/one.py"), st.Page(works), st.Page("views/two.py", url_path="other")%s]).run()
"""


@pytest.mark.parametrize("streamlit", ["1.41.1", "1.67.0"])
def test_every_page_is_opened_by_a_visitor(shared: ServingHost, streamlit: str) -> None:
    """S0-24: a broken page beside a good main page."""
    name = app(shared, "pages-" + streamlit.replace(".", ""), gate="pages")
    page = "import streamlit as st, helper\nassert st.secrets['key'] == helper.KEY\n"
    files = {"pages/1_one.py": page, "pages/two.py": page, "helper.py": "KEY = 'other-secret'\n"}
    with_secrets(shared, name, shared.release(name, GOOD, streamlit, files))
    assert deploy(shared, name)["note"] == "live"
    before = shared.seen(name)
    broken = {**files, "pages/two.py": "raise ValueError('no such table')\n"}
    with_secrets(shared, name, shared.release(name, GOOD, streamlit, broken))
    result = deploy(shared, name)
    assert (result["step"], result["note"]) == ("pages", "kept (old release serves)"), result
    assert result["reason"] == "the page two raised an exception: ValueError: no such table"
    assert shared.seen(name) == before
    views = {"views/one.py": GOOD, "views/two.py": GOOD}
    shared.release(name, NAVIGATION % ", st.Page(breaks)", streamlit, views)
    assert "KeyError: 'in a function'" in deploy(shared, name)["reason"]
    shared.release(name, NAVIGATION % "", streamlit, {**views, "views/two.py": "1/0\n"})
    assert "the page other raised an exception: ZeroDivisionError" in deploy(shared, name)["reason"]
    shared.release(name, NAVIGATION % "", streamlit, views)
    assert deploy(shared, name)["note"] == "live"


NAMESAKES = ("secrets", "types", "queue", "random", "streamlit", "logging", "json")


@pytest.mark.parametrize("streamlit", ["1.41.1", "1.67.0"])
def test_an_app_may_have_modules_that_are_called_as_those_of_python(shared: ServingHost, streamlit: str) -> None:
    """As with plain ``streamlit run``: what Streamlit needs is there before the app's folder counts."""
    name = app(shared, "names%s" % streamlit.replace(".", ""), gate="pages")
    files = {"%s.py" % module: "raise SystemExit('the app has taken my place')\n" for module in NAMESAKES}
    files["pages/two.py"] = "import streamlit as st\nimport helper\nst.write(helper.WORD)\n"
    files["helper.py"] = "WORD = 'two'\n"
    shared.release(name, "import streamlit as st\nimport helper\nst.write(helper.WORD)\n", streamlit, files=files)
    result = deploy(shared, name)
    assert result["state"] == "ok", result


def test_a_page_that_hangs_is_named_at_its_limit(shared: ServingHost) -> None:
    name = app(shared, "slowpage", gate="pages", script_timeout=12)
    shared.release(name, GOOD, files={"pages/slow.py": "while True:\n    pass\n"})
    result = deploy(shared, name)
    assert result["step"] == "pages"
    assert "the page slow did not finish within 12 s" in result["reason"]


def test_the_weaker_gate_runs_no_script_and_has_to_be_asked_for(shared: ServingHost) -> None:
    name = app(shared, "weaker")
    shared.release(name, "raise ValueError('every visitor sees this')\n")
    assert deploy(shared, name)["step"] == "script"
    shared.apps[name]["deploy"]["gate"] = "health"
    assert deploy(shared, name)["note"] == "live"


def test_a_run_that_is_killed_takes_its_test_with_it(shared: ServingHost) -> None:
    """C-09: nothing of a killed run goes on."""
    name = app(shared, "killed", test="python wait.py")
    script = (
        "import os, time\nopen(os.environ['PYAPPS_DATA_DIR'] + '/pid', 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    )
    shared.release(name, GOOD, files={"wait.py": script})
    child = os.fork()
    if child == 0:
        try:
            deploy(shared, name)
        finally:
            os._exit(1)
    path = Path(shared.layout.app(name).data) / "pid"
    pid = int(wait_for(lambda: path.exists() and path.read_text(), 60, "the test runs"))
    os.kill(child, signal.SIGKILL)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    wait_for(lambda: not os.path.exists("/proc/%d" % pid), 20, "the test is gone")
