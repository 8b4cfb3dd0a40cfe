# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets reach the app that they belong to, and stand nowhere else, on controller and target."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import shutil
import subprocess
import sysconfig
import textwrap
import threading
import typing as t
from pathlib import Path

import pytest
from helpers.canary import holders, shows, traces
from helpers.containers import as_user, containers, healthy, streamlit_processes, wait_for
from helpers.playbooks import play
from testinfra.host import Host

testinfra_hosts = containers()[:1]

CHECKOUT = Path(__file__).resolve().parents[3]
VAULT_PASSWORD = CHECKOUT / "inventories" / "example-secrets" / "vault-password.txt"
CANARY = "canary-%s-" % secrets.token_hex(4)
"""Every secret of these tests begins with it."""
MARK = "/root/.before-the-tests"

DOTENV, VAULT, LOGIN, OTHER_LOGIN = (CANARY + name for name in ("dotenv", "vault", "login", "of-app-2"))

# What an app knows is told by hashes, so that its own notes are no place where a secret stands.
PROBE = """
import hashlib, json, os
from pathlib import Path

import streamlit as st

known = {name: os.environ.get(name, "") for name in ("FROM_DOTENV", "FROM_VAULT", "BOTH", "PLAIN")}
known["LOGIN"] = st.secrets["auth"]["password"]
known = {name: hashlib.sha256(value.encode()).hexdigest() for name, value in known.items()}
Path(os.environ["PYAPPS_DATA_DIR"], "known.json").write_text(json.dumps(known))
"""
SETTINGS = """
[env]
required = ["FROM_VAULT", "FROM_DOTENV"]
PLAIN = "plain"

[deploy]
idle_time = 1
"""


class Vault:
    """A file of variables with secrets, one value of them encrypted by itself."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "vault.yml"

    def write(self, vault: str = VAULT, login: str = LOGIN, more: str = "") -> None:
        encrypted = subprocess.run(
            [
                Path(sysconfig.get_path("scripts")) / "ansible-vault",
                "encrypt_string",
                "--vault-password-file=%s" % VAULT_PASSWORD,
                "--stdin-name=FROM_VAULT",
            ],
            input=vault,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert vault not in encrypted
        own = "    env:\n      BOTH: %s\n%s\n" % (vault, textwrap.indent(encrypted, "      "))
        login = "    toml:\n      auth:\n        password: %s\n" % login
        other = '  app_2:\n    toml: |\n      [auth]\n      password = "%s"\n' % OTHER_LOGIN
        self.path.write_text("pyapps_secrets:\n  app_1:\n" + own + login + other + more)


class Run(t.NamedTuple):
    """A run in which everything that Ansible can write down is switched on.

    :param folder: holds it all: log, temporary files, cache of facts, results as files
    :param seen: whether a process had a secret in its command while it worked
    """

    done: subprocess.CompletedProcess[str]
    folder: Path
    seen: bool


class World(t.NamedTuple):
    """Apps with secrets, and the loud runs that brought them live."""

    apps: Path
    vault: Vault
    planned: Run
    made: Run

    def flags(self) -> list[str]:
        return ["--extra-vars=@%s" % self.vault.path, "--vault-password-file=%s" % VAULT_PASSWORD]

    def play(self, host: Host, *flags: str) -> subprocess.CompletedProcess[str]:
        return play("site", host, *self.flags(), *flags, pyapps_apps_dir=str(self.apps))


@contextlib.contextmanager
def watched_commands() -> t.Iterator[threading.Event]:
    """Set once a process has a secret in its command; the target's processes are processes of this machine."""
    stop, seen = threading.Event(), threading.Event()

    def watch() -> None:
        while not stop.wait(0.1):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    if shows(path.read_bytes().decode("utf-8", "replace"), CANARY):
                        seen.set()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def loud_run(host: Host, folder: Path, apps: Path, vault: Vault, *flags: str) -> Run:
    """Run the site playbook with -vvv, and without pipelining, so that modules lie on the target's disk for a while."""
    places = {name: str(folder / name.lower()) for name in ("ANSIBLE_LOCAL_TEMP", "TMPDIR", "JUNIT_OUTPUT_DIR")}
    for place in places.values():
        Path(place).mkdir(parents=True)
    environment = {
        **places,
        "ANSIBLE_LOG_PATH": str(folder / "ansible.log"),
        "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "facts"),
        "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.junit",
        "ANSIBLE_PIPELINING": "0",
    }
    flags = ("-vvv", "--diff", "--extra-vars=@%s" % vault.path, "--vault-password-file=%s" % VAULT_PASSWORD, *flags)
    with watched_commands() as seen:
        done = play("site", host, *flags, environment=environment, pyapps_apps_dir=str(apps))
    return Run(done, folder, seen.is_set())


@pytest.fixture(scope="module")
def world(host: Host, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The sample apps, app 1 with a .env and as a probe of what it knows; planned in check mode, and made."""
    folder = tmp_path_factory.mktemp("world")
    shutil.copytree(CHECKOUT / "apps", folder / "apps")
    app = folder / "apps" / "app_1"
    (app / ".env").write_text('# of the app\nexport FROM_DOTENV="%s"\nBOTH=%s\n' % (DOTENV, DOTENV))
    (app / ".env").chmod(0o600)
    with (app / "app_1.py").open("a") as script:
        script.write(PROBE)
    with (app / "setup.toml").open("a") as settings:
        settings.write(SETTINGS)
    vault = Vault(folder)
    vault.write()
    host.check_output("touch %s", MARK)
    planned = loud_run(host, folder / "planned", folder / "apps", vault, "--check")
    made = loud_run(host, folder / "made", folder / "apps", vault)
    return World(folder / "apps", vault, planned, made)


def environment_of(host: Host, user: str) -> dict[str, str]:
    """The environment of an app's process."""
    pid = streamlit_processes(host)[user]["pid"]
    text = host.check_output("tr '\\0' '\\n' < /proc/%s/environ" % pid)
    return dict(line.partition("=")[::2] for line in text.splitlines())


def live_release(host: Host, app: str) -> str:
    """The folder of the release that serves."""
    place = "/srv/pyapps/apps/%s" % app
    name = host.check_output("readlink %s/live", place).rpartition("/")[2].partition(".")[0]
    record = json.loads(host.file("%s/instances/%s.json" % (place, name)).content_string)
    return "%s/releases/%s" % (place, record["release"])


def held(host: Host, secret: str) -> set[str]:
    """Every file of the target, written since these tests began, that holds a secret."""
    patterns = [word for trace in traces(secret) for word in ("-e", trace)]
    skipped = "-path /proc -prune -o -path /sys -prune -o -path /dev -prune -o"
    grep = " ".join(["grep -laF", *["%s"] * len(patterns), "{} +"])
    return set(host.run("find / %s -type f -cnewer %s -exec %s" % (skipped, MARK, grep), *patterns).stdout.splitlines())


def test_the_example_vault_reaches_its_app_and_no_other(host: Host) -> None:
    """C-11: what the scenario has converged: inventories/example-secrets, as the how-to page shows it."""
    assert environment_of(host, "pyapp-app_1")["API_KEY"] == "an-example-api-key"
    assert "API_KEY" not in environment_of(host, "pyapp-app_2")
    toml = host.file(live_release(host, "app_1") + "/code/.streamlit/secrets.toml").content_string
    assert toml == '[auth]\npassword = "an-example-password"\n'


def test_a_run_succeeds_and_the_app_knows_its_secrets(host: Host, world: World) -> None:
    """S0-15, S1-29: .env, a vault and [env]; of two the vault wins."""
    assert (world.planned.done.returncode, world.made.done.returncode) == (0, 0)
    assert healthy(host, "app-1")
    known = json.loads(host.file("/srv/pyapps/apps/app_1/data/known.json").content_string)
    expected = {"FROM_DOTENV": DOTENV, "FROM_VAULT": VAULT, "BOTH": VAULT, "PLAIN": "plain", "LOGIN": LOGIN}
    assert known == {name: hashlib.sha256(value.encode()).hexdigest() for name, value in expected.items()}


@pytest.mark.parametrize("step", ["planned", "made"])
def test_the_controller_keeps_no_secret(world: World, step: str) -> None:
    """C-11: neither what -vvv and --diff print, nor log, temporary files, fact cache, result files or a command."""
    run: Run = getattr(world, step)
    assert "TASK" in run.done.stdout
    assert not shows(run.done.stdout, CANARY)
    assert (run.folder / "ansible.log").stat().st_size > 10_000
    assert list((run.folder / "junit_output_dir").iterdir())
    assert holders(run.folder, CANARY) == set()
    assert not run.seen


def test_the_target_keeps_secrets_in_files_of_their_app_only(host: Host, world: World) -> None:
    """C-11: in no other file, whoever owns it: logs, supervisor's configuration, catalog, Ansible's own folders."""
    assert world.made.done.returncode == 0
    own, other = live_release(host, "app_1"), live_release(host, "app_2")
    assert held(host, CANARY) == {
        own + "/secret-env.json",
        own + "/secret.env",
        own + "/secrets.toml",
        other + "/secrets.toml",
    }
    for path in (own + "/secret-env.json", own + "/secret.env", own + "/secrets.toml"):
        file = host.file(path)
        assert (file.user, file.group, file.mode) == ("root", "pyapp-app_1", 0o640)
        assert as_user(host, "pyapp-app_1", "cat %s", path) == 0
        assert as_user(host, "pyapp-app_2", "cat %s", path) != 0
        assert as_user(host, "nobody", "cat %s", path) != 0
    key = host.file("/etc/pyapps/secrets.key")
    assert (key.user, key.mode) == ("root", 0o600)


def test_only_the_apps_own_process_holds_secrets(host: Host, world: World) -> None:
    """C-11: no other process' environment, supervisord's neither; commands are watched while the playbook runs."""
    assert world.made.done.returncode == 0
    processes = streamlit_processes(host)
    pattern = CANARY.replace("c", "[c]", 1)
    found = host.run("grep -la -e %s /proc/[0-9]*/environ", pattern).stdout.split()
    assert found == ["/proc/%s/environ" % processes["pyapp-app_1"]["pid"]]


def test_a_changed_secret_restarts_its_app_only_and_the_old_one_is_gone(host: Host, world: World) -> None:
    """C-11: a changed secret is a new release; an unchanged one changes nothing."""
    before, old = streamlit_processes(host), live_release(host, "app_1")
    world.vault.write(login=CANARY + "new")
    assert world.play(host).returncode == 0
    after = streamlit_processes(host)
    assert after["pyapp-app_2"] == before["pyapp-app_2"]
    assert after["pyapp-app_1"]["pid"] != before["pyapp-app_1"]["pid"]
    new = live_release(host, "app_1")
    assert new != old
    assert host.file(old + "/release.json").exists
    wait_for("nobody uses the old release any more", lambda: held(host, LOGIN) == set())
    assert held(host, CANARY + "new") == {new + "/secrets.toml"}


def test_what_is_missing_or_misspelt_is_refused_and_the_apps_go_on(host: Host, world: World) -> None:
    """S0-15: at once, with app, name and what to do, before anything changes; no message shows a value."""
    before = streamlit_processes(host)
    world.vault.write(more="  app_3:\n    env: {A: %sx}\n" % CANARY)
    (world.apps / "app_1" / ".env").write_text("BOTH=%s\n" % DOTENV)
    refused = world.play(host, "-vvv")
    assert refused.returncode == 2
    assert "missing secret named in [env] required: FROM_DOTENV has no value" in refused.stdout
    assert "pyapps_secrets: app_3: is no app: did you mean" in refused.stdout
    assert not shows(refused.stdout, CANARY)
    assert "changed=0" in refused.stdout
    assert streamlit_processes(host) == before
    assert healthy(host, "app-1")


def test_withdrawn_secrets_leave_nothing(host: Host, world: World) -> None:
    """The app is removed; its releases go, with what they hold."""
    done = play("remove", host, "--extra-vars=pyapps_remove=app_1", pyapps_apps_dir=str(world.apps))
    assert done.returncode == 0
    assert held(host, CANARY) == {live_release(host, "app_2") + "/secrets.toml"}
