# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host names of a container, which are known only when it starts: its own, and those that it is given."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.caddy import site as _front_caddy
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.nginx import site_parts as _front_nginx_text
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import names as _host_names

VARIABLE = "PYAPPS_SERVER_NAMES"
"""In the environment of a container: further names, with commas or blanks between them."""


def write(layout: Layout, environment: t.Mapping[str, str]) -> None:
    """Write the files that the front's configuration includes, whichever front it is.

    :raises HostNameError: a name that was given is none
    """
    names = [_host_names.normal_name(word) for word in re.split(r"[,\s]+", environment.get(VARIABLE, "")) if word]
    names += _host_names.own_names()
    for front in (_front_nginx_text, _front_caddy):
        _files.write_file(layout.front_names + front.NAMES_ENDING, front.names_lines(names))
