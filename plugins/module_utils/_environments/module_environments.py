# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module ``environments`` takes and does; the plan of a run asks it, too."""

from __future__ import annotations

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


def act(module: AnsibleModule) -> None:
    """What the module does; it ends by ``exit_json`` or ``fail_json``."""
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
        module.fail_json(msg="the environment store cannot be used: %s" % error)
    finally:
        progress.close()
    report["progress"] = progress.lines
    for warning in report.pop("warnings"):
        module.warn(warning)
    broken = {name: tool["reason"] for name, tool in report["tools"].items() if tool["state"] == "failed"}
    if broken:
        module.fail_json(msg="; ".join("tool %s: %s" % item for item in broken.items()), **report)
    module.exit_json(**report)
