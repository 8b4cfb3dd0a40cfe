# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract of a kind of apps: what the rest of the collection asks a kind, and nothing else.

A kind has a file or a package of its own in this room, and a row in ``registry.py``. What only some modules need has a
contract of its own (``table.py``, ``generator.py``, ``page_check.py``), and rows beside it (``tables.py``, ...).

``settings`` is always an app's entry of the catalog, as ``release.json`` keeps it; the kind's own part of it lies below
the kind's name.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._model.endpoint import Endpoint

Settings = t.Mapping[str, t.Any]

ASSETS_URL = "/_pyapps/%s"
"""Below this URL a front serves the folders of the assets store whose names begin with the same name and a dash."""


class KindError(Exception):
    """What a kind cannot do for an app; the text says why, and what to do."""


def below_base(path: str) -> t.Callable[[Settings], str]:
    """For (settings), a path of the process below the app's base path."""
    return lambda settings: str(settings["base_path"]) + path


@dataclass(frozen=True)
class Stream:
    """The WebSocket of a kind's apps.

    :ivar path: for (settings), its path at the process
    :ivar protocol: what a browser names as its subprotocol; "" for none
    :ivar refused: what to do when it refuses a browser on the app's own page, for people
    :ivar open_to_all: what to do when it lets a page of any other site in, for people
    """

    path: t.Callable[[Settings], str]
    protocol: str
    refused: str
    open_to_all: str


@dataclass(frozen=True)
class Sessions:
    """How a kind's process tells how many sessions are open.

    :ivar path: for (settings), the path that tells it
    :ivar count: the number in the body of the answer; None when it does not say
    """

    path: t.Callable[[Settings], str]
    count: t.Callable[[bytes], int | None]


@dataclass(frozen=True)
class FrontRules:
    """What a front does with the paths of a kind's apps.

    ``pinned`` and ``live`` are patterns of what stands behind the app's base path and a slash, ``blocked`` and
    ``no_page`` of any part of a path. PCRE (nginx) and RE2 (Caddy) read them, so they use nothing that only one of them
    knows. "" is for nothing.

    :ivar pinned: below a pin, what is asked of the process itself; "" for a kind whose apps have no page to pin
    :ivar live: without a pin, what is asked of the live process although the app has a page: health checks, login, curl
    :ivar no_page: what neither the app's page nor a process without a pin answers
    :ivar blocked: never answered, whatever the case
    :ivar assets: the name below ``/_pyapps/`` where the front serves files of environments (:data:`ASSETS_URL`)
    :ivar at_root: a path at the site's root that an app's page may ask for, as if the app were there
    :ivar user_headers: for (settings), the headers that an app believes to name its user, so that no client may send
        them; it raises ``ValueError``, whose text names the app
    :ivar table: for (settings), what a front must know of the kind's own table
    """

    pinned: str = ""
    live: str = ""
    no_page: str = ""
    blocked: str = ""
    assets: str = ""
    at_root: str = ""
    user_headers: t.Callable[[Settings], t.Sequence[str]] = lambda settings: ()
    table: t.Callable[[Settings], dict[str, t.Any]] = lambda settings: {}


@dataclass(frozen=True)
class Kind:
    """One kind of apps, as whoever runs, watches and serves them sees it.

    :ivar name: as in ``kind`` of the catalog; the app's table in ``setup.toml`` has the same name
    :ivar package: what must be among the packages of its environment; "" for nothing
    :ivar entry_file: for (settings), the file of the app's folder that is started; "" for none
    :ivar process_keys: which keys of its table its process sees; they belong to a release's name
    :ivar generated: files of a release that are made for it (:class:`Generator`); the app's own ones are not sent
    :ivar secrets_file: where its process looks for secrets in TOML, relative to the app's folder; "" for nowhere
    :ivar stop_signal: name of the signal that ends its process, without SIG
    :ivar start_command: argv for (settings, the environment's python, where it shall listen)
    :ivar watch_options: behind it, they let the process follow changes of its code
    :ivar health_path: for (settings), the path that answers ``health_body`` while the process is well
    :ivar stream: its WebSocket, or None
    :ivar sessions: who tells how many sessions are open; None when only open connections tell it
    :ivar session_keep_seconds: how long the process keeps a session whose connection is lost, counted from the loss
    :ivar front: what a front does with its paths
    :ivar asks_for_secrets: what an exception says when the app reads a secret and was given none; "" when none does
    """

    name: str
    start_command: t.Callable[[Settings, str, Endpoint], list[str]]
    health_path: t.Callable[[Settings], str]
    health_body: str
    package: str = ""
    entry_file: t.Callable[[Settings], str] = lambda settings: ""
    process_keys: tuple[str, ...] = ()
    generated: tuple[str, ...] = ()
    secrets_file: str = ""
    stop_signal: str = "TERM"
    watch_options: tuple[str, ...] = ()
    stream: Stream | None = None
    sessions: Sessions | None = None
    session_keep_seconds: t.Callable[[Settings], float] = lambda settings: 0.0
    front: FrontRules = FrontRules()
    asks_for_secrets: str = ""
