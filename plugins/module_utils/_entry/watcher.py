# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watcher: a supervised daemon of ours that looks after the apps between runs.

It starts crash-looping programs again, with a pause of a minute at most, for ever; it tells the front, by a flag
file, which app's live instance does not answer; it gives an instance whose port somebody else has taken another one;
it ends old instances when nobody uses them any more; and it keeps the firewall in line with the ports. It changes
something of an app only while it holds the host's lock, so never during a run. A thread of its own takes routes away
and gives them back (:mod:`._route_guard`).
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
import traceback
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import port_move as _port_move
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.drain_watch import DrainWatch, Due
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.restart_in_place import end_cut_off, was_cut_off
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.starter import die_with_parent
from ansible_collections.selfhost.pyapps.plugins.module_utils._entry.route_guard import RouteGuard
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import point_link, read_text
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import SERVING, AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.listeners import listener_uid
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import LockedError, host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.ports import PortError
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import MANAGED
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.files import FIREWALL
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import (
    Process,
    Supervisor,
    SupervisorError,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import (
    away_page as _away_page,
    drain as _drain,
    firewall as _firewall,
    preview as _preview,
    release_secrets as _release_secrets,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.firewall import Firewall, FirewallError
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import owner_uid
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.retire import RetireError, retire

PERIOD = 2.0
"""Seconds between two looks at the ports."""
QUICK_PERIOD = 0.25
"""The same while a flag is young: a killed app is started again within seconds, and its visitors wait for that."""
YOUNG = 60.0
"""Seconds that a flag is young."""
PROGRAMS_PERIOD = 15.0
"""Seconds between two questions to supervisord."""
REST = 45
"""Seconds that a FATAL program rests; with the period above, its pause is a minute at most."""
_NICE = -10
_ANSWER = 1.0  # seconds; a supervisord that does not answer must not hold up a flag


class Watcher:
    """One watcher of one host.

    :param layout: where everything lies
    :param rest: seconds that a program rests before it is started again
    :param firewall: what keeps others from the ports of apps, where the host has that
    """

    def __init__(self, layout: Layout, rest: int = REST, firewall: Firewall | None = None) -> None:
        self.layout = layout
        self.rest = rest
        self.firewall = firewall
        self.supervisor = Supervisor(layout.supervisor_socket)
        self._drains = DrainWatch()
        self._flagged: dict[str, float] = {}  # since when each flag is known
        self._problems: dict[str, str] = {}

    def run(self) -> t.NoReturn:
        """Watch until killed."""
        next_programs = 0.0
        while True:
            self.watch_ports()
            self.watch_taken_ports()
            self.watch_firewall()
            self.watch_restarts()
            self.watch_drains()
            if time.monotonic() >= next_programs:
                self.revive_programs()
                self.watch_reasons()
                next_programs = time.monotonic() + PROGRAMS_PERIOD
            time.sleep(self.pause())

    def pause(self) -> float:
        """Seconds until the next look at the ports."""
        with contextlib.suppress(OSError):
            flagged = {name for name in self.layout.app_names() if os.path.lexists(self.layout.app(name).down)}
            now = time.monotonic()
            self._flagged = {name: self._flagged.get(name, now) for name in flagged}
        young = any(time.monotonic() - since < YOUNG for since in self._flagged.values())
        return QUICK_PERIOD if young else PERIOD

    def watch_ports(self) -> None:
        """Bring the flags in line with what answers."""
        try:
            apps = [self.layout.app(name) for name in self.layout.app_names()]
        except OSError as error:
            self._report("apps", "the apps' folder cannot be read: %s" % error)
            return
        wrong = [place for place in apps if flag_is_wrong(place)]
        if wrong:
            self._while_locked("flags apps that do not answer", lambda: self._turn_flags(wrong))

    def _turn_flags(self, places: list[AppLayout]) -> None:
        for place in places:
            # Asked again: a run may have switched the app before the lock was ours.
            if flag_is_wrong(place):
                try:
                    self._say("%s %s" % (place.name, self._turn_flag(place)))
                except OSError as error:
                    self._report(place.name, "%s: the flag cannot be changed: %s" % (place.name, error))
                else:
                    self._problems.pop(place.name, None)

    def _turn_flag(self, place: AppLayout) -> str:
        """Set the flag of an app, or remove the one that is set; gives what that means."""
        if os.path.lexists(place.down):
            _away_page.clear_down(place)
            return "answers again"
        reason = self._reasons([place])[place.name]
        _away_page.set_down(self.layout, place, reason)
        return reason

    def _reasons(self, places: t.Iterable[AppLayout]) -> dict[str, str]:
        """Why each app does not answer, as far as supervisord knows."""
        processes: t.Mapping[str, Process] = {}
        with contextlib.suppress(SupervisorError, OSError, ValueError):
            processes = Supervisor(self.layout.supervisor_socket, timeout=_ANSWER).processes()
        return {place.name: _reason(place, processes) for place in places}

    def watch_reasons(self) -> None:
        """Say it when an app that crashed has been stopped since, or the other way round."""
        with contextlib.suppress(OSError):
            flagged = [app for app in map(self.layout.app, self.layout.app_names()) if os.path.lexists(app.down)]
            reasons = self._reasons(flagged) if flagged else {}
            changed = [app for app in flagged if _is_other_reason(app, reasons[app.name])]
            if changed:
                self._while_locked("says why apps do not answer", lambda: self._change_reasons(changed, reasons))

    def _change_reasons(self, places: list[AppLayout], reasons: dict[str, str]) -> None:
        for place in places:
            # Asked again: a run may have begun a restart before the lock was ours.
            if _is_other_reason(place, reasons[place.name]):
                _away_page.set_down(self.layout, place, reasons[place.name])

    def watch_taken_ports(self) -> None:
        """Give an instance whose port somebody else has taken another one."""
        try:
            taken = _port_move.taken(self.layout)
        except OSError:
            return  # watch_ports has said it
        if taken:
            self._while_locked("moves apps to other ports", self._move)

    def _move(self) -> None:
        # Asked again: a run may have replaced them before the lock was ours.
        for app, record in _port_move.taken(self.layout):
            try:
                self._say("%s: %s" % (app.name, _port_move.move(self.layout, app, record, self.supervisor)))
            except (RetireError, SupervisorError, PortError, OSError) as error:
                self._report(record.instance, "%s: port %d is taken: %s" % (app.name, record.port, error))

    def watch_firewall(self) -> None:
        """Keep others from the ports that there are now."""
        if self.firewall is None:
            return
        try:
            self.firewall.refresh()
        except FirewallError as error:
            self._report("firewall", str(error))
        except OSError:
            return  # watch_ports has said it
        else:
            self._problems.pop("firewall", None)

    def watch_restarts(self) -> None:
        """Give an app back its process that a killed run has taken away."""
        try:
            apps = [self.layout.app(name) for name in self.layout.app_names()]
        except OSError:
            return  # watch_ports has said it
        cut_off = [place for place in apps if was_cut_off(place)]
        if cut_off:
            self._while_locked("starts apps that a killed run has stopped", lambda: self._end_restarts(cut_off))

    def _end_restarts(self, places: list[AppLayout]) -> None:
        for place in places:
            if was_cut_off(place):  # asked again: the run may have ended it before the lock was ours
                try:
                    program = end_cut_off(self.layout, place, self.supervisor)
                    self._say("%s: starts %s again, which a killed run has stopped" % (place.name, program))
                except (RetireError, SupervisorError, OSError) as error:
                    self._report(place.name, "%s: %s" % (place.name, error))

    def watch_drains(self) -> None:
        """Retire what has drained."""
        try:
            apps = [self.layout.app(name) for name in self.layout.app_names()]
            due = self._drains.due(apps)
            unannounced = [app for app in apps if _unannounced(app)]
        except OSError as error:
            self._report("drains", "the apps' folders cannot be read: %s" % error)
            return
        if unannounced:
            self._while_locked("tells tabs when their release ends", lambda: self._announce(unannounced))
        if due:
            self._while_locked("retires what has drained", lambda: self._retire(due))

    def _announce(self, places: list[AppLayout]) -> None:
        for place in places:
            for record in _unannounced(place):  # asked again: a run may have made it live
                try:
                    _drain.announce(place, record)
                except OSError as error:
                    text = "%s: tabs cannot be told when their release ends: %s" % (place.name, error)
                    self._report(record.instance, text)

    def _retire(self, due: list[Due]) -> None:
        for app, record, reason in due:
            # Asked again: a run may have made it live before the lock was ours.
            if record in _drain.draining(app) + _preview.previews(app):
                try:
                    ended = _drain.sessions(app, record)
                    retire(self.layout, app, record.instance, self.supervisor)
                    _release_secrets.delete(_release_secrets.unused(app))
                    self._say(
                        "%s: retired %s on port %d, because %s; %s ended with it"
                        % (app.name, record.release, record.port, reason, _drain.counted(ended))
                    )
                except (RetireError, SupervisorError, OSError) as error:
                    self._report(record.instance, "%s: %s" % (app.name, error))

    def revive_programs(self) -> None:
        """Start our programs that supervisord has given up, when they have rested."""
        try:
            due = [process for process in self.supervisor.processes().values() if self._is_due(process)]
        except (SupervisorError, OSError, ValueError) as error:
            self._report("supervisor", str(error))
            return
        self._problems.pop("supervisor", None)
        if due:
            self._while_locked("starts programs that had crashed", lambda: self._revive(due))

    def _revive(self, processes: list[Process]) -> None:
        for process in processes:
            self._say("starts %s again (%s)" % (process.name, process.spawn_error))
            try:
                self.supervisor.start(process.name)
            except SupervisorError as error:
                self._say(str(error))

    def _is_due(self, process: Process) -> bool:
        return (
            process.state == "FATAL"
            and process.now - max(process.start, process.stop) >= self.rest
            and (read_text(self.layout.program(process.name)) or "").startswith(MANAGED)
        )

    def _while_locked(self, purpose: str, change: t.Callable[[], None]) -> None:
        """Make a change under the host's lock; leave it for the next look when a run holds the lock."""
        try:
            with host_lock(self.layout.lock, 0, purpose):
                change()
        except LockedError:
            pass
        except OSError as error:
            self._report("lock", "%s: %s" % (self.layout.lock, error))

    def _report(self, key: str, text: str) -> None:
        """Say a lasting problem once."""
        if self._problems.get(key) != text:
            self._problems[key] = text
            self._say(text)

    def _say(self, text: str) -> None:
        sys.stderr.write("%s %s\n" % (time.strftime("%Y-%m-%d %H:%M:%S"), text))
        sys.stderr.flush()


def _unannounced(place: AppLayout) -> list[InstanceRecord]:
    """What drains, and whose tabs cannot read until when."""
    return [record for record in _drain.draining(place) if not _drain.is_announced(place, record)]


def flag_is_wrong(place: AppLayout) -> bool:
    """Whether an app's flag says something else than its live instance's port."""
    port = live_port(place)
    return port is not None and answers(place, port) is os.path.lexists(place.down)


def _reason(place: AppLayout, processes: t.Mapping[str, Process]) -> str:
    """Somebody has stopped it, or it has ended by itself."""
    process = processes.get("%s.%s" % (place.name, os.path.basename(_live_target(place)).partition(".")[0]))
    stopped = process is not None and process.state in ("STOPPING", "STOPPED")
    return _away_page.STOPPED if stopped else _away_page.DOES_NOT_ANSWER


def _live_target(place: AppLayout) -> str:
    try:
        return os.readlink(place.live)
    except OSError:
        return ""


def _is_other_reason(place: AppLayout, reason: str) -> bool:
    """Whether a flag of ours says something else; a restart is a run's, and ends with it."""
    others = {_away_page.DOES_NOT_ANSWER, _away_page.STOPPED} - {reason}
    return any(_away_page.is_down_because(place, other) for other in others)


def live_port(place: AppLayout) -> int | None:
    """The port of an app's live instance; None when it has none, or a link that is not ours."""
    try:
        folder, name = os.path.split(os.readlink(place.live))
    except OSError:
        return None
    found = SERVING.fullmatch(name)
    return int(found.group("port")) if found and folder == os.path.basename(place.serving) else None


def answers(place: AppLayout, port: int) -> bool:
    """Whether the app itself takes connections on a port: who is slow does, and a stranger is not the app."""
    uid = owner_uid(place)
    return uid is not None and listener_uid(port) == uid


def _guard_routes(guard: RouteGuard) -> None:
    """Guard the routes; a fault of ours ends the whole watcher, which supervisord starts again."""
    try:
        guard.run()
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def _firewall_of(layout: Layout, wanted: bool) -> Firewall | None:
    """The firewall of a host that has one; what an earlier watcher has left of it is removed where none is wanted."""
    if not _firewall.is_for(layout):
        return None
    if wanted:
        return Firewall(layout)
    with contextlib.suppress(FirewallError):
        _firewall.remove()
    return None


def main(layout: Layout, firewall: str = FIREWALL, system_socket: str | None = None) -> t.NoReturn:
    """Watch until killed.

    :param firewall: :data:`FIREWALL`, or another word when other users may reach the ports of apps
    :param system_socket: the socket of a supervisord that is not ours; it is linked into our run folder, which is
        empty after a boot
    """
    os.makedirs(layout.run, exist_ok=True)
    if system_socket and not os.path.exists(layout.supervisor_socket):
        point_link(layout.supervisor_socket, system_socket)
    die_with_parent()
    with contextlib.suppress(OSError):  # where it may; a busy host must not hold up the end of a route
        os.nice(_NICE)
    guard = RouteGuard(layout)
    guard.look()  # only then are the routes watched
    point_link(layout.watched, "/proc/%d" % os.getpid())
    threading.Thread(target=_guard_routes, args=(guard,), daemon=True).start()
    Watcher(layout, firewall=_firewall_of(layout, firewall == FIREWALL)).run()
