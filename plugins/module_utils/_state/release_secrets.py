# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secrets of releases, on the target.

Files beside a release's code, for its app and root only: environment variables for our starter and once more as a
``.env``, and Streamlit's ``secrets.toml``. To the last two links in the code lead. They are there while an instance
uses the release; what is retired keeps its code only, and gets its secrets back when it is wanted again.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.secrets import AppSecrets
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.dotenv import dotenv_text
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import RecordError, used_releases

ENV = "secret-env.json"
TOML = "secrets.toml"
DOTENV = "secret.env"
FILES = (ENV, TOML, DOTENV)

_KEY_BYTES = 32


def secrets_key(layout: Layout, make: bool) -> bytes | None:
    """The key with which secrets enter the names of releases; None when there is none.

    :param make: make one then; only for who holds the host's lock
    """
    text = _files.read_text(layout.secrets_key)
    if not text and make:
        text = secrets.token_hex(_KEY_BYTES) + "\n"
        _files.write_file(layout.secrets_key, text, 0o600)
    return text.strip().encode() if text else None


def differ(release: str, own: AppSecrets) -> bool:
    """Whether a release's folder holds other secrets than these, or none."""
    return _contents(own) != {name: _files.read_text(os.path.join(release, name)) or "" for name in FILES}


def write(release: str, own: AppSecrets, group: str | None) -> None:
    """Put the secrets beside a release's code.

    :param group: the app's; None without root, where nobody but the owner may read
    """
    with time_kept(release):
        for name, content in _contents(own).items():
            if content:
                _files.write_file(os.path.join(release, name), content, 0o640 if group else 0o600, None, group)


def _contents(own: AppSecrets) -> dict[str, str]:
    env = json.dumps(dict(own.env), sort_keys=True) if own.env else ""
    return {ENV: env, TOML: own.toml, DOTENV: dotenv_text(own.env)}


def read_env(release: str) -> dict[str, str]:
    """The secret variables of a release.

    :raises OSError: they are there, but not for who asks
    :raises ValueError: the file is damaged
    """
    text = _files.read_text(os.path.join(release, ENV))
    return t.cast("dict[str, str]", json.loads(text)) if text else {}


def read(release: str) -> AppSecrets:
    """The secrets that lie beside a release's code.

    :raises OSError: they are there, but not for who asks
    :raises ValueError: a file is damaged
    """
    return AppSecrets(read_env(release), _files.read_text(os.path.join(release, TOML)) or "")


def unused(app: AppLayout, wanted: str | None = None) -> list[str]:
    """The files with secrets of releases that no instance uses.

    :param wanted: a release that is about to be used
    """
    try:
        used = used_releases(app)
        releases = os.listdir(app.releases)
    except (RecordError, FileNotFoundError):
        return []  # what an unreadable record uses is not known
    folders = [app.release(release) for release in releases if release not in used and release != wanted]
    paths = [os.path.join(folder, name) for folder in folders for name in FILES]
    return [path for path in paths if os.path.lexists(path)]


def delete(paths: t.Iterable[str]) -> None:
    """Delete files with secrets; what is gone already is fine."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError), time_kept(os.path.dirname(path)):
            os.unlink(path)
            _files.sync_folder(os.path.dirname(path))


@contextlib.contextmanager
def time_kept(release: str) -> t.Iterator[None]:
    """Leave a release its time, which says when it was asked for last and so when it is pruned."""
    status = os.stat(release)
    try:
        yield
    finally:
        os.utime(release, ns=(status.st_atime_ns, status.st_mtime_ns))
