#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: status_info
short_description: Tell how every Python web app of a host is
version_added: 0.1.0
description:
  - Tells for each app which release is live, whether its process runs as the app's user and answers rightly, and what
    it uses.
  - Also tells which other instances there are, which a killed run may have left.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.attributes.info
"""

EXAMPLES = r"""
- name: Ask how all apps are
  selfhost.pyapps.status_info:
    root: /
  register: __status
"""

RETURN = r"""
daemon_problem:
  description: Why supervisord does not answer; V(null) when it does.
  returned: always
  type: str
catalog:
  description: What is applied to the host, with the URL of its front; no apps where nothing is.
  returned: always
  type: dict
apps:
  description: By app. Every key is always there; what is not known is V(null).
  returned: always
  type: dict
  contains:
    instance:
      description: Name of the live instance.
      type: str
    release:
      description: Its release.
      type: str
    port:
      description: Its port on 127.0.0.1.
      type: int
    created:
      description: When the instance was made, in UTC.
      type: str
    state:
      description: What supervisor says of its process, V(UNKNOWN) when supervisor does not know it.
      type: str
    pid:
      description: Its process.
      type: int
    uptime:
      description: Seconds since its process was started.
      type: int
    rss_mb:
      description: Resident memory of its processes, in MiB.
      type: float
    pss_mb:
      description: The same with shared memory divided among those who share it.
      type: float
    sessions:
      description: How many sessions are open on it, V(null) when that is not known.
      type: int
    drain_until:
      description: Until when an instance that is no longer live may stay for its sessions, in UTC.
      type: str
    preview_until:
      description: Until when an instance that is not live yet may be tried out, in UTC.
      type: str
    healthy:
      description: Whether the process runs, owns its port, and gives the right health answer.
      type: bool
    problem:
      description: Why it is not healthy.
      type: str
    streamlit:
      description: Version of Streamlit in its environment.
      type: str
    advice:
      description:
        - What the end of its log says that can be done, such as the line of C(setup.toml) that lets the app keep a file
          which it may not write beside its code.
      type: str
    down:
      description: Whether the front shows the page of an app that does not answer.
      type: bool
    others:
      description: Instances that are not live, each with the keys from C(instance) to C(preview_until).
      type: list
      elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.applied_catalog import read_applied
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.status import host_status
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import ROOT, become_hint
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout


def main() -> None:
    module = AnsibleModule(
        argument_spec=ROOT,
        supports_check_mode=True,
    )
    try:
        apps, daemon_problem = host_status(Layout(module.params["root"]))
        catalog = read_applied(Layout(module.params["root"]))
    except (OSError, ValueError) as error:
        module.fail_json(
            msg="The apps below %s cannot be read: %s%s" % (module.params["root"], error, become_hint(error))
        )
    module.exit_json(changed=False, apps=apps, catalog=catalog, daemon_problem=daemon_problem)


if __name__ == "__main__":
    main()
