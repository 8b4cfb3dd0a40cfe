#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: status_table
short_description: Show how all apps of a host are, in one table
version_added: 0.1.0
description:
  - Prints what M(selfhost.pyapps.status_info) has found, one line for each instance.
  - Runs on the controller.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.attributes.info
options:
  apps:
    description: What RV(selfhost.pyapps.status_info#module:apps) is.
    type: dict
    required: true
  catalog:
    description: What RV(selfhost.pyapps.status_info#module:catalog) is.
    type: dict
    required: true
  daemon_problem:
    description: What RV(selfhost.pyapps.status_info#module:daemon_problem) is.
    type: str
"""

EXAMPLES = r"""
- name: Ask how all apps are
  selfhost.pyapps.status_info:
    root: /
  register: status

- name: Show it
  selfhost.pyapps.status_table:
    apps: "{{ status.apps }}"
    catalog: "{{ status.catalog }}"
    daemon_problem: "{{ status.daemon_problem }}"
"""

RETURN = r"""
msg:
  description: How many apps there are.
  returned: always
  type: str
"""
