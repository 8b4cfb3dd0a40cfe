#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudflared_tunnel
short_description: Write what a Cloudflare tunnel needs to run on a host
version_added: 0.2.0
description:
  - Writes the configuration (one ingress rule for each host name, then V(http_status:404)) and the tunnel's secret, in
    a file that only the tunnel's own user may read; as root makes the user C(pyapps-cloudflared).
  - Lets C(cloudflared tunnel ingress validate) judge a new configuration before it replaces the old one.
  - Starts nothing; run RV(command) under supervisor.
  - The secret is in no command line, difference, message or log.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.host.users
  - selfhost.pyapps.attributes
options:
  state:
    description: With V(absent) the configuration, the secret, the program and the user are removed.
    type: str
    choices: [present, absent]
    default: present
  check_only:
    description: Only check the values, so that errors come before anything changes. Nothing is read from the host.
    type: bool
    default: false
  tunnel:
    description: The tunnel's name or UUID; by default the one of O(credentials).
    type: str
    default: ""
  credentials:
    description: The content of the file that C(cloudflared tunnel create) has written, as JSON.
    type: str
  token:
    description: The tunnel's token, instead of O(credentials). Needs cloudflared 2025.4.0 or newer.
    type: str
  hostnames:
    description:
      - The public host names that lead to O(service).
      - Of a tunnel that is managed in Cloudflare's dashboard, Cloudflare's own rules count instead.
    type: list
    elements: str
    default: []
  service:
    description: The URL of the front on this host.
    type: str
    default: http://127.0.0.1:80
  metrics_port:
    description: The port on 127.0.0.1 on which cloudflared tells how it is (C(/ready), C(/metrics)).
    type: int
    default: 19241
  binary:
    description: The program; by default the one that M(selfhost.pyapps.cloudflared_program) installs.
    type: path
attributes:
  check_mode:
    support: full
    description: Changes nothing, and so cannot let cloudflared judge the new configuration; RV(notices) says that.
  diff_mode:
    support: full
    description: Shows what changes in the configuration; of a secret only that it changes.
  idempotent:
    support: full
    description: A second run reports no change.
"""

EXAMPLES = r"""
- name: Write the tunnel's configuration
  selfhost.pyapps.cloudflared_tunnel:
    root: /
    credentials: "{{ vaulted_credentials | to_json }}"
    hostnames: [apps.example.com]
    service: http://127.0.0.1:80
  register: tunnel
"""

RETURN = r"""
command:
  description: What runs the tunnel. It stays in the foreground and dies with the process that has started it.
  returned: when O(state=present) and not O(check_only)
  type: list
  elements: str
files:
  description: What the running process has read; it is started again when one of these is younger.
  returned: when O(state=present) and not O(check_only)
  type: list
  elements: str
ready_url:
  description: Answers 200 as long as the tunnel has a connection to Cloudflare.
  returned: when O(state=present) and not O(check_only)
  type: str
  sample: http://127.0.0.1:19241/ready
notices:
  description: What could not be known.
  returned: when O(state=present) and not O(check_only)
  type: list
  elements: str
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.arguments import refuse_stranger
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.routes import FrontError
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import ROOT, USERS
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import diff_entry, read_text
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.users import UserError
from ansible_collections.selfhost.pyapps.plugins.module_utils._tunnels.cloudflared import configuration as _cloudflared
from ansible_collections.selfhost.pyapps.plugins.module_utils._tunnels.cloudflared.install import program_path


def wanted(module: AnsibleModule) -> _cloudflared.Tunnel:
    """The tunnel that the parameters ask for; fails with everything that is wrong with it."""
    params, found = module.params, []
    credentials = ""
    if params["credentials"]:
        try:
            credentials = _cloudflared.read_credentials(params["credentials"])
        except ValueError:
            found.append("cloudflared_credentials: this is not the JSON of a tunnel's credentials file")
    tunnel = _cloudflared.Tunnel(
        name=params["tunnel"],
        credentials=credentials,
        token=(params["token"] or "").strip(),
        hostnames=tuple(name.lower() for name in params["hostnames"]),
        service=params["service"],
        metrics_port=params["metrics_port"],
    )
    found = found or _cloudflared.problems(tunnel)
    if found:
        module.fail_json(msg="The tunnel cannot be set up, and nothing of it was changed:\n- " + "\n- ".join(found))
    return tunnel


def present(module: AnsibleModule, cloudflared: _cloudflared.Cloudflared, tunnel: _cloudflared.Tunnel) -> None:
    try:
        refuse_stranger(tunnel.metrics_port, cloudflared.config, cloudflared.user)
    except FrontError as error:
        module.fail_json(msg="cloudflared_metrics_port: %s" % error)
    text, before = _cloudflared.config_text(tunnel, cloudflared.credentials), read_text(cloudflared.config)
    secrets = cloudflared.differing_secrets(tunnel)
    changed = bool(secrets) or before != text or cloudflared.folder_differs()
    notices = []
    diff = [_cloudflared.secret_diff(path, secret) for path, secret in secrets.items()]
    if before != text:
        diff.append(diff_entry(cloudflared.config, before, text))
    if module.check_mode:
        notices = ["Check mode: cloudflared has not judged the new configuration."] if before != text else []
    elif changed:
        cloudflared.make_folder(module.params["uid_range"], module.run_command)
        cloudflared.check_version(module.run_command, bool(tunnel.token))
        if before != text:
            cloudflared.write_config(text, before, module.run_command)
        cloudflared.write_secrets(secrets)
    module.exit_json(
        changed=changed,
        diff=diff,
        notices=notices,
        command=cloudflared.run_command(tunnel),
        files=[cloudflared.binary, cloudflared.config, cloudflared.token if tunnel.token else cloudflared.credentials],
        ready_url="http://127.0.0.1:%d/ready" % tunnel.metrics_port,
    )


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ROOT,
            **USERS,
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "check_only": {"type": "bool", "default": False},
            "tunnel": {"type": "str", "default": ""},
            "credentials": {"type": "str", "no_log": True},
            "token": {"type": "str", "no_log": True},
            "hostnames": {"type": "list", "elements": "str", "default": []},
            "service": {"type": "str", "default": "http://127.0.0.1:80"},
            "metrics_port": {"type": "int", "default": 19241},
            "binary": {"type": "path"},
        },
        supports_check_mode=True,
    )
    layout = Layout(module.params["root"])
    binary = module.params["binary"] or program_path(layout)
    cloudflared = _cloudflared.Cloudflared(layout, binary, os.geteuid() == 0)
    os.umask(0o022)
    try:
        if module.params["state"] == "present":
            tunnel = wanted(module)
            if module.params["check_only"]:
                module.exit_json(changed=False)
            present(module, cloudflared, tunnel)
        remnants = cloudflared.remnants()
        if remnants and not module.check_mode:
            cloudflared.remove(module.run_command)
    except (_cloudflared.TunnelError, UserError, OSError) as error:
        module.fail_json(msg=str(error))
    diff = {"before": "".join("%s\n" % line for line in remnants), "after": ""}
    module.exit_json(changed=bool(remnants), diff=diff)


if __name__ == "__main__":
    main()
