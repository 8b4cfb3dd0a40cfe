#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: variables
short_description: Check the collection's variables, and say each fault in one line
version_added: 0.1.0
description:
  - The first task of every playbook of the collection. Fails when a variable has a value that its role does not take,
    or when a name begins with C(pyapps_) or another role's name and no role knows it, which would have no effect.
  - Says all faults at once, one line each, with the nearest name.
  - Names of other roles that begin alike, such as C(nginx_*), are allowed by the variable C(pyapps_ignored_variables).
  - Runs on the controller.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.attributes.info
options: {}
"""

EXAMPLES = r"""
- name: Check the variables
  selfhost.pyapps.variables:
"""

RETURN = r""" # """
