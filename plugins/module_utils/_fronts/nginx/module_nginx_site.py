# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module ``nginx_site`` takes and does; the plan of a run asks it, too."""

from __future__ import annotations

import os
import shutil
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.arguments import (
    FRONT_ARGUMENTS,
    refuse_stranger,
    settings_of,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.files import no_page_files, page_files
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.install import Install, RejectedError, Wanted
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.nginx.other_sites import (
    default_site_makes_way,
    default_site_memory,
    has_made_way,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.nginx.site import nginx_site
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.routes import FrontError, app_routes
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.listeners import command_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import private_log as _private_log

OWN_ARGUMENTS: dict[str, t.Any] = {
    "default_server": {"type": "bool"},
    "disable_default_site": {"type": "bool", "default": False},
    "nginx_dir": {"type": "path", "default": "/etc/nginx"},
    "nginx": {"type": "path"},
    "pid_file": {"type": "path", "default": "/run/nginx.pid"},
}


ARGUMENTS: dict[str, t.Any] = {**FRONT_ARGUMENTS, **OWN_ARGUMENTS}


def _is_default(params: dict[str, t.Any]) -> bool:
    """Whether requests for names that no site has come to ours."""
    if params["default_server"] is not None:
        return bool(params["default_server"])
    return _takes_default_out(params) or has_made_way(Layout(params["root"]))


def _takes_default_out(params: dict[str, t.Any]) -> bool:
    """Whether the default site goes: when that was asked, or when it is Debian's own, which nobody has changed."""
    return bool(params["disable_default_site"]) or default_site_makes_way(params["nginx_dir"])


def _wanted(params: dict[str, t.Any]) -> list[Wanted]:
    layout = Layout(params["root"])
    available = os.path.join(params["nginx_dir"], "sites-available")
    enabled = os.path.join(params["nginx_dir"], "sites-enabled")
    site, link = os.path.join(available, "pyapps.conf"), os.path.join(enabled, "pyapps.conf")
    if params["state"] == "absent":
        files = [Wanted(link, None, link=True), Wanted(site, None), *no_page_files(layout)]
        return files + _default_site(layout, enabled, disable=False)
    settings = settings_of(params, default_server=_is_default(params))
    routes = app_routes(layout, params["apps"])
    files = [
        *page_files(routes, settings),
        Wanted(site, nginx_site(routes, settings)),
        Wanted(link, site, link=True),
    ]
    return files + (_default_site(layout, enabled, disable=True) if _takes_default_out(params) else [])


def _default_site(layout: Layout, enabled: str, disable: bool) -> list[Wanted]:
    """Take Debian's default site out and remember where its link went, or put the link back as it was."""
    link = os.path.join(enabled, "default")
    memory = default_site_memory(layout)
    if disable:
        if not os.path.islink(link):
            return []
        return [Wanted(memory, os.readlink(link)), Wanted(link, None, link=True)]
    target = Wanted(memory, None).now()
    if target is None or os.path.lexists(link):
        return [Wanted(memory, None)]
    return [Wanted(link, target, link=True), Wanted(memory, None)]


def _is_running(pid_file: str) -> bool:
    try:
        with open(pid_file, encoding="ascii") as file:
            pid = int(file.read())
        return "nginx" in command_of(pid)
    except (OSError, ValueError):
        return False


def _judge(module: AnsibleModule, nginx: str) -> t.Callable[[], str | None]:
    def judge() -> str | None:
        pid_file, configuration = module.params["pid_file"], os.path.join(module.params["nginx_dir"], "nginx.conf")
        had_pid_file = os.path.exists(pid_file)
        code, _out, error = module.run_command([nginx, "-t", "-q", "-c", configuration])
        # The test leaves an empty file where nginx does not run, which init scripts take for a running one.
        if not had_pid_file and os.path.exists(pid_file) and os.path.getsize(pid_file) == 0:
            os.unlink(pid_file)
        return error.strip() if code != 0 else None

    return judge


def _apply(module: AnsibleModule, install: Install, nginx: str | None) -> None:
    if nginx is None:
        if module.params["state"] == "absent":
            install.apply(lambda: None)
            install.loaded()
            return
        module.fail_json(msg="nginx is not installed (no program nginx in PATH or /usr/sbin); install it first")
    try:
        install.apply(_judge(module, str(nginx)))
    except RejectedError as error:
        module.fail_json(
            msg="nginx refuses its configuration with the new site in it, so the old files are back. It says: %s"
            % error
        )
    except OSError as error:
        module.fail_json(msg="the site cannot be written: %s" % error)


def _open_logs(params: dict[str, t.Any]) -> list[str]:
    """Files of the access log that others than root may read, or that nginx would make so. Without root it is ours."""
    log = params["access_log"] or ""
    if params["state"] == "absent" or os.geteuid() != 0 or not _private_log.is_kept(log):
        return []
    return _private_log.differences(log)


def _close_logs(module: AnsibleModule, paths: list[str]) -> None:
    try:
        for path in paths:
            _private_log.correct(path)
    except OSError as error:
        module.fail_json(msg="the access log cannot be kept from others: %s" % error)


def act(module: AnsibleModule) -> None:
    """What the module does; it ends by ``exit_json`` or ``fail_json``."""
    nginx = module.params["nginx"] or shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    notices = []
    try:
        if module.params["state"] == "present":
            refuse_stranger(module.params["port"], "nginx")
        install = Install(Layout(module.params["root"]), "nginx", _wanted(module.params))
    except FrontError as error:
        module.fail_json(msg=str(error))
    except (KeyError, TypeError) as error:
        module.fail_json(msg="an entry of apps is not what setup_toml returns: %s" % error)
    if module.params["state"] == "present" and not module.params["server_names"] and not _is_default(module.params):
        notices.append(
            "No server_names, and not the default server: another site on this port may get every request instead."
        )
    logs = _open_logs(module.params)
    changed, running = install.changed or bool(logs), _is_running(module.params["pid_file"])
    diff = install.diff + [_files.diff_entry(path, None, "readable for root and the group adm only\n") for path in logs]
    if install.changed and module.check_mode:
        notices.append("Check mode: nginx has not judged the new site.")
    elif changed and not module.check_mode:
        _close_logs(module, logs)
        if install.changed:
            _apply(module, install, nginx)
    module.exit_json(
        changed=changed,
        diff=diff,
        command=[Layout(module.params["root"]).command, "run", "--", nginx or "/usr/sbin/nginx", "-g", "daemon off;"],
        pending=install.pending,
        running=running,
        notices=notices,
    )
