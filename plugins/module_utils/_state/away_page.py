# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of an app that is away: why, and since when.

A front has a page for each app (:mod:`._front_pages`). Whoever sets an app's flag ``down`` writes the same page beside
it, with what he knows more; so the page needs nothing that runs.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import re

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.clock import TIME
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import read_text, sync_folder, write_file
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout

DOES_NOT_ANSWER = "does not answer"
STOPPED = "is stopped"
RESTARTS = "restarts in place"

NOT_KNOWN = '<main data-state="">'
WORDS = {
    DOES_NOT_ANSWER: "This app does not answer right now. "
    "This page looks for it every few seconds and shows it as soon as it is back.",
    STOPPED: "This app has been stopped on purpose. "
    "It stays away until somebody starts it again; then this page shows it.",
    RESTARTS: "A new version of this app is being started. This page shows it as soon as it is ready.",
}
"""What the page says to visitors, by the reason that the flag begins with."""

SINCE = "<!-- since -->"
"""Where the page says since when."""

_SINCE = '<p>Since <time datetime="%s">%s UTC</time>.</p>'


def set_down(layout: Layout, app: AppLayout, reason: str) -> None:
    """Have the front say that an app is away; the page comes first, then the flag.

    :param reason: one of :data:`WORDS`
    :raises OSError: a file cannot be written
    """
    now = datetime.datetime.now(datetime.timezone.utc)
    page = told(read_text(layout.away_page(app.name)) or "", reason, now)
    if page:
        write_file(app.down_page, page)
    write_file(app.down, "%s since %s\n" % (reason, now.strftime(TIME)))


def clear_down(app: AppLayout) -> None:
    """Take the flag away, then its page; either may be gone.

    :raises OSError: one cannot be removed
    """
    for path in (app.down, app.down_page):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
            sync_folder(app.path)


def is_down_because(app: AppLayout, reason: str) -> bool:
    """Whether an app has the flag, for this reason."""
    return (read_text(app.down) or "").startswith(reason)


def told(page: str, reason: str, since: datetime.datetime) -> str:
    """A front's page with the reason and since when.

    :param page: as :func:`._front_pages.away_page` has made it; another text stays as it is
    :param since: in UTC
    """
    shown = _SINCE % (since.strftime(TIME), "%d %s" % (since.day, since.strftime("%B %Y, %H:%M")))
    state = '<main data-state="%s %s">' % (re.sub(r"\W+", "-", reason), since.strftime(TIME))
    page = page.replace(NOT_KNOWN, state, 1).replace(SINCE, shown, 1)
    return page.replace(status(DOES_NOT_ANSWER), status(reason), 1)


def status(reason: str) -> str:
    """What the page says of an app that is away.

    :param reason: one of :data:`WORDS`
    """
    return '<p role="status">%s</p>' % WORDS[reason]
