# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interpreters that uv can fetch: which there are, where from, and what says that a file is the right one.

uv knows the builds of python-build-standalone with their SHA-256. A mirror has the same files under another address.
A list of one's own has others; uv would take an entry without a hash unchecked, so such a list is refused.
"""

from __future__ import annotations

import json
import os
import re
import typing as t
from dataclasses import dataclass
from urllib.parse import quote, unquote

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import unprivileged as process
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError

VARIABLE = "pyapps_python_mirror"

_KEY = re.compile(r"cpython-(?P<number>3\.[0-9]{1,2}\.[0-9]{1,3})-linux-[a-z0-9_]+-[a-z0-9]+")
_HASH = re.compile(r"[0-9a-f]{64}")
_URL = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")
_FILE = "file://"
_MOST_BYTES = 32 << 20
_LIST = "downloads.json"
_FIELDS = ("name", "arch", "os", "libc", "major", "minor", "patch", "prerelease", "sha256", "variant", "build")


@dataclass(frozen=True)
class Download:
    """One interpreter that can be fetched.

    :ivar key: uv's name of it
    :ivar number: its version, ``3.12.4``
    :ivar content: what says exactly which file it is: its name in its release, or its SHA-256
    """

    key: str
    number: str
    content: str

    @property
    def order(self) -> list[int]:
        """Newer versions have a greater one."""
        return [int(part) for part in self.number.split(".")]


@dataclass(frozen=True)
class Mirror:
    """Where interpreters are fetched from.

    :ivar url: base URL of the files, without a slash at its end; "" where there is another one, or none
    :ivar folder: a folder of this host that holds the same files
    :ivar listed: path of a list of one's own on this host
    """

    url: str = ""
    folder: str = ""
    listed: str = ""

    @classmethod
    def of(cls, given: str | None) -> Mirror:
        """The one that a text names.

        :raises ValueError: it names none; the text says what is allowed
        """
        text = (given or "").strip()
        if not text:
            return cls()
        path = unquote(text[len(_FILE) :]) if text.startswith(_FILE) else text
        if path.startswith("/") and "\0" not in path:
            return cls(listed=path) if path.endswith(".json") else cls(folder=path.rstrip("/") or "/")
        if _URL.fullmatch(text):
            return cls(url=text.rstrip("/"))
        raise ValueError(
            '%s is "%s"; allowed are an http:// or https:// URL, and the absolute path of a folder or of a list '
            "(*.json) on the target" % (VARIABLE, text.rsplit("@", 1)[-1])
        )

    @property
    def needs_network(self) -> bool:
        """Whether files come from elsewhere; what a list names is looked at when it is fetched."""
        return not (self.folder or self.listed)

    def prepare(self, folder: str) -> tuple[dict[str, str], dict[str, str]]:
        """What uv is told of it.

        :param folder: a folder of ours that uv can read
        :returns: environment variables; and the SHA-256 by URL of what a list of one's own names
        :raises EnvironmentFailedError: it cannot be used; the text says why
        """
        if self.url:
            return {"UV_PYTHON_INSTALL_MIRROR": self.url}, {}
        if self.folder:
            if not os.path.isdir(self.folder):
                raise EnvironmentFailedError("%s is %s, which is not a folder of this host" % (VARIABLE, self.folder))
            closed = process.closed_folder(self.folder) if process.probe_user() else None
            if closed:
                raise EnvironmentFailedError(
                    "%s lies in %s, which only its owner may enter: chmod o+x it" % (VARIABLE, closed)
                )
            return {"UV_PYTHON_INSTALL_MIRROR": _file_url(self.folder)}, {}
        if self.listed:
            entries = own_list(self.listed)
            path = os.path.join(folder, _LIST)
            with open(path, "w", encoding="utf-8") as file:
                json.dump(entries, file)
            return {"UV_PYTHON_DOWNLOADS_JSON_URL": path}, {entry["url"]: entry["sha256"] for entry in entries.values()}
        return {}, {}


def _file_url(path: str) -> str:
    return _FILE + quote(path)


def own_list(path: str) -> dict[str, dict[str, t.Any]]:
    """The entries of a list of one's own, each with a hash; a path in it is relative to the list's folder.

    :raises EnvironmentFailedError: it cannot be read, or an entry is not as it must be
    """
    try:
        with open(path, "rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise EnvironmentFailedError("%s is larger than %d bytes" % (path, _MOST_BYTES))
        found = json.loads(content)
    except (OSError, ValueError) as error:
        raise EnvironmentFailedError("%s, which %s names, cannot be read: %s" % (path, VARIABLE, error)) from None
    if not isinstance(found, dict):
        raise EnvironmentFailedError("%s holds no object; it must be a list as uv has it, by name" % path)
    return {key: _own_entry(path, key, entry) for key, entry in found.items()}


def _own_entry(path: str, key: str, entry: t.Any) -> dict[str, t.Any]:
    given = entry if isinstance(entry, dict) else {}
    for name, is_right, allowed in (
        ("sha256", _HASH.fullmatch, "64 hexadecimal digits, because nothing is taken unchecked"),
        ("url", re.compile(r"[^\0\s].*").fullmatch, "an http:// or https:// URL, or a path"),
    ):
        if not isinstance(given.get(name), str) or not is_right(given[name]):
            text = "%s: %s: %s is %s; it must be %s" % (path, key, name, json.dumps(given.get(name)), allowed)
            raise EnvironmentFailedError(text)
    url = given["url"]
    if url.startswith(_FILE):
        url = unquote(url[len(_FILE) :])
    if not _URL.match(url):
        url = _file_url(os.path.normpath(os.path.join(os.path.dirname(path), url)))
    return {**{name: given.get(name) for name in _FIELDS}, "url": url}


def downloads_of(text: str, hashes: t.Mapping[str, str]) -> list[Download]:
    """The released CPythons in uv's list, the newest first.

    :param text: JSON, as :meth:`Uv.list_pythons` returns it
    :param hashes: SHA-256 by URL, for those of a list of one's own
    """
    found = []
    for entry in json.loads(text):
        match = _KEY.fullmatch(str(entry.get("key")))
        if match:
            url = str(entry.get("url"))
            content = hashes.get(url, url) if hashes else unquote(url.rsplit("/", 1)[-1])
            found.append(Download(match.group(), match["number"], content))
    return sorted(found, key=lambda each: each.order, reverse=True)
