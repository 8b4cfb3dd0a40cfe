# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a published repository's Dockerfile: what of it is a variable of ours, and what is not. Pure.

A stranger wrote it. Nothing of it is run, whatever is not understood is named by its line, and no value is repeated.
"""

from __future__ import annotations

import itertools
import re
import shlex
import typing as t
from dataclasses import dataclass, field

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.app_env import name_fault
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import show
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.suggest import nearest
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.commands import judge, simple_commands

DEFAULT_BASE = "python:3.13-slim"

_HEREDOC = re.compile(r"<<(-?)([\"']?)([A-Za-z_][A-Za-z0-9_]*)\2")
_REFERENCE = re.compile(r"[a-z0-9][A-Za-z0-9._/:@-]{0,254}")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,127}")
_VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::?-([^${}]*))?\})")
_LONGEST_VALUE = 4096
_NOT_DEBIAN = re.compile(
    r"alpine|busybox|scratch|distroless|fedora|centos|rocky|alma|amazonlinux|\bubi\d|suse|archlinux|windows|nanoserver"
    r"|wolfi|chainguard|nix"
)
_OWN_VARIABLES = {
    "APP_ROOT": "each app runs in a folder of its own",
    "DEBIAN_FRONTEND": "it is for apt",
    "PYTHONUNBUFFERED": "output is never held back here",
    "PYTHONDONTWRITEBYTECODE": "environments are compiled, and nothing can write into them",
}
_COPIED = frozenset((".", "apps", "cloudflare", "supervisord.conf", "nginx.conf", "build.py", "healthcheck.py"))
_ALWAYS_LEFT = {
    "HEALTHCHECK": "the image has a check of its own, of every app; image_health_interval and others set it (how-to: "
    "container)",
    "VOLUME": "what an app writes goes to its data folder, which may be a volume (how-to: container, What lasts)",
    "ONBUILD": "no image is made from this one",
    "MAINTAINER": "say it as a label, in image_labels",
    "SHELL": "nothing here needs another shell",
}


class Left(t.NamedTuple):
    """One thing that is not taken."""

    line: int
    what: str
    why: str


@dataclass
class Image:
    """What a Dockerfile says, as far as an image of ours can have it.

    :param base: the base's name, or "" when there is none to be had
    :param ports: what it exposes over TCP
    :param left: what is not taken, by line
    """

    base: str = ""
    ports: list[int] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)

    def leave(self, line: int, what: str, why: str) -> None:
        self.left.append(Left(line, what, why))


class Instruction(t.NamedTuple):
    """One instruction: the number of its first line, its word in capitals, its rest, and the lines of its heredocs."""

    line: int
    word: str
    rest: str
    body: list[str]


def read_dockerfile(text: str) -> Image:
    """What a Dockerfile says. Of several stages the last one counts, with those that it is made from."""
    image = Image()
    before, stages = _stages(instructions(text))
    known: dict[str, str] = {}
    for each in before:
        _argument_or_unknown(each, image, known)
    if not stages:
        image.left.sort()
        return image
    chain = _chain(stages)
    _take_base(chain[0], image, dict(known))
    used = {stage[0].line for stage in chain}
    for stage in stages:
        if stage[0].line not in used:
            image.leave(
                stage[0].line, "FROM", "this stage is not in the image: what it makes has to be in an app's folder"
            )
    known = {}  # what is said before the first FROM is for FROM alone
    for stage in chain:
        for each in stage[1:]:
            _take(each, image, known)
    image.packages = sorted(set(image.packages))
    image.left.sort()
    return image


def instructions(text: str) -> list[Instruction]:
    """The instructions of a Dockerfile, as BuildKit reads its lines."""
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").split("\n")
    directives = "\n".join(itertools.takewhile(lambda line: line.startswith("#"), lines))
    escape = "`" if re.search(r"^#\s*escape\s*=\s*`", directives, re.IGNORECASE | re.MULTILINE) else "\\"
    found = []
    number = 0
    while number < len(lines):
        if not lines[number].strip() or lines[number].lstrip().startswith("#"):
            number += 1
            continue
        first = number + 1
        whole, number = _joined(lines, number, escape)
        word, rest = ([*re.split(r"\s+", whole.strip(), maxsplit=1), ""])[:2]
        body: list[str] = []
        if word.upper() in ("RUN", "COPY", "ADD"):
            for dash, _quote, end in _HEREDOC.findall(rest):
                number = _take_body(lines, number, bool(dash), end, body)
        found.append(Instruction(first, word.upper(), rest, body))
    return found


def _joined(lines: list[str], number: int, escape: str) -> tuple[str, int]:
    """A line with those that it goes on with, without comments and empty ones between them; the number behind them."""
    parts: list[str] = []
    while number < len(lines):
        line = lines[number].rstrip()
        number += 1
        if parts and (not line or line.lstrip().startswith("#")):
            continue
        if not line.endswith(escape):
            parts.append(line)
            break
        parts.append(line[:-1])
    return " ".join(parts), number


def _take_body(lines: list[str], number: int, dash: bool, end: str, body: list[str]) -> int:
    """Take the lines of a heredoc; the number behind them."""
    while number < len(lines):
        line = lines[number].lstrip("\t") if dash else lines[number]
        number += 1
        if line == end:
            break
        body.append(line)
    return number


def _stages(found: list[Instruction]) -> tuple[list[Instruction], list[list[Instruction]]]:
    before: list[Instruction] = []
    stages: list[list[Instruction]] = []
    for each in found:
        if each.word == "FROM":
            stages.append([each])
        else:
            (stages[-1] if stages else before).append(each)
    return before, stages


def _chain(stages: list[list[Instruction]]) -> list[list[Instruction]]:
    """The last stage, behind those that it is made from."""
    parents: list[int | None] = []
    named: dict[str, int] = {}
    for number, stage in enumerate(stages):
        base, name = _from(stage[0])
        parents.append(named.get(base.lower()))
        if name:
            named[name.lower()] = number
    chain: list[list[Instruction]] = []
    wanted: int | None = len(stages) - 1
    while wanted is not None:
        chain.insert(0, stages[wanted])
        wanted = parents[wanted]
    return chain


def _from(each: Instruction) -> tuple[str, str]:
    """What a FROM is made from, and what its stage is called."""
    words = [word for word in each.rest.split() if not word.startswith("--")]
    return (words or [""])[0], words[2] if len(words) == 3 and words[1].lower() == "as" else ""


def _take_base(stage: list[Instruction], image: Image, known: dict[str, str]) -> None:
    line, name = stage[0].line, _expand(_from(stage[0])[0], known)
    if name is None or not _REFERENCE.fullmatch(name):
        image.leave(line, "FROM", "the base's name cannot be known here: write it into pyapps_image_base")
    elif _NOT_DEBIAN.search(name):
        image.leave(
            line, "FROM", "%s is not made from Debian, and an image here must be (how-to: container)" % show(name)
        )
    else:
        image.base = name
        return
    image.base = DEFAULT_BASE


def _argument_or_unknown(each: Instruction, image: Image, known: dict[str, str]) -> None:
    if each.word == "ARG":
        known.update(_arguments(each, known))
    else:
        _unknown(each, image, " before the first FROM" if each.word in _TAKES or each.word in _ALWAYS_LEFT else "")


def _unknown(each: Instruction, image: Image, where: str = "") -> None:
    meant = nearest(each.word, [*_TAKES, *_ALWAYS_LEFT, "FROM", "ARG"]) if not where else None
    image.leave(each.line, each.word[:40], "not understood%s%s" % (where, ": do you mean %s?" % meant if meant else ""))


def _take(each: Instruction, image: Image, known: dict[str, str]) -> None:
    if each.word in _ALWAYS_LEFT:
        image.leave(each.line, each.word, _ALWAYS_LEFT[each.word])
    elif each.word in _TAKES:
        _TAKES[each.word](each, image, known)
    else:
        _unknown(each, image)


def _arguments(each: Instruction, known: t.Mapping[str, str]) -> dict[str, str]:
    """Defaults of build arguments, as far as they are known."""
    found = {}
    for word in _words(each.rest) or []:
        name, _equals, value = word.partition("=")
        expanded = _expand(value, known)
        if _equals and expanded is not None:
            found[name] = expanded
    return found


def _take_argument(each: Instruction, image: Image, known: dict[str, str]) -> None:
    known.update(_arguments(each, known))
    names = [word.partition("=")[0] for word in _words(each.rest) or []]
    others = [name for name in names if name not in ("DEBIAN_FRONTEND", "APP_ENV")]
    if others or not names:
        image.leave(each.line, "ARG", "an image here takes no arguments when it is built")


def _expanded(each: Instruction, image: Image, known: t.Mapping[str, str]) -> t.Iterator[tuple[str, str, str | None]]:
    """Name and value of each pair, as written and with the variables in it; None where one of them is not known."""
    pairs = _pairs(each.rest)
    if pairs is None:
        image.leave(each.line, each.word, "not understood: is a quote or a value missing?")
    for name, value in pairs or []:
        yield name, value, None if _has_literal_dollar(each.rest) else _expand(value, known)


def _take_variables(each: Instruction, image: Image, known: dict[str, str]) -> None:
    for name, value, expanded in _expanded(each, image, known):
        if expanded is not None:
            known[name] = expanded
        if name in _OWN_VARIABLES or (name == "ALWAYS_HEALTHY" and value.lower() != "true"):
            continue
        fault = name_fault(name) if expanded is None or expanded.isprintable() else "has a value that no line can hold"
        if fault:
            image.leave(each.line, "ENV %s" % name[:40], "it " + fault)
        elif expanded is None:
            image.leave(
                each.line, "ENV %s" % name, "its value depends on others, or is too long: write it into image_run_env"
            )
        else:
            image.variables[name] = expanded


def _take_labels(each: Instruction, image: Image, known: dict[str, str]) -> None:
    for name, _value, expanded in _expanded(each, image, known):
        if expanded is None or not expanded.isprintable() or not _LABEL.fullmatch(name):
            image.leave(each.line, "LABEL %s" % name[:40], "not understood: write it into image_labels")
        else:
            image.labels[name] = expanded


def _take_ports(each: Instruction, image: Image, known: dict[str, str]) -> None:
    for word in each.rest.split() or [""]:
        number = re.fullmatch(r"(\d{1,5})(?:/tcp)?", (_expand(word, known) or "").lower())
        if number and 0 < int(number.group(1)) < 65536:
            image.ports.append(int(number.group(1)))
        else:
            image.leave(each.line, "EXPOSE %s" % word[:20], "allowed is one port of TCP: write it into pyapps_port")


def _take_commands(each: Instruction, image: Image, known: dict[str, str]) -> None:
    commands = simple_commands(_HEREDOC.sub("", each.rest), each.body)
    if commands is None:
        image.leave(each.line, "RUN", "not understood: does a quote not end?")
    for words in commands or []:
        judged = judge(words)
        image.packages += judged.packages
        for why in judged.left:
            image.leave(each.line, "RUN %s" % judged.program, why)


def _take_files(each: Instruction, image: Image, known: dict[str, str]) -> None:
    words = each.rest.split()
    named = [word.removeprefix("./").rstrip("/") or "." for word in words if not word.startswith("--")][:-1]
    if each.rest.startswith("[") or any(word.startswith("--from") for word in words) or set(named) - _COPIED:
        image.leave(each.line, each.word, "an image has the folders of the apps alone: put there what an app reads")


def _take_entry(each: Instruction, image: Image, known: dict[str, str]) -> None:
    if "supervisord" not in each.rest:
        image.leave(each.line, each.word, "the container's first process is our own, and starts all apps")


def _take_user(each: Instruction, image: Image, known: dict[str, str]) -> None:
    if each.rest.partition(":")[0] not in ("root", "0"):
        image.leave(
            each.line, "USER", "each app has a user of its own; for an image without root see how-to: container"
        )


def _take_signal(each: Instruction, image: Image, known: dict[str, str]) -> None:
    if each.rest.upper() not in ("SIGTERM", "TERM", "15"):
        image.leave(each.line, "STOPSIGNAL", "a container here ends by SIGTERM")


def _take_nothing(each: Instruction, image: Image, known: dict[str, str]) -> None:
    """WORKDIR: each app runs in its own folder, here as there."""


_TAKES: dict[str, t.Callable[[Instruction, Image, dict[str, str]], None]] = {
    "ARG": _take_argument,
    "ENV": _take_variables,
    "LABEL": _take_labels,
    "EXPOSE": _take_ports,
    "RUN": _take_commands,
    "COPY": _take_files,
    "ADD": _take_files,
    "CMD": _take_entry,
    "ENTRYPOINT": _take_entry,
    "USER": _take_user,
    "STOPSIGNAL": _take_signal,
    "WORKDIR": _take_nothing,
}


def _words(text: str) -> list[str] | None:
    try:
        return shlex.split(text)
    except ValueError:
        return None


def _pairs(text: str) -> list[tuple[str, str]] | None:
    """``NAME=value NAME=value``, or the older ``NAME value`` with blanks in its value."""
    words = _words(text)
    if not words:
        return None
    if "=" not in text.split()[0]:
        name, _blank, value = text.partition(" ")
        return [(name, value.strip())] if value.strip() else None
    if not all("=" in word for word in words):
        return None
    return [(name, value) for name, _equals, value in (word.partition("=") for word in words)]


def _has_literal_dollar(text: str) -> bool:
    """Whether a dollar sign may stand for itself, which depends on its quotes."""
    return "$" in text and ("'" in text or "\\$" in text)


def _expand(text: str, known: t.Mapping[str, str]) -> str | None:
    """A text with its variables replaced, or None when one is not known or it grows too long."""
    unknown = False

    def value(match: re.Match[str]) -> str:
        nonlocal unknown
        found = known.get(match.group(1) or match.group(2), match.group(3))
        unknown |= found is None
        return found or ""

    expanded = _VARIABLE.sub(value, text)
    return None if unknown or "$" in _VARIABLE.sub("", text) or len(expanded) > _LONGEST_VALUE else expanded
