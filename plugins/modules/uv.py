#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: uv
short_description: Install uv, or take one that is there
version_added: 0.1.0
author: The selfhost.pyapps founders (@selfhost-pyapps)
description:
  - Brings uv to C(<root>/srv/pyapps/tools/uv/bin/uv), where M(selfhost.pyapps.environments) finds it. It comes as a
    wheel into a virtual environment of the system's Python, so nothing else on the host changes.
  - Works beside and exchanges when complete.
options:
  version:
    description: The exact version to install.
    type: str
    default: 0.13.8
  binary:
    description: An existing uv to link instead. It has to be executable for every user.
    type: path
requirements:
  - python3-venv (Debian), unless O(binary) is given
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.host.network
  - selfhost.pyapps.attributes.full
"""

EXAMPLES = r"""
- name: Install uv
  selfhost.pyapps.uv:

- name: Take the uv that this machine has
  selfhost.pyapps.uv:
    root: /home/me/pyapps
    binary: /usr/local/bin/uv
"""

RETURN = r"""
executable:
  description: Where uv is (in check mode, would be).
  returned: success
  type: str
version:
  description: Its version.
  returned: success
  type: str
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.python import NoPythonError
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv import Sources
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv_install import VERSION, Installer
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import NETWORK, ROOT
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import diff_entry
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError

ARGUMENTS: dict[str, t.Any] = {
    **ROOT,
    "version": {"type": "str", "default": VERSION},
    "binary": {"type": "path"},
    **NETWORK,
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    os.umask(0o022)
    if not os.path.isabs(module.params["root"]):
        module.fail_json(msg='root is "%s": give an absolute path' % module.params["root"])
    given = module.params
    sources = Sources.of(given)
    module.no_log_values.update(sources.secrets())
    layout = Layout(given["root"])
    installer = Installer(layout, sources, given["version"], given["binary"])
    try:
        version = installer.check_binary() if given["binary"] else given["version"]
        before = installer.describe()
        changed = not installer.is_done()
        if changed and not module.check_mode:
            installer.install()
    except EnvironmentFailedError as failure:
        module.fail_json(msg=failure.reason, log=failure.log)
    except (NoPythonError, LookupError) as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg="uv cannot be installed: %s" % error)
    after = "uv %s%s\n" % (version, " -> " + given["binary"] if given["binary"] else "")
    module.exit_json(
        changed=changed, executable=layout.uv, version=version, diff=[diff_entry(layout.uv, before, after)]
    )


if __name__ == "__main__":
    main()
