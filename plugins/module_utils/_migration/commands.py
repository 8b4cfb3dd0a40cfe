# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the commands of a published repository's ``RUN`` lines come to. Pure."""

from __future__ import annotations

import json
import os
import re
import shlex
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import show
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.debian_packages import is_name

_SEPARATORS = frozenset(("&&", "||", ";", "|", "&", "(", ")", ";;", "|&"))
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_OURS = frozenset(("ca-certificates", "nginx", "python3", "python3-minimal", "supervisor", "cloudflared"))
_ENVIRONMENTS = frozenset(("python3-pip", "python3-venv", "pip", "setuptools", "wheel", "uv", "virtualenv"))
_COMPILERS = re.compile(
    r"build-essential|gcc|g\+\+|make|cmake|clang|pkg-config|(?:lib.*|python3?|default-libmysqlclient)-dev"
)
_APT_VALUES = frozenset(("-t", "-o", "-c", "--target-release", "--option", "--config-file", "--default-release"))
_APT_NOTHING = frozenset(("update", "clean", "autoclean", "autoremove"))
_EMPTIED = ("/var/lib/apt/lists", "/var/cache/apt", "/root/.cache")
_MADE = ("/var/log", "/etc/cloudflared", "/etc/nginx", "/etc/supervisor")


class Judged(t.NamedTuple):
    """What one command comes to.

    :param program: its name, for people
    :param packages: Debian's packages that it installs, without those that an image of ours has anyway
    :param left: why something of it is not taken, a sentence each; none when the roles do the same
    """

    program: str
    packages: list[str]
    left: list[str]


def simple_commands(text: str, body: t.Sequence[str] = ()) -> list[list[str]] | None:
    """The words of each command of a ``RUN``, or None when its quotes do not fit.

    :param body: the lines of a heredoc, each with commands
    """
    while text.startswith("--"):
        text = text.partition(" ")[2].lstrip()
    if text.startswith("["):
        try:
            words = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return [words] if words and all(isinstance(word, str) for word in words) else None
    return shell_commands([text, *body], "#" if body else "")


def shell_commands(lines: t.Sequence[str], comments: str = "") -> list[list[str]] | None:
    """The words of each command of a shell's lines, or None when their quotes do not fit."""
    found: list[list[str]] = []
    for line in lines:
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split, lexer.commenters = True, comments
        try:
            found += _split(list(lexer))
        except ValueError:
            return None
    return found


def _split(words: list[str]) -> list[list[str]]:
    """Words between ``&&`` and its like, without redirections."""
    found: list[list[str]] = [[]]
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in _SEPARATORS:
            found.append([])
        elif word and not word.strip("<>&"):
            skip = True
            if found[-1] and found[-1][-1] in ("1", "2"):
                found[-1].pop()
        else:
            found[-1].append(word)
    return [command for command in found if command]


def judge(words: list[str]) -> Judged:
    """What a command comes to in an image of ours."""
    words = list(words)
    while words and (_ASSIGNMENT.fullmatch(words[0]) or words[0] in ("sudo", "exec", "env", "-E")):
        words.pop(0)
    if not words:
        return Judged("", [], [])
    program = os.path.basename(words[0])
    if program in ("apt-get", "apt"):
        return _apt(program, words[1:])
    named = [word for word in words[1:] if not word.startswith("-")]
    pip = re.fullmatch(r"(?:python[\d.]*|uv) -m pip|uv pip|pip[\d.]*", " ".join(_leading(program, words)))
    if pip and "install" in words:
        asked = words[words.index("install") + 1 :]
        if set(asked) & {"-r", "--requirement"} or not {w for w in asked if not w.startswith("-")} <= _ENVIRONMENTS:
            return Judged(
                pip.group(), [], ["write what it installs into the requirements.txt of each app that needs it"]
            )
        return Judged(pip.group(), [], [])
    return Judged(show(program[:40])[1:-1], [], [] if _is_done_by_roles(program, words, named) else [_why(program)])


def _leading(program: str, words: list[str]) -> list[str]:
    if program.startswith("python") and words[1:2] == ["-m"]:
        return [program, *words[1:3]]
    return [program, *words[1:2]] if program == "uv" else [program]


def _is_done_by_roles(program: str, words: list[str], named: list[str]) -> bool:
    """Whether the roles do the same, or there is nothing to do."""
    text = " ".join(words)
    if program in ("set", "true", ":"):
        return True
    if program == "rm":
        return all(word.startswith(_EMPTIED) for word in named)
    if program == "mkdir":
        return all(word.startswith(_MADE) for word in named)
    if program in ("curl", "wget", "chmod"):
        return "cloudflared" in text
    if program in ("cp", "ln"):
        return "supervisord.conf" in text or "nginx" in text
    return program.startswith("python") and named[:1] == ["build.py"]


def _why(program: str) -> str:
    if program in ("useradd", "adduser", "groupadd", "addgroup", "chown", "usermod"):
        return "each app has a user of its own"
    return "not understood: what it makes is not in the image; image_packages and the folders of the apps are"


def _apt(program: str, words: list[str]) -> Judged:
    named: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in _APT_VALUES:
            next(rest, None)
        elif not word.startswith("-"):
            named.append(word)
    action, asked = (named or [""])[0], named[1:]
    program = "%s %s" % (program, show(action[:20])[1:-1])
    if action in _APT_NOTHING:
        return Judged(program, [], [])
    if action != "install":
        return Judged(program, [], ["an image has what its base has; another pyapps_image_base may have it otherwise"])
    packages, left = [], []
    for word in asked:
        name = re.split("[=/:]", word)[0]
        if not is_name(name):
            left.append("%s is not a package's name: write what is meant into image_packages" % show(word[:60]))
        elif _COMPILERS.fullmatch(name):
            left.append(
                "%s: nothing is compiled in an image; if a package of an app has no wheel, write it into image_packages"
                % name
            )
        elif name not in _OURS and name not in _ENVIRONMENTS:
            packages.append(name)
    return Judged(program, packages, left)
