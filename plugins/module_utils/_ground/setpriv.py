# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command line that runs a server of ours as its own user, with nothing of the caller's environment."""

from __future__ import annotations

import typing as t

NO_CAPABILITY = "-all"


def command_as(
    user: str | None, environment: t.Mapping[str, str], command: t.Sequence[str], capability: str = NO_CAPABILITY
) -> list[str]:
    """A command line for supervisord, or for asking a program once.

    :param user: who runs it; None for whoever runs this (without root)
    :param environment: the whole environment, beside ``PATH``
    :param capability: what setpriv(1) lets it keep of root's rights
    """
    settings = ["%s=%s" % setting for setting in environment.items()]
    plain = ["/usr/bin/env", "-i", "PATH=/usr/bin:/bin", *settings, *command]
    if not user:
        return plain
    account = ["--reuid", user, "--regid", user, "--clear-groups", "--no-new-privs"]
    limits = ["--%s=%s" % (kind, capability) for kind in ("inh-caps", "ambient-caps", "bounding-set")]
    return ["/usr/bin/setpriv", *account, *limits, "--", *plain]
