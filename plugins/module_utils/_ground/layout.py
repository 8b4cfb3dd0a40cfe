# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where everything lies on a target.

One root variable decides every path: ``/`` on a host (then this is ``/etc/pyapps``, ``/srv/pyapps``, ``/run/pyapps``
and ``/var/log/pyapps``), any other folder without root rights (then the same tree lies below that folder).
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass

INSTANCE = re.compile(r"[0-9a-f]{32}")
SERVING = re.compile(r"(?P<instance>[0-9a-f]{32})\.(?P<port>[1-9][0-9]{3,4})")

BUILD_USER = "pyapps-build"
UIDS = "60706-61183"
"""The range of our users' ids, unless a host has another one: beside those of Debian (up to 60000), of subordinate ids
(from 100000) and of systemd (60001 to 60705, and from 61184: https://systemd.io/UIDS-GIDS), and below 65536, where the
uids of many containers end."""

_USER_PREFIX = "pyapp-"
_LONGEST_USER_NAME = 32  # useradd(8)


def pin_path(base_path: str, instance: str, port: int) -> str:
    """The path below which the front reaches one instance, without a trailing slash."""
    return "%s/~/%s.%d" % (base_path, instance, port)


def app_user(app: str) -> str:
    """The system user (and group) of an app; never longer than useradd(8) allows, and never equal for two apps."""
    name = _USER_PREFIX + app
    if len(name) <= _LONGEST_USER_NAME:
        return name
    digest = hashlib.sha256(app.encode()).hexdigest()[:8]
    return name[: _LONGEST_USER_NAME - 9] + "-" + digest


@dataclass(frozen=True)
class AppLayout:
    """The folder of one app on the target (``/srv/pyapps/apps/<app>``)."""

    path: str
    name: str

    @property
    def releases(self) -> str:
        return os.path.join(self.path, "releases")

    def release(self, release: str) -> str:
        return os.path.join(self.releases, release)

    def code(self, release: str) -> str:
        """Folder of a release's code, in which its processes run."""
        return os.path.join(self.release(release), "code")

    @property
    def instances(self) -> str:
        """Folder of instance records, ``<instance>.json``."""
        return os.path.join(self.path, "instances")

    def instance(self, instance: str) -> str:
        return os.path.join(self.instances, instance + ".json")

    @property
    def serving(self) -> str:
        return os.path.join(self.path, "serving")

    def marker(self, instance: str, port: int) -> str:
        """The folder that makes an instance's port reachable; it holds the instance's page."""
        return os.path.join(self.serving, "%s.%d" % (instance, port))

    @property
    def live(self) -> str:
        """Link to the marker of the live instance, relative: ``serving/<instance>.<port>``."""
        return os.path.join(self.path, "live")

    @property
    def history(self) -> str:
        """Which releases have been live."""
        return os.path.join(self.path, "history.json")

    @property
    def seeds(self) -> str:
        """What the app's folder held below ``[data] paths`` when a release was sent last."""
        return os.path.join(self.path, "seeds.json")

    @property
    def data(self) -> str:
        return os.path.join(self.path, "data")

    @property
    def from_image(self) -> str:
        """In a container: the release that the image had for this app when the container started last."""
        return os.path.join(self.path, "from-image")

    @property
    def down(self) -> str:
        """Flag file: the live instance does not answer, so the front shows the friendly page."""
        return os.path.join(self.path, "down")

    @property
    def down_page(self) -> str:
        """Beside the flag: the friendly page, with what is known of why and since when."""
        return os.path.join(self.path, "down.html")


@dataclass(frozen=True)
class Layout:
    """Every path of the target below one root.

    :param root: absolute path; ``/`` for a host that is run as root
    """

    root: str

    @property
    def etc(self) -> str:
        return os.path.join(self.root, "etc", "pyapps")

    @property
    def srv(self) -> str:
        return os.path.join(self.root, "srv", "pyapps")

    @property
    def run(self) -> str:
        return os.path.join(self.root, "run", "pyapps")

    @property
    def log(self) -> str:
        return os.path.join(self.root, "var", "log", "pyapps")

    @property
    def catalog(self) -> str:
        """The catalog that is applied, and from which source."""
        return os.path.join(self.etc, "catalog.json")

    @property
    def secrets_key(self) -> str:
        """With this key secrets enter the names of releases; only root reads it."""
        return os.path.join(self.etc, "secrets.key")

    @property
    def lock(self) -> str:
        return os.path.join(self.run, "lock")

    @property
    def envs(self) -> str:
        return os.path.join(self.srv, "envs")

    @property
    def pythons(self) -> str:
        """Interpreters that were fetched because the host has none of their version."""
        return os.path.join(self.srv, "pythons")

    @property
    def caddy_home(self) -> str:
        """Of Caddy's user, with its admin socket.

        Not below ``run``: that is empty after a boot, and only root could make the folder there again.
        """
        return os.path.join(self.srv, "caddy")

    @property
    def locks(self) -> str:
        """Resolved requirements, ``<hash of what was asked>.txt``."""
        return os.path.join(self.srv, "locks")

    @property
    def cache(self) -> str:
        """uv's cache; on the store's file system (hard links), closed to apps."""
        return os.path.join(self.srv, "cache")

    @property
    def assets(self) -> str:
        return os.path.join(self.srv, "assets")

    @property
    def apps(self) -> str:
        return os.path.join(self.srv, "apps")

    @property
    def tools(self) -> str:
        return os.path.join(self.srv, "tools")

    @property
    def image(self) -> str:
        """What an image brings beside the store; a volume may hide ``apps`` of the image, but not this."""
        return os.path.join(self.srv, "image")

    @property
    def image_record(self) -> str:
        """Which release an image has for each app."""
        return os.path.join(self.image, "image.json")

    def image_app(self, name: str) -> AppLayout:
        """An app's releases in the image. Its ``data`` is a link to the app's own, for the links of releases."""
        return AppLayout(os.path.join(self.image, "apps", name), name)

    def image_data(self, name: str) -> str:
        """What an app's data folder begins with."""
        return os.path.join(self.image_app(name).path, "initial-data")

    @property
    def image_programs(self) -> str:
        """Programs that an image brings. In a container ``programs`` is a link to a folder that each start fills."""
        return os.path.join(self.image, "programs")

    @property
    def container_programs(self) -> str:
        """Where that link leads: what changes while a container runs is below ``run``, so its root may be read-only."""
        return os.path.join(self.run, "programs")

    @property
    def source(self) -> str:
        """In a container: where a person mounts the folder of the apps to work on them."""
        return os.path.join(self.srv, "source")

    def source_view(self, name: str) -> str:
        """In a container: the folder in which an app's process runs while a person works on it."""
        return os.path.join(self.run, "source", name)

    @property
    def container_mark(self) -> str:
        """A file that is there while our supervisord is the first process of a container."""
        return os.path.join(self.run, "container")

    @property
    def front_names(self) -> str:
        """In a container: the file of its host names, less the ending that each front has for it."""
        return os.path.join(self.run, "front-names")

    def given_secrets(self, name: str) -> str:
        """In a container: the secrets that were mounted for an app, as they lie beside a release elsewhere."""
        return os.path.join(self.run, "secrets", name)

    @property
    def uv(self) -> str:
        return os.path.join(self.tools, "uv", "bin", "uv")

    @property
    def zipapp(self) -> str:
        """Our starter and watcher, run by the system's Python."""
        return os.path.join(self.tools, "pyapps.pyz")

    @property
    def command(self) -> str:
        """The short command of people: in everybody's ``PATH`` on a host, else below the root folder."""
        return "/usr/local/bin/pyapps" if self.root == "/" else os.path.join(self.root, "bin", "pyapps")

    @property
    def front(self) -> str:
        """What the front serves itself: the gallery, and pages for what is not there."""
        return os.path.join(self.srv, "front")

    @property
    def gallery_page(self) -> str:
        return os.path.join(self.front, "index.html")

    @property
    def not_found_page(self) -> str:
        """For an address that is no app."""
        return os.path.join(self.front, "not-found.html")

    @property
    def front_apps(self) -> str:
        """The front's pages about single apps."""
        return os.path.join(self.front, "apps")

    def away_page(self, name: str) -> str:
        """For an app that does not answer; :attr:`AppLayout.down_page` knows more."""
        return os.path.join(self.front_apps, name + ".away.html")

    def never_live_page(self, name: str) -> str:
        """For an app that has not been live yet."""
        return os.path.join(self.front_apps, name + ".never.html")

    @property
    def healthcheck(self) -> str:
        """What the health check looks at. JSON, because Python 3.9 and 3.10 on a target cannot read TOML."""
        return os.path.join(self.etc, "healthcheck.json")

    @property
    def healthcheck_notify(self) -> str:
        """Whom the health check tells; a webhook's URL is a secret, so only its owner reads this file."""
        return os.path.join(self.etc, "healthcheck-notify.json")

    @property
    def healthcheck_told(self) -> str:
        """What was told last; on disk, because a restart of the host is no news."""
        return os.path.join(self.srv, "healthcheck-told.json")

    @property
    def healthcheck_log(self) -> str:
        return os.path.join(self.log, "healthcheck.log")

    @property
    def supervisor_conf(self) -> str:
        return os.path.join(self.etc, "supervisor", "supervisord.conf")

    @property
    def programs(self) -> str:
        return os.path.join(self.etc, "supervisor", "programs")

    def program(self, name: str) -> str:
        return os.path.join(self.programs, name + ".conf")

    @property
    def watched(self) -> str:
        """Link to the watcher's folder in ``/proc``: it leads somewhere while there is a watcher to set flags."""
        return os.path.join(self.run, "watched")

    @property
    def supervisor_socket(self) -> str:
        return os.path.join(self.run, "supervisor.sock")

    def app(self, name: str) -> AppLayout:
        return AppLayout(os.path.join(self.apps, name), name)

    def app_names(self) -> list[str]:
        """The apps that have a folder on this target, sorted; an unreadable or missing store has none."""
        try:
            with os.scandir(self.apps) as entries:
                return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        except FileNotFoundError:
            return []

    def deployed_app_names(self) -> list[str]:
        """The apps that have more on this target than a kept data folder, sorted."""
        names = []
        for name in self.app_names():
            app = self.app(name)
            if any(os.path.lexists(path) for path in (app.releases, app.instances, app.serving, app.live)):
                names.append(name)
        return names
