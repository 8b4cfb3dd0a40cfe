# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of a Molecule scenario as somebody meets them who has got in: as an app's user, or as any other one."""

from __future__ import annotations

import json
import subprocess
import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout, app_user
from helpers import rootless_image
from helpers.attacks import record, record_open
from helpers.checkout import CHECKOUT
from helpers.known_holes import OPEN

PROBE = CHECKOUT / "tests" / "hostile" / "hosts" / "probe.py"
VICTIM, INTRUDER = "app_1", "app_2"
AN_APP, ANOTHER_USER = "an app", "another local user"


@dataclass(frozen=True)
class Place:
    """One host.

    :param name: as the table of attacks has it
    :param root: the root folder of ours in it
    :param one_user: whose everything is, where apps have no users of their own
    :param is_image: whether it is a container of an image of ours, which was given variables for all apps
    """

    name: str
    container: str
    root: str = "/"
    one_user: str = ""
    is_image: bool = False

    @property
    def layout(self) -> Layout:
        return Layout(self.root)

    def user_of(self, app: str) -> str:
        return self.one_user or app_user(app)

    def ask(self, user: str, what: str, **arguments: t.Any) -> t.Any:
        """What a function of ``probe.py`` answers that runs there as this user."""
        command = ["docker", "exec", "--interactive", "--user", user, self.container]
        command += ["python3", "-I", "-c", PROBE.read_text(encoding="utf-8"), what]
        given = json.dumps(arguments)
        done = subprocess.run(command, input=given, check=False, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def owner(self) -> str:
        """Who can see everything of ours."""
        return self.one_user or "root"


@dataclass(frozen=True)
class Attacker:
    """Somebody at a place: an app, or another user of the machine."""

    who: str
    place: Place

    @property
    def user(self) -> str:
        return self.place.user_of(INTRUDER) if self.who == AN_APP else "nobody"

    @property
    def own_data(self) -> tuple[str, ...]:
        """What begins the path of everything that an app may write; the second is in an image only."""
        layout = self.place.layout
        return (layout.app(INTRUDER).data + "/", "%s/image/apps/%s/initial-data/" % (layout.srv, INTRUDER))

    @property
    def own_folders(self) -> tuple[str, ...]:
        """What begins the path of everything that is an app's own."""
        layout = self.place.layout
        return (layout.app(INTRUDER).path + "/", "%s/image/apps/%s/" % (layout.srv, INTRUDER))

    @property
    def data(self) -> str:
        """A folder in which an app may write."""
        return self.place.layout.app(self._app).data

    @property
    def releases(self) -> str:
        """Where the releases are whose process an app's is."""
        return self.place.layout.app(self._app).releases

    @property
    def _app(self) -> str:
        """Where all apps are one user, there is one app, and the attacker is another process of that user."""
        return VICTIM if self.place.one_user else INTRUDER

    def ask(self, what: str, **arguments: t.Any) -> t.Any:
        """See :meth:`Place.ask`."""
        return self.place.ask(self.user, what, **arguments)

    def tell(self, deed: str, count: int, through: t.Sequence[object]) -> None:
        """Put an attack into the table. What is known to be open there must be open, or the page says too little."""
        attack = "%s %s" % (self.who, deed)
        if (self.place.name, attack) in OPEN:
            record_open(self.place.name, attack, count, through)
        else:
            record(self.place.name, attack, count, through)


IMAGE_PLACE = Place("image", "pyapps-container-one", is_image=True)
ROOTLESS_PLACE = Place("image without root", rootless_image.CONTAINER, "/opt/pyapps", "pyapps", True)

PLACES: t.Mapping[str, t.Sequence[Place]] = {
    "default": [
        Place("home: nginx", "pyapps-default-bookworm"),
        Place("home: nginx", "pyapps-default-trixie"),
    ],
    "caddy": [
        Place("home: Caddy", "pyapps-caddy-bookworm"),
        Place("home: Caddy, Debian's supervisor", "pyapps-caddy-trixie"),
    ],
    "container": [IMAGE_PLACE],
    "rootless": [ROOTLESS_PLACE],
}
"""By scenario."""

EXPECTED = frozenset(place.name for places in PLACES.values() for place in places)
"""What a whole run of the suite attacks, beside this machine."""
