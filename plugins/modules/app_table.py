#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: app_table
short_description: Show one table of all apps, and fail when one of them failed
version_added: 0.1.0
description:
  - The last task of a run. Prints app, URL, state and what happened, and for each app that failed the step, the reason
    and the last lines of its log.
  - Runs on the controller.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.attributes.info
options:
  apps:
    description: The catalog, as RV(selfhost.pyapps.setup_toml#module:apps) returns it.
    type: list
    elements: dict
    required: true
  results:
    description: What the last step returned, by the name of the app.
    type: dict
    required: true
  url:
    description: The URL of the front, without a slash at its end.
    type: str
    required: true
  preview_url:
    description: Where previews are shown, without a slash at its end; by default O(url).
    type: str
    default: ""
  removed:
    description: Names of the apps that the run removed.
    type: list
    elements: str
    default: []
  invalid:
    description: Apps that the run has left as they were, because their files are faulty; a list of lines by name.
    type: dict
    default: {}
  notices:
    description: Further lines for the person who reads the table.
    type: list
    elements: str
    default: []
  fail:
    description: Whether an app that failed fails the task. Ansible tells that below the table, in many lines.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Show the table
  selfhost.pyapps.app_table:
    apps: "{{ catalog.apps }}"
    results: "{{ instances.results }}"
    url: http://localhost:8080
"""

RETURN = r"""
failed_apps:
  description: Names of the apps that failed.
  returned: when an app failed
  type: list
  elements: str
"""
