# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes what somebody hostile brings: setup.toml, requirements, lock files, archives. The same again by a seed."""

from __future__ import annotations

import io
import json
import os
import random
import tarfile
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.setup_toml import NAME, SETUP_TOML
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.data_archive import FORMAT, MANIFEST
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.schema import Key
from helpers.hostile_texts import HOSTILE, OPTIONS, to_toml

SEED = "SEED"
"""Environment variable: a seed that a run has printed, to have the same cases again."""

LONG = 5000
_GOOD_NAMES = ["A", "GREETING", "_x", "NAME_2"]
_NAMES = ["HOME", "PATH", "LD_PRELOAD", "PYTHONPATH", "STREAMLIT_SERVER_PORT", "PYAPPS_APP", "a-b", ""]
_GOOD_ORIGINS = ["https://www.example.com", "http://localhost:8080", "https://[::1]:8443", "HTTPS://A.example"]
_GOOD_TEXTS = [
    "App 1",
    "Größe",
    "日本",
    "a & b",
    "100%",
    "it's",
    'say "hello"',
    "C:\\x",
    "$5",
    "{braces}",
    "#1",
    "a;b",
    "<b>",
]
_SHOWN = [*_GOOD_TEXTS, "%(x)s", "$(id)", "`id`", "${HOME}", "{{ x }}"]
_GOOD_PATHS = ["app-1", "/a/b.c", "/A_1/", "uploads", "cache/tiles", "main.py", "pages/a.py"]
_GOOD_APPS = ["app-%d", "a_%d", "a" + "_" * 40 + "%06d", "a" + "-" * 40 + "%06d", "%d"]
_HEADERS = ["X-User", "X-Auth", "X_User", "X-Mail", "Host", "Forwarded", "Cf-Access-Authenticated-User-Email", "A" * 35]
_PACKAGES = ["streamlit==1.41.*", "numpy>=1.26,<3", "requests[socks]~=2.31", 'tomli; python_version < "3.11"', "a"]
_NOT_PACKAGES = [
    "-e /dev/shm/x",
    "--editable=.",
    "-r /etc/passwd",
    "--index-url https://evil.example/simple",
    "--extra-index-url=https://evil.example",
    "--find-links /tmp",
    "evil @ https://evil.example/evil.whl",
    "evil@file:///dev/shm/x",
    "git+https://evil.example/x.git",
    "/dev/shm/x",
    "./x.whl",
    "${HOME}/x",
    "a==1 --config-settings=x",
    "-c https://evil.example/c.txt",
]
_ENDS = ["\n", "\\\n", " \\\n", "\r\n", "\r", "\x0b", "\x0c", "\u2028", "\u0085", "  # c\n", " # c\\\n", "#\\\n", ""]
_SOURCES = [
    'source = { registry = "https://pypi.org/simple" }',
    'source = {  url = "https://evil.example/x.whl" }',
    'source.editable = "/dev/shm/x"',
    'source = { "editable" = "." }',
    'source = { git = "https://evil.example/x.git" }',
    "source = { directory = '''/dev/shm/x''' }",
    'source = { "p\\u0061th" = "/dev/shm/x" }',
    '[package.source]\nvirtual = "."',
]
_WHEELS = 'wheels = [{ url = "https://pypi.org/%%s-1-py3-none-any.whl", hash = "sha256:%s", size = 1 }]' % ("0" * 64)
_PROJECT = """
[[package]]
name = "project"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "a" }, { name = "b" }]
"""
_MEMBERS = [
    *("data/a", "data/b/c", "data/b", "data/link", "data/link/x", "data/.home/x", "data/deep/" + "d/" * 40 + "x"),
    *(
        "/etc/planted",
        "../planted",
        "data/../../planted",
        "data//x",
        "data/./x",
        "data",
        "other/x",
        "data/" + "n" * 300,
    ),
    *("data/\x00x", "data/a\nb", "data/\u202ex", "data/é", "data/ "),
]
_TARGETS = ["/etc/passwd", "../../planted", "..", ".", "a", "b/../../..", "link", "/", "b/c", "é", "./a", "b/../a", ""]
_TYPES = [
    tarfile.REGTYPE,
    tarfile.DIRTYPE,
    tarfile.SYMTYPE,
    tarfile.LNKTYPE,
    tarfile.CHRTYPE,
    tarfile.FIFOTYPE,
    b"S",
    b"Z",
]


def seed() -> int:
    """The seed of this run; said, so that it can be repeated."""
    chosen = int(os.environ.get(SEED) or random.SystemRandom().randrange(2**32))
    print("%s=%d repeats these cases" % (SEED, chosen))
    return chosen


class Generator:
    """One source of cases."""

    def __init__(self, number: int) -> None:
        self._random = random.Random(number)  # noqa: S311

    def text(self) -> str:
        """A text that means something to some reader, or a piece of many."""
        pieces = [self._random.choice(HOSTILE) for _piece in range(self._random.choice((1, 1, 2, 4)))]
        text = self._random.choice(("", " ", "\\", "/")).join(pieces)
        return text * (LONG // max(1, len(text))) if self._chance(0.01) else text

    def shown(self) -> str:
        """A text for people, as one may have it who means no harm; or not."""
        if self._chance(0.3):
            return self.text()
        return " ".join(self._random.choices(_SHOWN, k=2))

    def setup(self) -> bytes:
        """A ``setup.toml``: most of what is in it is right."""
        document = self._table(SETUP_TOML)
        if isinstance(document.setdefault("streamlit", {}), dict):
            document["streamlit"]["entry_file"] = self._random.choice(("main.py", "pages/a.py"))
        text = "".join("%s = %s\n" % (to_toml(key), to_toml(value)) for key, value in document.items())
        if self._chance(0.04):
            at = self._random.randrange(len(text) + 1)
            text = text[:at] + self.text() + text[at:]
        return text.encode("utf-8", "surrogatepass")

    def folder(self) -> str:
        """The name of an app's folder, without what no file system takes."""
        name = "app-%d" % self._random.randrange(10**9)
        if self._chance(0.1):
            name = (self.text().replace("/", "").replace("\0", "") or "x")[:60]
        return name if name not in (".", "..") else "x" + name

    def requirements(self) -> str:
        """A ``requirements.txt``; one line in four is none that may be."""
        lines = []
        for _line in range(self._random.randrange(1, 5)):
            pool = _NOT_PACKAGES if self._chance(0.25) else _PACKAGES
            lines.append(self._random.choice(("", "", "", "# ", "#", " ")) + self._random.choice(pool))
        return "".join(line + self._random.choice(_ENDS if self._chance(0.3) else ["\n"]) for line in lines)

    def lock(self) -> str:
        """A ``uv.lock`` of a project and two packages; every third source is none of an index."""
        text = 'version = 1\nrequires-python = ">=3.9"\n'
        for name in ("a", "b"):
            source = self._random.choice(_SOURCES[1:]) if self._chance(0.3) else _SOURCES[0]
            blanks = self._random.choice(("", " ", "\t", "\n"))
            text += '\n[[package]]\nname = "%s"\nversion = "1"\n%s\n%s%s\n' % (name, _WHEELS % name, blanks, source)
        return text + _PROJECT

    def archive(self) -> bytes:
        """A backup with members that ours never has."""
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w:gz") as tar:
            self._member(tar, MANIFEST, json.dumps({"format": FORMAT, "app": "a"}).encode())
            for _member in range(self._random.randrange(1, 6)):
                info = tarfile.TarInfo(self._random.choice(_MEMBERS))
                info.type = self._random.choice(_TYPES) if self._chance(0.4) else tarfile.REGTYPE
                info.mode = self._random.choice((0o644, 0o4755, 0o2777, 0o1777, 0))
                info.linkname = self._random.choice(_TARGETS)
                content = b"planted" if info.type == tarfile.REGTYPE else b""
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        packed = data.getvalue()
        if self._chance(0.1):
            at = self._random.randrange(len(packed))
            packed = packed[:at] + bytes([self._random.randrange(256)]) + packed[at + self._random.randrange(3) :]
        return packed

    def _member(self, tar: tarfile.TarFile, name: str, content: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _table(self, table: Key) -> dict[str, t.Any]:
        found = {key.name: self._value(key) for key in table.keys if self._chance(0.5)}
        if self._chance(0.01):
            found[self.text()] = self._anything()
        return found

    def _value(self, key: Key) -> t.Any:
        """By its kind: ``_string``, ``_table``, ..."""
        if self._chance(0.02):
            return self._anything()
        return getattr(self, "_" + key.kind, self._anything)(key)

    def _map(self, key: Key) -> dict[str, t.Any]:
        if key.name == "env":
            names = [self._random.choice(_NAMES if self._chance(0.05) else _GOOD_NAMES) for _name in range(2)]
            return {name: self.shown() for name in names}
        options = {"theme.primaryColor": "#ff0000", "client.toolbarMode": self.shown()}
        if self._chance(0.3):
            wrong = self.text() + self._random.choice((";", " ", "{", "$", ":"))
            names = [wrong if self._chance(0.05) else self._random.choice(_HEADERS) for _header in range(2)]
            options["server.trustedUserHeaders"] = json.dumps(dict.fromkeys(names, "name"))
        if self._chance(0.1):
            options[self._random.choice(OPTIONS)] = self._anything()
        return options

    def _string(self, key: Key) -> str:
        if key.name in ("title", "name", "test", "release_command") and key.pattern in ("", ".*"):
            return self.shown()
        if self._chance(0.03):
            return self.text()
        if key.pattern == NAME:
            return self._random.choice(_GOOD_APPS) % self._random.randrange(10**6)
        if key.name == "base_path":
            longest = "/" + "/".join(self._random.choice(("aA.0", "b_-1")) for _part in range(40))
            return longest[:199] + "x" if self._chance(0.2) else self._random.choice(_GOOD_PATHS)
        return str(key.example or key.default or "a")

    def _strings(self, key: Key) -> list[str]:
        origins = key.name in ("allowed_origins", "frame_ancestors")
        good = _GOOD_ORIGINS if origins else _GOOD_PATHS if key.name == "paths" else []
        return [
            self.text() if self._chance(0.05) or not good else self._random.choice(good)
            for _ in range(2 if good else 0)
        ]

    def _integer(self, key: Key) -> int:
        return self._random.choice((key.minimum, key.maximum, self._random.randint(key.minimum, key.maximum)))

    def _boolean(self, _key: Key) -> bool:
        return self._chance(0.5)

    def _anything(self, _key: Key | None = None) -> t.Any:
        plain: list[t.Any] = [
            self.text(),
            -1,
            0,
            2**70,
            1.5,
            float("nan"),
            True,
            [],
            {},
            [self.text()],
            {self.text(): 1},
        ]
        value = self._random.choice(plain)
        return {self.text(): [value]} if self._chance(0.1) else value
