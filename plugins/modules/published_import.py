#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: published_import
short_description: Make a folder of apps, inventories and a Makefile out of a repository in the published layout
version_added: 0.2.0
description:
  - Reads a repository with C(apps/<app>/setup.toml), C(build.py), C(supervisord.conf) and C(nginx.conf), and writes
    what the playbook C(site) takes. The repository is never changed.
  - Of its C(Dockerfile) it makes an inventory of images for the playbook C(container), of its C(Makefile) one that runs
    playbooks, of its folder C(cloudflare) the variables of the tunnel. The tunnel's secret is named and not copied.
  - Says of every part whether it was taken, changed or left, and why.
  - A file that is at the destination already and differs stays as it is, and is named.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.attributes.full
options:
  source:
    description: The folder of the repository, an absolute path.
    type: path
    required: true
  destination:
    description:
      - The folder to write C(apps), C(inventory), C(inventory-container) and C(Makefile) into. It is made when it is
        not there.
      - By default the source with C(-pyapps) behind it.
    type: path
"""

EXAMPLES = r"""
- name: Import the published repository
  selfhost.pyapps.published_import:
    source: /home/me/self-hosted-streamlit-apps
    destination: /home/me/pyapps
"""

RETURN = r"""
apps:
  description: Names of the folders of the apps that were taken.
  returned: always
  type: list
  elements: str
destination:
  description: Where they are now.
  returned: always
  type: str
report:
  description: A line for every part of the source, with what became of it and why. It never holds a variable's value.
  returned: always
  type: list
  elements: str
  sample: ["apps/app_1: taken", "build.py: left (the playbook `site` does this now)"]
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration import repository as _published


def main() -> None:
    module = AnsibleModule(
        argument_spec={"source": {"type": "path", "required": True}, "destination": {"type": "path"}},
        supports_check_mode=True,
    )
    os.umask(0o022)
    source = module.params["source"]
    for name, path in (("source", source), ("destination", module.params["destination"] or "/")):
        if not os.path.isabs(path):
            found = "%s: found %r; allowed is an absolute path. Say -e %s=/path/to/it." % (name, path, name)
            module.fail_json(msg="Nothing was written. %s" % found)
    destination = os.path.realpath(module.params["destination"] or source.rstrip("/") + "-pyapps")
    try:
        found = _published.plan(source, destination)
        if not module.check_mode:
            _published.apply(found)
    except _published.SourceError as error:
        module.fail_json(msg="Nothing was written. %s" % error)
    except OSError as error:
        module.fail_json(msg="The import stopped: %s. Run it again when that is mended." % error)
    module.exit_json(
        changed=bool(found.write),
        apps=found.apps,
        destination=destination,
        report=[row.as_line() for row in found.rows],
        diff=found.diff(),
    )


if __name__ == "__main__":
    main()
