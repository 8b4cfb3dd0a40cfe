#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image_layers
short_description: Write what is laid out as the layers of a container image
version_added: 0.1.0
description:
  - Runs where apps are laid out without being started, as the playbook C(container) lays them out in a container of the
    image's own base.
  - Writes a few archives, those that seldom change first. An archive whose content is as it was is left alone, so that
    Docker takes its layer from the cache.
  - No archive holds secrets, caches, uv, or anything of Ansible.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.attributes
attributes:
  check_mode:
    support: partial
    details:
      - Only tells which archives are missing or surplus; what is in them is known when they are written.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  folder:
    description:
      - The folder of the archives; those that seldom change get into its subfolder C(environments), the others into
        C(apps). Other archives there are deleted.
    type: path
    required: true
  apps:
    description: The catalog, as M(selfhost.pyapps.setup_toml) returns it.
    type: list
    elements: dict
    required: true
  results:
    description: The results of M(selfhost.pyapps.releases).
    type: dict
    required: true
  port_range:
    description: Ports of the apps' processes, first and last.
    type: str
    default: 20000-29999
  nginx_dir:
    description: The folder of nginx's configuration, when nginx is the front.
    type: path
"""

EXAMPLES = r"""
- name: Write the layers
  selfhost.pyapps.image_layers:
    root: /
    folder: /pyapps-layers
    apps: "{{ __pyapps_catalog.apps }}"
    results: "{{ __streamlit_app_releases.app_results }}"
    nginx_dir: /etc/nginx
"""

RETURN = r"""
layers:
  description: The paths of the archives, in the order in which they are put into the image.
  returned: always
  type: list
  elements: str
  sample: [environments/tools.tar, environments/environment-0123456789abcdef.tar, apps/app-app_1.tar]
written:
  description: Those of them that are not as they were.
  returned: always
  type: list
  elements: str
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import ROOT
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import force_remove
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._images import image_layers as _image_layers
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import results_of


def make(params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Write the archives; what the module returns."""
    wish = _image_layers.Wish(
        layout=Layout(params["root"]),
        apps=params["apps"],
        results=results_of(params["results"]),
        port_range=params["port_range"],
        nginx_dir=params["nginx_dir"],
    )
    found = _image_layers.layers(wish)
    names = [layer.path for layer in found]
    surplus = _image_layers.surplus(params["folder"], found)
    if check_mode:
        written = [name for name in names if not os.path.exists(os.path.join(params["folder"], name))]
        return {"changed": bool(written or surplus), "layers": names, "written": written}
    written = [layer.path for layer in found if _image_layers.write(params["folder"], layer)]
    for path in surplus:
        force_remove(path)
    return {"changed": bool(written or surplus), "layers": names, "written": written}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ROOT,
            "folder": {"type": "path", "required": True},
            "apps": {"type": "list", "elements": "dict", "required": True},
            "results": {"type": "dict", "required": True},
            "port_range": {"type": "str", "default": "20000-29999"},
            "nginx_dir": {"type": "path"},
        },
        supports_check_mode=True,
    )
    os.umask(0o022)
    try:
        done = make(module.params, module.check_mode)
    except (_image_layers.LayerError, OSError) as error:
        module.fail_json(msg="the image's layers cannot be written: %s" % error)
    module.exit_json(**done)


if __name__ == "__main__":
    main()
