# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is told of a change, what, and how often."""

from __future__ import annotations

import fcntl
import http.server
import json
import os
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._health import notify as _notify
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.notify import (
    NotifyError,
    message,
    notify,
    summary,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.report import Finding, Report
from ansible_collections.selfhost.pyapps.plugins.module_utils._health.settings import Notify

WELL = Report([Finding("app", "one")], "2026-11-21T00:00:00Z", 0.1)
ILL = Report([Finding("app", "one", ("down",)), Finding("app", "two")], "2026-11-21T00:01:00Z", 0.1)
WORSE = Report([Finding("app", "one", ("down",)), Finding("app", "two", ("gone",))], "2026-11-21T00:02:00Z", 0.1)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(str(tmp_path / "root"))
    os.makedirs(os.path.dirname(layout.healthcheck_told))
    return layout


class Listener:
    """A command that keeps what it is told, and ends with ``status``."""

    def __init__(self, folder: Path) -> None:
        self._heard, self._status = folder / "heard", folder / "status"
        self._script = folder / "listen"
        self._script.write_text(
            '#!/bin/sh\ncat >> "%s"; echo " $PYAPPS_HEALTH" >> "%s"; exit $(cat "%s")\n'
            % (self._heard, self._heard, self._status)
        )
        self._script.chmod(0o755)
        self.ends_with(0)
        self._heard.touch()

    @property
    def notify(self) -> Notify:
        return Notify(command=(str(self._script),))

    def ends_with(self, status: int) -> None:
        self._status.write_text(str(status))

    def heard(self) -> list[tuple[str, dict[str, t.Any]]]:
        """What it was told since the last look: the state as a variable, and the news."""
        lines = self._heard.read_text().splitlines()
        self._heard.write_text("")
        return [(line.rpartition(" ")[2], json.loads(line.rpartition(" ")[0])) for line in lines]


@pytest.fixture
def listener(tmp_path: Path) -> Listener:
    return Listener(tmp_path)


def test_a_change_is_told_once(layout: Layout, listener: Listener) -> None:
    notify(layout, ILL, listener.notify)
    ((state, news),) = listener.heard()
    assert (state, news["state"], news["previous"]) == ("unhealthy", "unhealthy", "healthy")
    assert news["problems"] == [{"kind": "app", "name": "one", "problem": "down"}]
    assert news["time"] == ILL.time
    assert news["text"] == "%s is unhealthy (was healthy)\napp one: down" % news["host"]
    assert news["content"] == news["text"]
    notify(layout, ILL, listener.notify)
    assert listener.heard() == []


def test_another_ill_app_is_a_change_and_so_is_getting_well(layout: Layout, listener: Listener) -> None:
    for report in (ILL, WORSE, WELL):
        notify(layout, report, listener.notify)
    told = listener.heard()
    assert [state for state, _news in told] == ["unhealthy", "unhealthy", "healthy"]
    assert [news["previous"] for _state, news in told] == ["healthy", "unhealthy", "unhealthy"]


def test_that_a_new_host_is_well_is_no_news(layout: Layout, listener: Listener) -> None:
    notify(layout, WELL, listener.notify)
    assert listener.heard() == []
    assert not os.path.exists(layout.healthcheck_told)


def test_where_nobody_is_to_be_told_nothing_is_written(layout: Layout) -> None:
    notify(layout, ILL, Notify())
    assert os.listdir(os.path.dirname(layout.healthcheck_told)) == []


def test_who_did_not_take_it_is_told_again(layout: Layout, listener: Listener) -> None:
    listener.ends_with(3)
    with pytest.raises(NotifyError, match=r"^the command did not take it: exit status 3$"):
        notify(layout, ILL, listener.notify)
    assert len(listener.heard()) == 1
    listener.ends_with(0)
    notify(layout, ILL, listener.notify)
    ((_state, news),) = listener.heard()
    assert news["previous"] == "healthy"
    assert Path(layout.healthcheck_told).stat().st_mode & 0o777 == 0o600


def test_a_command_that_does_not_exist_or_end_is_told(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotifyError, match="No such file or directory"):
        notify(layout, ILL, Notify(command=("/no/such/program",)))
    monkeypatch.setattr(_notify, "SECONDS", 0.3)
    with pytest.raises(NotifyError, match=r"the command did not take it: no end within 0\.3 s"):
        notify(layout, ILL, Notify(command=("sleep", "5")))


@pytest.mark.parametrize("text", ["{", "[]", '{"command": 1}', ""])
def test_a_torn_note_of_what_was_told_lets_it_be_told_again(layout: Layout, listener: Listener, text: str) -> None:
    notify(layout, ILL, listener.notify)
    Path(layout.healthcheck_told).write_text(text)
    notify(layout, ILL, listener.notify)
    assert len(listener.heard()) == 2


def test_two_checks_at_once_tell_it_once(layout: Layout, listener: Listener) -> None:
    with open(layout.healthcheck_told + ".lock", "a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        notify(layout, ILL, listener.notify)
    assert listener.heard() == []
    notify(layout, ILL, listener.notify)
    assert len(listener.heard()) == 1


def test_what_is_ill_makes_a_change_and_its_words_do_not() -> None:
    other = Report([Finding("app", "one", ("down for 7 s",)), Finding("app", "one", ("again",))], "", 0.1)
    assert summary(other) == summary(ILL) == {"state": "unhealthy", "ill": ["app one"]}


def test_a_long_text_is_cut_for_those_who_take_two_thousand_characters_and_no_line_is_forged() -> None:
    news = message(Report([Finding("app", "one", ("a\nb" + "x" * 3000,))], "", 0.1), "healthy")
    assert len(news["content"]) == 2000
    assert len(news["text"]) > 3000
    assert len(news["text"].splitlines()) == 2


class Hook(http.server.HTTPServer):
    """Takes news by POST."""

    def __init__(self, status: int) -> None:
        hook = self
        self.heard: list[dict[str, t.Any]] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.headers["Content-Type"] == "application/json"
                hook.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(status)
                self.send_header("Location", "http://127.0.0.1:1/")
                self.end_headers()

            def log_message(self, format: str, *args: t.Any) -> None:
                """Nothing."""

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def __exit__(self, *arguments: t.Any) -> None:
        self.shutdown()
        super().__exit__(*arguments)

    @property
    def notify(self) -> Notify:
        return Notify(webhook="http://127.0.0.1:%d/secret" % self.server_address[1])


def test_a_webhook_gets_the_same_and_another_who_failed_is_told_alone(layout: Layout, listener: Listener) -> None:
    with Hook(204) as hook:
        both = Notify(listener.notify.command, hook.notify.webhook)
        listener.ends_with(1)
        with pytest.raises(NotifyError, match=r"^the command did not take it: exit status 1$"):
            notify(layout, ILL, both)
        ((_state, news),) = listener.heard()
        assert hook.heard == [news]
        listener.ends_with(0)
        notify(layout, ILL, both)
        assert (len(listener.heard()), len(hook.heard)) == (1, 1)


@pytest.mark.parametrize("status", [302, 500])
def test_a_webhook_that_refuses_or_sends_elsewhere_has_not_taken_it(layout: Layout, status: int) -> None:
    with Hook(status) as hook, pytest.raises(NotifyError) as caught:
        notify(layout, ILL, hook.notify)
    assert str(caught.value) == "the webhook did not take it: 127.0.0.1 answers %d" % status
    assert "secret" not in str(caught.value)


def test_a_webhook_that_nobody_answers_is_told_without_its_path(layout: Layout) -> None:
    with pytest.raises(NotifyError) as caught:
        notify(layout, ILL, Notify(webhook="http://127.0.0.1:1/secret"))
    assert str(caught.value) == "the webhook did not take it: 127.0.0.1 cannot be asked (ConnectionRefusedError)"
