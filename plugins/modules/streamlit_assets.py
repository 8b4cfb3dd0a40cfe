#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: streamlit_assets
short_description: Copy Streamlit's static files out of environments, for the front
version_added: 0.1.0
author: The selfhost.pyapps founders (@selfhost-pyapps)
description:
  - Copies the static files of every distinct Streamlit once, compresses them beforehand, and names the folder by
    version and content, so that browsers may keep them for ever and apps with the same Streamlit share them.
  - Remembers which environment has which folder, so that an unchanged run hashes nothing.
  - Deletes folders that neither a release nor this run's apps use.
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.host.lock
  - selfhost.pyapps.attributes.full
options:
  apps:
    description: The catalog, as M(selfhost.pyapps.setup_toml) returns it. Read are C(name) and C(kind).
    type: list
    elements: dict
    required: true
  results:
    description: The results by app of M(selfhost.pyapps.environments).
    type: dict
    required: true
  prune:
    description:
      - Whether folders that neither O(results) nor a release names are deleted. A run that goes on to make releases
        does so at its end, when the releases that it lets go of are gone.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Have Streamlit's static files ready for the front
  selfhost.pyapps.streamlit_assets:
    apps: "{{ __pyapps_catalog.apps }}"
    results: "{{ __streamlit_app_environments.app_results }}"
  register: __streamlit_app_assets
"""

RETURN = r"""
app_results:
  description: The given results, with C(assets), the name of the folder; V(null) when only building could tell.
  returned: success
  type: dict
  sample:
    app_1:
      state: ok
      changed: true
      environment: 0123456789abcdef
      streamlit: 1.41.1
      assets: streamlit-1.41.1-0123456789ab
pruned:
  description: Names of the folders that were deleted, or in check mode would be.
  returned: success
  type: list
  elements: str
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.module_streamlit_assets import (
    ARGUMENTS,
    act,
)


def main() -> None:
    os.umask(0o022)
    act(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
