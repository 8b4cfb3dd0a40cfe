# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put the program cloudflared on a host: fetched once, checked by its SHA-256.

What was fetched is only a file until its checksum is right; it is never run as root.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import ssl
import typing as t
import urllib.request

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""What the kernel calls a machine, and what the releases do."""

_CHECKSUM = re.compile(r"[0-9a-f]{64}")
_PROGRAM_MODE = 0o755
_BLOCK = 1 << 20
_LARGEST = 300 * _BLOCK
_TIMEOUT = 60.0  # seconds without a byte


class InstallError(Exception):
    """The program cannot be had; the text says why and what to do."""


def program_path(layout: Layout) -> str:
    """Where the program lies."""
    return os.path.join(layout.tools, "cloudflared", "bin", "cloudflared")


def wanted_checksum(checksums: t.Mapping[str, str], machine: str) -> tuple[str, str]:
    """The architecture of this machine, and the checksum for it.

    :param checksums: SHA-256 as hex digits, by architecture
    :param machine: what uname(2) says
    :raises InstallError: there is none, or it is not a SHA-256
    """
    architecture = ARCHITECTURES.get(machine, machine)
    checksum = str(checksums.get(architecture, "")).lower()
    if not _CHECKSUM.fullmatch(checksum):
        raise InstallError(
            "cloudflared_checksums: found %r for %s; needed are the 64 hex digits of the SHA-256 of the program for "
            "this architecture (%s), as its release page shows it. Or give the path of a cloudflared that is there "
            "(cloudflared_binary)." % (checksum, architecture, machine)
        )
    return architecture, checksum


def checksum_of(path: str) -> str | None:
    """SHA-256 of a file, or None when there is none."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except FileNotFoundError:
        return None
    return digest.hexdigest()


def source_url(template: str, version: str, architecture: str) -> str:
    """The address of the program; a template without the words is an address already."""
    return template.replace("{version}", version).replace("{arch}", architecture)


def install(path: str, url: str, checksum: str, ca_bundle: str | None, proxy: str | None) -> None:
    """Fetch the program, and put it in place when its checksum is right; otherwise nothing changes.

    :param ca_bundle: certificates to trust instead of the system's
    :param proxy: an HTTP proxy; None takes that of the environment
    :raises InstallError: it cannot be fetched, or is not what was pinned
    """
    _files.make_folder(os.path.dirname(path))
    part = _files.part_path(path)
    try:
        found = _fetch(url, part, ca_bundle, proxy)
        if found != checksum:
            raise InstallError(
                "%s has the SHA-256 %s, and %s was expected: nothing was installed. If you have "
                "changed cloudflared_version, change cloudflared_checksums too." % (url, found, checksum)
            )
        os.chmod(part, _PROGRAM_MODE)
        os.rename(part, path)
        _files.sync_folder(os.path.dirname(path))
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)


def _fetch(url: str, path: str, ca_bundle: str | None, proxy: str | None) -> str:
    """Fetch into a new file; its SHA-256."""
    digest, size = hashlib.sha256(), 0
    try:
        handlers: list[urllib.request.BaseHandler] = []
        if url.startswith("https:"):
            handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca_bundle)))
        if proxy:
            handlers.append(urllib.request.ProxyHandler({"http": proxy, "https": proxy}))
        opener = urllib.request.build_opener(*handlers)
        with opener.open(url, timeout=_TIMEOUT) as answer, open(path, "xb") as file:
            while block := answer.read(_BLOCK):
                size += len(block)
                if size > _LARGEST:
                    raise InstallError("%s is larger than %d MB: that is no cloudflared" % (url, _LARGEST // _BLOCK))
                digest.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
    except (OSError, ValueError) as error:
        raise InstallError(
            "%s cannot be fetched (%s). Set cloudflared_url to a mirror that this host reaches, or cloudflared_binary "
            "to a cloudflared that is there." % (url, error)
        ) from None
    return digest.hexdigest()
