# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one declaration of ``setup.toml``.

After a change here run ``_setup_toml_docs.py``, which writes the JSON Schema and the reference page.
"""

from __future__ import annotations

import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.app_files import (
    SAFE_PATH,
    SAFE_PATH_IN_WORDS,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.dotenv import VARIABLE
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.schema import Key
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.table import MAX_UPLOAD_MB
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.tables import TABLES, tables

NAME = "[a-z0-9](?:[a-z0-9_-]{0,46}[a-z0-9])?"
NAME_IN_WORDS = "1 to 48 of a-z, 0-9, - and _, beginning and ending with a letter or digit"

_HOST_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = r"(?:%s(?:\.%s)*|\[[0-9A-Fa-f:.]{2,45}\])" % (_HOST_LABEL, _HOST_LABEL)


_OWNER = Key(
    "owner",
    "table",
    "Who answers for the app. Only shown.",
    keys=(
        Key(
            "name",
            "string",
            "Name shown beside the app in the gallery.",
            default="",
            pattern=".*",
            longest=200,
            allowed="text of at most 200 characters, in one line",
            example="Johan",
        ),
    ),
)

_ENVIRONMENT = Key(
    "environment",
    "table",
    "The Python environment. What is installed stands in `requirements.txt` or `pyproject.toml`, see below.",
    keys=(
        Key(
            "python",
            "string",
            "Version of Python.",
            default_in_words="what `.python-version` or `runtime.txt` names, else the host's (`pyapps_python`)",
            pattern=r"3\.(?:9|[1-9][0-9])(?:\.[0-9]{1,2})?",
            allowed="a version from 3.9 on, such as 3.12 or 3.12.4",
            example="3.12",
        ),
        Key(
            "allow_build",
            "boolean",
            "Whether packages without a wheel are built from source. That runs their code, as the app's user and never"
            " as root; what it needs (a compiler, headers) must be on the host.",
            default=False,
            example=True,
        ),
    ),
)

_ENV = Key(
    "env",
    "map",
    "Environment variables of the app's process. Not for secrets: they are readable in the catalog. Secrets belong into"
    " the app's `.env` or the variable `pyapps_secrets`, which win over what stands here.",
    keys=(
        Key(
            "required",
            "strings",
            "Variables that must have a value, here or among the secrets. While one is missing, the run is refused.",
            default=[],
            pattern=VARIABLE,
            allowed="an array of names of letters, digits and _",
            example=["API_KEY"],
        ),
    ),
    pattern=VARIABLE,
    values=("string", "integer", "boolean"),
    allowed="names of letters, digits and _; values that are strings, integers or booleans (given as true or false)",
    example={"GREETING": "Hello"},
)

_DATA = Key(
    "data",
    "table",
    "What the app writes and keeps across releases.",
    keys=(
        Key(
            "paths",
            "strings",
            "Files and folders below the app's folder that are kept: in each release they are links into the app's"
            " data folder. All else of a release is read-only. The data folder itself is `PYAPPS_DATA_DIR`.",
            default=[],
            pattern=SAFE_PATH,
            longest=200,
            allowed="an array; each " + SAFE_PATH_IN_WORDS,
            example=["uploads", "cache/tiles"],
        ),
    ),
)

_ROUTE = Key(
    "route",
    "table",
    "How the front (nginx, Caddy) serves the app.",
    keys=(
        Key(
            "pinned",
            "boolean",
            "Keep each browser tab at the release its page came from, so that a new release does not end open sessions."
            " `false` is plain proxying.",
            default=True,
        ),
        Key(
            "max_upload_mb",
            "integer",
            "Largest request body that the front lets through, in MB.",
            default_in_words="Streamlit's `server.maxUploadSize`, or 200",
            minimum=1,
            maximum=MAX_UPLOAD_MB,
            example=200,
        ),
        Key(
            "allowed_origins",
            "strings",
            "Other sites whose own scripts may open the app's WebSocket. A page that shows the app in a frame needs"
            " `frame_ancestors` instead: in a frame the app asks as itself. The app's own address is always allowed."
            " There is no wildcard. Streamlit 1.41 has no such option, so there a list is an error.",
            default=[],
            pattern="[Hh][Tt][Tt][Pp][Ss]?://%s(?::[0-9]{1,5})?" % _HOST,
            longest=300,
            allowed="an array; each http:// or https://, a host name, and perhaps : and a port; no path, no *",
            example=["https://www.example.com"],
        ),
        Key(
            "frame_ancestors",
            "strings",
            "Other sites whose pages may show the app in a frame, beside those of the front"
            " (`nginx_frame_ancestors`, `caddy_frame_ancestors`: the app's own address). Browsers keep Streamlit's"
            " cookies from a frame on a page of another site, and without them uploads end with 403: see"
            " [embedding](../how-to/embed-an-app.md).",
            default=[],
            pattern=r"\*|[Hh][Tt][Tt][Pp][Ss]?://(?:\*\.)?%s(?::[0-9]{1,5})?" % _HOST,
            longest=300,
            allowed="an array; each http:// or https://, a host name (`*.` before it means every name below it), and"
            ' perhaps : and a port; no path; or "*" for every site',
            example=["https://intranet.example.com"],
        ),
    ),
)

_LIMITS = Key(
    "limits",
    "table",
    "How much each instance of the app may have of the host; an old release that drains has its own. What holds a"
    " limit, and how well, depends on the host: see [limits](../how-to/limits.md). A changed limit is a new release.",
    keys=(
        Key(
            "memory",
            "integer",
            "Memory in MB. A release that needs more while it starts is refused; a process that needs more later is"
            " ended and started again, or gets a `MemoryError`.",
            default_in_words="no limit",
            minimum=64,
            maximum=4 * 1024 * 1024,
            example=512,
        ),
        Key(
            "cpu",
            "integer",
            "Percent of one processor: 50 is half of one, 200 are two.",
            default_in_words="no limit",
            minimum=5,
            maximum=100_000,
            example=100,
        ),
    ),
)

_GALLERY = Key(
    "gallery",
    "table",
    "The page at `/` that lists the apps.",
    keys=(Key("listed", "boolean", "Whether the gallery shows the app.", default=True),),
)

_DEPLOY = Key(
    "deploy",
    "table",
    "How a new release replaces the old one.",
    keys=(
        Key("keep", "integer", "How many releases are kept.", default=5, minimum=1, maximum=50),
        Key(
            "start_timeout",
            "integer",
            "Seconds a new release has to become healthy before it is refused.",
            default=60,
            minimum=1,
            maximum=600,
        ),
        Key(
            "drain_timeout",
            "integer",
            "Seconds that the old release stays for the people who use it when a new one has gone live. It ends "
            "earlier when the last of them has left; who is still there at its end is told before, and reloaded onto "
            "the new one. Text that is not sent, or a running upload, postpones that up to twice this time. "
            "0 ends it at once.",
            default=3600,
            minimum=0,
            maximum=7 * 24 * 3600,
        ),
        Key(
            "idle_time",
            "integer",
            "Seconds that the old release must have been without a visitor to end before that. A tab that has lost its"
            " network, or a laptop that slept, finds its session again within them.",
            default_in_words="as long as Streamlit keeps the session of a tab that is gone: 150"
            " (`server.disconnectedSessionTTL` and `server.websocketPingInterval` change it)",
            minimum=0,
            maximum=7 * 24 * 3600,
            example=150,
        ),
        Key(
            "preview_timeout",
            "integer",
            "Seconds that a release may be tried out before it goes live or ends.",
            default=3600,
            minimum=10,
            maximum=7 * 24 * 3600,
        ),
        Key(
            "max_draining",
            "integer",
            "How many old releases may stay at the same time. One more ends the oldest.",
            default=2,
            minimum=1,
            maximum=10,
        ),
        Key(
            "strategy",
            "string",
            "`beside` starts the new release while the old one serves, and nobody notices. `restart` is for an app that"
            " may not run twice: the old process is stopped first, people see the page of an app that is away until"
            " the new one has passed its gate, and the old one is started again when it has not.",
            default="beside",
            pattern="beside|restart",
            allowed='"beside" or "restart"',
        ),
        Key(
            "gate",
            "string",
            "What a new release must show before it is let in. `script`: its process, health, a visitor for whom its"
            " script runs, a WebSocket, and that it stays up. `pages`: the same for each page of a multipage app, too."
            " `health` is weaker: the script is not run.",
            default="script",
            pattern="health|script|pages",
            allowed='"script", "pages" or "health"',
        ),
        Key(
            "script_timeout",
            "integer",
            "Seconds that one run of the script, or of one page, may take in the gate.",
            default=30,
            minimum=1,
            maximum=600,
        ),
        Key(
            "stable_time",
            "integer",
            "Seconds that the process must have stayed up at the end of the gate.",
            default=2,
            minimum=0,
            maximum=300,
        ),
        Key(
            "test",
            "string",
            "A command of the app's own that must succeed before a new release is started. It runs once per release,"
            " in the app's folder, as its user and with its environment, data and secrets; its first word is looked up"
            " in the environment first. There is no shell.",
            default_in_words="none",
            longest=1000,
            example="pytest tests/",
        ),
        Key(
            "test_timeout",
            "integer",
            'Seconds that `test` may take, and that all pages together may take with `gate = "pages"`.',
            default=300,
            minimum=1,
            maximum=3600,
        ),
        Key(
            "release_command",
            "string",
            "A command that prepares what a new release needs, such as the migration of a database. It runs like"
            " `test` and after it, once per release, before the new process starts. While it runs the old release"
            ' serves on, except with `strategy = "restart"`; when it fails the release is refused.',
            default_in_words="none",
            longest=1000,
            example="python migrate.py",
        ),
        Key(
            "release_timeout",
            "integer",
            "Seconds that `release_command` may take.",
            default=300,
            minimum=1,
            maximum=3600,
        ),
    ),
)


def _declaration(own: t.Iterable[Key]) -> Key:
    """The whole file, with these tables of kinds."""
    return Key(
        "setup.toml",
        "table",
        "One app of a host, for the Ansible collection selfhost.pyapps.",
        keys=(
            Key(
                "name",
                "string",
                "The app's identity: its processes, folders and user are named by it. Another name is another app.",
                default_in_words="made from the folder's name",
                pattern=NAME,
                allowed=NAME_IN_WORDS,
                example="app_1",
            ),
            Key(
                "title",
                "string",
                "Name shown to people. Two apps may have the same.",
                default_in_words="made from the folder's name",
                longest=200,
                example="App 1",
            ),
            _OWNER,
            *own,
            _ENVIRONMENT,
            _ENV,
            _DATA,
            _ROUTE,
            _LIMITS,
            _GALLERY,
            _DEPLOY,
        ),
    )


SETUP_TOML = _declaration(table.key for table in tables())
"""With the tables of all kinds, of which an app has one."""


def setup_toml(kind: str) -> Key:
    """The declaration of the file of an app of one kind."""
    return _declaration([TABLES[kind].key])
