# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that the site playbook lays out on this machine, in the quickstart's layout, below a folder of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import tempfile
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import Supervisor
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import live_instance
from helpers.apps import make_app
from helpers.checkout import CHECKOUT, run_playbook
from helpers.processes import free_port


@dataclass(frozen=True)
class Played:
    """What one run of a playbook came to."""

    code: int
    text: str

    @property
    def changed(self) -> int:
        """How many tasks changed something."""
        return self._recap("changed")

    @property
    def ok(self) -> int:
        """How many tasks did something, if only look."""
        return self._recap("ok")

    @property
    def tasks(self) -> int:
        """How many tasks there were, those that were skipped included."""
        return self._recap("ok") + self._recap("skipped")

    def _recap(self, word: str) -> int:
        return int(re.findall(r"\b%s=(\d+)" % word, self.text)[-1])


class SiteHost:
    """One host without apps yet; :meth:`site` lays it out, :meth:`remove` leaves nothing of it.

    :param prefix: how the name of its folder begins
    :ivar environment: variables of the process that runs a playbook, besides our own
    :ivar variables: further variables of every playbook
    """

    def __init__(self, prefix: str = "pyapps-site-") -> None:
        # Not below pytest's own folder: apps run as users who must be able to reach theirs.
        self.folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/var/tmp"))
        self.environment: dict[str, str] = {}
        # The inventory's su comes with every Debian, but nothing can be piped through it; test-demo runs it.
        self.variables: dict[str, t.Any] = {
            "ansible_become_method": "ansible.builtin.sudo",
            "ansible_become_flags": "-H -S -n",
        }
        self.folder.chmod(0o755)
        self.apps = self.folder / "apps"
        self.apps.mkdir()
        self.root = self.folder / "root"
        self.root.mkdir()
        if os.geteuid() == 0:
            shutil.chown(self.root, "nobody")  # to whom the inventory gives root's rights away
        self.layout = Layout(str(self.root))
        self.port = free_port()
        self.prefix: list[str | Path] = []  # what the playbooks run under, such as strace
        self._unique = secrets.token_hex(3)

    def name(self, short: str) -> str:
        """The name of an app that no other test has, so that its user is its own."""
        return "%s-%s" % (short, self._unique)

    def add_app(self, short: str, requirement: str, files: t.Mapping[str, str | bytes]) -> Path:
        """Make the folder of an app with the title ``<short>``, served at ``/<short>/``.

        :param files: by path in the folder; ``main.py`` is the entry file
        """
        streamlit = 'base_path = "/%s"\nentry_file = "main.py"\n' % short
        settings = 'title = "%s"\n\n[owner]\nname = "Johan"\n\n[streamlit]\n%s' % (short, streamlit)
        return make_app(self.apps / self.name(short), settings, {"requirements.txt": requirement + "\n", **files})

    def site(self, *flags: str, **variables: t.Any) -> Played:
        """Run the site playbook as ``make demo`` does."""
        return self.play("site.yml", *flags, **variables)

    def play(self, playbook: str, *flags: str, **variables: t.Any) -> Played:
        """Run a playbook of the checkout with the settings of this host."""
        settings = {
            "pyapps_root": str(self.root),
            "pyapps_apps_dir": str(self.apps),
            "pyapps_port": self.port,
            **self.variables,
            **variables,
        }
        inventory = CHECKOUT / "inventories" / "quickstart"
        done = run_playbook(
            playbook,
            *("-i", inventory, "-e", json.dumps(settings), *flags),
            prefix=self.prefix,
            environment={"ANSIBLE_HOME": str(self.folder / "ansible"), **self.environment},
            limit=1500,
        )
        return Played(done.returncode, done.stdout)

    def live_pids(self) -> dict[str, int]:
        """The process id of each app's live instance, by the app's name; 0 for one that does not run.

        :raises KeyError: supervisord does not know one
        :raises AssertionError: an app has never been live
        """
        processes = Supervisor(self.layout.supervisor_socket).processes()
        found = {}
        for name in self.layout.app_names():
            live = live_instance(self.layout.app(name))
            assert live is not None, name
            found[name] = processes["%s.%s" % (name, live.instance)].pid
        return found

    def remove(self) -> Played:
        """Run the playbook that removes everything, data folders too."""
        return self.play("playbooks/remove.yml", pyapps_remove="everything", pyapps_delete_data=True)

    def remains(self) -> list[str]:
        """What is still there of the host: files below its root, and the command lines of its processes."""
        return [*map(str, self.root.rglob("*")), *self._processes().values()]

    def _processes(self) -> dict[int, str]:
        """Whatever was started from below the root folder: command lines by process id."""
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if str(self.root) + "/" in command:
                    found[int(process.name)] = command
        return found

    def delete(self) -> None:
        """The folder goes, whatever is in it; nothing of a host that could not be removed runs on."""
        for pid in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder)


@contextlib.contextmanager
def new_site_host(prefix: str = "pyapps-site-") -> t.Iterator[SiteHost]:
    """A host that is removed by the playbook in the end.

    :param prefix: how the name of its folder begins

    :raises AssertionError: that failed, or left something
    """
    host = SiteHost(prefix)
    try:
        yield host
    finally:
        removed = host.remove()
        remains = host.remains()
        host.delete()
    assert removed.code == 0, removed.text
    assert remains == []
