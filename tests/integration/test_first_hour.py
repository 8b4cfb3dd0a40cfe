# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new user may meet in the first hour, as it really is: each gives a clear message, or just works.

Elsewhere: sites of the user's own in nginx (``test_front_modules.py``), a clone and a home with a space in the path
(``tests/demo``), an index that does not answer (``test_environments.py``), another locale (``test_operations.py``).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv import Sources
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv_install import Installer
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import unprivileged as process
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError
from ansible_collections.selfhost.pyapps.plugins.modules import host_plan
from helpers.company_proxy import INDEX, company_proxy
from helpers.environment_host import SYSTEM_PYTHON, app, temporary_host, two_wheels
from helpers.locales import make_locale
from helpers.modules import run_module
from helpers.processes import free_port
from helpers.supervisord import wait_for

CHECKOUT = Path(__file__).resolve().parents[2]
UV = "0.11.0"
_INSTALL_UV = (
    """
import sys
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry import host_plan as _host_plan
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv import Sources
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv_install import Installer
print(_host_plan.missing_packages(Layout("/nowhere"), True, True))
try:
    Installer(Layout(sys.argv[1]), Sources(), "%s", None).install()
except EnvironmentFailedError as error:
    print(error.reason)
"""
    % UV
)


@pytest.fixture
def folder() -> t.Iterator[Path]:
    """A folder that every user may enter."""
    with tempfile.TemporaryDirectory(prefix="pyapps-first-", dir="/var/tmp") as path:
        os.chmod(path, 0o755)
        yield Path(path)


def apart(namespace: str, script: str, *arguments: str | Path, **variables: str) -> str:
    """What a shell script prints that runs in a namespace of its own (``--mount``, ``--net``)."""
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    done = subprocess.run(
        ["unshare", *as_root, namespace, "--", "sh", "-euc", script, "sh", *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT / "collections"), **variables},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_without_the_venv_module_its_package_is_named(folder: Path) -> None:
    """Debian splits it off; root gets it installed, anybody else is told what to install."""
    library = Path(subprocess.check_output([SYSTEM_PYTHON, "-c", "import os; print(os.__file__)"], text=True)).parent
    take_away = """
        mount -t tmpfs tmpfs "$2" && mkdir "$2/upper" "$2/work" "$2/root"
        mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$1"
        rm -r "$1/ensurepip"
        exec %s -c "$3" "$2/root"
    """
    packages, reason = apart("--mount", take_away % SYSTEM_PYTHON, library, folder, _INSTALL_UV).splitlines()
    assert packages == "['python3-venv']"
    assert "install the Debian package python3-venv" in reason


def test_without_a_network_the_first_tool_says_so(folder: Path) -> None:
    """pip's own last line would be "No matching distribution found"."""
    script = 'exec "%s" -c "$1" "$2"' % sys.executable
    said = apart("--net", script, _INSTALL_UV, folder, PIP_RETRIES="1")
    assert "Is the network up, and are index URL and proxy right?" in said
    assert "could not install uv" in said


def test_behind_a_proxy_with_an_authority_of_its_own(folder: Path) -> None:
    """Without its certificate the message names the variable; with it everything comes through the proxy."""
    with temporary_host() as host, company_proxy(folder, two_wheels(host)) as (proxy, authority):
        wanted = app("dash", "beta==1.0")
        refused = host.make(wanted, sources=Sources(index_url=INDEX, proxy=proxy))["app_results"]["dash"]
        assert refused["state"] == "failed"
        assert "certificate is not trusted here: give the CA bundle (pyapps_ca_bundle)" in refused["reason"]
        trusted = Sources(index_url=INDEX, proxy=proxy, ca_bundle=authority)
        assert host.make(wanted, sources=trusted)["app_results"]["dash"]["state"] == "ok"


def test_an_apache_that_has_the_port_is_named_and_left_alone(folder: Path) -> None:
    """C-20: what to do is said; the other server goes on."""
    port = free_port()
    modules = "".join(
        "LoadModule %s_module /usr/lib/apache2/modules/mod_%s.so\n" % (name, name)
        for name in ("mpm_event", "authz_core")
    )
    text = "ServerRoot %s\nServerName localhost\nListen %d\nPidFile pid\nErrorLog log\nUser nobody\nGroup nogroup\n"
    (folder / "apache2.conf").write_text(modules + text % (folder, port))
    with subprocess.Popen(["/usr/sbin/apache2", "-f", folder / "apache2.conf", "-X"]) as apache:
        try:
            plan = {"root": str(folder), "apps": [], "source": "here", "front": "nginx", "port": port}
            said = wait_for(lambda: run_module(host_plan, **plan).get("msg"), 30, "Apache listens")
            assert "pyapps_port: %d is taken by" % port in said
            assert "apache2" in said
            assert "set pyapps_port to another port" in said
            assert apache.poll() is None
        finally:
            apache.terminate()


_FULL = """
mount -t tmpfs -o size=24m,mode=755 tmpfs "$1"
exec "$2" - "$1" <<'END'
import json, os, sys
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.capacity import lacks, room
from ansible_collections.selfhost.pyapps.plugins.modules import host_plan
from helpers.environment_host import Host, app, make_wheel, uv_binary
from helpers.fronts import entry
from helpers.locales import make_locale
from helpers.modules import run_module
from pathlib import Path

root = sys.argv[1]
wanted = app("dash", "large==1.0")
catalog = [{**entry("dash"), "environment": wanted["environment"]}]
plan = {"root": root, "apps": ["dash"], "catalog": catalog, "source": "here", "install_uv": False}
# Warnings stay in a process, so the mode that warns comes last.
answers = {mode: run_module(host_plan, capacity=mode, **plan) for mode in ("error", "ignore", "warn")}
host = Host(root)
wheels = Path(root).parent / "wheels"
make_wheel(wheels, "large", "1.0", {"large.txt": "".join(map(str, range(8_000_000)))})
os.makedirs(os.path.dirname(host.layout.uv))
os.symlink(uv_binary(), host.layout.uv)
answers["made"] = host.make(wanted, wheelhouse=str(wheels))["app_results"]["dash"]
print(json.dumps(answers))
END
"""


def test_a_disk_that_is_nearly_full_is_told_before_anything_starts(folder: Path) -> None:
    """C-17: refused or warned of before; who goes on all the same is told that the disk is full."""
    root = folder / "root"
    root.mkdir()
    paths = os.pathsep.join([str(CHECKOUT / "collections"), str(CHECKOUT / "tests")])
    answers = json.loads(apart("--mount", _FULL, root, sys.executable, PYTHONPATH=paths).splitlines()[-1])
    (problem,) = answers["error"]["problems"]
    assert "disk: the environments of 1 new apps (dash) need about 500 MB, and 2" in problem
    assert answers["error"]["failed"]
    assert problem in json.dumps(answers["warn"]["warnings"])
    assert not answers["ignore"].get("warnings")
    assert answers["made"]["state"] == "failed"
    assert "make room and run again" in answers["made"]["reason"], answers["made"]


class OldPip(Installer):
    """Its environment has the pip of Debian 11."""

    def _run(self, command: t.Sequence[str], environment: t.Mapping[str, str]) -> process.Outcome:
        outcome = super()._run(command, environment)
        if "venv" in command:
            python = os.path.join(command[-1], "bin", "python")
            pip = [python, "-m", "pip", "install", "--quiet", "pip==20.3.4"]
            downgraded = super()._run(pip, self._pip_environment())
            assert downgraded.rc == 0, downgraded
            assert "pip 20.3.4 " in super()._run([python, "-m", "pip", "--version"], {}).out
        return outcome


def test_an_old_pip_installs_uv(folder: Path) -> None:
    """Our one use of pip has no option that it does not know."""
    layout = Layout(str(folder))
    installer = OldPip(layout, Sources(), UV, None)
    try:
        installer.install()
    except EnvironmentFailedError as error:
        pytest.fail("%s\n%s" % (error.reason, error.log))
    assert installer.is_done()


def test_a_locale_without_utf_8_is_refused_by_ansible_itself(folder: Path) -> None:
    """Nothing of ours comes to run; the documentation says what to set."""
    latin = make_locale(folder, "ISO-8859-9")
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "site.yml", "--list-tasks"],
        cwd=CHECKOUT,
        env={**os.environ, **latin},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    assert "Ansible requires the locale encoding to be UTF-8" in done.stderr
