# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell somebody when the health of a host has changed, once for each change.

What was told last is kept on disk, and only written when it was taken: what did not arrive is told again by the next
check. A change is another state, or another list of what is ill.
"""

from __future__ import annotations

import fcntl
import functools
import json
import socket
import subprocess
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import read_text, write_file
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.parallel import in_parallel
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import printable
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.report import HEALTHY, Report
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.settings import Notify

Message = dict[str, t.Any]

SECONDS = 15.0
"""How long a command or a webhook may take."""

_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
_ANSWER_LIMIT = 4096


class NotifyError(Exception):
    """Somebody could not be told; the text never holds the URL, which is a secret."""


def notify(layout: Layout, report: Report, whom: Notify) -> None:
    """Tell everybody what has changed since they were told last, if anything has.

    :raises NotifyError: somebody did not take it, and is told again next time
    :raises OSError: what was told cannot be written down
    """
    ways = _ways(whom)
    if not ways:
        return
    path = layout.healthcheck_told
    with open(path + ".lock", "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # another check is telling it now
        told, now = _told(path), summary(report)
        # That a new host is well is no news.
        nothing = {"state": HEALTHY, "ill": []}
        due = [name for name in ways if told.get(name, nothing) != now]
        news = [message(report, str(told.get(name, nothing).get("state"))) for name in due]
        asked = [functools.partial(ways[name], text) for name, text in zip(due, news)]
        failed = in_parallel(asked, SECONDS + 1, lambda _index: "no end within %g s" % SECONDS)
        told.update({name: now for name, why in zip(due, failed) if why is None})
        if due:
            write_file(path, json.dumps(told) + "\n", 0o600)
    problems = ["the %s did not take it: %s" % (name, why) for name, why in zip(due, failed) if why]
    if problems:
        raise NotifyError("; ".join(problems))


def _ways(whom: Notify) -> dict[str, t.Callable[[Message], str | None]]:
    """By name: each takes the news, and says why it could not."""
    ways: dict[str, t.Callable[[Message], str | None]] = {}
    if whom.command:
        ways["command"] = functools.partial(_run, whom.command)
    if whom.webhook:
        ways["webhook"] = functools.partial(_post, whom.webhook)
    return ways


def summary(report: Report) -> dict[str, t.Any]:
    """What makes a change: the state, and what is ill; texts change with every second of uptime."""
    ill = sorted({"%s %s" % (problem["kind"], problem["name"]) for problem in report.problems})
    return {"state": report.state, "ill": ill}


def message(report: Report, before: str) -> Message:
    """The news. ``text`` and ``content`` are what Slack, Mattermost and Discord show; programs read the rest."""
    host = socket.gethostname()
    lines = ["%s is %s (was %s)" % (host, report.state, before)]
    problems = [{key: printable(text) for key, text in problem.items()} for problem in report.problems]
    lines += ["%(kind)s %(name)s: %(problem)s" % problem for problem in problems]
    text = "\n".join(lines)
    return {
        "host": host,
        "state": report.state,
        "previous": before,
        "time": report.time,
        "problems": problems,
        "text": text,
        "content": text[:2000],
    }


def _told(path: str) -> dict[str, dict[str, t.Any]]:
    try:
        found = json.loads(read_text(path) or "{}")
    except ValueError:
        return {}  # torn by a power cut, perhaps: told once too often is better than never
    return {name: told for name, told in found.items() if isinstance(told, dict)} if isinstance(found, dict) else {}


class _Command(subprocess.Popen[bytes]):
    """The user's command that is told; the installed program has no ``run_command`` of a module."""


def _run(command: t.Sequence[str], news: Message) -> str | None:
    environment = {**_ENVIRONMENT, "PYAPPS_HEALTH": str(news["state"])}
    body = json.dumps(news).encode()
    try:
        process = _Command(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd="/",
        )
    except OSError as error:
        return str(error.strerror)
    with process:
        try:
            process.communicate(body, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return "no end within %g s" % SECONDS
    return None if process.returncode == 0 else "exit status %d" % process.returncode


def _post(url: str, news: Message) -> str | None:
    import urllib.error  # a megabyte or two that are needed on a change only
    import urllib.request

    class NoRedirect(urllib.request.HTTPRedirectHandler):
        """Who is told is who was named."""

        def redirect_request(self, *_arguments: t.Any) -> None:
            return None

    body = json.dumps(news).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - http(s) only
    try:
        with urllib.request.build_opener(NoRedirect).open(request, timeout=SECONDS) as answer:
            answer.read(_ANSWER_LIMIT)
    except urllib.error.HTTPError as error:
        return "%s answers %d" % (urllib.parse.urlsplit(url).hostname, error.code)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return "%s cannot be asked (%s)" % (urllib.parse.urlsplit(url).hostname, type(reason).__name__)
    return None
