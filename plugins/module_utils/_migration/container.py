# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The container half of a published repository: Dockerfile and Makefile as an inventory of images and a Makefile that
runs playbooks.

What a stranger's file says is written only where it has the form of what belongs there, and as text that Ansible does
not read as a template.
"""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.app_env import name_fault
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets_files import DOTENV
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.app_files import KIB
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.docker import (
    BUILD,
    DOCKERS,
    HEALTH,
    NOTHING,
    REBUILD,
    RESTART,
    RUN,
    SITE,
    STATUS,
    Operation,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.dockerfile import Image, read_dockerfile
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.makefile import Makefile, read_makefile
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.plan import (
    CHANGED,
    LEFT,
    TAKEN,
    Plan,
    is_secret,
    text_of,
)

INVENTORY = "inventory-container"

_LARGEST = 64 * KIB
_MOST_NAMED = 100
_IMAGE = re.compile(r"[a-z0-9][a-z0-9._/-]{0,199}(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,99})?")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_RESERVED = frozenset(("all", "ungrouped", "localhost"))
_FIRST_RELAY_PORT = 18080
_NO_PORT = (
    "no port is published there, and the container of a playbook is reached through this machine's nginx: docker run "
    "does it (how-to: container, Run)"
)
_MOUNT = "{{ inventory_dir | dirname }}/apps/%s/%s:/run/secrets/%s%s:ro"
_HOST_PLAYS = {SITE: "site", REBUILD: "site", STATUS: "status", HEALTH: "healthcheck", RESTART: "restart"}


@dataclass
class Host:
    """One image, and the containers of it.

    :param container: what its container is called, or ""
    """

    image: str
    container: str = ""
    variables: dict[str, str] = field(default_factory=dict)


@dataclass
class Container:
    """The container half, read but not written.

    :param image: what the Dockerfile says, or None
    :param secrets: variables that may be secrets, for the ``.env`` of each app
    """

    image: Image | None = None
    makefile: Makefile | None = None
    secrets: dict[str, str] = field(default_factory=dict)


def read_container(source: str, found: Plan) -> Container:
    """Read Dockerfile and Makefile, and say what of the Dockerfile is left."""
    container = Container()
    text = _small(source, "Dockerfile", found)
    if text is not None:
        image = read_dockerfile(text)
        for left in image.left[:_MOST_NAMED]:
            found.say("Dockerfile: line %d, %s" % (left.line, left.what), LEFT, left.why)
        if len(image.left) > _MOST_NAMED:
            found.say("Dockerfile: %d more lines" % (len(image.left) - _MOST_NAMED), LEFT, "for reasons like these")
        container.secrets = {name: value for name, value in image.variables.items() if is_secret(name, value)}
        for name in sorted(container.secrets):
            del image.variables[name]
            why = "by its name or value it may be a secret: into the .env of each app (how-to: secrets)"
            found.say("Dockerfile: ENV %s" % name, CHANGED, why)
        for name in sorted(image.variables):
            why = "into image_run_env; on a host write it into [env] of each app that reads it"
            found.say("Dockerfile: ENV %s" % name, TAKEN, why)
        if image.base:
            container.image = image
        else:
            found.say("Dockerfile", LEFT, "it has no FROM, so there is no image to make (how-to: container)")
    text = _small(source, "Makefile", found)
    if text is not None:
        container.makefile = read_makefile(text)
    return container


def _small(source: str, name: str, found: Plan) -> str | None:
    text = text_of(source, name)
    if text is not None and len(text) > _LARGEST:
        found.say(name, LEFT, "it is larger than 64 KiB, so a program has written it (how-to: container)")
        return None
    return text


class Targets(t.NamedTuple):
    """What becomes of the Makefile's targets.

    :param hosts: the images by the names of their hosts
    :param commands: words of ``ansible-playbook`` by target
    """

    hosts: dict[str, Host]
    commands: dict[str, list[str]]


def plan_targets(container: Container, front_port: int, apps: t.Mapping[str, str], found: Plan) -> Targets:
    """Which targets have a counterpart, and what is said of all.

    :param apps: folders of the apps by the names of their programs
    """
    if container.makefile is None:
        return Targets(_hosts([]) if container.image else {}, {})
    makefile = container.makefile
    everything = {name: makefile.operations(name) for name in makefile.targets}
    hosts = _hosts([each for operations in everything.values() for each in operations]) if container.image else {}
    commands: dict[str, list[str]] = {}
    said: dict[tuple[str, str], list[str]] = {}
    for name, operations in everything.items():
        command, became, why = _counterpart(operations, hosts, front_port, apps)
        said.setdefault((became, why), []).append(name)
        if command:
            commands[name] = command
    for (became, why), names in said.items():
        found.say("Makefile: %s" % ", ".join(names), became, why)
    if not everything and not makefile.left:
        found.say("Makefile", LEFT, "it has no targets")
    if makefile.left:
        found.leave_lines("Makefile", makefile.left, "not understood: only targets with names and plain commands are")
    for name, host in hosts.items():
        _judge_variables(name, host, found)
    return Targets(hosts, commands)


def _hosts(operations: list[Operation]) -> dict[str, Host]:
    """The images that are named, or the one that is not."""
    images: dict[str, Host] = {}
    for each in operations:
        if each.kind in (BUILD, RUN) and _IMAGE.fullmatch(each.image):
            host = images.setdefault(each.image, Host(each.image))
            host.container = host.container or each.container
            host.variables.update(each.variables)
    hosts: dict[str, Host] = {}
    for host in images.values() or [Host("pyapps")]:
        name = host.container if _HOST.fullmatch(host.container) else re.sub(r"[^A-Za-z0-9_.-]+", "-", host.image)
        while name in hosts or name in _RESERVED:
            name += "-image"
        hosts[name] = host
    return hosts


def _judge_variables(name: str, host: Host, found: Plan) -> None:
    """Leave out what no container can have, or what may be a secret."""
    for variable, value in sorted(host.variables.items()):
        fault = name_fault(variable) or ("" if value.isprintable() else "has a value that no line can hold")
        if fault or is_secret(variable, value):
            del host.variables[variable]
            why = (
                "it %s" % fault if fault else "it may be a secret: write it into the .env of each app (how-to: secrets)"
            )
            found.say("Makefile: --env %s of %s" % (variable[:40], name), LEFT, why)


def _counterpart(
    operations: list[Operation], hosts: t.Mapping[str, Host], front_port: int, apps: t.Mapping[str, str]
) -> tuple[list[str], str, str]:
    """The playbook that does what a target does, what became of the target, and why."""
    operations = [each for each in operations if each.kind != NOTHING]
    kinds = {each.kind for each in operations}
    unknown = next((each for each in operations if not each.kind), None)
    if unknown or not kinds:
        return (
            [],
            LEFT,
            "what %s has no counterpart: keep it where it is" % (unknown.why if unknown else "does nothing"),
        )
    if kinds == {DOCKERS}:
        return [], LEFT, "docker itself does it, also with containers of ours (how-to: container, Run)"
    if len(kinds) == 1 and kinds <= set(_HOST_PLAYS):
        return _on_host(operations, apps)
    if not kinds <= {BUILD, RUN, DOCKERS}:
        return [], LEFT, "no single playbook does that (how-to: operations)"
    images = {each.image for each in operations if each.kind in (BUILD, RUN)}
    host = next((name for name, host in hosts.items() if images == {host.image}), None)
    if host is None:
        why = "which image is meant cannot be known here" if hosts else "there is no Dockerfile to make an image of"
        return [], LEFT, "%s (how-to: container)" % why
    runs = [each for each in operations if each.kind == RUN]
    ports = [port for each in runs for port in each.ports]
    if runs and not ports:
        return [], LEFT, _NO_PORT
    command = ["selfhost.pyapps.container", "-i", INVENTORY, "-e", "pyapps_hosts=%s" % host]
    if runs:
        port = ports[0] if len(ports) == 1 else None
        if port is None or port[1] != front_port:
            why = "allowed is one port that leads to the front's, %d, such as 80:%d" % (front_port, front_port)
            return [], LEFT, "%s: see image_relay_port (how-to: container)" % why
        command += ["-e", "pyapps_image_replace=drain", "-e", "image_relay_port=%d" % port[0]]
    without = sorted({word for each in operations for word in each.without})
    why = "without %s" % ", ".join(without) if without else ""
    if runs:
        why = "the image is built, and its container stands behind this machine's nginx%s" % (why and "; " + why)
    return command, CHANGED if runs or without else TAKEN, why


def _on_host(operations: list[Operation], apps: t.Mapping[str, str]) -> tuple[list[str], str, str]:
    kind = operations[0].kind
    command = ["selfhost.pyapps.%s" % _HOST_PLAYS[kind], "-i", "inventory"]
    if kind == REBUILD:
        command += ["-e", "pyapps_rebuild=true"]
    if kind == RESTART:
        restarted = [apps.get(each.program, "") for each in operations]
        if "" in restarted:
            return [], LEFT, "what it restarts is no app (how-to: operations)"
        command += ["-e", "app=%s" % ",".join(dict.fromkeys(restarted))]
    return command, TAKEN, "on the host of the folder inventory"


def say_image(image: Image, port: int, found: Plan) -> None:
    """Say what of the Dockerfile is in the inventory."""
    parts = ["base %s" % image.base, "port %d" % port]
    parts += ["packages %s" % ", ".join(image.packages)] if image.packages else []
    parts += ["labels %s" % ", ".join(sorted(image.labels))] if image.labels else []
    found.say("Dockerfile", TAKEN, "into %s/hosts.yml: %s" % (INVENTORY, "; ".join(parts)))


def image_port(image: Image, served: int | None, found: Plan) -> int:
    """The port of the front in a container: nginx's, or the one that is exposed."""
    port = served or (image.ports[0] if len(set(image.ports)) == 1 else 80)
    for other in sorted(set(image.ports) - {port}):
        found.say(
            "Dockerfile: EXPOSE %d" % other, LEFT, "the front has port %d, and an app's own is not published" % port
        )
    return port


def inventory_text(
    image: Image,
    hosts: t.Mapping[str, Host],
    port: int,
    names: t.Sequence[str],
    mounts: t.Sequence[tuple[str, str, str]],
) -> str:
    """The inventory of the images.

    :param names: host names that lead to the apps
    :param mounts: folder of an app, path of a file of secrets in it, and the app's name
    """
    lines = [
        "---",
        "# Made by playbooks/import.yml once, of Dockerfile and Makefile; yours from now on. It has one host for each",
        "# image, and needs Docker and the collection community.docker. The Makefile in the folder above runs it.",
        "all:",
        "  hosts:",
    ]
    for number, (name, host) in enumerate(hosts.items()):
        first = _FIRST_RELAY_PORT + 10 * number
        lines += ["    %s:" % _scalar(name), "      pyapps_image_name: %s" % _scalar(host.image)]
        variables = {**image.variables, **host.variables}
        if variables:
            lines.append("      image_run_env:")
            lines += ["        %s: %s" % (_scalar(key), _scalar(value)) for key, value in sorted(variables.items())]
        if len(hosts) > 1:
            lines.append("      image_relay_ports: %d-%d" % (first, first + 9))
    lines += [
        "  vars:",
        "    ansible_connection: community.docker.docker",
        "    ansible_pipelining: true",
        "    ansible_user: root",
        "    pyapps_apps_dir: ../apps",
        "    pyapps_front: nginx",
        "    pyapps_gallery: false",
    ]
    lines += ["    pyapps_port: %d" % port] if port != 80 else []
    lines += ["    pyapps_server_names: [%s]" % ", ".join(map(_scalar, names))] if names else []
    lines.append("    pyapps_image_base: %s" % _scalar(image.base))
    lines += ["    image_packages: [%s]" % ", ".join(map(_scalar, image.packages))] if image.packages else []
    if image.labels:
        lines.append("    image_labels:")
        lines += ["      %s: %s" % (_scalar(name), _scalar(value)) for name, value in sorted(image.labels.items())]
    if mounts:
        lines.append("    # No secret is in an image: a container reads those of each app from its own file.")
        lines.append("    image_run_volumes:")
        for folder, path, name in mounts:
            suffix = ".env" if path == DOTENV else ".toml"
            lines.append("      - %s" % json.dumps(_MOUNT % (folder, path, name, suffix)))
    return "\n".join(lines) + "\n"


def _scalar(text: str) -> str:
    """A text in YAML, and no template for Ansible."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "!unsafe " + quoted if "{" in text else quoted


def makefile_text(commands: t.Mapping[str, list[str]]) -> str:
    """The Makefile. Names and words have been checked to need no quotes."""
    head = (
        "# Made by playbooks/import.yml once; yours from now on. Every target runs one playbook of selfhost.pyapps. A\n"
        "# container that is run stands behind this machine's nginx: do that as root. FLAGS are more options, such\n"
        "# as FLAGS=--check.\n"
        "FLAGS ?=\n\n"
        ".PHONY: %s\n" % " ".join(commands)
    )
    rules = ["%s:\n\tansible-playbook %s $(FLAGS)\n" % (name, " ".join(words)) for name, words in commands.items()]
    return head + "".join("\n" + rule for rule in rules)
