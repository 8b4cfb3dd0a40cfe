# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One app's turn in a deploy.

Clean up what a killed run left; leave a healthy live instance of the wanted release alone; else let the release do what
it does before its process starts, start a candidate beside the live one (or instead of it, where an app may not run
twice), let it prove itself, switch, and retire the old one. Whenever this is killed, ``live`` points at one complete
instance that runs, and the next run cleans up the rest.
"""

from __future__ import annotations

import contextlib
import secrets
import time
import typing as t
from dataclasses import replace

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.deploy_settings import DeploySettings
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import (
    preview_show as _preview_show,
    ready_instances as _ready_instances,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.gate import Candidate, GateError, prove
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.restart_in_place import OldInstance
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.run import (
    DOWN,
    KEPT,
    LIVE,
    NEVER,
    PREVIEW,
    UNCHANGED,
    Run,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.trial import Trial
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import clock as _clock
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import (
    diff_entry,
    explain,
    remove_parts,
    write_file,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.limits import limits_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.ports import PortPool, given_port
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.base import KindError
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.pages import page_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import kind_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor import log_tail as _log_tail
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import (
    Process,
    Supervisor,
    SupervisorError,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases.secret_mask import SecretMask, mask_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import (
    drain as _drain,
    history as _release_history,
    instance_state as _instance_state,
    preview as _preview,
    release_secrets as _release_secrets,
    retire as _retire,
    serving as _serving,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import (
    InstanceRecord,
    instance_program,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.releases_held import held_releases

_CANDIDATE_STOP = 1.0  # seconds; nobody uses a candidate, and one whose script hangs does not end by SIGTERM


class AppTurn:
    """The turn of one app; ``result``, ``changed`` and ``diff`` are what it comes to.

    :param processes: what supervisord knew at the beginning of the run
    :param owners: user ids of listeners by port, as of the same moment
    :param entry: the app's entry of the catalog
    :param result: of the step before
    """

    def __init__(
        self,
        run: Run,
        pool: PortPool,
        processes: t.Mapping[str, Process],
        owners: t.Mapping[int, int],
        entry: t.Mapping[str, t.Any],
        result: Result,
    ) -> None:
        self.run, self.pool, self.entry = run, pool, entry
        self.processes, self.owners = processes, owners
        self.app = run.layout.app(entry["name"])
        self.deploy = DeploySettings.of(entry)
        self.supervisor = Supervisor(run.layout.supervisor_socket)  # one per turn: threads cannot share a client
        self.live = _instance_state.live_instance(self.app)
        self.problem: str | None = NEVER
        self.log: list[str] = []
        self.mask = SecretMask()
        self.switched = False
        self.changed = False
        self.diff: dict[str, t.Any] | None = None
        self.result = replace(result, instance=None, port=None, note=NEVER)
        if self.live:
            self._tell(instance=self.live.instance, port=self.live.port)

    def take(self) -> None:
        """Do all that is to be done for this app; in check mode find out whether there is something.

        :raises GateError: the candidate did not pass; it is gone
        """
        try:
            self._take()
        finally:
            if not self.run.check_mode:
                _release_secrets.delete(_release_secrets.unused(self.app))
            self._tell(draining=len(_drain.draining(self.app)))
            if not (self.run.preview or self.result.ends_sessions):
                self._tell(next_ends_sessions=self._sessions_at_risk())

    def _take(self) -> None:
        user, uid = self._owner()
        if self.live:
            self.problem = self._live_problem(self.live, uid)
        self._clean_up()
        wanted = self.result.release or ""  # in check mode perhaps not known yet
        record = self.live.record if self.live else None
        if record is not None and record.release == wanted and self.problem is None and not self.run.restart:
            self._converge(record)
            return
        if self.run.preview:
            _preview_show.check(self.live, self.deploy)
            if self._shown(wanted, uid):
                return
        self._announce(record.release if record else None, wanted)
        if not self.run.preview:
            self._warn(record)
        if self.run.check_mode:
            return
        self.mask = mask_of(self.app.release(wanted))
        running = None if self.run.preview else self._running(wanted, uid)
        if running is None:
            self._start(user, uid, wanted)
        else:
            self._say("release %s still runs, on port %d: no start is needed" % (wanted, running.port))
            self._go_live(running)
            _serving.correct(_serving.differences(self.app, running, self._page(running)))

    def _start(self, user: str | None, uid: int, release: str) -> None:
        """A new instance of a release, which goes live when it has proven itself."""
        trial = self._trial(user, release)
        trial.test()
        with self._room(uid):
            trial.prepare()
            begun = time.monotonic()
            candidate, page = self._prepare(user, uid, release)
            self._prove(candidate, user)
            self._tell(notices=(*self.result.notices, *candidate.notices))
            self._tell(start_seconds=round(time.monotonic() - begun, 3))
            try:
                if self.run.preview:
                    self._show(candidate.record, page)
                else:
                    _serving.make_marker(self.app, candidate.record, page)
                    self._go_live(candidate.record)
            except OSError as error:
                if self.switched:
                    raise
                self._discard(candidate.record)
                raise GateError("switch", explain(error)) from error

    def fail(self, step: str, reason: str) -> None:
        """The app's turn ends here; what served before goes on serving (or what has been switched to)."""
        self._say("failed at step %s" % step)
        if not self.switched:
            self.diff = None
            self._tell(ends_sessions=0)
        note = LIVE if self.switched else self._what_serves()
        log = [self.mask.hide(line) for line in self.log]
        self.result = self.result.failed(step, self.mask.hide(reason), log, note)

    def stand(self) -> None:
        """An app that an earlier step has failed has no turn: only say what serves meanwhile."""
        try:
            if self.live:
                self.problem = self._live_problem(self.live, self._owner()[1], wait=False)
        except (_instance_state.ReleaseError, OSError) as error:
            self.problem = explain(error)
        self._tell(note=self._what_serves(), draining=len(_drain.draining(self.app)))

    def _what_serves(self) -> str:
        if not self.live:
            return NEVER
        return DOWN if self.problem else KEPT

    def _tell(self, **values: t.Any) -> None:
        self.result = replace(self.result, **values)

    def _say(self, line: str) -> None:
        self.run.say("%s: %s" % (self.app.name, line))

    def _owner(self) -> tuple[str | None, int]:
        try:
            return _instance_state.process_owner(self.app.name)
        except _instance_state.ReleaseError:
            if self.run.check_mode:  # the user would have been made by now
                return None, -1
            raise

    def _live_problem(self, live: _instance_state.Live, uid: int, wait: bool = True) -> str | None:
        process = self.processes.get("%s.%s" % (self.app.name, live.instance))
        supervisor = self.supervisor if wait and not self.run.check_mode else None
        patience = self.deploy.start_timeout
        return _instance_state.live_problem(
            self.run.layout, live, process, uid, supervisor, patience, owners=self.owners
        )

    def _clean_up(self) -> None:
        """Retire what neither is live nor drains (a killed run left it), and let go of old logs."""
        found = _instance_state.instance_names(self.run.layout, self.app, self.processes)
        draining = {record.instance for record in self._draining() + self._previews()}
        leftovers = sorted(found - draining - {self.live.instance if self.live else ""})
        forgotten = _release_secrets.unused(self.app, self.result.release)
        if leftovers or forgotten:
            self._has_changed()
        if not self.run.check_mode:
            for folder in (self.app.path, self.app.instances, self.app.serving):
                remove_parts(folder)
            for instance in leftovers:
                _retire.retire(self.run.layout, self.app, instance, self.supervisor)
            _release_secrets.delete(forgotten)
            _retire.remove_files(_retire.old_logs(self.run.layout, self.app.name, found - set(leftovers)))

    def _draining(self) -> list[InstanceRecord]:
        """What drains and may go on with it, the oldest first: its process runs and its time is not over."""
        return [
            record
            for record in _drain.draining(self.app)
            if not _drain.is_over(record)
            and _instance_state.process_problem(self.processes.get(record.program)) is None
        ]

    def _running(self, release: str, uid: int) -> InstanceRecord | None:
        """A preview of a release, or an instance that still drains, if it is well; not for who wants a new process."""
        if self.run.restart:
            return None
        newest_first = self._previews() + self._draining()[::-1]
        return _ready_instances.find(self.run.layout, newest_first, release, self.processes, uid, self.owners)

    def _previews(self) -> list[InstanceRecord]:
        """What can be tried out and may go on with it: its process runs and its time is not over."""
        return [
            record
            for record in _preview.previews(self.app)
            if not _preview.is_over(record)
            and _instance_state.process_problem(self.processes.get(record.program)) is None
        ]

    def _shown(self, release: str, uid: int) -> bool:
        """Whether a release can be tried out already."""
        record = _ready_instances.find(self.run.layout, self._previews(), release, self.processes, uid, self.owners)
        if record is not None:
            self.result = _preview_show.told(self.result, self.app, self.entry, record)
        return record is not None

    def _show(self, record: InstanceRecord, page: str | None) -> None:
        """The instance is reachable below its pin, for who knows its name; an earlier preview ends."""
        in_public = bool(self.run.preview and self.run.preview.in_public)
        shown = _preview_show.show(
            self.run.layout, self.entry, self.result.assets, record, page, self.supervisor, in_public
        )
        self._has_changed()
        self.result = _preview_show.told(self.result, self.app, self.entry, shown)

    def _converge(self, record: InstanceRecord) -> None:
        """The live instance is right and well: correct what else people and the front see of it."""
        wrong = _serving.differences(self.app, record, self._page(record))
        links = _serving.wrong_links(_serving.log_links(self.run.layout, record))
        if wrong or links:
            self._has_changed()
        if not self.run.check_mode:
            _serving.correct(wrong)
            _serving.point_links(links)
        self._tell(note=UNCHANGED)

    def _has_changed(self) -> None:
        self.changed = True
        self._tell(changed=True)

    def _announce(self, before: str | None, after: str | None) -> None:
        old = "release: %s\n" % before if before else ""
        if before and self.problem:
            old += "problem: %s\n" % self.problem
        new = "release: %s\n" % (after or "known when it is made")
        if self.run.restart:
            new += "instance: a new one\n"
        self.diff = diff_entry(self.app.live, old, new)
        if self.run.check_mode:
            self._has_changed()
            self._tell(note=PREVIEW if self.run.preview else LIVE)

    def _warn(self, old: InstanceRecord | None) -> None:
        """Say before anything changes how many sessions going live will end."""
        count = self._sessions_at_risk()
        if old is not None and self.problem is None and not self._drains():
            count += _drain.sessions(self.app, old) or 0
        self._tell(ends_sessions=count)
        if count:
            self._say("going live will end %s" % _drain.counted(count))

    def _sessions_at_risk(self) -> int:
        """How many sessions are open on what one more old release ends (``max_draining``)."""
        return sum(_drain.sessions(self.app, record) or 0 for record in self._surplus(1))

    def _drains(self) -> bool:
        """Whether a live instance that is well stays for its sessions."""
        return bool(self.entry["deploy"]["drain_timeout"]) and not self.deploy.in_place

    def _trial(self, user: str | None, release: str) -> Trial:
        settings = _instance_state.read_release(self.app, release)["settings"]
        return Trial(self.run.layout, self.app, release, user, settings, self.deploy, self._app_ports(), self._say)

    def _app_ports(self) -> str:
        """Which ports the app's commands may not reach; none of an app that is not confined."""
        return "" if self.app.name in self.run.unconfined else self.pool.text

    @contextlib.contextmanager
    def _room(self, uid: int) -> t.Iterator[None]:
        """Of an app that may not run twice the old process is away in the block, and back when the block has failed."""
        if not (self.live and self.deploy.in_place):
            yield
            return
        old = OldInstance(self.run.layout, self.app, self.live, self.supervisor)
        try:
            self._say("is away until the new release has passed ([deploy] strategy)")
            old.take_away()
            yield
        except BaseException:
            if not self.switched:
                self._say("starts the old release again")
                self.problem = old.bring_back(uid, self.deploy.start_timeout)
            raise

    def _page(self, record: InstanceRecord) -> str | None:
        assets = self.result.assets
        return page_of(self.run.layout, self.entry, assets, record.instance, record.port)

    def _prepare(self, user: str | None, uid: int, release: str) -> tuple[Candidate, str | None]:
        """A candidate that is not started, and its page."""
        settings = _instance_state.read_release(self.app, release)["settings"]
        port = self.pool.take(given_port(self.entry))
        record = InstanceRecord(
            self.app.name,
            secrets.token_hex(16),
            port,
            release,
            _clock.now(),
            app_ports=self.pool.text,
            confined=self.app.name not in self.run.unconfined,
        )
        candidate = Candidate(
            layout=self.run.layout,
            supervisor=self.supervisor,
            record=record,
            settings=settings,
            uid=uid,
            deploy=self.deploy,
            public_url=self.run.public_url,
            say=self._say,
        )
        try:
            return candidate, self._page(record)
        except (KindError, ValueError) as error:
            raise GateError("page", str(error)) from None

    def _prove(self, candidate: Candidate, user: str | None) -> None:
        """Start a candidate and let it prove itself; one that fails leaves nothing but its log."""
        record, layout = candidate.record, self.run.layout
        try:
            write_file(self.app.instance(record.instance), record.to_json())
            write_file(
                layout.program(record.program),
                instance_program(
                    record, layout, user, kind_of(candidate.settings).stop_signal, limits_of(candidate.settings)
                ),
            )
            self.supervisor.add(record.program)
            self.supervisor.start(record.program)
            prove(candidate)
        except BaseException as error:  # also a fault of ours, or the run's end: nothing may stay
            self.log = _log_tail.program_tail(layout, record.program)
            self._discard(record)
            if isinstance(error, (SupervisorError, OSError, ValueError)):
                raise GateError("start", explain(error)) from error
            raise

    def _discard(self, record: InstanceRecord) -> None:
        """A candidate that does not go live ends; what cannot be removed now is found by the next run."""
        with contextlib.suppress(SupervisorError, _retire.RetireError, OSError):
            _retire.retire(self.run.layout, self.app, record.instance, self.supervisor, _CANDIDATE_STOP)
            self.pool.give_back(record.port)

    def _go_live(self, record: InstanceRecord) -> None:
        """The link to an instance with a marker, and then the old instance drains, or ends."""
        old, begun = self.live, time.monotonic()
        patience = self.entry["deploy"]["drain_timeout"]
        drains = bool(old and old.record and self.problem is None and self._drains())
        draining = None
        if drains and old and old.record:
            grace = patience if _serving.has_page(self.app, old.record) else 0
            draining = _drain.begin(self.app, old.record, patience, _drain.idle_seconds(self.entry), grace)
        try:
            self._remember(record.release)
            _serving.switch(self.app, record)
        except OSError:
            if drains and old and old.record:
                write_file(self.app.instance(old.instance), old.record.to_json())
            raise
        self.switched = True
        self._tell(switch_seconds=round(time.monotonic() - begun, 3))
        if draining:
            _drain.announce(self.app, draining)
        _ready_instances.settle(self.app, record)
        self._has_changed()
        self._tell(instance=record.instance, port=record.port, note=LIVE)
        self._say("live (the switch took %g s)" % (self.result.switch_seconds or 0))
        _serving.clear_down(self.app)
        _serving.point_links(_serving.log_links(self.run.layout, record))
        if old and not drains:
            _retire.retire(self.run.layout, self.app, old.instance, self.supervisor)
        if not self.run.restart:
            _preview_show.end_all(self.run.layout, self.app, self.supervisor, self._say)
        self._limit_draining()

    def _remember(self, release: str) -> None:
        """Write down what goes live; a run that is killed before the switch has at least proven it."""
        before = self.live.record.release if self.live and self.live.record else None
        history, moment = _release_history.read(self.app), _clock.now()
        change = history.deployed
        if self.run.rollback:
            change = history.rolled_back
        elif self.result.withdrawn:
            change = history.remade
        _release_history.write(self.app, change(release, moment, before), held_releases(self.app))

    def _limit_draining(self) -> None:
        """At most ``max_draining`` old instances stay; the oldest goes first."""
        for record in self._surplus():
            count = _drain.counted(_drain.sessions(self.app, record))
            self._say(
                "ends the oldest release that still drained (%s), and with it %s: more than max_draining"
                % (record.release, count)
            )
            _retire.retire(self.run.layout, self.app, record.instance, self.supervisor)

    def _surplus(self, more: int = 0) -> list[InstanceRecord]:
        """The oldest of what drains that may not stay.

        :param more: as many more were to drain
        """
        draining = _drain.draining(self.app)
        return draining[: max(0, len(draining) + more - self.entry["deploy"]["max_draining"])]
