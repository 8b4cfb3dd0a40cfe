# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploy in a process of its own, so that a test can kill it: ``python deploy_once.py <file>``.

The file is JSON: ``{root, ports: [first, last], apps, wanted}``; the outcome goes to standard output.
"""

from __future__ import annotations

import json
import sys

from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy import instances as _instances, run as _deploy_run
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.lock import host_lock
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import as_dicts, results_of


def main(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        task = json.load(file)
    layout = Layout(task["root"])
    first, last = task["ports"]
    run = _deploy_run.Run(layout=layout, ports=range(first, last), parallel=2, check_mode=False)
    with host_lock(layout.lock, 60, "deploys in a test"):
        outcome = _instances.deploy(run, task["apps"], results_of(task["wanted"]))
        print(json.dumps(as_dicts(outcome.results)))


if __name__ == "__main__":
    main(sys.argv[1])
