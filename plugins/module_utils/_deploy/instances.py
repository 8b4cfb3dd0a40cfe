# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring every app's wanted release live, without anybody noticing."""

from __future__ import annotations

import traceback
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.gate import GateError
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.run import Run
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.turn import AppTurn
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import explain, remove_parts
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.listeners import listener_uids
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.ports import PortPool, given_port
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor import log_tail as _log_tail
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import (
    DaemonDownError,
    Process,
    Supervisor,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import instance_state as _instance_state

_OURS = "ansible_collections.selfhost.pyapps."


class Outcome(t.NamedTuple):
    """What a deploy came to.

    :param results: those of the step before, enlarged by ``instance``, ``port`` and ``note``
    :param changed: whether this step changed something, or in check mode would
    :param diffs: entries for a module's ``diff``
    """

    results: dict[str, Result]
    changed: bool = False
    diffs: t.Sequence[dict[str, t.Any]] = ()


def deploy(run: Run, apps: t.Sequence[t.Mapping[str, t.Any]], results: t.Mapping[str, Result]) -> Outcome:
    """Deploy every app that is still ``ok``; who calls holds the host's lock, except in check mode.

    :param apps: the catalog
    :param results: of the step before, with ``release`` and ``assets``
    :raises StalePlanError: another run has changed the host since this one was planned
    :raises DaemonDownError: no supervisord answers (in check mode that is fine: nothing may be installed yet)
    """
    done = dict(results)
    run.plan.check(run.layout)
    entries = [entry for entry in apps if entry["name"] in done and done[entry["name"]].goes_on]
    stopped = [entry for entry in apps if entry["name"] in done and _has_stopped(done[entry["name"]])]
    if not (entries or stopped):
        return Outcome(done)
    processes = _processes(run, needed=bool(entries))
    if not run.check_mode:
        for folder in (run.layout.programs, run.layout.log):
            remove_parts(folder)
    pool = PortPool(run.ports, _instance_state.used_ports(run.layout), filter(None, map(given_port, apps)))
    owners = listener_uids()
    standing = [AppTurn(run, pool, processes, owners, entry, done[entry["name"]]) for entry in stopped]
    turns = [AppTurn(run, pool, processes, owners, entry, done[entry["name"]]) for entry in entries]
    with ThreadPoolExecutor(max_workers=max(1, run.parallel)) as executor:
        list(executor.map(AppTurn.stand, standing))
        list(executor.map(_guarded, turns))
    done.update((turn.app.name, turn.result) for turn in standing + turns)
    changed = any(turn.changed for turn in turns)
    if changed and not run.check_mode:
        run.plan.note(run.layout, "deployed %s" % ", ".join(turn.app.name for turn in turns if turn.changed))
    return Outcome(done, changed, [turn.diff for turn in turns if turn.diff is not None])


def _has_stopped(result: Result) -> bool:
    """Whether an earlier step has failed for an app and did not say what people see of it."""
    return not (result.goes_on or result.note)


def _processes(run: Run, needed: bool) -> dict[str, Process]:
    try:
        return Supervisor(run.layout.supervisor_socket).processes()
    except DaemonDownError:
        if run.check_mode or not needed:
            return {}
        raise


def _guarded(turn: AppTurn) -> None:
    """One app's turn, whose failure is only its own."""
    try:
        turn.take()
    except GateError as error:
        turn.log = error.log or turn.log
        turn.fail(error.step, error.reason)
    except Exception as error:
        if isinstance(error, OSError) or type(error).__module__.startswith(_OURS):
            turn.fail("instance", explain(error))
        else:  # a mistake of ours; it must not take the other apps with it
            turn.log = traceback.format_exc().splitlines()[-_log_tail.LINES :]
            turn.fail("instance", "unexpected %s: %s" % (type(error).__name__, error))
