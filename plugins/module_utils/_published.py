# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A published repository as a folder of apps and an inventory. PRIVATE to the collection.

The source is only read. What is at the destination already and differs is somebody's work, and stays.
"""

from __future__ import annotations

import os
import stat
import typing as t
from dataclasses import dataclass, field

from ansible_collections.selfhost.pyapps.plugins.module_utils import _published_app
from ansible_collections.selfhost.pyapps.plugins.module_utils._app_files import MIB
from ansible_collections.selfhost.pyapps.plugins.module_utils._app_folders import SETUP
from ansible_collections.selfhost.pyapps.plugins.module_utils._files import diff_entry, read_bytes, write_file
from ansible_collections.selfhost.pyapps.plugins.module_utils._problems import printable
from ansible_collections.selfhost.pyapps.plugins.module_utils._published_app import NotTakenError, Taken
from ansible_collections.selfhost.pyapps.plugins.module_utils._published_servers import Program, Site, programs, site
from ansible_collections.selfhost.pyapps.plugins.module_utils._secrets_files import DOTENV
from ansible_collections.selfhost.pyapps.plugins.module_utils._untrusted_files import folder_at, open_file

TAKEN, CHANGED, LEFT, YOURS = "taken", "changed", "left", "yours"

_INVENTORY = "inventory/hosts.yml"
_LARGEST_SHOWN = 64 * 1024
_TEXT_FILES = {
    "build.py": "the playbook `site` does this now",
    "healthcheck.py": "`pyapps healthcheck` is on the host, and the playbook `healthcheck`",
    "Dockerfile": "apps run on the host itself",
    "Makefile": "its targets are playbooks now; where an app reads APP_ENV, which they set, write it into its [env]",
    "cloudflare": "a tunnel is set up with pyapps_tunnel: cloudflared (how-to: tunnel)",
    ".dockerignore": "no image is built",
    ".gitignore": "a matter of the repository",
    "Brewfile": "for the author's machine",
}
_PROGRAMS = {
    "tail": "it only kept a container awake",
    "nginx": "the role nginx serves the apps",
    "cloudflared": "set pyapps_tunnel: cloudflared (how-to: tunnel)",
}


class SourceError(Exception):
    """The source can not be imported; the text says why and what to do."""


@dataclass(frozen=True)
class Row:
    """One line of the report: what, what became of it (taken, changed, left, yours), and why."""

    what: str
    became: str
    why: str = ""

    def as_line(self) -> str:
        return "%s: %s" % (printable(self.what), self.became) + (" (%s)" % self.why if self.why else "")


@dataclass
class Plan:
    """What an import comes to.

    :param write: content and mode by path, of what is not there yet
    """

    apps: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    write: dict[str, tuple[bytes, int]] = field(default_factory=dict)

    def diff(self) -> list[dict[str, t.Any]]:
        """The new files, without the content of what may be secret, large or no text."""
        return [diff_entry(path, None, _shown(path, content)) for path, (content, _mode) in sorted(self.write.items())]


def _shown(path: str, content: bytes) -> str:
    if os.path.basename(path) == DOTENV:
        return "(not shown)\n"
    try:
        return content.decode("utf-8") if len(content) <= _LARGEST_SHOWN else "(%d bytes)\n" % len(content)
    except UnicodeDecodeError:
        return "(%d bytes)\n" % len(content)


def plan(source: str, destination: str) -> Plan:
    """What an import would write, and what is said of everything.

    :raises SourceError: the source is no such repository, or the destination lies in it
    :raises OSError: a file can not be read
    """
    source, destination = os.path.realpath(source), os.path.realpath(destination)
    apps = _apps_folder(source)
    if (destination + "/").startswith(source + "/") or (source + "/").startswith(destination + "/"):
        raise SourceError(
            "destination: %s and the source %s lie in each other; the source is never changed. Choose "
            "another folder." % (destination, source)
        )
    found = Plan()
    told, served = _read_servers(source, found)
    shared = _shared_variables(source, found)
    folders = [name for name in sorted(os.listdir(apps)) if not name.startswith(".")]
    taken = Taken()
    alone = sum(os.path.exists(os.path.join(apps, name, SETUP)) for name in folders) == 1
    for name in folders:
        _take_app(found, os.path.join(apps, name), destination, taken, told.get(name), shared, alone)
    if not found.apps:
        raise SourceError("source: no app of %s can be taken:\n%s" % (apps, "\n".join(map(Row.as_line, found.rows))))
    if apps != source:
        _leave_the_rest(source, found)
    _want(found, os.path.join(destination, _INVENTORY), inventory(served).encode(), 0o644)
    return found


def apply(todo: Plan) -> None:
    """Write what is planned.

    :raises OSError: it can not be written
    """
    for path, (content, mode) in sorted(todo.write.items()):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_file(path, content, mode)


def inventory(served: Site) -> str:
    """The inventory: this machine, served as nginx served it there."""
    extra = ""
    if served.names:
        extra += "    pyapps_server_names: [%s]\n" % ", ".join('"%s"' % name for name in served.names)
    else:
        extra += (
            "    # There every host name was answered; here localhost, this machine's own and all addresses are, and\n"
            "    # those that you add.\n"
            "    pyapps_server_names: []\n"
        )
    if served.port not in (None, 80):
        extra += "    pyapps_port: %d\n" % served.port
    return (
        "---\n"
        "# Made by playbooks/import.yml once; yours from now on. Run as root on the machine itself, or replace\n"
        "# `localhost` by another machine's name and take `ansible_connection` away.\n"
        "all:\n"
        "  hosts:\n"
        "    localhost:\n"
        "      ansible_connection: local\n"
        "  vars:\n"
        "    pyapps_apps_dir: ../apps\n"
        "    pyapps_front: nginx\n"
        "    # There the apps' site took the place of nginx's default site, and `/` was 404; true lists the apps.\n"
        "    pyapps_disable_default_site: true\n"
        "    pyapps_gallery: false\n" + extra
    )


def _apps_folder(source: str) -> str:
    for folder in (os.path.join(source, "apps"), source):
        if os.path.isdir(folder) and any(
            os.path.isfile(os.path.join(folder, name, SETUP)) for name in sorted(os.listdir(folder))
        ):
            return folder
    raise SourceError(
        "source: %s has no folder apps/<app>/%s. Give the folder of a repository in the published layout."
        % (source, SETUP)
    )


def _read_servers(source: str, found: Plan) -> tuple[dict[str, Program], Site]:
    """What the two servers' configurations say: programs by app folder, and the site."""
    told: dict[str, Program] = {}
    text = _text(source, "supervisord.conf")
    if text is not None:
        try:
            everything = programs(text)
        except ValueError as error:
            everything = {}
            found.rows.append(Row("supervisord.conf", LEFT, "it can not be read: %s" % error))
        for name, program in everything.items():
            if program.folder:
                told[program.folder] = program
                continue
            why = _PROGRAMS.get(
                name, "it runs no app of the folder: keep it where it is, with a supervisor of your own"
            )
            found.rows.append(Row("supervisord.conf: program %s" % name, LEFT, why))
    text = _text(source, "nginx.conf")
    if text is None:
        return told, Site(None, [], [], False)
    served = site(text)
    paths = {"/" + (program.base_path or "").strip("/") for program in told.values()}
    for path in served.locations:
        if not any(path.rstrip("/") in (base, base.rstrip("/") + "/_stcore/stream") for base in paths):
            found.rows.append(Row("nginx.conf: location %s" % path, LEFT, "it is no app's: write a site of your own"))
    if served.tls:
        found.rows.append(Row("nginx.conf: listen ... ssl", LEFT, "certificates are for a proxy or tunnel in front"))
    return told, served


def _shared_variables(source: str, found: Plan) -> dict[str, str]:
    text = _text(source, DOTENV)
    if text is None:
        return {}
    values, left = _published_app.docker_variables(text)
    why = "into the %s of each app: docker gave it to all, quotes included" % DOTENV
    found.rows.append(Row(DOTENV, TAKEN, why + ("; not %s" % ", ".join(left) if left else "")))
    return values


def _take_app(
    found: Plan,
    folder: str,
    destination: str,
    taken: Taken,
    program: Program | None,
    shared: dict[str, str],
    alone: bool,
) -> None:
    name = os.path.basename(folder)
    what = "apps/" + name
    if os.path.islink(folder) or not os.path.isdir(folder):
        found.rows.append(Row(what, LEFT, "it is no folder; the build there ended with an error at it, or followed it"))
        return
    try:
        setup, said = _published_app.settings(folder, taken, program.base_path if program else None, alone)
        own = _text(folder, DOTENV)
        env = _published_app.dotenv(own, shared)
    except NotTakenError as error:
        found.rows.append(Row(what, LEFT, str(error)))
        return
    found.apps.append(name)
    paths, left = _published_app.files(folder)
    place = os.path.join(destination, "apps", name)
    with folder_at(folder) as top:
        for path in paths:
            if path not in (SETUP, DOTENV):
                with open_file(top, path) as file:
                    mode = 0o755 if os.fstat(file.fileno()).st_mode & stat.S_IXUSR else 0o644
                    _want(found, os.path.join(place, path), file.read(), mode)
    _want(found, os.path.join(place, SETUP), setup.encode(), 0o644)
    if env is not None:
        _want(found, os.path.join(place, DOTENV), env.encode(), 0o600)
    found.rows.append(Row(what, CHANGED if said else TAKEN, "; ".join(said)))
    if own is not None:
        found.rows.append(Row(what + "/" + DOTENV, TAKEN, "nothing read it there; here the app gets these variables"))
    for path in left:
        found.rows.append(Row("%s/%s" % (what, path), LEFT, "it is a link or no regular file: copy what it leads to"))
    for option in program.options if program else []:
        why = "write it into [streamlit.config] of its %s" % SETUP
        found.rows.append(Row("supervisord.conf: %s of %s" % (option, name), LEFT, why))
    if program and program.variables:
        why = "write the variables into [env] of its %s, secrets into its %s" % (SETUP, DOTENV)
        found.rows.append(Row("supervisord.conf: environment of %s" % name, LEFT, why))


def _leave_the_rest(source: str, found: Plan) -> None:
    for name in sorted(os.listdir(source)):
        if name in ("apps", ".git", DOTENV, "supervisord.conf", "nginx.conf"):
            continue
        found.rows.append(Row(name, LEFT, _TEXT_FILES.get(name, "the apps do not need it")))


def _want(found: Plan, path: str, content: bytes, mode: int) -> None:
    there = read_bytes(path)
    if there is None:
        found.write[path] = (content, mode)
    elif there != content:
        found.rows.append(Row(path, YOURS, "it differs and stays; delete it to have it imported again"))


def _text(folder: str, name: str) -> str | None:
    """The text of a file of a repository that is not trusted: a link is none, wherever it leads."""
    try:
        with folder_at(folder) as top, open_file(top, name) as file:
            return file.read(MIB).decode("utf-8", "replace")
    except OSError:
        return None
