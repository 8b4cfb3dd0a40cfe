# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's Firefox without a window, by WebDriver BiDi.

Playwright brings a Firefox of its own, and speaks to Debian's only when that is as new as Playwright.
"""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import tempfile
import time
import typing as t
from pathlib import Path

from helpers.processes import free_port
from websockets.sync.client import connect

FIREFOX = "/usr/bin/firefox-esr"

_PATIENCE = 300.0  # seconds for any answer of a busy browser
_ENTER = "\ue006"


class Firefox:
    """One Firefox with a profile of its own.

    :param environment: of its process
    """

    def __init__(self, environment: t.Mapping[str, str]) -> None:
        self._profile = Path(tempfile.mkdtemp(prefix="pyapps-firefox-"))
        port, log = free_port(), self._profile / "log"
        command = [FIREFOX, "--headless", "--remote-debugging-port=%d" % port, "--profile", str(self._profile)]
        with log.open("wb") as output:
            self._process = subprocess.Popen(command, env=dict(environment), stdout=output, stderr=output)
        self._numbers = itertools.count(1)
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                # It is stopped for minutes, and answers no ping then.
                self._stream = connect("ws://127.0.0.1:%d/session" % port, ping_interval=None, max_size=None)
                break
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(log.read_text()) from None
                time.sleep(0.1)
        self.ask("session.new", capabilities={})

    def ask(self, method: str, **params: t.Any) -> dict[str, t.Any]:
        """One command; its result.

        :raises AssertionError: it failed
        """
        number = next(self._numbers)
        self._stream.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._stream.recv(_PATIENCE))
            if answer.get("id") == number:
                assert answer["type"] == "success", (method, answer)
                return t.cast("dict[str, t.Any]", answer["result"])

    def new_profile(self) -> FirefoxProfile:
        """For pages that share no cookies with others."""
        return FirefoxProfile(self, self.ask("browser.createUserContext")["userContext"])

    def close(self) -> None:
        """End it, and delete its profile."""
        self._stream.close()
        self._process.terminate()
        self._process.wait(_PATIENCE)
        shutil.rmtree(self._profile, ignore_errors=True)


class FirefoxProfile:
    """Pages that share their cookies."""

    def __init__(self, firefox: Firefox, user: str) -> None:
        self._firefox, self._user = firefox, user

    def new_page(self) -> FirefoxPage:
        """A window of its own: the page of a tab that another one hides is slowed down."""
        made = self._firefox.ask("browsingContext.create", type="window", userContext=self._user)
        return FirefoxPage(self._firefox, made["context"])


class FirefoxPage:
    """What is done with one window."""

    def __init__(self, firefox: Firefox, context: str) -> None:
        self._firefox, self._context = firefox, context

    def open(self, url: str) -> None:
        self._firefox.ask("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def evaluate(self, expression: str) -> t.Any:
        """The value of a JavaScript expression, by way of JSON."""
        answer = self._run("JSON.stringify(%s)" % expression)
        return json.loads(answer["value"]) if answer["type"] == "string" else None

    def keys(self, text: str) -> None:
        """Type into what has the focus; a newline is the key Enter."""
        pressed = [
            {"type": kind, "value": _ENTER if sign == "\n" else sign} for sign in text for kind in ("keyDown", "keyUp")
        ]
        actions = [{"type": "key", "id": "keyboard", "actions": pressed}]
        self._firefox.ask("input.performActions", context=self._context, actions=actions)

    def choose_file(self, selector: str, file: Path) -> None:
        """Give a file to a field."""
        field = self._run("document.querySelector(%s)" % json.dumps(selector))
        element = {"sharedId": field["sharedId"]}
        self._firefox.ask("input.setFiles", context=self._context, element=element, files=[str(file)])

    def _run(self, expression: str) -> dict[str, t.Any]:
        target = {"context": self._context}
        answer = self._firefox.ask("script.evaluate", expression=expression, target=target, awaitPromise=True)
        assert answer["type"] == "success", answer
        return t.cast("dict[str, t.Any]", answer["result"])
