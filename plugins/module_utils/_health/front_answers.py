# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the URLs of a run's table open: each app is asked through the front, from the host itself."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import probe_http as _probe_http
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.parallel import in_parallel
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.settings import FrontAddress
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import kind_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Results

STEP = "front"
_PAUSE = 0.25  # seconds; a front that has just been told of an app needs a moment


def asked(
    apps: t.Sequence[t.Mapping[str, t.Any]],
    results: Results,
    front: FrontAddress,
    seconds: float,
) -> Results:
    """The results of a run, with a failure for each app that is ``ok`` and cannot be reached.

    :param apps: entries of the catalog
    :param results: by app, as the last step returned them
    :param seconds: how long the front may take, for all apps together
    """
    served = [app for app in apps if app["name"] in results and results[app["name"]].goes_on]
    deadline = time.monotonic() + seconds

    def late(index: int) -> str | None:
        return "the front gives no answer within %g s" % seconds

    def question(app: t.Mapping[str, t.Any]) -> t.Callable[[], str | None]:
        return lambda: _problem_until(app, front, deadline)

    # A little longer than each question has, so that its own words are heard.
    problems = in_parallel([question(app) for app in served], seconds + 1, late)
    found = dict(results)
    for app, problem in zip(served, problems):
        if problem is not None:
            reason = "%s%s/ does not open the app, asked on the host itself: %s" % (
                front.url,
                app["base_path"],
                problem,
            )
            found[app["name"]] = found[app["name"]].failed(STEP, reason, note="runs, but cannot be reached")
    return found


def _problem_until(app: t.Mapping[str, t.Any], front: FrontAddress, deadline: float) -> str | None:
    """The last thing that was wrong; None as soon as nothing is."""
    while True:
        problem = front_problem(app, front, max(0.1, deadline - time.monotonic()))
        if problem is None or time.monotonic() + _PAUSE >= deadline:
            return problem
        time.sleep(_PAUSE)


def front_problem(app: t.Mapping[str, t.Any], front: FrontAddress, timeout: float) -> str | None:
    """Why the front does not lead to an app: neither its page nor the answer of its process may be another's.

    :param timeout: seconds for each of the two questions
    """
    kind, headers = kind_of(app), {"Host": front.host_header}
    try:
        status, _headers, _body = _probe_http.get(front.address, front.port, app["base_path"] + "/", timeout, headers)
        if status != 200:
            return "the answer is %d instead of 200" % status
        path = kind.health_path(app)
        status, _headers, body = _probe_http.get(front.address, front.port, path, timeout, headers)
    except _probe_http.ProbeError as error:
        return str(error)
    text = body.decode("utf-8", "replace").strip()
    if (status, text) == (200, kind.health_body):
        return None
    return "%s answers %d %r instead of 200 %r, so something else than the app answers there" % (
        path,
        status,
        text[:60],
        kind.health_body,
    )
