# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an image is made of: a few archives, each of which changes only when its content does.

The same content gives the same bytes: sorted names, numbers of users and groups instead of names, and times that do not
depend on when something was laid out. So Docker takes from its cache what has not changed.
"""

from __future__ import annotations

import filecmp
import glob
import io
import json
import os
import stat
import tarfile
import typing as t
from dataclasses import dataclass, field

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.untrusted_files import (
    folder_at,
    folder_below,
    open_file,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result, Results
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import release_secrets as _release_secrets

TIME = 1_000_000_000  # 2001-09-09
ENVIRONMENTS, APPS = "environments", "apps"
"""Groups of layers, and their folders: an app is built anew without the engine being sent the environments."""
ACCOUNTS = ("etc/passwd", "etc/group", "etc/shadow", "etc/gshadow")
"""Files that know the apps' users."""

_SECRET_FILES = frozenset(_release_secrets.FILES)
_NO_CONFIGURATION = frozenset(("secrets.key", "healthcheck-notify.json", "cloudflared", "programs"))
"""What of ``etc/pyapps`` is in no image: secrets, and programs, of which each is named."""


class LayerError(Exception):
    """An image cannot be made of what is laid out; the text says what is missing."""


@dataclass(frozen=True)
class Part:
    """One entry of an archive.

    :param name: path in the image, without the leading slash
    :param source: the file, folder or link that it is made from; None for what is made here
    :param top: a folder above the source in which others may exchange anything; None when only we can write there
    :param text: of a file that is made here
    :param link: where a link that is made here leads; without it and ``text`` a folder is made
    :param time: its modification time
    """

    name: str
    source: str | None = None
    text: bytes | None = None
    link: str | None = None
    time: int = TIME
    top: str | None = None


@dataclass
class Layer:
    """One archive.

    :param name: of its file, without ``.tar``
    :param group: the folder of its file; what is in ``environments`` seldom changes, and is large
    :param parts: its entries; parents come first when they are written, in the order of names
    :param named_by_content: its name changes with its content, so one that is there is right
    """

    name: str
    group: str
    parts: list[Part] = field(default_factory=list)
    named_by_content: bool = False

    @property
    def path(self) -> str:
        """Of its file, below the folder of all layers."""
        return os.path.join(self.group, self.name + ".tar")

    def add(
        self, layout: Layout, path: str, name: str = "", skip: t.Container[str] = (), keep_time: bool = False
    ) -> None:
        """Add a file, a link, or a folder with all that is in it.

        :param name: its path in the image, when that is another one than on this host
        :param skip: names of files and folders that are left out
        :param keep_time: whether its files keep their times
        """
        name = name or _inside(layout, path)
        status = os.lstat(path)
        self.parts.append(Part(name, path, time=int(status.st_mtime) if keep_time else TIME))
        if stat.S_ISDIR(status.st_mode):
            for entry in os.listdir(path):
                if entry not in skip and not _is_left_out(entry):
                    self.add(layout, os.path.join(path, entry), name + "/" + entry, skip, keep_time)

    def add_data(self, path: str, name: str, skip: t.Container[str]) -> None:
        """Add a folder in which an app may exchange anything at this moment.

        :param name: its path in the image
        :param skip: names of files and folders that are left out
        """
        self.parts.append(Part(name, path))
        waiting = [""]
        with folder_at(path) as top:
            while waiting:
                folder = waiting.pop()
                with folder_below(top, folder) as descriptor, os.scandir(descriptor) as found:
                    entries = [entry for entry in found if entry.name not in skip and not _is_left_out(entry.name)]
                for entry in entries:
                    below = os.path.join(folder, entry.name)
                    self.parts.append(Part(os.path.join(name, below), os.path.join(path, below), top=path))
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(below)


def _is_left_out(name: str) -> bool:
    return name.startswith(_files.PART) or name.endswith("~")


def _inside(layout: Layout, path: str) -> str:
    """A path's name in the image, whose root is the layout's."""
    return os.path.relpath(path, layout.root)


@dataclass(frozen=True)
class Wish:
    """What an image shall hold.

    :param apps: the catalog
    :param results: of the step ``releases``
    :param nginx_dir: folder of nginx's configuration, when nginx is the front
    """

    layout: Layout
    apps: t.Sequence[t.Mapping[str, t.Any]]
    results: Results
    port_range: str
    nginx_dir: str | None


def layers(wish: Wish) -> list[Layer]:
    """The archives, in the order in which they change more and more often.

    :raises LayerError: an app has no release
    """
    done = {}
    for app in wish.apps:
        result = wish.results.get(app["name"], Result())
        if not (result.goes_on and result.release):
            raise LayerError("%s has no release: %s" % (app["name"], result.reason or "it was not laid out"))
        done[app["name"]] = result
    environments = sorted({result.environment or "" for result in done.values()})
    assets = sorted({result.assets for result in done.values() if result.assets})
    found = [_python(wish.layout, name) for name in _fetched(wish.layout, environments)]
    found += [_tools(wish.layout)]
    found += [_environment(wish.layout, name) for name in environments]
    found += [_assets(wish.layout, name) for name in assets]
    found += [_app(wish.layout, name, done[name].release or "") for name in sorted(done)]
    found.append(_configuration(wish, done))
    for layer in found:
        _add_parents(wish.layout, layer)
    return found


def _tools(layout: Layout) -> Layer:
    """Supervisor, Caddy, our zipapp and the short command; not uv, which only a deploy needs."""
    layer = Layer("tools", ENVIRONMENTS)
    layer.add(layout, layout.command)
    layer.add(layout, layout.zipapp)
    for name in sorted(os.listdir(layout.tools)):
        link = os.path.join(layout.tools, name)
        if os.path.islink(link):
            layer.add(layout, link)
            layer.add(layout, os.path.realpath(link))
    return layer


def _fetched(layout: Layout, environments: t.Iterable[str]) -> list[str]:
    """Names of the interpreters of the store on which environments of apps and of tools stand."""
    paths = [os.path.join(layout.envs, name) for name in environments]
    paths += [os.path.realpath(os.path.join(layout.tools, name)) for name in os.listdir(layout.tools)]
    links = [os.path.join(path, "bin", "python") for path in paths]
    found = [os.path.relpath(os.readlink(link), layout.pythons) for link in links if os.path.islink(link)]
    return sorted({path.split("/")[0] for path in found if not path.startswith("..")})


def _python(layout: Layout, name: str) -> Layer:
    layer = Layer("python-" + name, ENVIRONMENTS, named_by_content=True)
    layer.add(layout, os.path.join(layout.pythons, name))
    return layer


def _environment(layout: Layout, name: str) -> Layer:
    layer = Layer("environment-" + name, ENVIRONMENTS, named_by_content=True)
    layer.add(layout, os.path.join(layout.envs, name))
    return layer


def _assets(layout: Layout, name: str) -> Layer:
    layer = Layer("assets-" + name.replace("+", "-"), ENVIRONMENTS, named_by_content=True)
    layer.add(layout, os.path.join(layout.assets, name))
    return layer


def _app(layout: Layout, name: str, release: str) -> Layer:
    """The release, and what the app's data folder begins with."""
    app, image = layout.app(name), layout.image_app(name)
    folder, target = app.release(release), _inside(layout, image.release(release))
    layer = Layer("app-" + name, APPS)
    # A new volume becomes as the folder in its place is.
    layer.parts += [Part(_inside(layout, path), path) for path in (app.path, app.data)]
    layer.parts.append(Part(target, folder))
    for entry in os.listdir(folder):
        if entry not in _SECRET_FILES:
            # Servers tell browsers by time and size whether a file of the code is still the one they know.
            layer.add(layout, os.path.join(folder, entry), target + "/" + entry, keep_time=entry == "code")
    data = _inside(layout, layout.image_data(name))
    layer.add_data(app.data, data, skip=(".home", ".tmp"))
    return layer


def _configuration(wish: Wish, results: Results) -> Layer:
    """What is small and changes with any app; the users of all apps are in here, so it is the last one."""
    layout, layer = wish.layout, Layer("configuration", APPS)
    layer.add(layout, layout.etc, skip=_NO_CONFIGURATION)
    # Where images are laid out again and again, an earlier one may have had the other front.
    other = layout.program("pyapps-caddy" if wish.nginx_dir else "pyapps-nginx")
    for path in sorted(glob.glob(os.path.join(glob.escape(layout.programs), "pyapps-*.conf"))):
        if path != other:
            layer.add(layout, path, _inside(layout, os.path.join(layout.image_programs, os.path.basename(path))))
    target = os.path.relpath(layout.container_programs, os.path.dirname(layout.programs))
    layer.parts.append(Part(_inside(layout, layout.programs), link=target))
    for folder in (layout.apps, layout.locks, layout.assets, layout.envs, layout.log):
        layer.parts.append(Part(_inside(layout, folder), folder))
    for environment in sorted({str(result.environment) for result in results.values()}):
        link = os.path.join(layout.assets, "environments", environment)
        if os.path.islink(link):
            layer.add(layout, link)
    _add_front(wish, layer)
    _add_records(wish, layer, results)
    if layout.root == "/":
        # Elsewhere everything belongs to one user, whom the base has.
        layer.parts += [Part(name, "/" + name) for name in ACCOUNTS if os.path.exists("/" + name)]
    return layer


def _add_front(wish: Wish, layer: Layer) -> None:
    """The front's files; what it keeps for itself (copies of old files, marks) stays here."""
    layout = wish.layout
    layer.parts.append(Part(_inside(layout, layout.front), layout.front))
    for name in ("index.html", "not-found.html", "apps"):
        layer.add(layout, os.path.join(layout.front, name))
    if wish.nginx_dir:
        for folder in ("sites-available", "sites-enabled"):
            layer.add(layout, os.path.join(wish.nginx_dir, folder, "pyapps.conf"))
    caddy = layout.caddy_home
    if os.path.isdir(caddy):
        layer.parts.append(Part(_inside(layout, caddy), caddy))


def _add_records(wish: Wish, layer: Layer, results: Results) -> None:
    """What ``pyapps container`` reads, and the links through which releases of the image find an app's data."""
    layout, apps = wish.layout, {}
    for app in wish.apps:
        link = layout.image_app(app["name"]).data
        target = os.path.relpath(layout.app(app["name"]).data, os.path.dirname(link))
        layer.parts.append(Part(_inside(layout, link), link=target))
        apps[app["name"]] = {
            "release": results[app["name"]].release,
            "folder": os.path.basename(app["folder"]),
            "port": (app.get(app["kind"]) or {}).get("port"),
        }
    text = json.dumps({"apps": apps, "port_range": wish.port_range}, indent=2, sort_keys=True) + "\n"
    layer.parts.append(Part(_inside(layout, layout.image_record), text=text.encode()))


def _add_parents(layout: Layout, layer: Layer) -> None:
    """Folders of ours above the entries, so that they do not get whatever rights the builder gives them."""
    names = {part.name for part in layer.parts}
    for name in sorted(names):
        while name:
            name = os.path.dirname(name)
            if not name or name in names:
                continue
            # The base has the others, unless the root folder is ours.
            if layout.root == "/" and not name.startswith(("srv/pyapps", "etc/pyapps")):
                continue
            names.add(name)
            source = os.path.join(layout.root, name)
            layer.parts.append(Part(name, source if os.path.isdir(source) else None))


def write(folder: str, layer: Layer) -> bool:
    """Write an archive, if it is another one than before.

    :returns: whether it is
    """
    path = os.path.join(folder, layer.path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if layer.named_by_content and os.path.exists(path):
        return False
    part = _files.part_path(path)
    try:
        with tarfile.open(part, "w", format=tarfile.GNU_FORMAT) as archive:
            for entry in sorted(layer.parts, key=lambda entry: entry.name):
                _write_part(archive, entry)
        if os.path.exists(path) and filecmp.cmp(part, path, shallow=False):
            os.unlink(part)
            return False
        os.rename(part, path)
    except BaseException:
        if os.path.lexists(part):
            os.unlink(part)
        raise
    return True


def _write_part(archive: tarfile.TarFile, part: Part) -> None:
    info = tarfile.TarInfo(part.name)
    info.mtime = part.time
    if part.link is not None:
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, part.link, 0o777
    elif part.text is not None:
        info.size, info.mode = len(part.text), 0o644
        archive.addfile(info, io.BytesIO(part.text))
        return
    elif part.source is None:
        info.type, info.mode = tarfile.DIRTYPE, 0o755
    else:
        _write_source(archive, info, part.source, part.top or os.path.dirname(part.source))
        return
    archive.addfile(info)


def _write_source(archive: tarfile.TarFile, info: tarfile.TarInfo, path: str, place: str) -> None:
    """Add what lies at a path, reached through no link below ``place``."""
    below = os.path.relpath(path, place)
    with folder_at(place) as top, folder_below(top, os.path.dirname(below)) as folder:
        name = os.path.basename(below)
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        info.uid, info.gid, info.mode = status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)
        if stat.S_ISLNK(status.st_mode):
            info.type, info.linkname = tarfile.SYMTYPE, os.readlink(name, dir_fd=folder)
            archive.addfile(info)
        elif stat.S_ISDIR(status.st_mode):
            info.type = tarfile.DIRTYPE
            archive.addfile(info)
        elif stat.S_ISREG(status.st_mode):
            with open_file(folder, name) as file:
                info.size = os.fstat(file.fileno()).st_size
                archive.addfile(info, file)


def surplus(folder: str, wanted: t.Iterable[Layer]) -> list[str]:
    """Archives of earlier images, and what a killed run has left."""
    kept = {os.path.join(folder, layer.path) for layer in wanted}
    found: list[str] = []
    for group in (ENVIRONMENTS, APPS):
        for pattern in ("*.tar", _files.PART + "*"):
            found += glob.glob(os.path.join(glob.escape(folder), group, pattern))
    return sorted(path for path in found if path not in kept)
