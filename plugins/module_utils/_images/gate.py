# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let the apps of a container prove themselves: ``pyapps container-gate``.

A container that answers its health check may still have an app whose script raises. So it is asked what a candidate of
a deploy is asked, before it takes the place of another container, and while no visitor is on it.
"""

from __future__ import annotations

import sys
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.deploy_settings import DeploySettings
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import gate as _gate
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import printable_lines
from ansible_collections.selfhost.pyapps.plugins.module_utils._images.entry_point import ContainerError, read_image
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import (
    Supervisor,
    SupervisorError,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import instance_state as _instance_state

_AT_ONCE = 4


def refusals(layout: Layout, say: t.Callable[[str], None]) -> list[str]:
    """Why apps are refused, one text for each that is: its name, the proof that failed, the cause, and its log's end.

    :param say: is told what is under way
    :raises ContainerError: this is no container of an image of ours
    """
    # A volume may hold the data of apps that have left; they are nobody's to start.
    names = sorted(read_image(layout)["apps"])
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as workers:
        return [text for text in workers.map(lambda name: _refusal(layout, name, say), names) if text]


def _refusal(layout: Layout, name: str, say: t.Callable[[str], None]) -> str:
    try:
        _gate.prove(_candidate(layout, name, say))
    except _gate.GateError as error:
        return "\n    ".join(["%s: %s: %s" % (name, error.step, error.reason), *error.log])
    except (_instance_state.ReleaseError, SupervisorError, OSError, KeyError) as error:
        return "%s: %s" % (name, error)
    return ""


def _candidate(layout: Layout, name: str, say: t.Callable[[str], None]) -> _gate.Candidate:
    app = layout.app(name)
    live = _instance_state.live_instance(app)
    if live is None or live.record is None:
        raise _gate.GateError("start", "it has no instance; the container's log says why")
    settings = _instance_state.read_release(app, live.record.release)["settings"]
    _user, uid = _instance_state.process_owner(name)
    return _gate.Candidate(
        layout=layout,
        supervisor=Supervisor(layout.supervisor_socket),
        record=live.record,
        settings=settings,
        uid=uid,
        deploy=DeploySettings.of(settings),
        say=lambda line: say("%s: %s" % (name, line)),
    )


def main(layout: Layout) -> int:
    """Ask every app; what was refused is printed.

    :returns: the exit code, 1 when an app was refused
    """
    try:
        refused = refusals(layout, _say)
    except ContainerError as error:
        refused = [str(error)]
    for text in refused:
        _say("refused: " + text)
    return 1 if refused else 0


def _say(line: str) -> None:
    sys.stdout.write("\n".join(printable_lines(line)) + "\n")
    sys.stdout.flush()
