# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put a front's files in place, and back again when the server refuses them.

While new files wait for the server to read them, ``front/<server>.pending`` exists: a run that is killed between
writing and reloading would otherwise look converged for ever.
"""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout


class RejectedError(Exception):
    """The server does not take the new configuration, and the old one is back; the text is what the server said."""


class Wanted(t.NamedTuple):
    """A file, or a link to ``content``; with None there must be neither."""

    path: str
    content: str | None
    link: bool = False

    def now(self) -> str | None:
        """What is there: the text, or a link's target. A file where a link should be counts as another target."""
        if self.link:
            if os.path.islink(self.path):
                return os.readlink(self.path)
            return "(a file)" if os.path.exists(self.path) else None
        return _files.read_text(self.path)

    def put(self) -> None:
        """Make it so, atomically."""
        if self.content is None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)
                _files.sync_folder(os.path.dirname(self.path))
        elif self.link:
            _files.point_link(self.path, self.content)
        else:
            _files.write_file(self.path, self.content)


class Install:
    """The difference between what is wanted and what is there; feeds ``changed``, ``diff`` and the work alike.

    :param server: name of the server, for the mark of what is not loaded yet
    :param wanted: every file of the front, in the order in which they are put
    """

    def __init__(self, layout: Layout, server: str, wanted: t.Sequence[Wanted]) -> None:
        self._layout = layout
        self.pending = os.path.join(layout.front, server + ".pending")
        self._backup = os.path.join(layout.front, "backup")
        self._before = [(file, file.now()) for file in wanted]

    @property
    def differing(self) -> list[tuple[Wanted, str | None]]:
        return [(file, before) for file, before in self._before if before != file.content]

    @property
    def changed(self) -> bool:
        return bool(self.differing) or os.path.exists(self.pending)

    @property
    def diff(self) -> list[dict[str, t.Any]]:
        return [_files.diff_entry(file.path, before, file.content) for file, before in self.differing]

    def apply(self, test: t.Callable[[], str | None]) -> None:
        """Put what differs, and let the server judge the whole; replaced files are kept in ``front/backup/``.

        Not those of one app: nobody has changed them by hand, and they would outlive it there.

        :param test: what the server says against the configuration that is in place now, or None
        :raises RejectedError: it says something; everything is as it was
        :raises OSError: a file cannot be written; everything is as it was
        """
        for folder in (self._backup, self._layout.front_apps):
            _files.make_folder(folder)
        was_pending = os.path.exists(self.pending)
        _files.write_file(self.pending, "The server has not read its new files yet.\n")
        try:
            for file, before in self.differing:
                of_one_app = os.path.dirname(file.path) == self._layout.front_apps
                if before is not None and not (file.link or of_one_app):
                    _files.write_file(os.path.join(self._backup, os.path.basename(file.path)), before)
                file.put()
            complaint = test()
            if complaint is not None:
                raise RejectedError(complaint)
        except BaseException:
            for file, before in self.differing:
                file._replace(content=before).put()
            if not was_pending:
                self.loaded()
            raise

    def loaded(self) -> None:
        """The server has read its files, or needs not."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.pending)
