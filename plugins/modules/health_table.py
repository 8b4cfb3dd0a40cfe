#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: health_table
short_description: Show how well a host is, in one table
version_added: 0.1.0
description:
  - Prints what M(selfhost.pyapps.health_info) has found, one line for each thing that was looked at and one more
    for each further problem, and fails when something is wrong, unless it is told not to.
  - Runs on the controller.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.attributes.info
options:
  health:
    description: What M(selfhost.pyapps.health_info) returned.
    type: dict
    required: true
  fail:
    description: Whether something that is wrong fails the task.
    type: bool
    default: true
  brief:
    description: Whether only what is wrong is shown.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Look how the host is
  selfhost.pyapps.health_info:
    root: /
  register: __health

- name: Show it
  selfhost.pyapps.health_table:
    health: "{{ __health }}"
    fail: false
"""

RETURN = r"""
msg:
  description: How many problems there are; the table says which.
  returned: always
  type: str
"""
