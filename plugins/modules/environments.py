#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: environments
short_description: Make the Python environments of all apps, each once
version_added: 0.1.0
author: The selfhost.pyapps founders (@selfhost-pyapps)
description:
  - Resolves what every app asks for, once, and keeps the lock; builds each distinct environment once, with uv, in
    parallel; apps with equal requirements share one. An environment is read-only and named by the hash of its
    interpreter, platform, lock and index settings.
  - Builds beside and renames when complete, so a half-built environment is never used. Never runs uv or anything from
    an index as root, but as the user C(pyapps-build), as whom no code of a package runs.
  - What an app lets be built from source (C([environment] allow_build)) is built as the app's own user, in namespaces
    where it reaches nothing but the index and knows no password of it. Where the kernel refuses namespaces, as it does
    in most containers, it is built without them, with a warning. Such an environment is shared with no other app.
  - One app's failure is that app's failure, told in RV(app_results).
options:
  apps:
    description: The catalog, as M(selfhost.pyapps.setup_toml) returns it. Read are C(name), C(kind) and C(environment).
    type: list
    elements: dict
  results:
    description: The results by app of M(selfhost.pyapps.app_packages); without it all of O(apps) go on.
    type: dict
    default: {}
  tools:
    description:
      - Environments that roles need, by name; C(<root>/srv/pyapps/tools/<name>) becomes a link to each.
      - Each has C(requirements), a list of lines as in a C(requirements.txt), and perhaps C(python).
    type: dict
  python:
    description:
      - Version such as V(3.12), or path, of the interpreter for who asks for none.
      - By default the system's C(/usr/bin/python3) where it is 3.9 or newer, else the one that runs the module.
    type: str
  python_downloads:
    description:
      - Whether uv fetches a version of Python that this host lacks, from O(python_mirror). It checks the SHA-256 of the
        file; the interpreter is kept in C(<root>/srv/pyapps/pythons), which nobody else can write, as long as an
        environment stands on it.
      - Also without this an interpreter that is kept there is used.
    type: bool
    default: false
  python_mirror:
    description:
      - Where interpreters are fetched from, instead of where uv has them from. The URL, or a folder on this host, of
        the files of python-build-standalone, in folders as its releases have them; uv knows their hashes.
      - Or the path of a list of one's own on this host (C(*.json)), as uv has it (C(UV_PYTHON_DOWNLOADS_JSON_URL)), in
        which every file has its C(sha256). A path in it is relative to its folder.
      - With O(wheelhouse) a folder or a list is needed, because nothing comes over the network.
    type: str
  extra_index_urls:
    description: Further indexes, asked first.
    type: list
    elements: str
    default: []
  upgrade:
    description: Resolve again, although a lock is kept and the files are the same.
    type: bool
    default: false
  rebuild:
    description: Build again what is there already, from packages that are fetched anew.
    type: bool
    default: false
  parallel:
    description: How many environments are resolved or built at once. By default, and with V(0), one per processor.
    type: int
  resolve_timeout:
    description: Seconds for one resolution.
    type: int
    default: 300
  build_timeout:
    description: Seconds for each step of one build.
    type: int
    default: 900
  prune:
    description:
      - Delete environments and locks that neither a release, nor a tool, nor this run's apps use.
      - By default only when O(apps) is given.
    type: bool
  progress:
    description: Set by the action plugin, which shows what is done while it is done. Not for use.
    type: str
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.host.lock
  - selfhost.pyapps.host.network
  - selfhost.pyapps.attributes.full
notes:
  - In check mode RV(app_results) has C(environment) null where only resolving could tell.
  - With C(--diff) the versions of each app's packages before and after are shown.
"""

EXAMPLES = r"""
- name: Make the environments of all apps
  selfhost.pyapps.environments:
    apps: "{{ __pyapps_catalog.apps }}"
  register: __streamlit_app_results

- name: Have supervisor in an environment of its own
  selfhost.pyapps.environments:
    tools:
      supervisor:
        requirements:
          - supervisor==4.3.*
"""

RETURN = r"""
app_results:
  description: What became of each app, by name.
  returned: success
  type: dict
  sample:
    app_1:
      state: ok
      changed: true
      environment: 0123456789abcdef
      path: /srv/pyapps/envs/0123456789abcdef
      python: /srv/pyapps/envs/0123456789abcdef/bin/python
      lock: /srv/pyapps/locks/fedcba9876543210.txt
      streamlit: 1.41.1
tools:
  description: The same for each tool.
  returned: success
  type: dict
pruned:
  description: Names of the environments that were deleted.
  returned: success
  type: list
  elements: str
pruned_pythons:
  description: Names of the fetched interpreters that were deleted.
  returned: success
  type: list
  elements: str
  sample: [3.12.12-0123456789abcdef]
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.module_environments import ARGUMENTS, act


def main() -> None:
    os.umask(0o022)
    act(AnsibleModule(argument_spec=ARGUMENTS, required_one_of=[("apps", "tools")], supports_check_mode=True))


if __name__ == "__main__":
    main()
