#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: nginx_site
short_description: Serve the whole catalog as one site of nginx
version_added: 0.1.0
author: The selfhost.pyapps founders (@selfhost-pyapps)
description:
  - Writes C(sites-available/pyapps.conf) and its link, the gallery, and the pages for what is not there, each only
    when it differs. No other site is touched, except the distribution's default one (see O(disable_default_site)).
  - Lets C(nginx -t) judge nginx's whole configuration with the new site in it. When nginx refuses it, the old files are
    put back and the module fails with nginx's words.
  - As root it keeps the file of O(access_log), and its rotated ones, for root and the group C(adm). The requests of
    visitors stand in it, with their query strings.
  - Does not reload nginx. Reload it when the module has changed something and it is RV(running), then delete
    RV(pending).
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.front
options:
  default_server:
    description: Whether requests for names that no site has come here. By default they do when the default site is out.
    type: bool
  disable_default_site:
    description:
      - Whether the distribution's default site (the link C(sites-enabled/default)) is taken out, also when somebody has
        changed it. One that is as Debian's package has brought it makes way in any case.
      - It comes back with O(state=absent).
    type: bool
    default: false
  nginx_dir:
    description: The folder of nginx's configuration.
    type: path
    default: /etc/nginx
  nginx:
    description: The program. By default the one found in C(PATH).
    type: path
  pid_file:
    description: Where nginx keeps the id of its process.
    type: path
    default: /run/nginx.pid
attributes:
  check_mode:
    support: full
    description: Changes nothing, and so cannot let nginx judge the new site; RV(notices) says that.
  diff_mode:
    support: full
    description: Shows what changes in each file.
  idempotent:
    support: full
    description: Reports a change, and lets nginx judge its configuration, until RV(pending) is deleted.
"""

EXAMPLES = r"""
- name: Serve the catalog
  selfhost.pyapps.nginx_site:
    apps: "{{ __pyapps_catalog.apps }}"
    port: 80
    server_names: [localhost]
  notify: Reload nginx
"""

RETURN = r"""
command:
  description: What runs nginx in the foreground, so that it dies with the process that has started it.
  returned: success
  type: list
  elements: str
pending:
  description: A file that exists while nginx has not loaded what was written. Who reloads nginx deletes it.
  returned: success
  type: str
  sample: /srv/pyapps/front/nginx.pending
running:
  description: Whether nginx was running before. One that is started later needs no reload.
  returned: success
  type: bool
notices:
  description: What could not be known.
  returned: success
  type: list
  elements: str
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.nginx.module_nginx_site import ARGUMENTS, act


def main() -> None:
    os.umask(0o022)
    act(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
