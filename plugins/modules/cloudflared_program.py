#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudflared_program
short_description: Put a pinned cloudflared on a host
version_added: 0.2.0
description:
  - Fetches the program when it is not there or is another one, and installs it only when its SHA-256 is the pinned one.
  - Fetches nothing when it is there already.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.attributes.full
options:
  url:
    description:
      - Where the program is, for the target. V({version}) and V({arch}) (V(amd64) or V(arm64)) are replaced in it.
    type: str
    required: true
  version:
    description: The release, which O(url) may name.
    type: str
    required: true
  checksums:
    description: SHA-256 of the program as hex digits, by architecture.
    type: dict
    required: true
  ca_bundle:
    description: A file of CA certificates on the target to trust instead of the system's.
    type: path
  proxy:
    description: An HTTP proxy; by default what the environment says.
    type: str
"""

EXAMPLES = r"""
- name: Install cloudflared from a mirror
  selfhost.pyapps.cloudflared_program:
    root: /
    url: https://mirror.example.com/cloudflared/{version}/cloudflared-linux-{arch}
    version: 2026.9.3
    checksums:
      amd64: 77e26d8d900e0b8469f416239d14b5f296525fdf79fee6f511ef55609e3fbac2
      arm64: aaeb2d7d0da3614634c7e03ab13487a1522c2e79165ed2929cfe23d5e95b326d
"""

RETURN = r"""
path:
  description: The program.
  returned: always
  type: str
  sample: /srv/pyapps/tools/cloudflared/bin/cloudflared
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import ROOT
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import diff_entry
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._tunnels.cloudflared import (
    install as _cloudflared_install,
)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ROOT,
            "url": {"type": "str", "required": True},
            "version": {"type": "str", "required": True},
            "checksums": {"type": "dict", "required": True},
            "ca_bundle": {"type": "path"},
            "proxy": {"type": "str"},
        },
        supports_check_mode=True,
    )
    params = module.params
    path = _cloudflared_install.program_path(Layout(params["root"]))
    os.umask(0o022)
    try:
        architecture, checksum = _cloudflared_install.wanted_checksum(params["checksums"], os.uname().machine)
        found = _cloudflared_install.checksum_of(path)
        if found != checksum and not module.check_mode:
            url = _cloudflared_install.source_url(params["url"], params["version"], architecture)
            _cloudflared_install.install(path, url, checksum, params["ca_bundle"], params["proxy"])
    except (_cloudflared_install.InstallError, OSError) as error:
        module.fail_json(msg=str(error))
    before = "sha256 %s\n" % found if found else None
    diff = diff_entry(path, before, "sha256 %s\n" % checksum) if found != checksum else {}
    module.exit_json(changed=found != checksum, path=path, diff=diff)


if __name__ == "__main__":
    main()
