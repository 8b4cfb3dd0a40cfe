# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has the front's port already, in words that lead on. Reads only."""

from __future__ import annotations

import os
import re

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.listeners import Listener, command_of, describe

NGINX_SITE = "/etc/nginx/sites-enabled/pyapps.conf"
_SERVERS = re.compile(r"(?:\S*/)?(nginx|caddy|apache2|httpd|haproxy|lighttpd|traefik)(?::| |$)")
_OUR_CADDY = re.compile(r"(?P<root>/.*?)/?srv/pyapps/tools/caddy/")
_ELSEWHERE = "Set pyapps_port to another port (make demo: DEMO_PORT=...), or "
_REMOVE = (
    "remove those first (playbooks/remove.yml with their pyapps_root and -e pyapps_remove=everything; a demo: "
    "make demo-clean)."
)


def problem(layout: Layout, port: int, holder: Listener, site: str = NGINX_SITE) -> str:
    """Why the front cannot have its port, and the ways out.

    :param holder: who listens there, and is not the front that is wanted
    :param site: where nginx has the site of a host of ours
    """
    program, words = described(holder)
    said = "pyapps_port: %d is taken by %s" % (port, words)
    ours = _OUR_CADDY.match(holder.command or "")
    if ours:
        said += ", the front of the apps of this collection below %s. " % (ours["root"] or "/")
        return said + _ELSEWHERE + _REMOVE
    if program == "nginx" and os.path.exists(site):
        said += ", which serves apps of this collection (%s). " % site
        if layout.root == "/":
            return said + "To change the front, stop nginx first (service nginx stop); or set pyapps_front to nginx."
        return said + _ELSEWHERE + _REMOVE
    return "%s. Stop it, or set pyapps_port to another port; nothing is ever killed for a port." % said


def described(holder: Listener) -> tuple[str, str]:
    """The program's name where it is a known server, and words for people.

    To who is not root the kernel hides whose a socket is, but not which servers run as that user.
    """
    if holder.pid is not None:
        found = _SERVERS.match(holder.command or "")
        return (found[1] if found else ""), describe(holder)
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        try:
            found = _SERVERS.match(command_of(pid)) if os.stat("/proc/%d" % pid).st_uid == holder.uid else None
        except OSError:
            continue
        if found:
            return found[1], "%s, probably %s (pid %d)" % (describe(holder), found[1], pid)
    return "", describe(holder)
