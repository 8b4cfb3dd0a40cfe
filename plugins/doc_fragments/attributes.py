# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes that several modules document in the same words."""

from __future__ import annotations


class ModuleDocFragment:
    """Without a name: the properties that every module states, its support filled in by the module."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what would change without changing anything.
  diff_mode:
    description: Returns what has changed, or in C(check_mode) would change, when in diff mode.
  idempotent:
    description:
      - When run twice in a row outside C(check_mode) with the same arguments, the second run reports no change.
"""

    FULL = r"""
options: {}
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode) and return what would change without changing anything.
  diff_mode:
    support: full
    description: Returns what has changed, or in C(check_mode) would change, when in diff mode.
  idempotent:
    support: full
    description:
      - When run twice in a row outside C(check_mode) with the same arguments, the second run reports no change.
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    description: Changes nothing, so it runs in C(check_mode) as it does without.
    details:
      - This action does not modify state.
  diff_mode:
    support: N/A
    description: Changes nothing, so there is nothing to show in diff mode.
    details:
      - This action does not modify state.
  idempotent:
    support: full
    description:
      - When run twice in a row, the second run reports no change.
    details:
      - This action does not modify state.
"""
