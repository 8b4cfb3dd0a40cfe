# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A published repository as a folder of apps and an inventory.

The source is only read. What is at the destination already and differs is somebody's work, and stays.
"""

from __future__ import annotations

import os
import re
import stat

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.app_folders import slug
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets_files import DOTENV
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.app_files import SETUP
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import write_file
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.untrusted_files import folder_at, open_file
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.kind import SECRETS
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration import app as _published_app
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.app import NotTakenError, Taken
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.container import (
    INVENTORY,
    Container,
    image_port,
    inventory_text,
    makefile_text,
    plan_targets,
    read_container,
    say_image,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.plan import (
    CHANGED,
    LEFT,
    TAKEN,
    Plan,
    text_of,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.servers import Program, Site, programs, site
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.tunnel import (
    FOLDER,
    VARIABLES,
    Tunnel,
    read_tunnel,
    tunnel_of_command,
    variables_text,
)

_INVENTORY = "inventory/hosts.yml"
_PLAIN = re.compile(r"[A-Za-z0-9_. -]+")
_SERVER_NAME = re.compile(r"\*|(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?")
_TEXT_FILES = {
    "build.py": "the playbook `site` does this now",
    "healthcheck.py": "`pyapps healthcheck` is on the host, and the playbook `healthcheck`",
    "Dockerfile": "it is a link or no regular file (how-to: container)",
    "Makefile": "it is a link or no regular file (how-to: operations)",
    FOLDER: "it is no folder, or empty; a tunnel is set up with pyapps_tunnel: cloudflared (how-to: tunnel)",
    ".dockerignore": "an image has the folders of the apps alone, without their .env",
    ".gitignore": "a matter of the repository",
    "Brewfile": "for the author's machine",
}
_PROGRAMS = {
    "tail": "it only kept a container awake",
    "nginx": "the role nginx serves the apps",
}


class SourceError(Exception):
    """The source cannot be imported; the text says why and what to do."""


def plan(source: str, destination: str) -> Plan:
    """What an import would write, and what is said of everything.

    :raises SourceError: the source is no such repository, or the destination lies in it
    :raises OSError: a file cannot be read
    """
    source, destination = os.path.realpath(source), os.path.realpath(destination)
    apps = _apps_folder(source)
    if (destination + "/").startswith(source + "/") or (source + "/").startswith(destination + "/"):
        raise SourceError(
            "destination: %s and the source %s lie in each other; the source is never changed. Choose "
            "another folder." % (destination, source)
        )
    found = Plan()
    told, run = _read_programs(source, found)
    served = _read_site(source, told, found)
    tunnel = read_tunnel(source, run, served.port or 80, found)
    container = read_container(source, found)
    shared = {**container.secrets, **_shared_variables(source, found)}
    folders = [name for name in sorted(os.listdir(apps)) if not name.startswith(".")]
    taken = Taken()
    alone = sum(os.path.exists(os.path.join(apps, name, SETUP)) for name in folders) == 1
    for name in folders:
        _take_app(found, os.path.join(apps, name), destination, taken, told.get(name), shared, alone)
    if not found.apps:
        raise SourceError(
            "source: no app of %s can be taken:\n%s" % (apps, "\n".join(row.as_line() for row in found.rows))
        )
    names = sorted({*served.names, *(tunnel.names if tunnel else [])})
    _take_container(found, container, destination, served, names, told)
    if tunnel:
        found.want(os.path.join(destination, VARIABLES), variables_text(tunnel, source).encode(), 0o644)
    if apps != source:
        _leave_the_rest(source, found)
    found.want(os.path.join(destination, _INVENTORY), inventory(served, names).encode(), 0o644)
    return found


def _take_container(
    found: Plan,
    container: Container,
    destination: str,
    served: Site,
    names: list[str],
    told: dict[str, Program],
) -> None:
    """What Dockerfile and Makefile become."""
    port = image_port(container.image, served.port, found) if container.image else served.port or 80
    apps = {program.name: slug(folder) for folder, program in told.items() if folder in found.apps}
    targets = plan_targets(container, port, apps, found)
    if container.image:
        mounts = []
        for folder, path in found.with_secrets:
            if _PLAIN.fullmatch(folder):
                mounts.append((folder, path, slug(folder)))
            else:
                why = "its name has signs that Docker or Ansible would read: mount it yourself (how-to: container)"
                found.say("apps/%s/%s: in a container" % (folder, path), LEFT, why)
        text = inventory_text(container.image, targets.hosts, port, names, mounts)
        found.want(os.path.join(destination, INVENTORY, "hosts.yml"), text.encode(), 0o644)
        say_image(container.image, port, found)
    if targets.commands:
        found.want(os.path.join(destination, "Makefile"), makefile_text(targets.commands).encode(), 0o644)


def apply(todo: Plan) -> None:
    """Write what is planned.

    :raises OSError: it cannot be written
    """
    for path, (content, mode) in sorted(todo.write.items()):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_file(path, content, mode)


def inventory(served: Site, names: list[str]) -> str:
    """The inventory: this machine, served as nginx served it there.

    :param names: host names of its visitors, of nginx and of the tunnel
    """
    extra = ""
    if not served.names:
        extra += (
            "    # There every host name was answered; here localhost, this machine's own and all addresses are, and\n"
            "    # those that you add.\n"
        )
    extra += "    pyapps_server_names: [%s]\n" % ", ".join('"%s"' % name for name in names)
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


def _read_programs(source: str, found: Plan) -> tuple[dict[str, Program], Tunnel | None]:
    """What supervisord.conf says: programs by app folder, and the tunnel that is run."""
    told: dict[str, Program] = {}
    run: Tunnel | None = None
    text = text_of(source, "supervisord.conf")
    try:
        everything = programs(text or "")
    except ValueError as error:
        everything = {}
        found.say("supervisord.conf", LEFT, "it cannot be read: %s" % error)
    for name, program in everything.items():
        tunnel = tunnel_of_command(program.command)
        if program.folder:
            told[program.folder] = program
        elif tunnel:
            run = tunnel
        else:
            why = _PROGRAMS.get(
                name, "it runs no app of the folder: keep it where it is, with a supervisor of your own"
            )
            found.say("supervisord.conf: program %s" % name, LEFT, why)
    return told, run


def _read_site(source: str, told: dict[str, Program], found: Plan) -> Site:
    """What nginx.conf says; of its names only those that are plain."""
    text = text_of(source, "nginx.conf")
    if text is None:
        return Site(None, [], [], False)
    served = site(text)
    paths = {"/" + (program.base_path or "").strip("/") for program in told.values()}
    for path in served.locations:
        if not any(path.rstrip("/") in (base, base.rstrip("/") + "/_stcore/stream") for base in paths):
            found.say("nginx.conf: location %s" % path, LEFT, "it is no app's: write a site of your own")
    if served.tls:
        found.say("nginx.conf: listen ... ssl", LEFT, "certificates are for a proxy or tunnel in front")
    for name in served.names:
        if not _SERVER_NAME.fullmatch(name):
            found.say("nginx.conf: server_name %s" % name[:80], LEFT, "it is no plain name (how-to: host-names)")
    return served._replace(names=[name for name in served.names if _SERVER_NAME.fullmatch(name)])


def _shared_variables(source: str, found: Plan) -> dict[str, str]:
    text = text_of(source, DOTENV)
    if text is None:
        return {}
    values, left = _published_app.docker_variables(text)
    why = "into the %s of each app: docker gave it to all, quotes included" % DOTENV
    found.say(DOTENV, TAKEN, why + ("; not %s" % ", ".join(left) if left else ""))
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
        found.say(what, LEFT, "it is no folder; the build there ended with an error at it, or followed it")
        return
    try:
        setup, said = _published_app.settings(folder, taken, program.base_path if program else None, alone)
        own = text_of(folder, DOTENV)
        env = _published_app.dotenv(own, shared)
    except NotTakenError as error:
        found.say(what, LEFT, str(error))
        return
    found.apps.append(name)
    paths, left = _published_app.files(folder)
    place = os.path.join(destination, "apps", name)
    with folder_at(folder) as top:
        for path in paths:
            if path not in (SETUP, DOTENV):
                with open_file(top, path) as file:
                    mode = 0o755 if os.fstat(file.fileno()).st_mode & stat.S_IXUSR else 0o644
                    is_secret = path == SECRETS
                    found.want(os.path.join(place, path), file.read(), 0o600 if is_secret else mode)
                    found.with_secrets += [(name, path)] if is_secret else []
    found.want(os.path.join(place, SETUP), setup.encode(), 0o644)
    if env is not None:
        found.want(os.path.join(place, DOTENV), env.encode(), 0o600)
        found.with_secrets.append((name, DOTENV))
    found.say(what, CHANGED if said else TAKEN, "; ".join(said))
    if own is not None:
        found.say(what + "/" + DOTENV, TAKEN, "nothing read it there; here the app gets these variables")
    for path in left:
        found.say("%s/%s" % (what, path), LEFT, "it is a link or no regular file: copy what it leads to")
    for option in program.options if program else []:
        why = "write it into [streamlit.config] of its %s" % SETUP
        found.say("supervisord.conf: %s of %s" % (option, name), LEFT, why)
    if program and program.variables:
        why = "write the variables into [env] of its %s, secrets into its %s" % (SETUP, DOTENV)
        found.say("supervisord.conf: environment of %s" % name, LEFT, why)


def _leave_the_rest(source: str, found: Plan) -> None:
    said = {re.split("[:/]", row.what)[0] for row in found.rows}
    for name in sorted(os.listdir(source)):
        if name in ("apps", ".git", DOTENV, "supervisord.conf", "nginx.conf") or name in said:
            continue
        found.say(name, LEFT, _TEXT_FILES.get(name, "the apps do not need it"))
