# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that many modules share: the host, and which of its apps (`module_utils/_ground/arguments.py`)."""

from __future__ import annotations


class ModuleDocFragment:
    """Without a name: the folder of everything."""

    DOCUMENTATION = r"""
options:
  root:
    description: The root folder of everything on the target; V(/) on a host that is run as root.
    type: path
    default: /
"""

    USERS = r"""
options:
  uid_range:
    description:
      - The ids that new system users and their groups may get, first and last.
      - Neither Debian nor systemd gives the default ones to anybody. No id is given to another user while data of
        an app is kept for it.
    type: str
    default: 60706-61183
"""

    LOCK = r"""
options:
  lock_timeout:
    description: How many seconds to wait for another run that changes this host.
    type: float
    default: 60.0
"""

    CHOICE = r"""
options:
  app:
    description: Names of apps; none means all of the host.
    type: list
    elements: str
    default: []
"""

    DEPLOY = r"""
options:
  public_url:
    description:
      - Where people open this host, such as V(https://apps.example.com).
      - When it is given, a candidate must accept a WebSocket from a page of this address.
    type: str
    default: ""
  port_range:
    description:
      - From which ports new instances get theirs, first and last.
      - An app's own C([streamlit] port) is tried first. Ports that the kernel gives to outgoing connections (32768 to
        60999) are left out.
    type: str
    default: 20000-29999
  unconfined:
    description:
      - Names of apps whose processes may listen on any port, and connect to the ports of other apps. Every other app is
        kept to its own port, where the kernel can do that.
      - It counts for instances that are started from then on.
    type: list
    elements: str
    default: []
  parallel:
    description:
      - How many apps are deployed at the same time.
      - V(0) means as many as the target has processors.
    type: int
    default: 0
"""

    PLAN = r"""
options:
  plan:
    description:
      - What RV(selfhost.pyapps.host_plan#module:plan) said when the run looked at the host.
      - When another run has changed the host since, this one is refused; without it, it is not asked.
    type: dict
"""

    NETWORK = r"""
options:
  index_url:
    description: Package index instead of PyPI. A password in it is never shown.
    type: str
  ca_bundle:
    description: Certificates (PEM) on the target to trust. By default the host's.
    type: path
  proxy:
    description: URL of an HTTP proxy. By default the variables C(http_proxy), C(https_proxy) and C(no_proxy) count.
    type: str
  wheelhouse:
    description: Folder of wheels on the target. Nothing else is asked then, and no network is used.
    type: path
"""
