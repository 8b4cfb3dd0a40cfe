# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Streamlit's static files, copied out of an environment once and compressed, for the front.

``assets/streamlit-<version>-<hash of content>/`` is what the front serves for ever (``immutable``): two environments
with the same Streamlit share it, and another content has another name. ``assets/environments/<hash>`` is a link that
remembers which environment has which, so that an unchanged run reads one link and hashes nothing.
"""

from __future__ import annotations

import glob
import gzip
import hashlib
import json
import os
import re
import shutil
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.base import KindError
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.page import pinned_page

ASSETS = re.compile(r"streamlit-[0-9A-Za-z.+!_]+-[0-9a-f]{12}")
_PAGE = "page.json"
_COMPRESSIBLE = (".html", ".js", ".css", ".json", ".svg", ".ttf", ".map", ".txt")
_LIBRARIES = ("lib", "lib64", "Lib")


class AssetsError(KindError):
    """An environment holds no Streamlit that can be served; the text says what is missing."""


def find_static(environment: str) -> str:
    """The folder of Streamlit's page and scripts in an environment.

    :param environment: path of the environment's folder
    :raises AssetsError: no Streamlit is installed there
    """
    for library in _LIBRARIES:
        pattern = os.path.join(glob.escape(environment), library, "python*", "site-packages", "streamlit", "static")
        for folder in sorted(glob.glob(pattern)):
            if os.path.isfile(os.path.join(folder, "index.html")):
                return folder
    raise AssetsError("the environment %s has no Streamlit with a page (streamlit/static/index.html)" % environment)


def has_backend_interface(static: str) -> bool:
    """Whether this Streamlit lets its host say where its backend is (``window.__streamlit``; 1.46 and newer)."""
    return _scripts_hold(static, b"BACKEND_BASE_URL")


def can_be_wrapped(static: str) -> bool:
    """Whether this is a Streamlit whose requests the page's script can redirect.

    It connects to ``_stcore/stream``, and what it loads later is found where the first script lies (modules, since
    1.41) or by ``./`` (webpack's path of a build that may lie anywhere).
    """
    return _scripts_hold(static, b"_stcore/stream") and (
        b'type="module"' in _read(os.path.join(static, "index.html")) or _scripts_hold(static, b'.p="./"')
    )


def _scripts_hold(static: str, word: bytes) -> bool:
    scripts = sorted(glob.glob(os.path.join(glob.escape(static), "static", "js", "*.js")))
    return any(word in _read(script) for script in scripts)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def write_page(
    layout: Layout,
    app_settings: t.Mapping[str, t.Any],
    assets: str | None,
    instance: str,
    port: int,
    preview: bool = False,
) -> str | None:
    """The page of one instance, made from what lies in the assets folder.

    :param app_settings: the app's catalog entry (``base_path`` and ``route.pinned`` are read)
    :param assets: folder name below the store's ``assets/``; None when there is no page to serve
    :param preview: the page below the pin, for who tries the instance out before it is live
    :returns: the HTML for ``serving/<instance>.<port>/index.html``; None when the app is served unpinned, then the
        marker holds no page and the front passes everything on
    :raises AssetsError: the assets folder is not there or not whole
    :raises PageError: Streamlit's page has no place for the script
    """
    if assets is None or not app_settings["route"]["pinned"]:
        return None
    folder = os.path.join(layout.assets, assets)
    about = _files.read_text(os.path.join(folder, _PAGE))
    index_html = _files.read_text(os.path.join(folder, "index.html"))
    if about is None or index_html is None:
        raise AssetsError("the assets folder %s is missing or not whole: run the deploy again" % folder)
    known = json.loads(about)
    if not known["pinnable"]:
        return None
    return pinned_page(
        index_html,
        base_path=app_settings["base_path"],
        instance=instance,
        port=port,
        assets=assets,
        shared=set(os.listdir(folder)) - {_PAGE},
        interface=known["interface"],
        preview=preview,
    )


def is_pinnable(layout: Layout, assets: str) -> bool | None:
    """Whether a tab can be tied to its instance with these assets; None when they are not there (yet)."""
    about = _files.read_text(os.path.join(layout.assets, assets, _PAGE))
    return bool(json.loads(about)["pinnable"]) if about else None


def known_assets(layout: Layout, environment: str) -> str | None:
    """The assets folder that an environment is known to have, or None when nothing whole is there yet."""
    try:
        name = os.path.basename(os.readlink(_environment_link(layout, environment)))
    except OSError:
        return None
    return name if ASSETS.fullmatch(name) and os.path.isdir(os.path.join(layout.assets, name)) else None


def assets_name(layout: Layout, environment: str, version: str) -> str:
    """The name of an environment's assets folder, from the content of its files.

    :raises AssetsError: no Streamlit in the environment
    """
    name = "streamlit-%s-%s" % (version, _content_hash(find_static(os.path.join(layout.envs, environment))))
    if not ASSETS.fullmatch(name):
        raise AssetsError("Streamlit's version %r is not one that can be part of a folder's name" % version)
    return name


def copy_assets(layout: Layout, environment: str, version: str) -> str:
    """Copy the static files of one environment into the store and remember it.

    :param environment: hash of the environment, below ``Layout.envs``
    :param version: Streamlit's version, only shown in the folder's name
    :returns: the folder's name
    :raises AssetsError: no Streamlit in the environment
    :raises OSError: the disk is full, ...; nothing half-written has a final name then
    """
    static = find_static(os.path.join(layout.envs, environment))
    name = assets_name(layout, environment, version)
    _files.make_folder(layout.assets)
    folder = os.path.join(layout.assets, name)
    if not os.path.isdir(folder):
        _build(static, folder, version)
    _files.make_folder(os.path.dirname(_environment_link(layout, environment)))
    _files.point_link(_environment_link(layout, environment), os.path.join("..", name))
    return name


def unused(layout: Layout, used: t.Collection[str]) -> list[str]:
    """Folders of the store that neither a release (key ``assets`` of its ``release.json``) nor ``used`` names."""
    try:
        present = [name for name in os.listdir(layout.assets) if ASSETS.fullmatch(name)]
    except FileNotFoundError:
        return []
    surplus = set(present) - set(used)
    return sorted(surplus - _needed_by_releases(layout)) if surplus else []


def delete(layout: Layout, names: t.Iterable[str]) -> None:
    """Delete assets folders, and the memory of environments that had them or are gone."""
    for name in names:
        _files.remove_tree(os.path.join(layout.assets, name))
    links = os.path.dirname(_environment_link(layout, "x"))
    for environment in os.listdir(links) if os.path.isdir(links) else ():
        if not os.path.isdir(os.path.join(layout.envs, environment)) or known_assets(layout, environment) is None:
            os.unlink(os.path.join(links, environment))


def _needed_by_releases(layout: Layout) -> set[str]:
    found = set()
    for app in layout.app_names():
        for record in glob.glob(os.path.join(glob.escape(layout.app(app).releases), "*", "release.json")):
            found.add(json.loads(_files.read_text(record) or "{}").get("assets"))
    found.discard(None)
    return found


def _environment_link(layout: Layout, environment: str) -> str:
    return os.path.join(layout.assets, "environments", environment)


def _walk(static: str) -> list[str]:
    """Relative paths of all regular files, sorted; links and what they point to are left out."""
    found: list[str] = []
    for folder, _folders, files in os.walk(static):
        paths = (os.path.join(folder, name) for name in files)
        found.extend(os.path.relpath(path, static) for path in paths if not os.path.islink(path))
    return sorted(found)


def _content_hash(static: str) -> str:
    digest = hashlib.sha256()
    for path in _walk(static):
        with open(os.path.join(static, path), "rb") as file:
            content = file.read()
        digest.update(b"%s\0%d\0" % (path.encode(), len(content)))
        digest.update(content)
    return digest.hexdigest()[:12]


def _build(static: str, folder: str, version: str) -> None:
    part = _files.part_path(folder)
    os.mkdir(part, 0o755)
    try:
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            list(pool.map(lambda path: _copy(static, part, path), _walk(static)))
        interface = has_backend_interface(static)
        about = {"streamlit": version, "interface": interface, "pinnable": interface or can_be_wrapped(static)}
        _files.write_file(os.path.join(part, _PAGE), json.dumps(about) + "\n")
        for subfolder, _folders, _names in os.walk(part):
            _files.make_folder(subfolder, 0o755)
            _files.sync_folder(subfolder)
        os.rename(part, folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    _files.sync_folder(os.path.dirname(folder))


def _copy(static: str, part: str, path: str) -> None:
    """Copy one file, and its compressed form where that is smaller; the same bytes on every host (no time inside)."""
    with open(os.path.join(static, path), "rb") as file:
        content = file.read()
    target = os.path.join(part, path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    _write(target, content)
    if path.endswith(_COMPRESSIBLE):
        compressed = gzip.compress(content, compresslevel=9, mtime=0)
        if len(compressed) < len(content):
            _write(target + ".gz", compressed)


def _write(path: str, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        os.fchmod(descriptor, 0o644)
        file.flush()
        os.fsync(descriptor)
