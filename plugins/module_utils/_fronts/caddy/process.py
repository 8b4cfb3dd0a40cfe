# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As whom, with what and where Caddy runs.

The program may come from a package index, so it never runs as root, not even to judge a configuration: on a host it is
the user ``pyapps-caddy``, who may open ports below 1024 and nothing else. Without root it is whoever runs this.
"""

from __future__ import annotations

import os
import pwd
import re
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.caddy.site import admin_socket
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.caddy.user import USER, caddy_user
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.routes import FrontError
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.setpriv import NO_CAPABILITY, command_as
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.system_python import system_python
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import users as _host_users
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.users import Run

OLDEST = (2, 8)

_CAPABILITY = "-all,+net_bind_service"
_FIRST_UNPRIVILEGED_PORT = "/proc/sys/net/ipv4/ip_unprivileged_port_start"


class CaddyProcess:
    """The commands for one Caddy below a root folder.

    :param binary: path of the program; a link is resolved, so that another version is another command
    """

    def __init__(self, layout: Layout, binary: str, as_root: bool) -> None:
        self._layout = layout
        self._binary = os.path.realpath(binary)
        self._as_root = as_root
        self.config = os.path.join(layout.etc, "caddy", "Caddyfile")
        self.home = layout.caddy_home
        self._user = USER if as_root else None

    @property
    def folders(self) -> list[tuple[str, int, str | None]]:
        """Path, mode and owner of what Caddy needs; its home holds its admin socket, and only it may enter."""
        return [
            (os.path.dirname(self.config), 0o755, None),
            (self.home, 0o700, self._user),
        ]

    def plan_user(self) -> _host_users.Plan:
        """What has to be done for its user; nothing without root.

        :raises UserError: the user cannot be had
        """
        return _host_users.plan_for(caddy_user(self._layout) if self._as_root else None)

    def folders_differ(self) -> bool:
        if self.plan_user().changed:
            return True
        return any(_files.folder_differs(path, mode, owner, owner) for path, mode, owner in self.folders)

    def make_folders(self, uid_range: str, run: Run) -> None:
        """Make the user (only as root) and the folders.

        :raises UserError: the user cannot be had
        """
        _host_users.carry_out(self.plan_user(), self._layout, uid_range, run)
        for path, mode, owner in self.folders:
            _files.make_folder(path, mode, owner, owner)

    def remnants(self) -> list[str]:
        """What of the folders is there; the folder of the configuration is left with the file."""
        return [path for path, _mode, _owner in self.folders if os.path.isdir(path)]

    def remove(self, run: Run) -> None:
        """Delete the folders, and the user unless a Caddy below another root folder still runs as it."""
        for path in self.remnants():
            _files.remove_tree(path)
        if self._as_root:
            _host_users.remove(caddy_user(self._layout), run)

    def command(self, *arguments: str, capability: bool = False, through: t.Sequence[str] = ()) -> list[str]:
        """A command line of Caddy, as its own user and with its own folders.

        :param capability: whether it may open ports below 1024
        :param through: a command that becomes the given one
        """
        environment = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), self.home)
        words = [*through, self._binary, *arguments]
        return command_as(self._user, environment, words, _CAPABILITY if capability else NO_CAPABILITY)

    def run_command(self) -> list[str]:
        """What supervisord runs. Root is left first: who changes its user is no longer killed with its parent."""
        through = [system_python(), "-I", self._layout.zipapp, "run", "--"]
        return self.command("run", "--config", self.config, "--adapter", "caddyfile", capability=True, through=through)

    def reload_command(self) -> list[str]:
        address = "unix/" + admin_socket(self._layout)
        return self.command("reload", "--config", self.config, "--adapter", "caddyfile", "--address", address)

    def judge(self, run: Run) -> str | None:
        """What Caddy says against its configuration, or None."""
        code, _out, error = run(self.command("validate", "--config", self.config, "--adapter", "caddyfile"))
        return _last_words(error) if code != 0 else None

    def check_version(self, run: Run) -> None:
        """:raises FrontError: the program is not there, does not run, or is too old"""
        if not os.access(self._binary, os.X_OK):
            raise FrontError("there is no program %s; give the path of a Caddy 2.8 or newer" % self._binary)
        code, out, error = run(self.command("version"))
        found = re.match(r"v?(\d+)\.(\d+)", out)
        if code != 0 or not found:
            raise FrontError("%s does not tell its version: %s" % (self._binary, (error or out).strip()[-500:]))
        if (int(found.group(1)), int(found.group(2))) < OLDEST:
            raise FrontError("%s is Caddy %s, and 2.8 or newer is needed" % (self._binary, out.split()[0]))


def _last_words(text: str) -> str:
    """The error of Caddy's log lines; the lines before it only say what it was about to do."""
    lines = [line for line in text.strip().splitlines() if line.startswith("Error:") or '"level":"error"' in line]
    return "\n".join(lines or text.strip().splitlines()[-5:])


def refuse_low_port(port: int, as_root: bool) -> None:
    """:raises FrontError: the kernel gives this port to root only"""
    first = int(_files.read_text(_FIRST_UNPRIVILEGED_PORT) or 1024)
    if not as_root and port < first:
        user = pwd.getpwuid(os.geteuid()).pw_name
        raise FrontError("port %d is for root only, and this runs as %s: use %d or higher" % (port, user, first))
