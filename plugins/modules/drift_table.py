#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drift_table
short_description: Show what of a host is not as a run would leave it
version_added: 0.1.0
description:
  - Prints what M(selfhost.pyapps.run_plan) has found, one line a difference, and fails when there is one.
  - Runs on the controller.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.attributes.info
options:
  differences:
    description: What M(selfhost.pyapps.run_plan) returned.
    type: list
    elements: dict
    required: true
  fail:
    description: Whether a difference fails the task. Ansible tells that below the table, in many lines.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Ask every step what it would do
  selfhost.pyapps.run_plan:
    roles: [supervisor, streamlit_app, nginx, healthcheck]
    thorough: true
  register: __plan

- name: Show it
  selfhost.pyapps.drift_table:
    differences: "{{ __plan.differences }}"
"""

RETURN = r"""
msg:
  description: How many differences there are.
  returned: always
  type: str
"""
