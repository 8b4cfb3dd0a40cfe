# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run would remove from a target, and whether the target is fit for it.

Reads only. Every problem is collected, so that a person sees all of them at once and before anything has changed.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.app_choice import ChoiceError, choose
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.clashes import Claim, clashes
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv import Sources
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv_install import VERSION, Installer
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.caddy.user import USER as CADDY_USER, caddy_user
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.app_files import SETUP
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.listeners import (
    Listener,
    is_hidden_of,
    listener,
    listeners,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import (
    confinement as _confinement,
    layout as _host_layout,
    port_holder as _port_holder,
    tools as _host_tools,
    users as _host_users,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.ports import EPHEMERAL, handed_out
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import firewall as _firewall
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import live_instance
from ansible_collections.selfhost.pyapps.plugins.module_utils._tunnels.cloudflared.user import CLOUDFLARED

# sun_path of unix(7), less the closing zero, and less the ".<pid>" under which supervisord binds it first.
_LONGEST_SOCKET_PATH = 107 - len(".4194304")
_SAFETY = "docs/explanation/safety.md"
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9._/ @+,=-]*")


def chosen_apps(
    layout: Layout, only: list[str], catalog: t.Collection[str], applied: t.Mapping[str, t.Any]
) -> tuple[list[str], list[str]]:
    """The apps that a run is for, when it is not for all, and why it cannot be."""
    if not any(name.strip() for name in only):
        return [], []
    try:
        names = choose(only, catalog, "in the catalog")
    except ChoiceError as error:
        return [], [str(error)]
    if not os.path.exists(layout.supervisor_conf) or any("route" not in app for app in applied["apps"]):
        return names, ["app: this host is not laid out for deploys of single apps yet. Run the site playbook once."]
    return names, []


def path_problems(work: t.Sequence[t.Mapping[str, t.Any]], applied: t.Sequence[t.Mapping[str, t.Any]]) -> list[str]:
    """Why apps of this run cannot have their paths: others stay as they were applied, and have them.

    :param work: the catalog's entries of the apps that the run is for
    :param applied: the applied catalog's entries
    """
    names = {app["name"] for app in work}
    stay = [_claim(app, "%s as it is applied" % app["name"]) for app in applied if app["name"] not in names]
    served_already = clashes(stay)
    found = clashes([*stay, *(_claim(app, os.path.join(app["folder"], SETUP)) for app in work)])
    return [problem.as_line() for problem in found if problem not in served_already]


def _claim(app: t.Mapping[str, t.Any], file: str) -> Claim:
    return Claim(file, app["name"], True, app.get("base_path"), None, app["kind"])


def removal_problems(removed: list[str], wanted: list[str], allowed: bool, limited: bool = False) -> list[str]:
    """Why these apps must not be removed; empty when they may be.

    :param limited: the run is for some hosts of the inventory only, so an app that has moved to another host may not
        be there yet
    """
    if allowed or not removed:
        return []
    names = ", ".join(removed)
    remedy = "If that is meant, run again with -e pyapps_allow_removal=true"
    if limited:
        return [
            "a run with --limit removes nothing, and %s would be removed from this host. Run without --limit. %s."
            % (names, remedy)
        ]
    if not wanted:
        return ["the catalog is empty, so this run would remove every app (%s). %s." % (names, remedy)]
    if len(removed) > 1:
        return [
            "this run would remove %d apps at once (%s), because their folders are gone from the catalog. %s."
            % (len(removed), names, remedy)
        ]
    return []


def source_problems(applied: str | None, source: str, adopt: bool) -> list[str]:
    """Why a run from this source is refused: another one has laid out the host."""
    if applied is None or applied == source or adopt:
        return []
    return [
        "this host was laid out from another source: %s (this run: %s). Two sources would remove each other's apps. "
        "If this one takes over, run once with -e pyapps_adopt_source=true; if both are the same apps, give both the "
        "same pyapps_source." % (applied, source)
    ]


def root_problems(layout: Layout) -> list[str]:
    """Why nothing can be laid out below this root."""
    if not _PLAIN_PATH.fullmatch(layout.root):
        return ["pyapps_root: found %r; allowed is an absolute path of letters, digits, spaces, ._/@+,=-" % layout.root]
    problems = _host_layout.strangers(layout)
    if len(layout.supervisor_socket) > _LONGEST_SOCKET_PATH:
        problems.append(
            "pyapps_root: the socket's path %s has %d characters, and %d are possible. Choose a shorter "
            "pyapps_root." % (layout.supervisor_socket, len(layout.supervisor_socket), _LONGEST_SOCKET_PATH)
        )
    existing = layout.root
    while not os.path.exists(existing):
        existing = os.path.dirname(existing)
    if not os.access(existing, os.W_OK):
        problems.append(
            "pyapps_root: %s is not writable for this user (uid %d). %s"
            % (existing, os.geteuid(), _who_may_write(os.geteuid()))
        )
    return problems + _noexec_problems(layout)


def _noexec_problems(layout: Layout) -> list[str]:
    """Why no program can run from where environments and tools go."""
    existing = layout.srv
    while not os.path.exists(existing):
        existing = os.path.dirname(existing)
    if not os.statvfs(existing).f_flag & os.ST_NOEXEC:
        return []
    return [
        "pyapps_root: %s is mounted noexec, so no program can run from there. Set pyapps_root to a folder of another "
        "file system (make demo: DEMO_DIR=...), or mount it without noexec." % existing
    ]


def _who_may_write(uid: int) -> str:
    """What to do about a folder that this user cannot write: root is kept out only by the file system."""
    if uid == 0:
        return "You are root, so its file system is mounted read-only: set pyapps_root to a folder that can be written."
    return "Run as root (add --become), or set pyapps_root to a folder of yours."


def port_problems(layout: Layout, front: str, port: int) -> list[str]:
    """Why the front cannot listen on this port: somebody else does, or only root may."""
    holder = listener(port)
    if holder is not None:
        if _is_front(holder, layout, front):
            return []
        return [_port_holder.problem(layout, port, holder)]
    if port < 1024 and os.geteuid() != 0:
        return ["pyapps_port: %d is for root alone (uid %d asks). Use a port of 1024 or higher." % (port, os.geteuid())]
    return []


def _is_front(holder: Listener, layout: Layout, front: str) -> bool:
    command = holder.command or ""
    if front == "nginx":
        return command.startswith("nginx:") or os.path.basename(command.split(" ")[0]) == "nginx"
    return layout.etc in command or layout.srv in command or is_hidden_of(holder, CADDY_USER)


def user_problems(
    layout: Layout, apps: t.Iterable[str], front: str, uid_range: str, with_tunnel: bool = False
) -> list[str]:
    """Why the host cannot have the users that it needs: their names are somebody else's, or there are no uids.

    :param with_tunnel: whether cloudflared is to run
    """
    if os.geteuid() != 0:
        return []
    users = [*_host_users.all_of(layout, apps), *([caddy_user(layout)] if front == "caddy" else [])]
    users += [CLOUDFLARED] if with_tunnel else []
    return _host_users.plan(users).faults + _host_users.range_problems(uid_range)


def missing_packages(layout: Layout, with_uv: bool, with_firewall: bool) -> list[str]:
    """Debian packages without which our tools cannot be installed or work.

    :param with_uv: whether uv is to be installed, which needs Python's venv module
    :param with_firewall: whether other users are to be kept from the ports of apps
    """
    missing = []
    if with_uv and importlib.util.find_spec("ensurepip") is None:
        missing.append("python3-venv")
    if not os.path.exists("/etc/ssl/certs/ca-certificates.crt"):
        missing.append("ca-certificates")
    if with_firewall and _firewall.is_for(layout) and _firewall.may_change() and not _firewall.is_installed():
        missing.append("nftables")
    return missing


def package_problems(missing: list[str]) -> list[str]:
    """Why missing packages stop the run: only root may install them."""
    if not missing or os.geteuid() == 0:
        return []
    names = " ".join(missing)
    return ["packages are missing, and only root may install them: run `apt install %s` as root." % names]


def lays_out(layout: Layout, apps: t.Collection[str], uv_binary: str | None, tools: str | None) -> bool:
    """Whether the steps that lay a host out have anything to do; each of them is asked what it would do.

    :param apps: names of the apps of this run
    :param uv_binary: a uv of the host's, instead of ours
    :param tools: checksum of our zipapp; None asks for nothing of it
    """
    as_root = os.geteuid() == 0
    try:
        if as_root and _host_users.plan(_host_users.all_of(layout, apps)).changed:
            return True
        if _host_layout.missing_folders(_host_layout.folders(layout, apps, as_root), ()):
            return True
        if tools is not None and _host_tools.differences(layout, tools) != _host_tools.NOTHING:
            return True
        return not Installer(layout, Sources(), VERSION, uv_binary).is_done()
    except (OSError, _host_tools.ForeignCommandError):
        return True  # the step that cannot be asked says why


def service_manager(layout: Layout) -> str:
    """How a daemon is started here: ``systemd`` where it runs, ``sysv`` for another root, ``none`` without root.

    In a container of our image it is ``supervisor``, the first process.
    """
    if os.path.exists(layout.container_mark):
        return "supervisor"
    if os.geteuid() != 0:
        return "none"
    return "systemd" if os.path.isdir("/run/systemd/system") else "sysv"


def notices(layout: Layout, with_firewall: bool) -> list[str]:
    """What people should know of such a host, whatever a run does there.

    :param with_firewall: whether other users are to be kept from the ports of apps
    """
    found = []
    if with_firewall and _firewall.is_for(layout) and not _firewall.may_change():
        found.append(
            "this container may not change the rules of its network, so its other users reach the ports of apps: start "
            "it with --cap-add=NET_ADMIN, or set pyapps_firewall: false"
        )
    if os.geteuid() != 0:
        found.append("without root all apps are one user, so none is protected from another: see " + _SAFETY)
    if not _confinement.is_possible():
        found.append(
            "this kernel (Linux %s) cannot keep an app away from another one's port; 6.7 and newer can: see %s"
            % (platform.release(), _SAFETY)
        )
    elif not handed_out() <= set(EPHEMERAL):
        found.append(
            "this kernel hands out other ports than %d to %d, so a process can be given an app's port: change "
            "net.ipv4.ip_local_port_range, or put the other ports into net.ipv4.ip_local_reserved_ports: see %s"
            % (EPHEMERAL.start, EPHEMERAL.stop - 1, _SAFETY)
        )
    elif apps := _started_unconfined(layout):
        found.append(
            "%s: not kept away from other apps' ports, because started by an earlier version of this collection: run "
            "the playbook selfhost.pyapps.restart with -e app=%s when it suits" % (", ".join(apps), ",".join(apps))
        )
    return found


def _started_unconfined(layout: Layout) -> list[str]:
    """Apps whose live process was started before apps were confined; those that have been started anew since are."""
    live = {app: live_instance(layout.app(app)) for app in layout.app_names()}
    older = {app: found.port for app, found in live.items() if found and found.record and found.record.confined is None}
    answering = listeners(older.values()) if older else {}
    pids = {app: answering[port].pid for app, port in older.items() if port in answering}
    return sorted(app for app, pid in pids.items() if pid is not None and _confinement.is_confined(pid) is False)
