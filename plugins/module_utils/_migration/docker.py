# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command of a published repository's Makefile does. Pure."""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass, field

BUILD, RUN, DOCKERS, NOTHING = "build", "run", "dockers", "nothing"
SITE, REBUILD, RESTART, STATUS, HEALTH = "site", "rebuild", "restart", "status", "health"
"""What an operation is. Docker's own ones go on as they are: stop, start, exec and their like."""

_OWN = frozenset(
    ["stop", "start", "restart", "rm", "kill", "exec", "logs", "attach", "ps", "rmi", "push", "pull", "inspect"]
)
_BUILD_FLAGS = frozenset(
    ("--no-cache", "--pull", "-q", "--quiet", "--rm", "--force-rm", "--squash", "--load", "--push")
)
_RUN_FLAGS = frozenset(
    [
        "--detach",
        "--interactive",
        "--tty",
        "--rm",
        "--init",
        "--privileged",
        "--read-only",
        "-P",
        "--publish-all",
        "--no-healthcheck",
    ]
)
_NO_MATTER = frozenset(
    [
        "-d",
        "--detach",
        "-i",
        "--interactive",
        "-t",
        "--tty",
        "--name",
        "--restart",
        "--init",
        "--stop-timeout",
        "--rm",
        "--pull",
        "--no-cache",
        "-q",
        "--quiet",
        "--force-rm",
        "--tag",
        "--progress",
    ]
)
_LONG = {"-p": "--publish", "-e": "--env", "-v": "--volume", "-f": "--file", "-m": "--memory"}
_ADVICE = {
    "--volume": "image_run_volumes",
    "--mount": "image_run_volumes",
    "--env-file": "image_run_env_file",
    "--memory": "[limits] of each app",
    "--cpus": "[limits] of each app",
    "--file": "pyapps_image_base and image_packages; only the file Dockerfile is read",
}
_PUBLISHED = re.compile(r"(\d{1,5}):(\d{1,5})(?:/tcp)?")


@dataclass
class Operation:
    """One command.

    :param kind: what it is, or "" when it is nothing that this collection has a counterpart of
    :param why: then the reason
    :param image: of which image, or "" when that has no value
    :param container: the container's name, or ""
    :param ports: pairs of this machine's port and the container's; None stands for one that is not such a pair
    :param without: options that are not taken, each with the variable that does the same
    """

    kind: str
    why: str = ""
    image: str = ""
    container: str = ""
    ports: list[tuple[int, int] | None] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    without: list[str] = field(default_factory=list)
    program: str = ""


def operation(words: list[str]) -> Operation:
    """What a command is."""
    words = words[1:] if words[0] == "sudo" else words
    program = os.path.basename(words[0]) if words else ""
    if program in ("echo", "printf", "true", ":", "sleep"):
        return Operation(NOTHING)
    if program in ("docker", "podman"):
        return _docker(words[2:] if words[1:2] and words[1] in ("container", "image", "buildx") else words[1:], program)
    if program == "supervisorctl" and len(words) == 3 and words[1] == "restart":
        return Operation(RESTART, program=words[2])
    if program == "supervisorctl" and words[1:2] == ["status"]:
        return Operation(STATUS)
    named = os.path.basename(words[1]) if len(words) > 1 else ""
    if program.startswith("python") and named == "healthcheck.py":
        return Operation(HEALTH)
    if program.startswith("python") and named == "build.py":
        letters = "".join(word for word in words[2:] if re.fullmatch("-[A-Za-z]+", word))
        if "H" in letters or any(word.startswith("--h") and word != "--help" for word in words[2:]):
            return Operation(REBUILD)
        return Operation(SITE)
    return Operation("", "runs %s" % _word(program))


def _docker(words: list[str], program: str) -> Operation:
    action = words[0] if words else ""
    if action == "build":
        return _build(words[1:])
    if action == "run":
        return _run(words[1:])
    if action in _OWN:
        return Operation(DOCKERS, image="", container=words[-1] if len(words) > 1 else "")
    return Operation("", "runs %s %s" % (program, _word(action)))


def _build(words: list[str]) -> Operation:
    options, _context = _options(words, _BUILD_FLAGS, True)
    tags = [value for name, value in options if name in ("-t", "--tag")]
    found = Operation(BUILD, image=_known(tags[0] if tags else ""))
    for name, value in options:
        if name == "--build-arg" and value.startswith("APP_ENV="):
            continue
        if name not in _NO_MATTER and not (name == "--file" and value in ("Dockerfile", "./Dockerfile")):
            found.without.append(_advised(name))
    return found


def _run(words: list[str]) -> Operation:
    options, rest = _options(words, _RUN_FLAGS, False)
    found = Operation(RUN, image=_known(rest[0] if rest else ""))
    if len(rest) > 1:
        found.without.append("a command of its own")
    for name, value in options:
        if name == "--name":
            found.container = _known(value)
        elif name == "--publish":
            pair = _PUBLISHED.fullmatch(value)
            fits = pair and all(0 < int(number) < 65536 for number in pair.groups())
            found.ports.append((int(pair.group(1)), int(pair.group(2))) if pair and fits else None)
        elif name == "--env" and "=" in value and "\0" not in value:
            variable, _equals, text = value.partition("=")
            found.variables[variable] = text
        elif name == "--env":
            found.without.append("%s of --env, whose value is not here" % _word(value.partition("=")[0]))
        elif name not in _NO_MATTER and not (name == "--env-file" and value in (".env", "./.env")):
            found.without.append(_advised(name))
    return found


def _options(words: list[str], flags: t.Collection[str], behind: bool) -> tuple[list[tuple[str, str]], list[str]]:
    """Options by their long names where that matters, and what is behind them.

    :param behind: whether options may stand behind that, too
    """
    found: list[tuple[str, str]] = []
    rest: list[str] = []
    waiting = list(reversed(words))
    while waiting:
        word = waiting.pop()
        if not word.startswith("-") or word == "-":
            rest.append(word)
            if not behind:
                return found, rest + waiting[::-1]
        elif word.startswith("--"):
            name, equals, value = word.partition("=")
            if not equals and name not in flags:
                value = waiting.pop() if waiting else ""
            found.append((name, value))
        else:
            _short_options(word, flags, waiting, found)
    return found, rest


def _short_options(word: str, flags: t.Collection[str], waiting: list[str], found: list[tuple[str, str]]) -> None:
    """``-dit``, ``-p80:80``, ``-p 80:80``. In a build ``-t`` has a value, in a run it has none."""
    alone = "dit" if "--detach" in flags else "q"
    letters = word[1:]
    while letters and letters[0] in alone + "P":
        found.append(("-" + letters[0], ""))
        letters = letters[1:]
    if letters:
        name = "-" + letters[0]
        value = letters[1:].removeprefix("=") or (waiting.pop() if waiting else "")
        found.append((_LONG.get(name, name) if name != "-t" else "--tag", value))


def _advised(name: str) -> str:
    return "%s (%s)" % (_word(name), _ADVICE[name]) if name in _ADVICE else _word(name)


def _known(value: str) -> str:
    return "" if "\0" in value else value


def _word(text: str) -> str:
    """A word of a stranger's, short and without what is no part of names."""
    return re.sub(r"[^A-Za-z0-9_./:+-]", "?", text[:40]) or "nothing"
