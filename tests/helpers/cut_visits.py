# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Visits whose connection is lost for a while, all at the same time: here, and to plain `streamlit run`."""

from __future__ import annotations

import contextlib
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.system_python import system_python
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import program_text
from helpers.browser_threads import CHROMIUM_NAME, FIREFOX_NAME, BrowserThread, Profile
from helpers.cables import HALF, RESET, SILENT, Cable, Network
from helpers.fronts import Front
from helpers.processes import Streamlit
from helpers.serving_host import ServingHost, free_ports
from helpers.visits import SCRIPT, Visit

BROWSERS = (CHROMIUM_NAME, FIREFOX_NAME)
VERSIONS = {"nginx": "1.67.0", "caddy": "1.41.1"}
"""Streamlit by front."""
ASLEEP = "asleep"

_WATCHER = "pyapps-watcher"
_HOUR = 3600


class Case(t.NamedTuple):
    """One way to lose the connection (a kind of :mod:`helpers.cables`, or :data:`ASLEEP`), for so many seconds."""

    kind: str
    seconds: int


CASES = (
    Case(RESET, 3),
    Case(RESET, 20),
    Case(RESET, 100),
    # Within the time between two pings of the server, and long enough for one that is not answered.
    Case(HALF, 20),
    Case(SILENT, 100),
    Case(ASLEEP, 120),
)

_WORDS = {
    RESET: "cut, both sides see it",
    HALF: "cut, the server is not told",
    SILENT: "silent",
    ASLEEP: "browser stopped",
}


class Place(t.NamedTuple):
    """Where an app is served.

    :ivar server: the front; empty for plain Streamlit
    :ivar drains: whether another release is live when the connection is lost
    """

    version: str
    server: str = ""
    drains: bool = False


def alone(server: str) -> Place:
    """Plain Streamlit, of the version that is tried behind a front."""
    return Place(VERSIONS[server])


def here(server: str) -> tuple[Place, Place]:
    """Behind a front, live and draining."""
    return Place(VERSIONS[server], server, False), Place(VERSIONS[server], server, True)


class Seen(t.NamedTuple):
    """What became of a visit.

    :ivar lost: what the visitor had before
    :ivar trouble: why that is not known; or empty
    :ivar heading: of the app, afterwards
    """

    lost: frozenset[str]
    trouble: str = ""
    heading: str = ""


@dataclass(frozen=True)
class _Tab:
    case: Case
    place: Place
    cable: Cable
    url: str


class Sites:
    """The app everywhere, at its first version. With the watcher.

    Each case has an app of its own that will drain, or a session of another case would keep its old release.
    """

    def __init__(self, server: str, folder: Path) -> None:
        self.places = (alone(server), *here(server))
        with contextlib.ExitStack() as stack:
            self.host = stack.enter_context(contextlib.closing(ServingHost()))
            self.host.ports = free_ports(80)
            self._names = {place: self._add(place) for place in here(server)}
            self._release(1, here(server))
            told = self.host.deploy()
            assert all(result["note"] == "live" for result in told.results.values()), told.results
            self._watch()
            front = Front(server, list(self.host.apps.values()), self.host.root).start()
            stack.callback(front.close)
            self._ports = dict.fromkeys(here(server), front.port)
            self._ports[alone(server)] = self._serve(alone(server), folder, stack)
            self._stack = stack.pop_all()

    def _watch(self) -> None:
        layout = self.host.layout
        command = [system_python(), "-I", layout.zipapp, "watch", layout.root]
        self.host.daemon.add(_WATCHER, program_text(_WATCHER, command, layout=layout, start_seconds=0))

    @staticmethod
    def _serve(place: Place, folder: Path, stack: contextlib.ExitStack) -> int:
        """Plain Streamlit; its port."""
        process = Streamlit(folder / place.version, place.version, "", SCRIPT % 1)
        stack.callback(process.close)
        return process.port

    def _add(self, place: Place) -> dict[Case, str]:
        """The names of its apps."""
        if not place.drains:
            return dict.fromkeys(CASES, self._add_app(place.server))
        return {
            case: self._add_app("%s-%s-%d" % (place.server, case.kind.replace(" ", "-"), case.seconds))
            for case in CASES
        }

    def _add_app(self, short: str) -> str:
        name = self.host.add_app(short, owner={"name": ""}, gallery={"listed": True})
        self.host.apps[name]["deploy"].update(drain_timeout=_HOUR)
        return name

    def _release(self, number: int, places: t.Iterable[Place]) -> set[str]:
        names = {name: place.version for place in places for name in self._names[place].values()}
        for name, version in names.items():
            self.host.release(name, SCRIPT % number, version)
        return set(names)

    def address(self, place: Place, case: Case) -> tuple[int, str]:
        """Port and path of the app."""
        path = self.host.apps[self._names[place][case]]["base_path"] if place.server else ""
        return self._ports[place], path + "/"

    def deploy(self) -> None:
        """Bring another release live where the first one is to drain."""
        names = self._release(2, (place for place in self._names if place.drains))
        told = self.host.deploy()
        assert all(told.results[name]["draining"] == 1 for name in names), told.results

    def close(self) -> None:
        self._stack.close()


class Visitors:
    """A visit in each browser for each case at each place. Whoever falls asleep has browsers of their own."""

    def __init__(self, sites: Sites, file: Path) -> None:
        self._tabs: dict[BrowserThread, list[_Tab]] = {}
        with contextlib.ExitStack() as stack:
            network = stack.enter_context(contextlib.closing(Network()))
            for name in BROWSERS:
                for asleep in (False, True):
                    thread = stack.enter_context(contextlib.closing(BrowserThread(name)))
                    cases = [case for case in CASES if (case.kind == ASLEEP) == asleep]
                    self._tabs[thread] = [_tab(network, sites, case, place) for place in sites.places for case in cases]
            opened = {thread: thread.do(_visit_all, thread, tabs, file) for thread, tabs in self._tabs.items()}
            self._visits = {thread: visits.result() for thread, visits in opened.items()}
            self._stack = stack.pop_all()

    def lose_connections(self) -> None:
        """All at once, each for its time."""
        begun = time.monotonic()
        self._each(lambda case: True, lambda cable, case: cable.cut(case.kind), BrowserThread.stop)
        for seconds in sorted({case.seconds for case in CASES}):
            time.sleep(max(0.0, begun + seconds - time.monotonic()))
            self._each(
                lambda case, seconds=seconds: case.seconds == seconds,
                lambda cable, case: cable.mend(),
                BrowserThread.go_on,
            )

    def _each(
        self,
        concerned: t.Callable[[Case], bool],
        with_cable: t.Callable[[Cable, Case], None],
        with_browser: t.Callable[[BrowserThread], None],
    ) -> None:
        for thread, tabs in self._tabs.items():
            for tab in filter(lambda tab: concerned(tab.case), tabs):
                if tab.case.kind != ASLEEP:
                    with_cable(tab.cable, tab.case)
            if any(tab.case.kind == ASLEEP and concerned(tab.case) for tab in tabs):
                with_browser(thread)

    def look(self) -> dict[tuple[str, Case, Place], Seen]:
        """What became of each visit, by browser, case and place."""
        looks = {thread: thread.do(_look_at_all, visits) for thread, visits in self._visits.items()}
        return {
            (thread.name, tab.case, tab.place): seen
            for thread, tabs in self._tabs.items()
            for tab, seen in zip(tabs, looks[thread].result())
        }

    def close(self) -> None:
        self._stack.close()


def _tab(network: Network, sites: Sites, case: Case, place: Place) -> _Tab:
    port, path = sites.address(place, case)
    cable = network.cable(port)
    return _Tab(case, place, cable, "http://127.0.0.1:%d%s" % (cable.port, path))


def _visit_all(thread: BrowserThread, tabs: t.Sequence[_Tab], file: Path) -> list[Visit]:
    profiles: dict[Place, Profile] = {}
    visits = []
    for tab in tabs:
        if tab.place not in profiles:
            profiles[tab.place] = thread.new_profile()
        try:
            visits.append(Visit(profiles[tab.place].new_page(), tab.url, file))
        except Exception as error:
            raise AssertionError("%s, %s, %s: %s" % (thread.name, tab.case, tab.place, error)) from error
    return visits


def _look_at_all(visits: t.Sequence[Visit]) -> list[Seen]:
    return [_look_at(visit) for visit in visits]


def _look_at(visit: Visit) -> Seen:
    try:
        return Seen(frozenset(visit.lost()), "", visit.version())
    except Exception as error:  # each visit has its own row
        return Seen(frozenset(), "%s: %s" % (type(error).__name__, error))


def table(found: t.Mapping[tuple[str, Case, Place], Seen]) -> str:
    """What was lost, as Markdown: a row for each case and Streamlit, a column for each way to serve it."""
    rows = [
        "| connection | for | Streamlit, front | plain `streamlit run` | here | here, while the old release drains |",
        "|---|---|---|---|---|---|",
    ]
    for case in CASES:
        for server, version in VERSIONS.items():
            places = (alone(server), *here(server))
            if all((name, case, place) in found for name in BROWSERS for place in places):
                cells = [_cell({name: found[name, case, place] for name in BROWSERS}) for place in places]
                where = (_WORDS[case.kind], "%d s" % case.seconds, "%s, %s" % (version, server))
                rows.append("| %s |" % " | ".join((*where, *cells)))
    return "\n".join(rows)


def _cell(by_browser: t.Mapping[str, Seen]) -> str:
    told = {name: seen.trouble.partition("\n")[0] or ", ".join(sorted(seen.lost)) for name, seen in by_browser.items()}
    told = {name: "lost: " + words if words else "kept" for name, words in told.items()}
    if len(set(told.values())) == 1:
        return told[BROWSERS[0]]
    return "; ".join("%s: %s" % (name, words) for name, words in told.items())
