# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the front and people see of an app's instances: markers, the live link, the flag, log links.

A marker is the folder ``serving/<instance>.<port>/``: it makes the instance's port reachable through the front, and it
holds the instance's page. Names of instances are secrets of the tabs that run on them.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import (
    force_remove,
    make_folder,
    part_path,
    point_link,
    read_bytes,
    read_text,
    sync_folder,
    write_file,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.conf import log_path
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import away_page as _away_page
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord

PAGE = "index.html"
COMPRESSED_PAGE = PAGE + ".gz"  # made once, or the front would compress the page for each visitor
PREVIEW = "preview.html"
PREVIEW_IN_PUBLIC = "preview-public.html"
"""Pages of a preview, which the front shows below its pin; the second one on the public host."""
STREAMS = ("out", "err")


STATIC = "static"
"""In a marker: a link to the release's scripts and styles, so that a front knows which there are."""

AWAY = "away"
"""In a marker: its instance's process has ended, or somebody else has its port; the front asks nobody."""

ENDS = "ends.json"
"""In a marker: when its instance, which is no longer live, ends; the instance's tabs read it."""

PAGES = (PAGE, COMPRESSED_PAGE, PREVIEW, PREVIEW_IN_PUBLIC)


def _port_file(port: int) -> str:
    return "%d.port" % port


def _contents(port: int, page: str | None) -> dict[str, bytes]:
    """The files of a marker; Caddy reads the port from a file's name."""
    files = {_port_file(port): b""}
    if page is not None:
        files[PAGE] = page.encode()
        files[COMPRESSED_PAGE] = gzip.compress(files[PAGE], mtime=0)
    return files


def make_marker(
    app: AppLayout, record: InstanceRecord, page: str | None, more: t.Mapping[str, str] | None = None
) -> None:
    """Make an instance reachable, at once and with its page.

    :param page: the HTML of its pinned page; None for an app that is served unpinned
    :param more: further pages by name
    """
    marker = app.marker(record.instance, record.port)
    part = part_path(marker)
    pages = {name: text.encode() for name, text in (more or {}).items()}
    try:
        make_folder(part, 0o755)
        for name, content in {**_contents(record.port, page), **pages}.items():
            write_file(os.path.join(part, name), content)
        assets = _assets_of(app, record.release)
        if assets:
            point_link(os.path.join(part, STATIC), "../../../../assets/%s/static" % assets)
        os.rename(part, marker)
    except BaseException:
        with contextlib.suppress(OSError):
            force_remove(part)
        raise
    sync_folder(app.serving)


def _assets_of(app: AppLayout, release: str) -> str | None:
    """The name of a release's folder of assets."""
    text = read_text(os.path.join(app.release(release), "release.json"))
    return json.loads(text).get("assets") if text else None


def differences(app: AppLayout, record: InstanceRecord, page: str | None) -> dict[str, bytes | None]:
    """What of a healthy live instance is not as it should be: path of a file and its content, None for "no file"."""
    marker = app.marker(record.instance, record.port)
    wanted: dict[str, bytes | None] = {os.path.join(marker, name): None for name in PAGES}
    wanted[app.down] = wanted[app.down_page] = None
    wanted[os.path.join(marker, AWAY)] = None
    wanted[os.path.join(marker, ENDS)] = None
    wanted.update((os.path.join(marker, name), content) for name, content in _contents(record.port, page).items())
    return {path: content for path, content in wanted.items() if read_bytes(path) != content}


def correct(wanted: t.Mapping[str, bytes | None]) -> None:
    """Bring files in line with what :func:`differences` found."""
    for path, content in wanted.items():
        if content is None:
            os.unlink(path)
            sync_folder(os.path.dirname(path))
        else:
            write_file(path, content)


def switch(app: AppLayout, record: InstanceRecord) -> None:
    """Make an instance with a marker the live one, by one rename: the next visit reaches it."""
    marker = app.marker(record.instance, record.port)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(marker, ENDS))  # or its tabs would reload again and again
    point_link(app.live, os.path.relpath(marker, app.path))


def log_links(layout: Layout, record: InstanceRecord) -> dict[str, str]:
    """The links by which people find the live instance's logs, and where they point."""
    return {
        log_path(layout, record.app, stream): os.path.basename(log_path(layout, record.program, stream))
        for stream in STREAMS
    }


def wrong_links(links: t.Mapping[str, str]) -> dict[str, str]:
    """Those of some links that are missing or point somewhere else."""
    return {path: target for path, target in links.items() if _target(path) != target}


def point_links(links: t.Mapping[str, str]) -> None:
    """Make or correct links."""
    for path, target in links.items():
        point_link(path, target)


def _target(path: str) -> str | None:
    try:
        return os.readlink(path)
    except OSError:
        return None


def clear_down(app: AppLayout) -> None:
    """The live instance answers."""
    clear_away(app.live)
    _away_page.clear_down(app)


def has_page(app: AppLayout, record: InstanceRecord) -> bool:
    """Whether an instance's tabs have a page of ours, which pins them to it."""
    return os.path.exists(os.path.join(app.marker(record.instance, record.port), PAGE))


def set_away(marker: str) -> None:
    """Take an instance's route away, at once: nothing is waited for, not even the disk. A marker may be gone.

    The flag is a further name of a file that is there, because an app can use up the files that its disk has room for.
    """
    away, there = (os.path.join(marker, name) for name in (AWAY, _port_file(int(marker.rpartition(".")[2]))))
    try:
        os.link(there, away)
    except FileExistsError:
        return
    except OSError:  # the file is gone, or this file system has no further names
        with contextlib.suppress(FileNotFoundError):
            os.close(os.open(away, os.O_WRONLY | os.O_CREAT, 0o644))


def clear_away(marker: str) -> None:
    """Give an instance its route back."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(marker, AWAY))


def is_away(marker: str) -> bool:
    """Whether an instance's route is taken away."""
    return os.path.lexists(os.path.join(marker, AWAY))
