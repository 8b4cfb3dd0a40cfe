#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: instances
short_description: Bring the wanted releases of Python web apps live without anybody noticing
version_added: 0.1.0
description:
  - For each app whose live instance is not a healthy one of the wanted release, starts a candidate beside it on another
    port, lets it prove itself, and only then makes it live, by one atomic rename. The old instance is retired after
    that.
  - A candidate proves that its process is up and owns its port, that its health answer is right, that its script runs
    for a visitor without an exception, that a browser would get its WebSocket and a page of another site would not, and
    that it stays up. One that fails is removed; the live instance is never touched by that.
  - An app's C([deploy]) says more of this. C(test) and C(release_command) are commands of its own that must succeed
    before, C(gate = "pages") opens every page, and C(strategy = "restart") stops the old process first, for an app that
    may not run twice; when the new one fails the old one is started again.
  - What a killed run left behind is cleaned up first. Killing this module at any moment leaves every app with one
    complete release serving.
  - Nothing is ever killed for a port. A port that is taken is left to whoever has it.
  - Apps that are not in O(apps) are not touched; see M(selfhost.pyapps.app_removal).
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.host.lock
  - selfhost.pyapps.host.plan
  - selfhost.pyapps.host.deploy
  - selfhost.pyapps.attributes.full
options:
  preview:
    description:
      - What has proven itself does not go live. It is reachable below its own secret path, until it is made live
        (M(selfhost.pyapps.app_preview), or the next run for the same release), another release goes live, or
        C([deploy] preview_timeout) is over.
    type: bool
    default: false
  preview_public:
    description: Whether the front shows previews on the host of O(public_url), too.
    type: bool
    default: false
  apps:
    description: The catalog, as M(selfhost.pyapps.setup_toml) returns it.
    type: list
    elements: dict
    required: true
  results:
    description:
      - By app, what the steps before came to, as M(selfhost.pyapps.releases) returns it.
      - Apps whose C(state) is not V(ok) are handed on as they are.
    type: dict
    required: true
  progress:
    description: Set by the action plugin of the same name, which shows what this module is doing.
    type: str
"""

EXAMPLES = r"""
- name: Bring the new releases live
  selfhost.pyapps.instances:
    root: /
    apps: "{{ __pyapps_catalog.apps }}"
    results: "{{ __releases.app_results }}"
    public_url: https://apps.example.com
  register: __instances
"""

RETURN = r"""
app_results:
  description:
    - By app, O(results) enlarged by this step.
    - An app that failed here has C(state) V(failed), C(step) (one of V(test), V(release_command), V(pages), V(page),
      V(start), V(health), V(script), V(handshake), V(stable), V(preview), V(instance)), C(reason), and the last lines
      of its C(log).
  returned: always
  type: dict
  contains:
    instance:
      description: Name of the live instance; in check mode the one that is live now.
      type: str
    port:
      description: Its port on 127.0.0.1.
      type: int
    note:
      description:
        - V(live) for a new instance, V(unchanged), V(preview), or for a failed app V(kept (old release serves)),
          V(has never been live), V(not deployed; the previous release is down too).
      type: str
    preview:
      description: The path of a preview below its pin, when the front can show it.
      type: str
    preview_port:
      description: The port of a preview on 127.0.0.1.
      type: int
    preview_until:
      description: Until when it can be tried out, in UTC.
      type: str
    start_seconds:
      description:
        - How long a new instance took until it had proven itself.
        - Not there when an instance of the release still drained and was made live again.
      type: float
    switch_seconds:
      description: How long the switch itself took, when there was one.
      type: float
    draining:
      description: How many older instances still serve the sessions that are open on them.
      type: int
    ends_sessions:
      description:
        - How many open sessions going live ends at once, or in check mode would end.
        - Not there when it ends none.
      type: int
    next_ends_sessions:
      description:
        - How many open sessions the next deploy would end, by C(max_draining).
        - Not there when it would end none.
      type: int
  sample:
    app_1:
      state: ok
      changed: true
      release: 5d41402abc4b2a76
      instance: 0123456789abcdef0123456789abcdef
      port: 20417
      note: live
      draining: 1
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.module_instances import ARGUMENTS, act


def main() -> None:
    os.umask(0o022)
    act(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
