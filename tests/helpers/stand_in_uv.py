# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that does what the environment store asks of uv, in no time and without an index: for unit tests."""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

_PROGRAM = """#!%(python)s -IS
import hashlib, json, os, re, sys
words = sys.argv[1:]
with open(%(calls)r, "a") as calls:
    calls.write(json.dumps(words) + "\\n")
versions = json.load(open(%(index)r))
if words[:2] == ["pip", "compile"]:
    for line in open(words[-1]).read().split():
        name, _, version = line.partition("==")
        version = version or versions.get(name)
        if not version:
            sys.exit("error: " + name + " was not found in the index")
        print(name + "==" + version + " --hash=sha256:" + hashlib.sha256(name.encode()).hexdigest())
elif words[0] == "export":
    print(open("uv.lock").read())
elif words[0] == "venv":
    os.makedirs(os.path.join(words[-1], "lib", "python3", "site-packages"))
    os.mkdir(os.path.join(words[-1], "bin"))
    os.symlink(words[words.index("--python") + 1], os.path.join(words[-1], "bin", "python"))
elif words[:2] == ["pip", "sync"]:
    site = os.path.join(words[words.index("--python") + 1], "..", "..", "lib", "python3", "site-packages")
    site = os.path.normpath(site)
    for name, version in re.findall(r"^([a-z0-9-]+)==(\\S+)", open(words[-1]).read(), re.M):
        if name == "broken":
            sys.exit("error: " + name + " cannot be unpacked")
        with open(os.path.join(site, name + ".py"), "w") as file:
            file.write("VERSION = '" + version + "'\\n")
        os.mkdir(os.path.join(site, name + "-" + version + ".dist-info"))
        open(os.path.join(site, name + "-" + version + ".dist-info", "METADATA"), "w").close()
"""


class StandInUv:
    """uv of one host, with an index of packages that need nothing.

    The package ``broken`` can be resolved, but not installed.
    """

    def __init__(self, path: str, folder: Path, versions: t.Mapping[str, str]) -> None:
        self._index = folder / "index.json"
        self._calls = folder / "calls"
        self._calls.touch()
        self.has(versions)
        values = {"python": sys.executable, "calls": str(self._calls), "index": str(self._index)}
        Path(path).parent.mkdir(parents=True)
        Path(path).write_text(_PROGRAM % values)
        Path(path).chmod(0o755)

    def has(self, versions: t.Mapping[str, str]) -> None:
        """What the index has from now on."""
        self._index.write_text(json.dumps(versions))

    def calls(self) -> list[str]:
        """What it was asked since the last look: its first word, of ``pip`` and ``cache`` with the second."""
        words = [json.loads(line) for line in self._calls.read_text().splitlines()]
        self._calls.write_text("")
        return [" ".join(call[: 2 if call[0] in ("pip", "cache") else 1]) for call in words]
