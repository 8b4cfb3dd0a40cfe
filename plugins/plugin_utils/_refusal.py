# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows once why a run is refused.

Ansible tells a failed task's message twice, and each further value of its result once more, in JSON without our
ansible.cfg: a list of mistakes is shown by us, as lines, and the message only counts them.
"""

from __future__ import annotations

import typing as t

from ansible.utils.display import Display
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import printable_lines


def refused(
    lines: t.Sequence[str], one: str, several: str, show: t.Callable[[str], None] | None = None
) -> dict[str, t.Any]:
    """A failed task's result, after its mistakes have been shown.

    :param lines: one mistake each
    :param one: what one is, such as ``mistake in the variables``
    :param several: the same of several
    :param show: told all of them as one text, so that two hosts do not mix theirs
    """
    shown = [part for line in lines for part in printable_lines(line)]
    (show or Display().display)("\n".join(["", *shown, ""]))
    what = "1 " + one if len(lines) == 1 else "%d %s" % (len(lines), several)
    return {"changed": False, "failed": True, "msg": "%s, told above. Nothing was changed." % what}
