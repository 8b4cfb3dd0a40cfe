# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment store: from what apps ask for to environments that are there.

Three steps, each in parallel over what is distinct: which lock (resolved only when there is none), which environment
(built only when there is none), and what nobody needs any more. A run that finds everything there starts no uv.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import threading
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._environments import lock as locks, python as pythons
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.build import RECORD, Builder, workplace
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.lock import Request
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.paths import StorePaths
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.pool import Pool
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.python import (
    Interpreter,
    MissingPythonError,
    NoPythonError,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.python_store import PythonStore
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv import Uv
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.wish import Settings, Wish
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files, unprivileged as process
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError

if t.TYPE_CHECKING:
    from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.sandbox import Sandbox

Say = t.Callable[[str], None]


class Store:
    """The store of one host, for one run.

    :param say: told what goes on, in lines for people
    :ivar python_store: the interpreters that were fetched
    """

    def __init__(self, layout: Layout, settings: Settings, say: Say) -> None:
        self._layout = layout
        self._paths = StorePaths(layout)
        self._settings = settings
        self._sources = settings.sources.identity()
        self._say = say
        self.python_store = PythonStore(
            layout.pythons, layout.envs, self._paths.pool, settings.parallel, settings.build_timeout, say
        )

    def meet(self, requests: t.Sequence[Request]) -> list[Wish]:
        """Make every environment that is asked for.

        :returns: one wish per request, in its order, each met or failed
        :raises LookupError: this host lacks what every environment needs; the text says what
        :raises OSError: the store itself cannot be used
        """
        wishes = [Wish(request) for request in requests]
        for wish in wishes:
            self._find_python(wish)
        self._find_locks(wishes)
        for wish in _open(wishes):
            self._name(wish)
        self._find_environments(wishes)
        for wish in _open(wishes):
            self._keep_lock(wish)
        return wishes

    def _find_python(self, wish: Wish) -> None:
        request = wish.request
        wish.before = _files.read_text(self._paths.owned_lock(request))
        try:
            wish.interpreter = self._interpreter(request)
        except EnvironmentFailedError as failure:
            wish.failure = failure
        except NoPythonError as error:
            wish.failure = EnvironmentFailedError(str(error))
        if wish.interpreter is not None:
            wish.inputs = request.inputs(wish.interpreter, self._sources)

    def _interpreter(self, request: Request) -> Interpreter | None:
        """The host's where it has one that fits, else the store's; None where check mode would fetch it.

        :raises NoPythonError: there is none
        :raises EnvironmentFailedError: there is none, and none could be fetched
        """
        try:
            if request.python:
                return pythons.find_python(request.python, request.python_from)
            default = self._default(request)
            if default is None:
                return None
            return pythons.find_python_for(request.requires_python, default.path, request.python_from)
        except MissingPythonError as missing:
            return self._stored(missing, request)

    def _default(self, request: Request) -> Interpreter | None:
        try:
            return pythons.find_python(self._settings.python or pythons.default_python())
        except MissingPythonError as missing:
            return self._stored(missing, request)

    def _stored(self, missing: MissingPythonError, request: Request) -> Interpreter | None:
        """One of the store that fits: the app's own as long as it asks for the same, else the newest."""
        kept = self.python_store.kept(missing)
        upgrade = self._settings.upgrade
        if self._settings.python_downloads and (not kept or (upgrade and not self._settings.sources.wheelhouse)):
            return None if self._settings.check else self.python_store.fetch(missing, self._uv())
        if not kept:
            raise missing
        lock = os.path.basename(_readlink(self._paths.owned_lock(request)) or "")
        own = [each for each in kept if lock == request.inputs(each, self._sources) + ".txt"]
        return (own if own and not upgrade else kept)[0]

    def _find_locks(self, wishes: list[Wish]) -> None:
        groups = _group((wish for wish in _open(wishes) if wish.interpreter), lambda wish: wish.inputs)
        unknown = []
        for group in groups:
            kept = _files.read_text(self._paths.lock(group[0].inputs))
            if kept is None or self._settings.upgrade or not group[0].request.takes(kept):
                unknown.append(group)
                continue
            for wish in group:
                wish.lock = kept
        if not self._settings.check:
            self._each(unknown, self._resolve)

    def _resolve(self, group: list[Wish]) -> None:
        first = group[0]
        request, seconds = first.request, self._settings.resolve_timeout
        self._say("%s: resolving %s" % (_names(group), request.source))
        with self._place_to_resolve(request) as (uv, work):
            folder = os.path.join(work, "files")
            _write_files(folder, request.files)
            if request.is_locked:
                text = uv.export(first.chosen.path, folder, seconds)
            else:
                text = uv.resolve(request.entry, first.chosen.path, folder, seconds)
        text = request.lock_of(text)
        for wish in group:
            wish.lock = text

    @contextlib.contextmanager
    def _place_to_resolve(self, request: Request) -> t.Iterator[tuple[Uv, str]]:
        """A uv that can tell what a request needs, and its folder: a package without a wheel says it by its code."""
        if request.allow_build and not request.is_locked:
            with self._sandbox(request) as place:
                yield place.uv, place.work
        else:
            uv = self._uv()
            with workplace(self._layout.envs, uv.user) as work:
                yield uv, work

    def _sandbox(self, request: Request) -> t.ContextManager[Sandbox]:
        # A tenth of a second of imports, which only a build needs.
        from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.sandbox import sandbox

        self._uv()
        return sandbox(self._layout, self._settings.sources, request.name)

    def _name(self, wish: Wish) -> None:
        if wish.lock is None:
            return
        package = wish.request.package
        if package and package not in locks.packages(wish.lock):
            wish.failure = EnvironmentFailedError(
                "%s is not among what %s asks for: %s"
                % (package, wish.request.source, wish.request.how_to_add(package))
            )
            return
        wish.environment = locks.environment_name(wish.lock, wish.chosen, self._sources, wish.request.builder)

    def _find_environments(self, wishes: list[Wish]) -> None:
        named = [wish for wish in _open(wishes) if wish.environment]
        missing = []
        for group in _group(named, lambda wish: wish.environment or ""):
            path = self._paths.environment(group[0].environment or "")
            if self._settings.rebuild or not os.path.isdir(path):
                missing.append(group)
        for group in missing:
            for wish in group:
                wish.built = True
        if missing and not self._settings.check:
            self._build_all(missing)
        for wish in _open(named):
            text = _files.read_text(os.path.join(self._paths.environment(wish.environment or ""), RECORD))
            wish.record = json.loads(text) if text else {}

    def _build_all(self, missing: list[list[Wish]]) -> None:
        uv, settings = self._uv(), self._settings
        if settings.rebuild:
            names = {name for group in missing for name in locks.packages(group[0].lock or "")}
            self._say("forgetting %d packages, to fetch them anew" % len(names))
            with workplace(self._layout.envs, uv.user) as work:
                uv.forget(sorted(names), work, settings.build_timeout)
        pool = Pool(self._paths.pool, settings.parallel, distrust=settings.rebuild)
        turn = threading.Lock()

        def build(group: list[Wish]) -> None:
            wish, names = group[0], _names(group)
            builder = Builder(
                uv=uv,
                envs=self._layout.envs,
                pool=pool,
                parallel=settings.parallel,
                seconds=settings.build_timeout,
                turn=turn,
            )
            record = {
                "environment": wish.environment,
                "interpreter": wish.chosen.path,
                "python": wish.chosen.number,
                "platform": wish.chosen.platform,
            }

            def say(text: str) -> None:
                self._say("%s: %s" % (names, text))

            with self._wheels_of(wish, say) as (lock, wheels):
                builder.build(wish.environment or "", lock, wish.chosen, record, say, wheels)
            say("environment %s is ready" % wish.environment)

        self._each(missing, build)

    @contextlib.contextmanager
    def _wheels_of(self, wish: Wish, say: Say) -> t.Iterator[tuple[str, str | None]]:
        """What an environment is installed from: the lock, and a folder of wheels that were built for the app."""
        if not wish.request.allow_build:
            yield wish.lock or "", None
            return
        from ansible_collections.selfhost.pyapps.plugins.module_utils._environments import wheels as _environment_wheels

        say("building what has no wheel")
        with _environment_wheels.folder_for_wheels(self._layout.envs) as folder:
            with self._sandbox(wish.request) as place:
                lock = _environment_wheels.build(
                    place, wish.lock or "", wish.chosen.path, self._settings.build_timeout, folder
                )
            yield lock, folder

    def _keep_lock(self, wish: Wish) -> None:
        """A lock is kept once its environment is there; a link shows its owner's, and the tool finds its programs."""
        links = self._paths.links(wish.request, wish.inputs, wish.environment)
        stale = {path: target for path, target in links.items() if _readlink(path) != target}
        kept = self._paths.lock(wish.inputs)
        wish.changed = wish.built or bool(stale) or wish.lock is None
        if self._settings.check or wish.lock is None:
            return
        if _files.read_text(kept) != wish.lock:
            wish.changed = True
            _files.write_file(kept, wish.lock)
        for path, target in stale.items():
            _files.make_folder(os.path.dirname(path))
            _files.point_link(path, target)

    def _uv(self) -> Uv:
        if not os.access(self._layout.uv, os.X_OK):
            raise LookupError("uv is not installed at %s: run the module selfhost.pyapps.uv first" % self._layout.uv)
        return Uv(self._layout, self._settings.sources, process.build_user())

    def _each(self, groups: list[list[Wish]], work: t.Callable[[list[Wish]], None]) -> None:
        """Do the work for each group in parallel; what goes wrong is the group's failure."""

        def guarded(group: list[Wish]) -> None:
            try:
                work(group)
            except EnvironmentFailedError as failure:
                self._fail(group, failure)
            except OSError as error:
                self._fail(group, EnvironmentFailedError(_files.explain(error)))

        with concurrent.futures.ThreadPoolExecutor(self._settings.parallel) as threads:
            for job in [threads.submit(guarded, group) for group in groups]:
                job.result()

    def _fail(self, group: list[Wish], failure: EnvironmentFailedError) -> None:
        self._say("%s: failed: %s" % (_names(group), failure.reason))
        for wish in group:
            wish.failure = failure


def _open(wishes: t.Iterable[Wish]) -> list[Wish]:
    return [wish for wish in wishes if wish.failure is None]


def _group(items: t.Iterable[Wish], key: t.Callable[[Wish], str]) -> list[list[Wish]]:
    groups: dict[str, list[Wish]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return list(groups.values())


def _names(group: list[Wish]) -> str:
    return ", ".join(wish.shown for wish in group)


def _readlink(path: str) -> str | None:
    try:
        return os.readlink(path)
    except OSError:
        return None


def _write_files(folder: str, files: t.Mapping[str, str]) -> None:
    os.mkdir(folder, 0o755)
    for name, text in files.items():
        if os.path.isabs(name) or ".." in name.split("/") or not name.strip("/"):
            raise EnvironmentFailedError("%r is not a path inside the app's folder" % name)
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
