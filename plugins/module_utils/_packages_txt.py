# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an app's ``packages.txt`` wants of Debian, as Streamlit's cloud reads it. It is told, not installed."""

from __future__ import annotations

import re

from ansible_collections.selfhost.pyapps.plugins.module_utils._problems import FileReport, show
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements_texts import Texts

PACKAGES = "packages.txt"

_NAME = re.compile("[a-z0-9][a-z0-9+.-]{1,127}")
_MOST = 200
_MOST_SHOWN = 20


def tell_packages(folder: str, report: FileReport) -> None:
    """Say which packages of Debian the host must have, and which words are no names of any."""
    texts = Texts(folder, report)
    text = texts.read(PACKAGES) if texts.exists(PACKAGES) else None
    if text is None:
        return
    words = list(dict.fromkeys(word for line in text.splitlines() for word in line.partition("#")[0].split()))
    about = texts.report(PACKAGES)
    if len(words) > _MOST:
        about.error("", "names more than %d packages" % _MOST)
        return
    names = [word for word in words if _NAME.fullmatch(word)]
    others = [word for word in words if word not in names]
    if others:
        about.notice("names what is no package of Debian: %s" % ", ".join(map(show, others[:_MOST_SHOWN])))
    if names:
        about.notice("is not installed by this collection; where the host lacks them: apt install %s" % " ".join(names))
