# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules share that work on the live apps of a host, beside a run of the site."""

from __future__ import annotations

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.app_choice import ChoiceError, choose
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.applied_catalog import read_applied, table_rows
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.instances import Outcome
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.run import Run
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import become_hint
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import LockedError, host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.progress import Progress, progress_path
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.ports import PortError, parse_range
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import SupervisorError
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import as_dicts
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.retire import RetireError

Apps = list[dict[str, t.Any]]
Work = t.Callable[[Run, list[str], Apps], Outcome]
"""Does it for the apps of these names; it is given the entries of the applied catalog too."""


def operate(
    module: AnsibleModule,
    step: str,
    purpose: str,
    work: Work,
    *,
    check: t.Callable[[Layout, list[str]], None] = lambda layout, names: None,
    restart: bool = False,
    rollback: bool = False,
) -> None:
    """Choose the apps, work on them under the host's lock, and end the module.

    :param module: with the arguments of ``ROOT``, ``CHOICE``, ``DEPLOY`` and ``LOCK``, and ``progress``
    :param step: the module's name, by which its action plugin finds what it says
    :param purpose: what others are told who wait for the lock, such as ``restarts apps``
    :param check: refuses by a ValueError what cannot be meant, before anything is changed
    :param restart: and ``rollback``: settings of the run
    """
    params, layout = module.params, Layout(module.params["root"])
    os.umask(0o022)  # what is written is read by apps and fronts, whoever runs this and with whatever umask
    progress = Progress(progress_path(layout, step), params["progress"])
    try:
        names = choose(params["app"], layout.deployed_app_names(), "on this host")
        check(layout, names)
        applied = read_applied(layout)
        run = Run(
            layout=layout,
            ports=parse_range(params["port_range"]),
            parallel=params["parallel"] or os.cpu_count() or 1,
            check_mode=module.check_mode,
            public_url=params["public_url"] or None,
            restart=restart,
            rollback=rollback,
            unconfined=frozenset(params["unconfined"]),
            say=progress.say,
        )
        if module.check_mode:
            outcome = work(run, names, applied["apps"])
        else:
            with host_lock(layout.lock, params["lock_timeout"], purpose):
                outcome = work(run, names, applied["apps"])
    except (ChoiceError, LockedError, OSError, PortError, RetireError, SupervisorError, ValueError) as error:
        module.fail_json(msg=str(error) + become_hint(error))
    finally:
        progress.close()
    module.exit_json(
        changed=outcome.changed,
        app_results=as_dicts(outcome.results),
        apps=table_rows(applied, names),
        url=applied["url"],
        diff=list(outcome.diffs),
        progress=progress.lines,
    )
