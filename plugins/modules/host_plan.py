#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_plan
short_description: Find out what a run would remove from a host, and whether the host is fit for it
version_added: 0.1.0
description:
  - Looks at a target before anything changes. Finds the apps that are there and not in the catalog any more, and
    everything that would stop the run later, and reports all of it at once.
  - Changes nothing.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.host.users
  - selfhost.pyapps.attributes.info
options:
  apps:
    description: Names of the apps in the catalog.
    type: list
    elements: str
    required: true
  source:
    description: Where the catalog comes from, a name that stays the same from run to run.
    type: str
    required: true
  adopt_source:
    description: Whether this source may take over a host that another source has laid out.
    type: bool
    default: false
  allow_removal:
    description: Whether all apps, or more than one, may be removed by this run.
    type: bool
    default: false
  only:
    description:
      - Names of apps that the run is for, instead of all of O(apps). Then nothing is removed.
      - A name that is not one of O(apps) is refused, with the nearest one.
    type: list
    elements: str
    default: []
  keeps:
    description:
      - Whether a faulty app stays as it is. Then nothing is removed, because the name of the app may not be known.
    type: bool
    default: false
  preview:
    description: Whether the run only shows what it deploys. Then O(only) must name apps.
    type: bool
    default: false
  limited:
    description: Whether the run is for some hosts of the inventory only. Then nothing may be removed.
    type: bool
    default: false
  front:
    description: The front of the host. Without it neither its port nor the users are looked at.
    type: str
    choices: [nginx, caddy]
  port:
    description: The port that the front listens on.
    type: int
    default: 80
  address:
    description: The address that the front listens on; empty means all.
    type: str
    default: ""
  server_names:
    description: The host names that the front is given.
    type: list
    elements: str
    default: []
  disable_default_site:
    description: Whether nginx's default site is taken out, also when somebody has changed it.
    type: bool
    default: false
  with_tunnel:
    description: Whether cloudflared is to run, which has a user of its own.
    type: bool
    default: false
  capacity:
    description:
      - What to do when the host has too little memory or disk for the apps, as far as that can be told before.
      - V(warn) warns, V(error) refuses the run, V(ignore) does not look.
    type: str
    choices: [warn, error, ignore]
    default: warn
  url:
    description: The host's URL for visitors, for RV(records).
    type: str
    default: ""
  catalog:
    description: The apps of O(apps) as entries of the catalog, for O(capacity), RV(front), RV(records) and
      RV(notices).
    type: list
    elements: dict
    default: []
  apt_packages:
    description: Whether the run installs Debian's packages that apps name; RV(notices) says what it cannot install.
    type: bool
    default: false
  uv_binary:
    description: A uv that is on the target already, instead of one that is installed.
    type: path
  tools:
    description: SHA-256 of the zipapp of our tools. Set by the action plugin of the same name.
    type: str
  install_uv:
    description: Whether the run will install uv, which needs Python's venv module.
    type: bool
    default: true
  firewall:
    description: Whether other users of the host are to be kept from the ports of apps, which needs nftables.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: See what would be removed
  selfhost.pyapps.host_plan:
    root: /
    apps: [app_1, app_2]
    source: me@laptop:/home/me/apps
    front: nginx
    port: 80
  register: plan
"""

RETURN = r"""
deployed:
  description: Names of the apps that are on the target.
  returned: always
  type: list
  elements: str
removed:
  description: Names of the apps that are on the target and not in the catalog.
  returned: always
  type: list
  elements: str
plan:
  description:
    - Which state of the host this is, for the modules that change it. They refuse to go on when another run has changed
      the host since.
  returned: always
  type: dict
  sample: {run: 0123456789abcdef, seen: fedcba9876543210}
only:
  description: The names of O(only), sorted.
  returned: always
  type: list
  elements: str
lays_out:
  description: Whether folders, users, uv or tools of ours are missing, or not as they should be.
  returned: always
  type: bool
front:
  description:
    - Whether the front may have something to learn. A run for some apps changes nothing of it when they are routed as
      what is applied says; a run for all always looks.
  returned: always
  type: bool
records:
  description: Whether the run has to write down what is applied, because it will not be what is written now.
  returned: always
  type: bool
applied:
  description: What is applied to this host, as far as a front needs it.
  returned: always
  type: list
  elements: dict
missing_packages:
  description: Debian packages that the run needs and that are not installed.
  returned: always
  type: list
  elements: str
tunnel:
  description: Whether there is a tunnel of ours.
  returned: always
  type: bool
service_manager:
  description:
    - How daemons are started on this target (V(systemd), V(sysv), V(none) without root, V(supervisor) in a container).
  returned: always
  type: str
  sample: systemd
notices:
  description: What people should know of such a target, whatever a run does there, and which packages of Debian apps
    lack there.
  returned: always
  type: list
  elements: str
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.applied_catalog import (
    applied_catalog,
    front_differs,
    read_applied,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry import host_plan as _host_plan
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.nginx.other_sites import site_problems
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import ROOT, USERS, become_hint
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import capacity as _capacity
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.last_run import look
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements import debian_packages as _debian_packages

ARGUMENTS: dict[str, t.Any] = {
    **ROOT,
    **USERS,
    "apps": {"type": "list", "elements": "str", "required": True},
    "source": {"type": "str", "required": True},
    "adopt_source": {"type": "bool", "default": False},
    "allow_removal": {"type": "bool", "default": False},
    "only": {"type": "list", "elements": "str", "default": []},
    "keeps": {"type": "bool", "default": False},
    "preview": {"type": "bool", "default": False},
    "limited": {"type": "bool", "default": False},
    "front": {"type": "str", "choices": ["nginx", "caddy"]},
    "port": {"type": "int", "default": 80},
    "address": {"type": "str", "default": ""},
    "server_names": {"type": "list", "elements": "str", "default": []},
    "disable_default_site": {"type": "bool", "default": False},
    "with_tunnel": {"type": "bool", "default": False},
    "capacity": {"type": "str", "choices": ["warn", "error", "ignore"], "default": "warn"},
    "url": {"type": "str", "default": ""},
    "catalog": {"type": "list", "elements": "dict", "default": []},
    "uv_binary": {"type": "path"},
    "apt_packages": {"type": "bool", "default": False},
    "tools": {"type": "str"},
    "install_uv": {"type": "bool", "default": True},
    "firewall": {"type": "bool", "default": True},
}


def _applied(module: AnsibleModule, layout: Layout) -> dict[str, t.Any]:
    try:
        return read_applied(layout)
    except PermissionError:
        raise
    except (OSError, ValueError) as error:
        module.fail_json(
            msg="%s: cannot be read: %s. It says what is applied to this host; restore it from a backup, or delete "
            "it if this run may take the host over." % (layout.catalog, error)
        )


def _lacks(module: AnsibleModule, layout: Layout, apps: list[dict[str, t.Any]], deployed: list[str]) -> list[str]:
    """What the host has too little of, where that is a problem; else a warning tells it."""
    if module.params["capacity"] == "ignore":
        return []
    lacks = _capacity.lacks(apps, deployed, _capacity.room(layout.srv))
    if module.params["capacity"] == "error":
        return lacks
    for lack in lacks:
        module.warn(lack)
    return []


def _package_notices(module: AnsibleModule, work: list[dict[str, t.Any]]) -> list[str]:
    def run(command: t.Sequence[str]) -> tuple[int, str, str]:
        found: tuple[int, str, str] = module.run_command(list(command), environ_update={"LC_ALL": "C.UTF-8"})
        return found

    return _debian_packages.notices(work, module.params["apt_packages"], run)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    layout = Layout(module.params["root"])
    try:
        _plan(module, layout)
    except PermissionError as error:
        module.fail_json(msg="The host below %s cannot be looked at: %s%s" % (layout.root, error, become_hint(error)))


def _plan(module: AnsibleModule, layout: Layout) -> None:
    params, plan = module.params, look(layout)
    problems = _host_plan.root_problems(layout)
    applied = _applied(module, layout)
    deployed = layout.deployed_app_names()
    only, only_problems = _host_plan.chosen_apps(layout, params["only"], params["apps"], applied)
    removed = (
        [] if only or only_problems or params["keeps"] else [name for name in deployed if name not in params["apps"]]
    )
    work = [app for app in params["catalog"] if not only or app["name"] in only]
    if only or params["keeps"]:
        problems += _host_plan.path_problems(work, applied["apps"])
    if params["preview"] and not only and not only_problems:
        problems.append("preview: name the apps that are to be tried out, such as -e app=app_1.")
    problems += only_problems + _host_plan.source_problems(applied["source"], params["source"], params["adopt_source"])
    problems += _host_plan.removal_problems(removed, params["apps"], params["allow_removal"], params["limited"])
    if params["front"]:
        problems += _host_plan.user_problems(
            layout, only or params["apps"], params["front"], params["uid_range"], params["with_tunnel"]
        )
        problems += _host_plan.port_problems(layout, params["front"], params["port"])
    if params["front"] == "nginx":
        problems += site_problems(
            layout, params["port"], params["address"], params["server_names"], params["disable_default_site"]
        )
    problems += _lacks(module, layout, work, deployed)
    missing_packages = _host_plan.missing_packages(layout, params["install_uv"], params["firewall"])
    problems += _host_plan.package_problems(missing_packages)
    if problems:
        module.fail_json(msg="Nothing was changed on this host:\n- " + "\n- ".join(problems), problems=problems)
    # What is only tried out is nothing to the front.
    front = not only or (not params["preview"] and front_differs(applied, work))
    wanted = applied_catalog(params["source"], params["front"], params["url"], params["catalog"])
    module.exit_json(
        deployed=deployed,
        removed=removed,
        only=only,
        lays_out=_host_plan.lays_out(layout, only or params["apps"], params["uv_binary"], params["tools"]),
        front=front,
        records=front if only else applied != wanted,
        plan=plan,
        applied=applied["apps"],
        missing_packages=missing_packages,
        tunnel=os.path.isdir(os.path.join(layout.etc, "cloudflared")),
        service_manager=_host_plan.service_manager(layout),
        notices=_host_plan.notices(layout, params["firewall"]) + _package_notices(module, work),
    )


if __name__ == "__main__":
    main()
