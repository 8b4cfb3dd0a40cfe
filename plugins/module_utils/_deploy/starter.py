# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn the process that supervisord started into an app's process.

Runs on the target as the app's user, inside our zipapp, and ends in ``execve``: what ``ps`` shows is the app's own
command, and nothing of supervisord's environment reaches it.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import confinement as _confinement
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.limits import (
    Limits,
    apply_to_this_process,
    limits_of,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.ports import (
    EPHEMERAL,
    SERVICES,
    PortError,
    parse_ports,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.base import Kind, Settings
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import UnknownKindError, kind_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord, RecordError
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.release_secrets import TOML, read_env

FAILED = 2
"""Exit code when a process cannot be started."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_OF_A_SHELL = frozenset(("PWD", "OLDPWD", "SHLVL", "_"))
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


class StartError(Exception):
    """Why a process cannot be started, in one line."""


class Start(t.NamedTuple):
    """What to execute, where, and with which whole environment.

    :ivar secrets_toml: path of secrets that lie outside of the release, or None
    :ivar secrets_file: where its kind looks for them below its home; "" for nowhere
    :ivar port: its own, or None
    :ivar app_ports: which ports belong to apps of this host; of these it may reach its own. Empty: it is not confined
    """

    command: list[str]
    folder: str
    environment: dict[str, str]
    limits: Limits
    port: int | None
    app_ports: str
    secrets_toml: str | None = None
    secrets_file: str = ""


def plan(layout: Layout, app: str, instance: str) -> Start:
    """What an instance's process is.

    :raises StartError: the record or the release is missing or damaged, or its environment is gone
    """
    place = layout.app(app)
    try:
        record = InstanceRecord.read(place.instance(instance))
    except RecordError as error:
        raise StartError(str(error)) from None
    view = layout.source_view(app)
    watched = os.path.isdir(view)

    def command(kind: Kind, settings: Settings, python: str) -> list[str]:
        return kind.start_command(settings, python, record.endpoint) + (list(kind.watch_options) if watched else [])

    app_ports = "" if record.confined is False else record.app_ports
    found = _plan(layout, place, record.release, command, app_ports, record.port)
    return found._replace(folder=view) if watched else found


def plan_task(layout: Layout, app: str, release: str, app_ports: str, command: list[str]) -> Start:
    """What a command is that runs where a release's process would run, and as it would, but without a port.

    :param command: argv; its first word is looked up in the release's environment first
    :raises StartError: as of :func:`plan`
    """
    return _plan(layout, layout.app(app), release, lambda kind, settings, python: command, app_ports)


def _plan(
    layout: Layout,
    place: AppLayout,
    name: str,
    command_of: t.Callable[[Kind, Settings, str], list[str]],
    app_ports: str,
    port: int | None = None,
) -> Start:
    release_file = os.path.join(place.release(name), "release.json")
    try:
        # In a container the ones that were mounted win over those of a deploy into it.
        secret = {**read_env(place.release(name)), **read_env(layout.given_secrets(place.name))}
    except (OSError, ValueError):  # its text may show a part of a secret
        raise StartError("the secrets of release %s cannot be read; deploy the app again" % name) from None
    try:
        with open(release_file, encoding="utf-8") as file:
            release = json.load(file)
        settings, environment = release["settings"], os.path.join(layout.envs, release["environment"])
        python = os.path.join(environment, "bin", "python")
        kind = kind_of(release)
        command = command_of(kind, settings, python)
        limits = limits_of(settings)
        variables = _environment(place, environment, {**settings["env"], **secret}, _given(layout, os.environ))
    except UnknownKindError as error:
        raise StartError("%s: %s" % (release_file, error)) from None
    except (OSError, ValueError) as error:
        raise StartError("%s: the release cannot be read (%s); deploy the app again" % (release_file, error)) from None
    except (KeyError, TypeError) as error:
        raise StartError("%s: not a release (%s: %s)" % (release_file, type(error).__name__, error)) from None
    if not os.path.exists(python):
        raise StartError("%s: the app's environment is gone; deploy the app again" % python)
    given = os.path.join(layout.given_secrets(place.name), TOML)
    toml = given if kind.secrets_file and os.path.exists(given) else None
    code = os.path.join(place.release(name), "code")
    variables.update(_own_packages(code))
    return Start(command, code, variables, limits, port, app_ports, toml, kind.secrets_file)


def _own_packages(code: str) -> dict[str, str]:
    """Where the app's own packages are, for a project that keeps them below ``src``.

    Elsewhere people install such a project into its environment as it stands (``uv sync``, ``pip install -e .``), which
    only tells Python this folder; an environment of ours is shared, and no code of an app is installed into it.
    """
    source = os.path.join(code, "src")
    is_project = any(os.path.exists(os.path.join(code, name)) for name in ("pyproject.toml", "setup.py"))
    return {"PYTHONPATH": source} if is_project and os.path.isdir(source) else {}


def _given(layout: Layout, variables: t.Mapping[str, str]) -> dict[str, str]:
    """What a container was given for its apps (``--env-file``), as Docker keeps it; on a host nothing is."""
    if not os.path.exists(layout.container_mark):
        return {}
    return {
        name: value
        for name, value in variables.items()
        if name not in _OF_A_SHELL and not name.startswith("SUPERVISOR_")
    }


def _environment(
    place: AppLayout, environment: str, own: t.Mapping[str, str], given: t.Mapping[str, str]
) -> dict[str, str]:
    """The environment of an app's process, made from nothing.

    :param own: the app's ``[env]`` and its secrets
    :param given: what the whole container was given
    """
    return {
        "LANG": "C.UTF-8",
        **given,
        "PATH": os.path.join(environment, "bin") + ":" + _SYSTEM_PATH,
        "VIRTUAL_ENV": environment,
        "HOME": os.path.join(place.data, ".home"),
        "TMPDIR": os.path.join(place.data, ".tmp"),
        "PYTHONUNBUFFERED": "1",
        **own,
        "PYAPPS_APP": place.name,
        "PYAPPS_DATA_DIR": place.data,
    }


def start(layout: Layout, app: str, instance: str) -> t.NoReturn:
    """Become the process of an instance.

    :raises StartError: it cannot be started
    """
    die_with_parent()
    _become(plan(layout, app, instance), instance)


def task(layout: Layout, app: str, release: str, app_ports: str, command: list[str]) -> t.NoReturn:
    """Become a command of a release: a test, a migration. Who started this sees to its end.

    :raises StartError: it cannot be started
    """
    _become(plan_task(layout, app, release, app_ports, command), release)


def _become(what: Start, seed: str) -> t.NoReturn:
    """Become what is planned.

    :param seed: hexadecimal, see :func:`apply_to_this_process`
    """
    os.umask(0o027)
    try:
        for key in ("HOME", "TMPDIR"):
            os.makedirs(what.environment[key], mode=0o700, exist_ok=True)
        if what.secrets_toml is not None:
            _link_toml(os.path.join(what.environment["HOME"], what.secrets_file), what.secrets_toml)
        os.chdir(what.folder)
    except OSError as error:
        raise StartError("%s cannot be used (%s)" % (error.filename, error.strerror)) from None
    _confinement.leave_keyring()
    _confine(what)  # before the limits, which are the app's own and may be narrow
    try:
        apply_to_this_process(what.limits, seed)
    except (OSError, ValueError) as error:
        raise StartError("[limits] cannot be set (%s)" % error) from None
    _execute(what.command, what.environment)


def _confine(what: Start) -> None:
    """Keep the process away from other apps' ports; a kernel that cannot do that is told of by the run."""
    if not what.app_ports or not _confinement.is_possible():
        return
    own = [] if what.port is None else [what.port]
    try:
        closed = {port for ports in parse_ports(what.app_ports) for port in ports} - SERVICES
        _confinement.confine(own, closed, EPHEMERAL)
    except (OSError, PortError) as error:
        raise StartError("it cannot be kept from other apps' ports (%s)" % error) from None


def _link_toml(link: str, path: str) -> None:
    """Let a process find secrets that lie outside of the release: it looks below the app's home, too."""
    os.makedirs(os.path.dirname(link), exist_ok=True)
    if not os.path.lexists(link):
        os.symlink(path, link)


def run(command: list[str]) -> t.NoReturn:
    """Become any other program that shall not outlive supervisord; its environment is left as it is.

    :raises StartError: it cannot be executed
    """
    die_with_parent()
    _execute(command, dict(os.environ))


def _execute(command: list[str], environment: dict[str, str]) -> t.NoReturn:
    # Python ignores these two, and what is ignored stays so in the next program.
    for name in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(name, signal.SIG_DFL)
    try:
        os.execvpe(command[0], command, environment)
    except (OSError, ValueError) as error:
        raise StartError("%s cannot be executed (%s)" % (command[0], error)) from None


def die_with_parent() -> None:
    """Let the kernel kill this process when supervisord dies.

    Else a killed supervisord leaves processes that keep their ports, and the next one cannot start them again.

    :raises StartError: the parent is already gone, or the kernel cannot do it
    """
    parent = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise StartError("prctl: %s" % os.strerror(ctypes.get_errno()))
    if os.getppid() != parent or _is_orphan(parent):
        raise StartError("supervisord has ended while this process was starting")


def _is_orphan(parent: int) -> bool:
    """Whether supervisord, which started us, has been gone for so long that another process adopted us."""
    if "SUPERVISOR_ENABLED" not in os.environ:
        return False
    try:
        with open("/proc/%d/cmdline" % parent, "rb") as file:
            return b"supervisord" not in file.read()
    except OSError:
        return False  # /proc may hide other users' processes


def main(layout: Layout, app: str, instance: str) -> int:
    """Start an instance; only returns (exit code 2) when that failed, with one line on standard error."""
    try:
        start(layout, app, instance)
    except StartError as error:
        sys.stderr.write("pyapps: %s cannot start: %s\n" % (app, error))
    return FAILED


def task_main(layout: Layout, app: str, release: str, app_ports: str, command: list[str]) -> int:
    """The same for :func:`task`."""
    try:
        task(layout, app, release, app_ports, command)
    except StartError as error:
        sys.stderr.write("pyapps: %s\n" % error)
    return FAILED


def run_main(command: list[str]) -> int:
    """The same for :func:`run`."""
    try:
        run(command)
    except StartError as error:
        sys.stderr.write("pyapps: %s\n" % error)
    return FAILED
