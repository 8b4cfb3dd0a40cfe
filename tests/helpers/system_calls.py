# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a program would have lost had the power failed, read from its system calls as strace recorded them."""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

TRACE = "openat,fsync,fdatasync,syncfs,rename,renameat,renameat2"

_CALL = re.compile(r"^(?P<pid>\d+) +(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+)(?:<(?P<path>[^>]*)>)?")
_UNFINISHED = re.compile(r"^(?P<pid>\d+) +(?P<begun>.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"^(?P<pid>\d+) +<\.\.\. \w+ resumed>(?P<rest>.*)$")
_OF_DESCRIPTOR = re.compile(r"^\d+<([^>]*)>")
_NAMES = re.compile(r'(?:\w+<([^>]*)>, )?"([^"]*)"')


def traced(path: Path) -> list[str]:
    """What a command is put behind, so that its calls and those of its children are recorded in a file."""
    return ["strace", "--follow-forks", "--decode-fds=path", "--seccomp-bpf", "--trace=" + TRACE, "--output=%s" % path]


@dataclass
class Durability:
    """Follows the calls of a program below one folder.

    ``renamed`` is what was renamed into place; ``problems`` what a power cut could have spoilt: a file that was not
    synced when its folder got its name, or a name that was not when the ``live`` link was switched.
    """

    root: str
    renamed: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _dirty_files: set[str] = field(default_factory=set)
    _dirty_folders: set[str] = field(default_factory=set)

    def read(self, path: Path) -> Durability:
        """Take what strace has recorded."""
        for name, arguments, opened in _calls(path.read_text(errors="replace").splitlines()):
            if name == "openat":
                if opened and re.search(r"O_WRONLY|O_RDWR|O_CREAT", arguments):
                    self._dirty_files.add(opened)
            elif name == "syncfs":
                self._dirty_files.clear()
                self._dirty_folders.clear()
            elif name.startswith("rename"):
                self._rename(*_both_names(arguments))
            else:
                found = _OF_DESCRIPTOR.match(arguments)
                assert found, arguments
                self._dirty_files.discard(found.group(1))
                self._dirty_folders.discard(found.group(1))
        return self

    def _rename(self, source: str, target: str) -> None:
        into_place = os.path.basename(source).startswith(".part-") and not os.path.basename(target).startswith(".part-")
        if not target.startswith(self.root + "/") or not into_place:
            return
        self.renamed.append(target)
        lost = [path for path in self._dirty_files if path == source or path.startswith(source + "/")]
        self.problems += ["%s was renamed into place before it was synced" % path for path in lost]
        if os.path.basename(target) == "live":
            self.problems += ["%s was not synced before %s" % (path, target) for path in self._dirty_folders]
        self._dirty_folders.add(os.path.dirname(target))


def _calls(lines: t.Iterable[str]) -> t.Iterator[tuple[str, str, str]]:
    """Name, arguments and opened path of each call that succeeded, in the order in which they ended."""
    begun: dict[str, str] = {}
    for line in lines:
        unfinished, resumed = _UNFINISHED.match(line), _RESUMED.match(line)
        if unfinished:
            begun[unfinished.group("pid")] = unfinished.group("begun")
            continue
        if resumed:
            line = "%s %s%s" % (resumed.group("pid"), begun.pop(resumed.group("pid")), resumed.group("rest"))
        call = _CALL.match(line)
        if call and int(call.group("result")) >= 0:
            yield call.group("name"), call.group("arguments"), call.group("path") or ""


def _both_names(arguments: str) -> tuple[str, str]:
    names = [os.path.join(folder, name) for folder, name in _NAMES.findall(arguments)]
    assert len(names) == 2, arguments
    return names[0], names[1]
