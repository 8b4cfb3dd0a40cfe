# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chromium and Firefox beside each other, each in a thread of its own, and stopped like a laptop that is closed."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import secrets
import signal
import typing as t
from pathlib import Path

from helpers.browser import CHROMIUM, FLAGS
from helpers.firefox import Firefox
from playwright.sync_api import Browser, Page as PlaywrightPage, sync_playwright

CHROMIUM_NAME, FIREFOX_NAME = "Chromium", "Firefox"

_MARK = "PYAPPS_TEST_BROWSER"
_Answer = t.TypeVar("_Answer")


class Page(t.Protocol):
    """What can be done with a page in both browsers; :class:`helpers.firefox.FirefoxPage` says how."""

    def open(self, url: str) -> None: ...

    def evaluate(self, expression: str) -> t.Any: ...

    def keys(self, text: str) -> None: ...

    def choose_file(self, selector: str, file: Path) -> None: ...


class Profile(t.Protocol):
    """Pages that share their cookies, and no others'."""

    def new_page(self) -> Page: ...


class _ChromiumProfile:
    def __init__(self, browser: Browser) -> None:
        self._context = browser.new_context()

    def new_page(self) -> Page:
        return _ChromiumPage(self._context.new_page())


class _ChromiumPage:
    def __init__(self, page: PlaywrightPage) -> None:
        self._page = page

    def open(self, url: str) -> None:
        self._page.goto(url)

    def evaluate(self, expression: str) -> t.Any:
        return self._page.evaluate(expression)

    def keys(self, text: str) -> None:
        for sign in text:
            self._page.keyboard.press("Enter" if sign == "\n" else sign)

    def choose_file(self, selector: str, file: Path) -> None:
        self._page.set_input_files(selector, file)


class BrowserThread:
    """One browser without a window. Its own thread alone may use its profiles and pages:
    :meth:`do` hands work to it.

    :param name: :data:`CHROMIUM_NAME` or :data:`FIREFOX_NAME`
    """

    def __init__(self, name: str) -> None:
        self.name, self._mark = name, secrets.token_hex(16)
        self._stack = contextlib.ExitStack()
        self._thread = concurrent.futures.ThreadPoolExecutor(1)
        try:
            self.new_profile: t.Callable[[], Profile] = self._thread.submit(self._launch).result()
        except BaseException:
            self.close()
            raise

    def _launch(self) -> t.Callable[[], Profile]:
        environment = {**os.environ, _MARK: self._mark}
        if self.name == FIREFOX_NAME:
            return self._stack.enter_context(contextlib.closing(Firefox(environment))).new_profile
        playwright = self._stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=FLAGS, env=t.cast("dict[str, str | float | bool]", environment)
        )
        self._stack.enter_context(contextlib.closing(browser))
        return lambda: _ChromiumProfile(browser)

    def do(self, work: t.Callable[..., _Answer], *given: t.Any) -> concurrent.futures.Future[_Answer]:
        """Let its thread do something, after what it was given before."""
        return self._thread.submit(work, *given)

    def stop(self) -> None:
        """Stop all its processes."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        """To those that were started with our mark, and all below them."""
        parents = dict(_parents())
        found = {pid for pid in parents if self._mark in _environment(pid)}
        assert found, "no process of %s" % self.name
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def close(self) -> None:
        """End the browser, and its thread."""
        self._thread.submit(self._stack.close).result()
        self._thread.shutdown()


def _environment(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/%d/environ" % pid).read_bytes().decode("utf-8", "replace")
    return ""


def _parents() -> t.Iterator[tuple[int, int]]:
    """The process ids of this machine, each with its parent's."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            yield int(folder.name), int((folder / "stat").read_text().rpartition(")")[2].split()[1])
