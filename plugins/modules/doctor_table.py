#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: doctor_table
short_description: Show what was found on a host, and what to do about it
version_added: 0.1.0
description:
  - Prints what M(selfhost.pyapps.doctor_info) has found, with advice below what is not right, and fails when there is a
    problem.
  - Runs on the controller.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.attributes.info
options:
  findings:
    description: What M(selfhost.pyapps.doctor_info) returned.
    type: list
    elements: dict
    required: true
  fail:
    description: Whether a problem fails the task. Ansible tells that below the table, in many lines.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Examine the host
  selfhost.pyapps.doctor_info:
    root: /
  register: __doctor

- name: Show it
  selfhost.pyapps.doctor_table:
    findings: "{{ __doctor.findings }}"
"""

RETURN = r"""
msg:
  description: How many problems and warnings there are.
  returned: always
  type: str
"""
