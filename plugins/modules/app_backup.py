#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: app_backup
short_description: Save the data folders of Python web apps, one archive an app
version_added: 0.2.0
description:
  - Writes C(<app>-<time>.tar.gz) into O(folder) for each app, and the applied catalog as C(catalog-<time>.json).
  - Apps go on running, and so do deploys; the host's lock is only held while the applied catalog is copied. An SQLite
    database is saved as a snapshot of its own, so it is whole.
  - Holes of sparse files take neither time nor room. At most 1024 GB of an app are saved, and 64 MB of the disk of
    O(folder) stay free.
  - Reads with the app's rights, so an archive holds nothing that the app could not read. A device, or a link that leads
    out of the data folder, is refused.
  - C(.tmp) and C(.home/.cache) are not saved.
author: The selfhost.pyapps founders (@selfhost-pyapps)
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.host.lock
  - selfhost.pyapps.host.choice
  - selfhost.pyapps.attributes
options:
  folder:
    description:
      - Where the archives go, on the target; by default C(<root>/var/backups/pyapps). It is made, with mode 0700.
    type: path
attributes:
  check_mode:
    support: full
    description: Says what would be saved.
  diff_mode:
    support: none
    description: Archives have no difference to show.
  idempotent:
    support: none
    description: Every run makes new archives.
"""

EXAMPLES = r"""
- name: Save the data of all apps
  selfhost.pyapps.app_backup:
    root: /
"""

RETURN = r"""
app_results:
  description: By app, C(state), C(note), and C(archive), its file.
  returned: always
  type: dict
apps:
  description: The apps that were meant, with C(name) and C(base_path), for M(selfhost.pyapps.app_table).
  returned: always
  type: list
  elements: dict
url:
  description: The URL of the front.
  returned: always
  type: str
catalog:
  description: The file with the applied catalog.
  returned: always
  type: str
"""

import os
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.app_choice import ChoiceError, choose
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.applied_catalog import read_applied, table_rows
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import backup as _app_backup
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import CHOICE, LOCK, ROOT, become_hint
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.files import make_folder, read_text, write_file
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import LockedError, host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result, as_dicts


def copy_catalog(layout: Layout, folder: str, path: str) -> None:
    """Copy the applied catalog, if there is one, into the folder of the backups, which is made."""
    if not os.path.isdir(folder):
        make_folder(folder, 0o700)
    text = read_text(layout.catalog)
    if text is not None:
        write_file(path, text, 0o600)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **ROOT,
            **CHOICE,
            "folder": {"type": "path"},
            **LOCK,
        },
        supports_check_mode=True,
    )
    os.umask(0o022)
    layout, moment = Layout(module.params["root"]), time.time()
    folder = module.params["folder"] or _app_backup.default_folder(layout)
    catalog = _app_backup.catalog_path(folder, moment)
    try:
        names = choose(module.params["app"], layout.deployed_app_names(), "on this host")
        applied = read_applied(layout)
        if module.check_mode:
            results = {name: Result(changed=True, note="would be saved") for name in names}
        else:
            with host_lock(layout.lock, module.params["lock_timeout"], "copies the applied catalog"):
                copy_catalog(layout, folder, catalog)
            results = {
                name: _app_backup.save_app(layout, name, _app_backup.archive_path(folder, name, moment))
                for name in names
            }
    except (ChoiceError, LockedError, OSError, ValueError) as error:
        module.fail_json(msg=str(error) + become_hint(error))
    module.exit_json(
        changed=any(result.changed for result in results.values()),
        app_results=as_dicts(results),
        apps=table_rows(applied, names),
        url=applied["url"],
        catalog=catalog,
    )


if __name__ == "__main__":
    main()
