# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an app's ``packages.txt`` wants of Debian, as Streamlit's cloud reads it."""

from __future__ import annotations

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import FileReport, show
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.debian_packages import (
    MOST,
    PACKAGES,
    is_name,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.texts import Texts

_MOST_SHOWN = 20


def read_packages(folder: str, report: FileReport, installs: bool) -> list[str]:
    """The packages of Debian that the host must have.

    :param installs: whether they are installed; then a word that is no name is an error, else a notice
    :returns: names, each once
    """
    texts = Texts(folder, report)
    text = texts.read(PACKAGES) if texts.exists(PACKAGES) else None
    if text is None:
        return []
    words = list(dict.fromkeys(word for line in text.splitlines() for word in line.partition("#")[0].split()))
    about = texts.report(PACKAGES)
    if len(words) > MOST:
        about.error("", "names more than %d packages" % MOST)
        return []
    others = [word for word in words if not is_name(word)]
    if others:
        found = ", ".join(map(show, others[:_MOST_SHOWN]))
        if installs:
            about.error("", "names what is no package of Debian", found, "names alone, such as ffmpeg or libgl1")
        else:
            about.notice("names what is no package of Debian: %s" % found)
    return [word for word in words if is_name(word)]
