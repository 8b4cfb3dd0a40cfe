# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Begin as the first process of a container: ``pyapps container``.

An image holds releases and no instance: an instance's name is a secret of the tabs that run on it, so each container
makes its own. What an earlier start of the same container (or of another one with the same volume) has left is kept
where it still fits: open tabs find their instance again after ``docker restart``.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import sys
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.applied_catalog import read_applied
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets import AppSecrets
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import clock as _clock, files as _files
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.dotenv import DotenvError, parse_dotenv
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import printable
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import layout as _host_layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.limits import limits_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.names import HostNameError
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.ports import PortPool, parse_range
from ansible_collections.selfhost.pyapps.plugins.module_utils._images import (
    logs as _container_logs,
    names as _container_names,
    source_view as _source_view,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.base import KindError
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.pages import page_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import kind_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import PRIVATE, program_text
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases import data_seed as _data_seed
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import (
    history as _release_history,
    instance_state as _instance_state,
    release_secrets as _release_secrets,
    retire as _retire,
    serving as _serving,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import (
    InstanceRecord,
    instance_program,
)

MOUNTED = "/run/secrets"
"""Where Docker and Compose mount secrets."""

_FAILED = 1
_CAUSES = (_data_seed.SeedError, _instance_state.ReleaseError, KindError, _retire.RetireError)


class ContainerError(Exception):
    """Why the container cannot start, or an app in it; the text says what to do."""


def main(layout: Layout) -> int:
    """Become supervisord; only returns when that failed, with one line on standard error."""
    # To a first process the kernel gives no signal that it does not handle: Docker would wait, and kill it in the end.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    try:
        prepare(layout)
        daemon = supervisord(layout)
        sys.stdout.flush()
        os.execv(daemon, [daemon, "-n", "-c", layout.supervisor_conf])
    except (ContainerError, OSError) as error:
        sys.stderr.write("pyapps: the container cannot start: %s\n" % error)
    return _FAILED


def _end(_number: int, _frame: object) -> t.NoReturn:
    """Nothing of ours runs before supervisord does."""
    raise SystemExit(0)


def supervisord(layout: Layout) -> str:
    """The daemon's program, ours or Debian's."""
    own = os.path.join(layout.tools, "supervisor", "bin", "supervisord")
    return own if os.path.exists(own) else "/usr/bin/supervisord"


def prepare(layout: Layout, mounted: str = MOUNTED) -> None:
    """Bring everything in place that a start needs; nothing of ours runs yet.

    One app's failure is one app's failure: it is told, and the others start.

    :param mounted: folder of the secrets that were given to the container
    :raises ContainerError: this is no image of ours, or it was given a host name that is none
    """
    image = read_image(layout)
    for folder in _host_layout.top_folders(layout, os.geteuid() == 0):
        if folder.path in (layout.run, layout.log):  # the others are the image's, and may be read-only
            _host_layout.make(folder)
    # Sockets and ids of processes that ended with the last start; the folder itself may be a mount.
    for leftover in os.listdir(layout.run):
        _files.force_remove(os.path.join(layout.run, leftover))
    _files.write_file(layout.container_mark, "")
    try:
        _container_names.write(layout, os.environ)
    except HostNameError as error:
        raise ContainerError("%s: %s" % (_container_names.VARIABLE, error)) from None
    write_programs(layout, _container_logs.is_wanted(os.environ))
    applied = {entry["name"]: entry for entry in read_applied(layout)["apps"]}
    given = [app["port"] for app in image["apps"].values() if app["port"]]
    pool = PortPool(parse_range(image["port_range"]), _instance_state.used_ports(layout), given)
    for name in sorted({*applied, *image["apps"]}):
        try:
            begin = Begin(layout, name, image["apps"].get(name), applied.get(name))
            begin.fill(mounted)
            sys.stdout.write("pyapps: %s: %s\n" % (name, begin.instance(pool)))
        except (ContainerError, OSError, ValueError, KeyError, *_CAUSES) as error:
            sys.stderr.write("pyapps: %s cannot start: %s\n" % (name, printable(str(error))))


def write_programs(layout: Layout, with_logs: bool) -> None:
    """The programs of the image, and the one that shows every log, if it is wanted. Those of apps come later."""
    _files.make_folder(layout.container_programs, PRIVATE)
    for name in os.listdir(layout.image_programs):
        text = _files.read_text(os.path.join(layout.image_programs, name)) or ""
        _files.write_file(os.path.join(layout.container_programs, name), text)
    if with_logs:
        # First of all, so that it misses nothing.
        text = program_text(
            _container_logs.PROGRAM, [layout.command, "container-logs"], layout=layout, start_seconds=1, priority=1
        )
        _files.write_file(layout.program(_container_logs.PROGRAM), text)


def read_image(layout: Layout) -> dict[str, t.Any]:
    """What the image holds: ``{"apps": {name: {"release": id, "port": port or null, "folder": name}}, ...}``.

    ``folder`` is the name of the app's folder beside those of the other apps; ``port_range`` is ``"first-last"``.

    :raises ContainerError: it is no image of ours
    """
    try:
        image = json.loads(_files.read_text(layout.image_record) or "")
    except ValueError:
        image = None
    if not isinstance(image, dict) or "apps" not in image:
        raise ContainerError(
            "%s is missing or damaged: this command is the entry point of an image that playbooks/container.yml builds"
            % layout.image_record
        )
    return image


class Begin:
    """One app when its container starts.

    :param wanted: what the image has of it; None for one that was deployed into the running container
    :param entry: its entry of the applied catalog
    """

    def __init__(
        self,
        layout: Layout,
        name: str,
        wanted: t.Mapping[str, t.Any] | None,
        entry: t.Mapping[str, t.Any] | None,
    ) -> None:
        self.layout, self.app, self.wanted, self.entry = layout, layout.app(name), wanted, entry
        self.user, _uid = _instance_state.process_owner(name)

    def fill(self, mounted: str) -> None:
        """Folders, the image's release, what the data folder begins with, and the secrets."""
        for folder in _host_layout.folders(self.layout, [self.app.name], self.user is not None):
            if folder.path == self.app.path or folder.path.startswith(self.app.path + os.sep):
                _host_layout.make(folder)
        if self.wanted is not None:
            link_releases(self.layout, self.app)
            settings = _instance_state.read_release(self.app, self.wanted["release"])["settings"]
            initial = self.layout.image_data(self.app.name)
            _data_seed.fill_data(self.app.data, settings["data"]["paths"], initial, self.user)
        take_secrets(mounted, self.app.name, self.layout.given_secrets(self.app.name), self.user)

    def instance(self, pool: PortPool) -> str:
        """The instance that supervisord is to start; every other one is gone. What has been done, for people.

        :raises ContainerError: there is no release to start
        """
        record = self._kept()
        for instance in _instance_state.instance_names(self.layout, self.app, ()):
            if record is None or instance != record.instance:
                _retire.retire(self.layout, self.app, instance, None)
        fresh = record is None
        if record is None:
            record = self._fresh(pool)
        content = _instance_state.read_release(self.app, record.release)
        settings = content["settings"]
        shown = {**(self.entry or settings), "kind": content["kind"]}
        page = page_of(self.layout, shown, content.get("assets"), record.instance, record.port)
        _files.write_file(self.app.instance(record.instance), record.to_json())
        program = instance_program(record, self.layout, self.user, kind_of(content).stop_signal, limits_of(settings))
        _files.write_file(self.layout.program(record.program), program)
        if not os.path.isdir(self.app.marker(record.instance, record.port)):
            _serving.make_marker(self.app, record, page)
        _serving.correct(_serving.differences(self.app, record, page))
        if fresh:
            self._remember(record.release)
            _serving.switch(self.app, record)
        _serving.point_links(_serving.log_links(self.layout, record))
        if self.wanted is not None:
            _files.write_file(self.app.from_image, self.wanted["release"] + "\n")
        done = "release %s, %s" % (record.release, "a new process" if fresh else "as before")
        return done + (", its code is what is mounted" if self._watch_source(record.release, settings) else "")

    def _watch_source(self, release: str, settings: t.Mapping[str, t.Any]) -> bool:
        """Let the process run the code that a person has mounted; whether there is any."""
        source = os.path.join(self.layout.source, self.wanted["folder"]) if self.wanted is not None else ""
        if not os.path.isdir(source):
            return False
        code = os.path.join(self.app.release(release), "code")
        _source_view.make_view(source, code, self.layout.source_view(self.app.name), settings["data"]["paths"])
        return True

    def _kept(self) -> InstanceRecord | None:
        """The live instance, when it can go on: all of it is there, and the image has not brought another release."""
        live = _instance_state.live_instance(self.app)
        if live is None or live.record is None:
            return None
        if self.wanted is not None and _files.read_text(self.app.from_image) != self.wanted["release"] + "\n":
            return None
        return live.record if is_whole(self.layout, self.app, live.record.release) else None

    def _fresh(self, pool: PortPool) -> InstanceRecord:
        if self.wanted is None:
            raise ContainerError("its release is gone, and the image has none: deploy it again")
        port = pool.take(self.wanted["port"])
        return InstanceRecord(
            self.app.name,
            secrets.token_hex(16),
            port,
            self.wanted["release"],
            _clock.now(),
            app_ports=pool.text,
        )

    def _remember(self, release: str) -> None:
        history = _release_history.read(self.app).deployed(release, _clock.now())
        _release_history.write(self.app, history, os.listdir(self.app.releases))


def is_whole(layout: Layout, app: AppLayout, release: str) -> bool:
    """Whether a release and its environment are there: a volume may hold one, and another image not the other."""
    try:
        environment = _instance_state.read_release(app, release)["environment"]
        return os.path.exists(os.path.join(layout.envs, environment, "bin", "python"))
    except (_instance_state.ReleaseError, KeyError):
        return False


def link_releases(layout: Layout, app: AppLayout) -> None:
    """Put links to the image's releases beside the app's own; those of an image before this one go."""
    held = layout.image_app(app.name).releases
    for name in os.listdir(app.releases):
        link = app.release(name)
        if os.path.islink(link) and not os.path.exists(link):
            os.unlink(link)
    for name in os.listdir(held):
        if not os.path.lexists(app.release(name)):
            _files.point_link(app.release(name), os.path.relpath(os.path.join(held, name), app.releases))


def take_secrets(mounted: str, name: str, folder: str, user: str | None) -> None:
    """Copy an app's mounted secrets to where its process finds them, and no other app's.

    :param mounted: with files ``<app>.env`` and ``<app>.toml``; who mounts them decides who may read them there
    :raises ContainerError: ``<app>.env`` cannot be read as variables; the text shows nothing of it
    """
    texts = {}
    for suffix in ("env", "toml"):
        with contextlib.suppress(FileNotFoundError):
            texts[suffix] = _files.read_text(os.path.join(mounted, "%s.%s" % (name, suffix))) or ""
    if not any(texts.values()):
        return
    try:
        variables = parse_dotenv(texts.get("env", ""))
    except DotenvError as error:
        raise ContainerError("%s: %s" % (os.path.join(mounted, name + ".env"), error)) from None
    _files.make_folder(os.path.dirname(folder), 0o711)
    _files.make_folder(folder, 0o750, None, user)
    _release_secrets.write(folder, AppSecrets(variables, texts.get("toml", "")), user)
