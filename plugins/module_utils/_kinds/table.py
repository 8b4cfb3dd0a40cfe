# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract of a kind for the catalog: its table in ``setup.toml``, and what it reads in an app's folder."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import FileReport
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.schema import Key

MAX_UPLOAD_MB = 100_000

_PATH_SEGMENT = "[A-Za-z0-9][A-Za-z0-9._-]*"

ADDRESS = (
    Key(
        "base_path",
        "string",
        "Path of the app's URL. `app-1`, `/app-1` and `/app-1/` mean the same; `/` is the root of the site, and"
        " then the app must be the only one.",
        default_in_words="`/` and the app's name",
        pattern="/?(?:%s(?:/%s)*/?)?" % (_PATH_SEGMENT, _PATH_SEGMENT),
        longest=200,
        allowed="parts of letters, digits and . _ - separated by /, each beginning with a letter or digit;"
        " at most 200 characters",
        example="/app-1",
    ),
    Key(
        "port",
        "integer",
        "Port on 127.0.0.1 that is tried first when the app starts. While a new release starts beside the old one"
        " it takes another. The kernel hands 32768 to 60999 to outgoing connections, so a listener there would fail"
        " now and then.",
        default_in_words="a free one of the host's range (`pyapps_port_range`)",
        minimum=1024,
        maximum=65535,
        excluded=(32768, 60999),
        example=8001,
    ),
)
"""The keys that every kind's table has: where the app is reached."""


@dataclass(frozen=True)
class Folder:
    """An app's folder while it is read.

    :ivar path: of the folder
    :ivar report: of its ``setup.toml``
    :ivar document: a TOML file of it by its relative path: None when there is none, empty when it is faulty
    :ivar data_paths: ``[data] paths``
    """

    path: str
    report: FileReport
    document: t.Callable[[str], dict[str, t.Any] | None]
    data_paths: t.Sequence[str]


@dataclass(frozen=True)
class Read:
    """What a kind has read.

    :ivar entry: its part of the app's entry of the catalog, but for the keys of :data:`ADDRESS`
    :ivar files: files of the folder that it names; they belong to the release, and not to its data
    :ivar max_upload_mb: what the app itself takes
    """

    entry: dict[str, t.Any]
    files: t.Sequence[str]
    max_upload_mb: int


@dataclass(frozen=True)
class Table:
    """A kind's table in ``setup.toml``.

    :ivar key: its declaration, with the keys of :data:`ADDRESS`
    :ivar read: for (the table as it was declared, the folder), what the catalog has of it; what is wrong is reported
    :ivar template: for (name, title), the files of a new app by relative path; of ``setup.toml`` only this table
    :ivar looks_like: for (folder), what to tell of one without a ``setup.toml`` that looks like such an app, or None
    :ivar variable_fault: for (name), why an app may not have an environment variable of this name; "" when it may
    """

    key: Key
    read: t.Callable[[t.Mapping[str, t.Any], Folder], Read]
    template: t.Callable[[str, str], dict[str, str]]
    looks_like: t.Callable[[str], str | None] = lambda folder: None
    variable_fault: t.Callable[[str], str] = lambda name: ""
