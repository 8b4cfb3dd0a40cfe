# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that the modules of all fronts share."""

from __future__ import annotations


class ModuleDocFragment:
    """The catalog, and where and how it is served."""

    DOCUMENTATION = r"""
options:
  apps:
    description:
      - The catalog, as M(selfhost.pyapps.setup_toml) returns it. Read are C(name), C(title), C(owner), C(base_path),
        C(route), C(gallery) and C(streamlit.config).
    type: list
    elements: dict
    default: []
  state:
    description: Whether the front serves the catalog. V(absent) removes only files of ours.
    type: str
    choices: [present, absent]
    default: present
  port:
    description: The port to listen on. When somebody else has it, the module fails and names who.
    type: int
    required: true
  address:
    description: The address to listen on. Empty means all of them.
    type: str
    default: ""
  server_names:
    description:
      - Host names that are served beside the host's own. Requests for any other get 421. Its own are V(localhost), the
        machine's host name (alone, as in C(/etc/hosts), and with C(.local), C(.lan), C(.home.arpa) and C(.internal)),
        every IP address, and the hosts of O(inventory_names) and O(public_urls).
      - V(*.example.com) means every name below C(example.com), V(*) alone every name there is. With the latter any page
        on the internet can use the apps in the name of who looks at it (DNS rebinding).
    type: list
    elements: str
    default: []
  inventory_names:
    description: What the inventory calls the host. What cannot be a host name is left out.
    type: list
    elements: str
    default: []
  names_at_start:
    description:
      - For a container, whose names are known only when it starts. Then C(pyapps container) writes them, and the names
        of the machine on which this module runs are left out.
    type: bool
    default: false
  public_urls:
    description:
      - URLs that visitors use when these are not the front's own (a tunnel, another proxy). WebSockets may be opened
        from their origins too.
    type: list
    elements: str
    default: []
  gallery:
    description: Whether V(/) shows the list of apps. Otherwise it is 404.
    type: bool
    default: true
  trusted_proxies:
    description:
      - Addresses or networks of proxies before this front. Their C(X-Forwarded-For) and C(X-Forwarded-Proto) are
        believed, and their headers that name the user (Streamlit's C(server.trustedUserHeaders)). Nobody else's are.
    type: list
    elements: str
    default: []
  frame_ancestors:
    description:
      - Who may show the apps in a frame, as in the CSP directive of that name. An app adds its own with
        C(frame_ancestors) of C([route]) in its C(setup.toml).
    type: list
    elements: str
    default: ["'self'"]
  access_log:
    description: File of the access log. By default what the server does anyway.
    type: path
"""
