#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: setup_toml
short_description: Read a folder of apps into one validated catalog
version_added: 0.1.0
description:
  - Reads the C(setup.toml) of every app, fills in defaults, and checks everything, also across apps, before anything
    else is done.
  - Reports all errors of all files at once, each with file, key, the value found and what is allowed.
  - Never executes anything of an app.
  - Secrets of an app (C(.env) and C(.streamlit/secrets.toml) in its folder, and O(secrets)) are checked too. No value
    of theirs is in the result, nor in a message.
  - The keys of C(setup.toml) are in C(docs/reference/setup_toml.md) and C(schemas/setup.toml.schema.json).
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.attributes.info
attributes:
  action:
    support: full
    description: Has a corresponding action plugin, so that parts of its work are done on the controller.
requirements:
  - Python 3.11, or the package C(tomli) on an older Python.
options:
  path:
    description:
      - A folder that holds the apps, each a folder with a C(setup.toml); or the folder of one app.
      - Other files and folders in it are ignored with a notice, hidden ones without.
    type: path
    required: true
  secrets:
    description:
      - Secrets by the name of the app, each with C(env) (environment variables, all strings) and C(toml) (Streamlit's
        C(secrets.toml), as its text or as a dictionary). May be empty.
      - Their form is checked, the names of their apps, and whether every variable that C([env] required) names has a
        value, if the host serves the app. Without this option C([env] required) is not checked.
      - Only names are handed to the module.
    type: dict
  only:
    description:
      - Names of the apps that the host serves; V(*) stands for all.
      - All apps are checked; those that the host does not serve are not in the result, may have the base path or the
        port of another one, and need no secrets.
      - A name that no app has is an error, with the nearest one that is there.
    type: list
    elements: str
    default: ["*"]
  fleet:
    description:
      - What every host of the inventory serves, each a list of names or a text with commas, for a notice about apps
        that no host serves.
    type: list
    elements: raw
    default: []
  chosen:
    description:
      - Names of the apps that a run is for, when it is not for all. What is wrong with others is a notice then, and so
        are secrets of an app that does not exist.
    type: list
    elements: str
    default: []
  invalid:
    description:
      - What happens when an app is faulty and no O(chosen) is given. V(refuse) fails; V(keep) returns it in
        RV(invalid) and not in RV(apps).
    type: str
    choices: [refuse, keep]
    default: refuse
  apt_packages:
    description: Whether the run installs Debian's packages that a C(packages.txt) names. Then a word in it that is no
      name of one is an error, not a notice.
    type: bool
    default: false
  secret_names:
    description: The variables of O(secrets) that have a value, by app. Set by the action plugin; leave it out.
    type: dict
"""

EXAMPLES = r"""
- name: Read the apps
  selfhost.pyapps.setup_toml:
    path: "{{ inventory_dir }}/../../apps"
  delegate_to: localhost
  run_once: true
  register: catalog

- name: Read the apps, and see that no secret is missing
  selfhost.pyapps.setup_toml:
    path: "{{ inventory_dir }}/../../apps"
    secrets:
      app_1:
        env:
          API_KEY: "{{ vault_app_1_api_key }}"
  delegate_to: localhost
  register: catalog

- name: Read the apps of one host of several
  selfhost.pyapps.setup_toml:
    path: "{{ inventory_dir }}/../../apps"
    only: [app_1, sales]
  delegate_to: localhost
  register: catalog

- name: Read one app
  selfhost.pyapps.setup_toml:
    path: /home/me/apps/app_1
  delegate_to: localhost
  register: catalog
"""

RETURN = r"""
apps:
  description: The apps with all settings, sorted by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The identity of the app, made from the folder's name.
      type: str
      sample: app_1
    title:
      description: The name that is shown.
      type: str
      sample: App 1
    kind:
      description: What the app is.
      type: str
      sample: streamlit
    folder:
      description: The app's folder.
      type: str
      sample: /home/me/apps/app_1
    owner:
      description: Who answers for the app; the name may be empty.
      type: dict
      sample: {name: Johan}
    base_path:
      description: Path of the URL, with a leading slash and none at its end; empty for the root.
      type: str
      sample: /app-1
    streamlit:
      description: Entry file, the port to try first (or none), and Streamlit's options by dotted name.
      type: dict
      sample: {entry_file: app_1.py, port: 8001, config: {server.maxUploadSize: 200}}
    environment:
      description: Version of Python (or none), and the text of every file that says what is installed.
      type: dict
      sample: {python: "3.12", files: {requirements.txt: "streamlit==1.41.*\n"}, entry: requirements.txt}
    debian_packages:
      description: Debian's packages that the app's C(packages.txt) names.
      type: list
      elements: str
      sample: [ffmpeg, libgl1]
    env:
      description: Environment variables of the process, as strings.
      type: dict
      sample: {GREETING: Hello}
    data:
      description: Paths that are kept across releases.
      type: dict
      sample: {paths: [uploads]}
    route:
      description: How the front serves the app.
      type: dict
      sample: {pinned: true, max_upload_mb: 200, allowed_origins: [], frame_ancestors: []}
    limits:
      description: Memory in MB and percent of one processor that an instance may have; V(null) is no limit.
      type: dict
      sample: {memory: 512, cpu: null}
    gallery:
      description: Whether the gallery lists the app.
      type: dict
      sample: {listed: true}
    deploy:
      description: How many releases are kept, and how many seconds a new one has to start.
      type: dict
      sample: {keep: 5, start_timeout: 60}
notices:
  description: What was ignored or has no effect, one text each.
  returned: always
  type: list
  elements: str
  sample: ["/home/me/apps/notes.txt: is ignored: it is not a folder"]
invalid:
  description: What is wrong with the apps that are left out, a list of lines by the app's name.
  returned: success
  type: dict
  sample: {app_1: ["/home/me/apps/app_1/setup.toml: titel: is not known: did you mean title?"]}
errors:
  description:
    - Everything that is wrong. In a play these are shown as lines, once; RV(ignore:msg) only says how many there are.
  returned: failure, without the action plugin of the same name
  type: list
  elements: dict
  contains:
    file:
      description: The file or folder.
      type: str
    key:
      description: The key in it, or the line; empty when the whole file is meant.
      type: str
    message:
      description: What is wrong, and what to do.
      type: str
    found:
      description: The value; for what may be a secret, only its type.
      type: str
    allowed:
      description: What is allowed.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.module_setup_toml import ARGUMENTS, answer


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    values = answer(module.params)
    if "msg" in values:
        module.fail_json(**values)
    module.exit_json(changed=False, **values)


if __name__ == "__main__":
    main()
