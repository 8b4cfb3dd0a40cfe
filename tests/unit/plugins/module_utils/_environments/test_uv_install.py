# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""uv is put in place, or one that is there is taken; a real wheel is installed in tests/integration."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments import uv_install as _uv_install
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.python import Interpreter
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv import Sources
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv_install import Installer
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import unprivileged
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setattr(unprivileged, "probe_user", lambda: None)
    return Layout(str(tmp_path / "root"))


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + script + "\n")
    path.chmod(0o755)
    return path


def a_uv(path: Path, version: str = "0.13.8") -> Path:
    return program(path, "echo 'uv %s (abc 2026-01-01)'" % version)


def a_python(monkeypatch: pytest.MonkeyPatch, path: Path, makes: str) -> None:
    """The host's Python: what it does when it is to make a virtual environment in ``$4``."""
    program(path, makes)
    python = Interpreter(str(path), "cpython-3.11.2", "linux", "", "cpython-311")
    monkeypatch.setattr(_uv_install.pythons, "find_python", lambda wanted: python)


PIP = """mkdir -p "$4/bin"
cat > "$4/bin/python" <<'END'
#!/bin/sh
bin=$(dirname $0)
echo "$@" > $bin/arguments
env > $bin/environment
%s
END
chmod 755 "$4/bin/python"
"""
"""A Python that makes an environment whose pip runs this script; there ``$bin`` is the folder of programs."""
INSTALLS = PIP % "echo '#!/bin/sh' > $bin/uv; echo 'echo uv 0.13.8' >> $bin/uv; chmod 755 $bin/uv"


def test_a_binary_that_is_there_is_taken_by_a_link(layout: Layout, tmp_path: Path) -> None:
    binary = str(a_uv(tmp_path / "bin" / "uv", "0.9.1"))
    installer = Installer(layout, Sources(), "0.13.8", binary)
    assert (installer.is_done(), installer.describe()) == (False, None)
    assert installer.check_binary() == "0.9.1"
    installer.install()
    assert installer.is_done()
    assert os.readlink(layout.uv) == binary
    assert installer.describe() == "uv 0.9.1 -> %s\n" % binary
    assert not Installer(layout, Sources(), "0.13.8", "/other/uv").is_done()
    assert not Installer(layout, Sources(), "0.9.1", None).is_done(), "a link is not what was installed"


@pytest.mark.parametrize("script", ["echo hello", "exit 1", "echo uv 0.9.1; exit 1"])
def test_a_binary_that_is_no_uv_is_refused(layout: Layout, tmp_path: Path, script: str) -> None:
    binary = str(program(tmp_path / "uv", script))
    with pytest.raises(EnvironmentFailedError, match="cannot be used: it does not answer `uv --version`"):
        Installer(layout, Sources(), "0.13.8", binary).check_binary()
    with pytest.raises(EnvironmentFailedError, match="cannot be used"):
        Installer(layout, Sources(), "0.13.8", "/no/such/uv").check_binary()


def test_a_binary_in_a_folder_that_others_may_not_enter_is_refused(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = a_uv(tmp_path / "closed" / "uv")
    binary.parent.chmod(0o700)
    monkeypatch.setattr(unprivileged, "probe_user", lambda: "nobody")
    with pytest.raises(EnvironmentFailedError, match="is closed to other users"):
        Installer(layout, Sources(), "0.13.8", str(binary)).check_binary()


def test_a_wheel_is_installed_with_what_the_host_says_of_its_index(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_RETRIES", "7")
    monkeypatch.setenv("OTHER", "x")
    a_python(monkeypatch, tmp_path / "python", INSTALLS)
    sources = Sources(index_url="https://user:secret@index.example/simple", ca_bundle="/ca.pem")
    installer = Installer(layout, sources, "0.13.8", None)
    installer.install()
    assert installer.is_done()
    assert installer.describe() == "uv 0.13.8\n"
    folder = Path(layout.uv).parent
    arguments = (folder / "arguments").read_text().split()
    assert arguments[-1] == "uv==0.13.8"
    assert {"--no-deps", "--no-input"} <= set(arguments)
    assert "secret" not in " ".join(arguments)
    environment = set((folder / "environment").read_text().splitlines())
    assert {"PIP_RETRIES=7", "PIP_CERT=/ca.pem", "PIP_INDEX_URL=" + str(sources.index_url)} <= environment
    assert "OTHER=x" not in environment
    assert os.listdir(layout.tools) == ["uv"]


def test_another_version_replaces_the_one_that_is_there(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_uv(Path(layout.uv), "0.9.1")
    a_python(monkeypatch, tmp_path / "python", INSTALLS)
    installer = Installer(layout, Sources(), "0.13.8", None)
    assert (installer.is_done(), installer.describe()) == (False, "uv 0.9.1\n")
    installer.install()
    assert installer.describe() == "uv 0.13.8\n"


@pytest.mark.parametrize(
    ("makes", "reason"),
    [
        ("echo 'ensurepip is not available'; exit 1", "install the Debian package python3-venv (python3.11-venv)"),
        ("echo 'No module named venv' >&2; exit 1", "install the Debian package python3-venv (python3.11-venv)"),
        ("echo no space >&2; exit 1", "could not make a virtual environment for uv: no space"),
        (PIP % "echo ERROR: No matching distribution; exit 1", "could not install uv 0.13.8: "),
        (PIP % "exit 4", "could not install uv 0.13.8: pip ended with exit status 4"),
        (PIP % "true", "the installed uv does not work here (it says None)"),
    ],
)
def test_what_can_not_be_installed_leaves_the_old_one(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, makes: str, reason: str
) -> None:
    a_uv(Path(layout.uv), "0.9.1")
    a_python(monkeypatch, tmp_path / "python", makes)
    installer = Installer(layout, Sources(), "0.13.8", None)
    with pytest.raises(EnvironmentFailedError) as caught:
        installer.install()
    assert reason in caught.value.reason
    assert installer.describe() == "uv 0.9.1\n"
    assert os.listdir(layout.tools) == ["uv"]


def test_an_installation_without_an_end_is_told(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_uv_install, "_INSTALL_SECONDS", 0.3)
    a_python(monkeypatch, tmp_path / "python", "sleep 5")
    with pytest.raises(EnvironmentFailedError, match=r"installing uv took longer than 0\.3 s"):
        Installer(layout, Sources(), "0.13.8", None).install()
