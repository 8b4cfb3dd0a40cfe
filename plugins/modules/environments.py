#!/usr/bin/python
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: environments
short_description: Make the Python environments of all apps, each once
version_added: 0.1.0
author: The selfhost.pyapps founders (@selfhost-pyapps)
description:
  - Resolves what every app asks for, once, and keeps the lock; builds each distinct environment once, with uv, in
    parallel; apps with equal requirements share one. An environment is read-only and named by the hash of its
    interpreter, platform, lock and index settings.
  - Builds beside and renames when complete, so a half-built environment is never used. Never runs uv or anything from
    an index as root, but as the user C(pyapps-build), as whom no code of a package runs.
  - What an app lets be built from source (C([environment] allow_build)) is built as the app's own user, in namespaces
    where it reaches nothing but the index and knows no password of it. Where the kernel refuses namespaces, as it does
    in most containers, it is built without them, with a warning. Such an environment is shared with no other app.
  - One app's failure is that app's failure, told in RV(app_results).
options:
  apps:
    description: The catalog, as M(selfhost.pyapps.setup_toml) returns it. Read are C(name), C(kind) and C(environment).
    type: list
    elements: dict
  results:
    description: The results by app of M(selfhost.pyapps.app_packages); without it all of O(apps) go on.
    type: dict
    default: {}
  tools:
    description:
      - Environments that roles need, by name; C(<root>/srv/pyapps/tools/<name>) becomes a link to each.
      - Each has C(requirements), a list of lines as in a C(requirements.txt), and perhaps C(python).
    type: dict
  python:
    description:
      - Version such as V(3.12), or path, of the interpreter for who asks for none.
      - By default the system's C(/usr/bin/python3) where it is 3.9 or newer, else the one that runs the module.
    type: str
  python_downloads:
    description:
      - Whether uv fetches a version of Python that this host lacks, from O(python_mirror). It checks the SHA-256 of the
        file; the interpreter is kept in C(<root>/srv/pyapps/pythons), which nobody else can write, as long as an
        environment stands on it.
      - Also without this an interpreter that is kept there is used.
    type: bool
    default: false
  python_mirror:
    description:
      - Where interpreters are fetched from, instead of where uv has them from. The URL, or a folder on this host, of
        the files of python-build-standalone, in folders as its releases have them; uv knows their hashes.
      - Or the path of a list of one's own on this host (C(*.json)), as uv has it (C(UV_PYTHON_DOWNLOADS_JSON_URL)), in
        which every file has its C(sha256). A path in it is relative to its folder.
      - With O(wheelhouse) a folder or a list is needed, because nothing comes over the network.
    type: str
  extra_index_urls:
    description: Further indexes, asked first.
    type: list
    elements: str
    default: []
  upgrade:
    description: Resolve again, although a lock is kept and the files are the same.
    type: bool
    default: false
  rebuild:
    description: Build again what is there already, from packages that are fetched anew.
    type: bool
    default: false
  parallel:
    description: How many environments are resolved or built at once. By default, and with V(0), one per processor.
    type: int
  resolve_timeout:
    description: Seconds for one resolution.
    type: int
    default: 300
  build_timeout:
    description: Seconds for each step of one build.
    type: int
    default: 900
  prune:
    description:
      - Delete environments and locks that neither a release, nor a tool, nor this run's apps use.
      - By default only when O(apps) is given.
    type: bool
  progress:
    description: Set by the action plugin, which shows what is done while it is done. Not for use.
    type: str
extends_documentation_fragment:
  - selfhost.pyapps.host
  - selfhost.pyapps.host.lock
  - selfhost.pyapps.host.network
  - selfhost.pyapps.attributes.full
notes:
  - In check mode RV(app_results) has C(environment) null where only resolving could tell.
  - With C(--diff) the versions of each app's packages before and after are shown.
"""

EXAMPLES = r"""
- name: Make the environments of all apps
  selfhost.pyapps.environments:
    apps: "{{ __pyapps_catalog.apps }}"
  register: __streamlit_app_results

- name: Have supervisor in an environment of its own
  selfhost.pyapps.environments:
    tools:
      supervisor:
        requirements:
          - supervisor==4.3.*
"""

RETURN = r"""
app_results:
  description: What became of each app, by name.
  returned: success
  type: dict
  sample:
    app_1:
      state: ok
      changed: true
      environment: 0123456789abcdef
      path: /srv/pyapps/envs/0123456789abcdef
      python: /srv/pyapps/envs/0123456789abcdef/bin/python
      lock: /srv/pyapps/locks/fedcba9876543210.txt
      streamlit: 1.41.1
tools:
  description: The same for each tool.
  returned: success
  type: dict
pruned:
  description: Names of the environments that were deleted.
  returned: success
  type: list
  elements: str
pruned_pythons:
  description: Names of the fetched interpreters that were deleted.
  returned: success
  type: list
  elements: str
  sample: [3.12.12-0123456789abcdef]
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.lock import Request
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.python_downloads import Mirror
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.run import run
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv import Sources
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.wish import Settings
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.arguments import LOCK, NETWORK, ROOT
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import LockedError
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.progress import Progress, progress_path
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import package_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import (
    Result,
    ResultError,
    Results,
    results_of,
)

ARGUMENTS: dict[str, t.Any] = {
    **ROOT,
    "apps": {"type": "list", "elements": "dict"},
    "results": {"type": "dict", "default": {}},
    "tools": {"type": "dict"},
    "python": {"type": "str"},
    "python_downloads": {"type": "bool", "default": False},
    "python_mirror": {"type": "str"},
    **NETWORK,
    "extra_index_urls": {"type": "list", "elements": "str", "default": []},
    "upgrade": {"type": "bool", "default": False},
    "rebuild": {"type": "bool", "default": False},
    "parallel": {"type": "int"},
    "resolve_timeout": {"type": "int", "default": 300},
    "build_timeout": {"type": "int", "default": 900},
    "prune": {"type": "bool"},
    **LOCK,
    "progress": {"type": "str"},
}


def _settings(module: AnsibleModule) -> Settings:
    given = module.params
    sources = Sources.of(given)
    module.no_log_values.update(sources.secrets())
    try:
        Mirror.of(sources.python_mirror)
    except ValueError as error:
        module.fail_json(msg=str(error))
    return Settings(
        python=given["python"],
        sources=sources,
        upgrade=given["upgrade"],
        rebuild=given["rebuild"],
        parallel=max(1, given["parallel"] or os.cpu_count() or 1),
        resolve_timeout=given["resolve_timeout"],
        build_timeout=given["build_timeout"],
        check=module.check_mode,
        python_downloads=given["python_downloads"],
    )


def _before(module: AnsibleModule) -> Results:
    """What earlier steps say of the apps."""
    try:
        return results_of(module.params["results"])
    except ResultError as error:
        module.fail_json(msg=str(error))
        raise


def _requests(module: AnsibleModule, before: Results) -> list[Request]:
    apps = [app for app in module.params["apps"] or [] if before.get(app.get("name"), Result()).goes_on]
    requests = []
    try:
        requests += [Request.of_app(app, package_of(app)) for app in apps]
        requests += [Request.of_tool(name, tool) for name, tool in (module.params["tools"] or {}).items()]
    except (KeyError, TypeError, AttributeError) as error:
        module.fail_json(
            msg="an entry of apps or tools is not what setup_toml returns or the documentation says: %s" % error
        )
    return requests


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, required_one_of=[("apps", "tools")], supports_check_mode=True)
    os.umask(0o022)
    if not os.path.isabs(module.params["root"]):
        module.fail_json(msg='root is "%s": give an absolute path' % module.params["root"])
    prune = module.params["prune"]
    if prune is None:
        prune = module.params["apps"] is not None
    layout = Layout(module.params["root"])
    progress = Progress(progress_path(layout, "environments"), module.params["progress"])
    try:
        before = _before(module)
        requests = _requests(module, before)
        report = run(layout, _settings(module), requests, prune, module.params["lock_timeout"], progress.say, before)
    except (LookupError, LockedError) as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg="the environment store can not be used: %s" % error)
    finally:
        progress.close()
    report["progress"] = progress.lines
    for warning in report.pop("warnings"):
        module.warn(warning)
    broken = {name: tool["reason"] for name, tool in report["tools"].items() if tool["state"] == "failed"}
    if broken:
        module.fail_json(msg="; ".join("tool %s: %s" % item for item in broken.items()), **report)
    module.exit_json(**report)


if __name__ == "__main__":
    main()
