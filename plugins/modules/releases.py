#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: releases
short_description: Send the releases of apps that a host does not hold yet
version_added: 0.1.0
description:
  - Makes one immutable release per app from the app's folder on the controller, its settings and its environment.
    A release is named by the hash of its content, so equal content is sent once, and a second run sends nothing.
  - Only the missing releases of all apps are sent, in one archive; a run that misses none is one short module call.
  - Each release gets a generated C(.streamlit/config.toml). The names of its options are checked against the Streamlit
    that is installed in the app's environment, of which nothing is run.
  - Files are owned by root and read-only, and readable for the app's user only. What C([data] paths) in C(setup.toml)
    names becomes a link into the app's data folder; when the data folder does not have it yet, it is filled with what
    the app's folder has under that name, with the rights of the app's user.
  - Version control, environments (folders with a C(pyvenv.cfg)), caches, C(.env) files, C(.streamlit/secrets.toml),
    C(setup.toml) and what C(.pyappsignore) in the app's folder names stay on the controller. C(.pyappsignore) holds one
    pattern per line, in the manner of C(.gitignore). A pattern without a slash fits names in every folder, one with a
    slash begins at the app's folder, C(**) fits any number of folders, a slash at the end fits folders only, and C(!)
    takes back.
  - Secrets (C(.env) and C(.streamlit/secrets.toml) of the app's folder, and O(secrets)) go into two files beside the
    code, for the app and root only, C(0640). They are part of a release's name by an HMAC, whose key only root reads.
  - Old releases of an app are deleted when it gets a new one; C([deploy] keep) of them stay, and those in use.
  - An app that fails here keeps what it has, and the others go on.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.host.lock
  - selfhost.pyapps.attributes
attributes:
  action:
    support: full
    description: Has a corresponding action plugin, so that parts of its work are done on the controller.
  check_mode:
    support: full
    details:
      - A release's id is not known before its environment is, and is V(null) then.
  diff_mode:
    support: full
    details:
      - Shows the names of the files that differ from the live release, with the beginnings of their hashes, and the
        generated configuration. Never the content of an app's file, nor a secret.
  idempotent:
    support: full
options:
  apps:
    description: The catalog, as M(selfhost.pyapps.setup_toml) returns it. C(folder) is a path on the controller.
    type: list
    elements: dict
    required: true
  results:
    description: The results by app of M(selfhost.pyapps.streamlit_assets).
    type: dict
    required: true
  public_url:
    description:
      - The URL under which visitors reach the host, such as V(https://apps.example.com). Streamlit accepts its host
        besides the one that a request names.
    type: str
    default: ""
  production:
    description: Whether apps neither watch their files nor run again when one changes.
    type: bool
    default: true
  secrets:
    description:
      - Secrets by the name of the app, each with C(env) (environment variables) and C(toml) (Streamlit's
        C(secrets.toml), as its text or as a dictionary). They win over those of the app's folder, variable by variable;
        C(toml) replaces the folder's file.
      - Apps that are not in O(apps) are ignored.
    type: dict
    default: {}
  without_secrets:
    description:
      - Whether no secret is sent, neither of O(secrets) nor of the app's folder.
      - Such releases can lie in a container's image, whose instances get their secrets when they start.
    type: bool
    default: false
  secret_word:
    description: All secrets as one word. Set by the action plugin; leave it out.
    type: str
  seeds:
    description:
      - By app, hashes of what its folder holds below C([data] paths), so that a change of it is told. Set by the action
        plugin; leave it out.
    type: dict
    default: {}
  archive:
    description: Path of the missing releases on the target. Set by the action plugin; leave it out.
    type: path
"""

EXAMPLES = r"""
- name: Send what is missing
  selfhost.pyapps.releases:
    root: /
    apps: "{{ __pyapps_catalog.apps }}"
    results: "{{ __streamlit_app_assets.app_results }}"
  register: __streamlit_app_releases
"""

RETURN = r"""
app_results:
  description: The results by app, enlarged by C(release).
  returned: always
  type: dict
  sample: {app_1: {state: ok, changed: true, release: 0123456789abcdef}}
missing:
  description:
    - The releases that the target does not hold, by app, each with C(release), C(absent) (paths that the data folder
      does not have yet), and in diff mode C(live_entries), the files of the live release.
    - After they were made it is empty.
  returned: always
  type: dict
pruned:
  description: The releases that were deleted, by app.
  returned: always
  type: dict
  sample: {app_1: [fedcba9876543210]}
left_environments:
  description: The environments of deleted releases that no other release of the same app uses.
  returned: always
  type: list
  elements: str
notices:
  description: What a person should know about the apps' folders.
  returned: always
  type: list
  elements: str
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases.module_releases import ARGUMENTS, act


def main() -> None:
    os.umask(0o022)
    act(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True))


if __name__ == "__main__":
    main()
