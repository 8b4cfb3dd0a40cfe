#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: new_app
short_description: Make the folder of a new Python web app that says hello
version_added: 0.2.0
description:
  - Makes a folder with C(setup.toml), a small Streamlit app and its C(requirements.txt), for a person to go on with.
  - Runs where the apps' folders are, on the controller. A folder that is there is refused.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.attributes
options:
  folder:
    description: The folder that holds the apps.
    type: path
    required: true
  name:
    description: The name of the app and of its folder.
    type: str
    required: true
  title:
    description: What people see; by default made from O(name).
    type: str
    default: ""
attributes:
  check_mode:
    support: full
    description: Makes nothing.
  diff_mode:
    support: full
    description: Shows the new files.
  idempotent:
    support: none
    description: The second run is refused, because the folder is there.
"""

EXAMPLES = r"""
- name: Make an app
  selfhost.pyapps.new_app:
    folder: /home/me/apps
    name: sales
    title: Sales of the week
"""

RETURN = r"""
path:
  description: The new folder.
  returned: always
  type: str
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog import new_app as _new_app
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import diff_entry


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "folder": {"type": "path", "required": True},
            "name": {"type": "str", "required": True},
            "title": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    folder, name, title = (module.params[key] for key in ("folder", "name", "title"))
    found = _new_app.problems(folder, name, title)
    if found:
        module.fail_json(msg="Nothing was made:\n- " + "\n- ".join(found))
    path = os.path.join(folder, name)
    os.umask(0o022)
    try:
        if not module.check_mode:
            _new_app.make(folder, name, title)
    except OSError as error:
        module.fail_json(msg="%s cannot be made: %s" % (path, error))
    files = _new_app.contents(name, title)
    module.exit_json(
        changed=True, path=path, diff=[diff_entry(os.path.join(path, file), None, files[file]) for file in files]
    )


if __name__ == "__main__":
    main()
