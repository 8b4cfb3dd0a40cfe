# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in each environment, as a bill of materials (CycloneDX, made by uv).

uv makes one of a project and what it resolves to, so each environment becomes a project that needs exactly what is
installed. A file is named by its environment, whose name is its content: one that is there is right.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.build import RECORD, workplace
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.lock import Request
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.sandbox import sandbox
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv import Sources, Uv, without_credentials
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files, unprivileged as process
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml_writer import to_toml_document
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Results
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.grammar import normalised

_SURPLUS = ("environment-*.cdx.json", _files.PART + "environment-*")
_INSTALLED = re.compile(r"(?P<name>[A-Za-z0-9_.]+)-(?P<version>[A-Za-z0-9_.+!]+)\.dist-info")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)*")


@dataclass(frozen=True)
class Environment:
    """One environment whose content is to be listed.

    :ivar name: of the environment, a hash
    :ivar app: one of the apps that have it
    :ivar allow_build: whether its packages may be built from source, as this app's user
    """

    name: str
    app: str
    allow_build: bool

    @property
    def file(self) -> str:
        return "environment-%s.cdx.json" % self.name


def environments(apps: t.Iterable[t.Mapping[str, t.Any]], results: Results) -> list[Environment]:
    """The environments of all apps that have one, each once, in the order of their names.

    :param apps: the catalog
    :param results: of the step ``environments`` or a later one
    """
    found: dict[str, Environment] = {}
    for app in apps:
        result = results.get(app["name"])
        if result and result.goes_on and result.environment:
            request = Request.of_app(app)
            found.setdefault(
                result.environment,
                Environment(result.environment, request.name, request.allow_build),
            )
    return [found[name] for name in sorted(found)]


def missing(folder: str, wanted: t.Iterable[Environment]) -> list[Environment]:
    """Those whose file is not there yet."""
    return [environment for environment in wanted if not os.path.exists(os.path.join(folder, environment.file))]


def surplus(folder: str, wanted: t.Iterable[Environment]) -> list[str]:
    """Paths of files whose environment nobody has any more, and of what a killed run has left."""
    kept = {os.path.join(folder, environment.file) for environment in wanted}
    found = [path for pattern in _SURPLUS for path in glob.glob(os.path.join(glob.escape(folder), pattern))]
    return sorted(path for path in found if path not in kept)


def write(layout: Layout, sources: Sources, environment: Environment, folder: str, seconds: float) -> None:
    """List what is in an environment. Only for who holds the host's lock.

    :param folder: where its file is written
    :param seconds: limit for uv
    :raises EnvironmentFailedError: it cannot be listed
    :raises LookupError: this host lacks what uv needs to run
    """
    path = os.path.join(layout.envs, environment.name)
    record = json.loads(_files.read_text(os.path.join(path, RECORD)) or "null")
    if record is None:
        raise EnvironmentFailedError("it is not in %s: lay the apps out first" % layout.envs)
    versions = installed(path)
    project_text = project(environment.name, versions, record)
    with contextlib.ExitStack() as stack:
        if environment.allow_build:
            place = stack.enter_context(sandbox(layout, sources, environment.app))
            uv, cwd = place.uv, place.build
        else:
            uv = Uv(layout, sources, process.build_user())
            cwd = os.path.join(stack.enter_context(workplace(layout.envs, uv.user)), "build")
        # Nothing that is not ours has run in there yet.
        _files.write_file(os.path.join(cwd, "pyproject.toml"), project_text, 0o644)
        text = uv.bill_of_materials(record["interpreter"], cwd, seconds)
    try:
        listed = only(text, versions)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # Code of a package could have said it.
        raise EnvironmentFailedError("what lists its packages did not answer with a list") from None
    _files.write_file(os.path.join(folder, environment.file), listed, 0o644)


def installed(path: str) -> dict[str, str]:
    """What is installed in an environment: versions by normalised name."""
    found = {}
    for entry in glob.glob(os.path.join(glob.escape(path), "lib", "python*", "site-packages", "*.dist-info")):
        match = _INSTALLED.fullmatch(os.path.basename(entry))
        if match:
            found[normalised(match.group("name"))] = match.group("version")
    return found


def project(name: str, versions: t.Mapping[str, str], record: t.Mapping[str, t.Any]) -> str:
    """A ``pyproject.toml`` that needs what is in an environment, for its interpreter and platform alone.

    :param versions: what is installed, by normalised name
    :param record: what the environment says of itself; read are ``python`` (``3.11.2``) and ``platform``
        (``linux-x86_64 glibc 2.36``)
    """
    pins = ["%s==%s" % item for item in sorted(versions.items())]
    number = _NUMBER.match(record["python"])
    machine = record["platform"].split()[0].partition("-")[2]
    return to_toml_document(
        {
            "project": {
                "name": "environment-" + name,
                "version": "0",
                "requires-python": "==%s" % (number.group() if number else record["python"]),
                "dependencies": pins,
            },
            "tool": {
                "uv": {
                    "environments": ["sys_platform == 'linux' and platform_machine == '%s'" % machine],
                    # What was installed counts, not what packages say of each other (an app may have overruled them).
                    "override-dependencies": pins,
                }
            },
        }
    )


def only(text: str, versions: t.Mapping[str, str]) -> str:
    """uv's list with what is installed and nothing else, without credentials.

    :param text: CycloneDX, as JSON; uv adds what packages say that they need, even when an app went without
    :param versions: what is installed, by normalised name
    :raises EnvironmentFailedError: something installed is not listed
    """
    document = json.loads(without_credentials(text))
    listed = [part for part in document.get("components", []) if normalised(part["name"]) in versions]
    unknown = set(versions) - {normalised(part["name"]) for part in listed}
    if unknown:
        raise EnvironmentFailedError("uv does not list %s" % ", ".join(sorted(unknown)))
    document["components"] = listed
    known = {part["bom-ref"] for part in listed} | {document["metadata"]["component"]["bom-ref"]}
    document["dependencies"] = [
        {**entry, "dependsOn": [ref for ref in entry["dependsOn"] if ref in known]} if "dependsOn" in entry else entry
        for entry in document.get("dependencies", [])
        if entry["ref"] in known
    ]
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
