# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health check of fifty healthy Streamlit apps behind nginx, with the published script beside it."""

from __future__ import annotations

import contextlib
import re
import subprocess
import typing as t
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.system_python import system_python
from helpers.environments import environment
from helpers.kill_storm import StormyHost
from helpers.serving_host import ServingHost
from measure import Row, in_turn

COUNT = 50
# The published script (tag `blog-post`), its functions as they stand there. Two things are given instead of fixed:
# supervisorctl with its configuration, and the addresses, here all fifty instead of one; it logs to standard output
# only. It looks at less than ours: no body, no WebSocket, no listener, no disk.
_PUBLISHED = """\
import logging, re, subprocess, sys, urllib.request
from typing import Dict, List, Optional

logger = logging.getLogger("healthcheck.py")
logger.setLevel(logging.DEBUG)
stdout_handler = logging.StreamHandler(sys.stdout)
stdout_handler.setFormatter(logging.Formatter('%(asctime)s - %(name)s - %(levelname)s - %(message)s'))
logger.addHandler(stdout_handler)
LINKS_TO_CHECK: List[str] = sys.argv[3:]


def get_supervisor_status() -> Optional[List[Dict]]:
    try:
        result = subprocess.run([sys.argv[1], "-c", sys.argv[2], "status"], capture_output=True, text=True, check=True)
        processes: List[Dict] = []
        for line in result.stdout.split('\\n'):
            if line.strip():
                parts: List[str] = re.split(r'\\s+', line.strip(), maxsplit=2)
                if len(parts) >= 2:
                    details = parts[2] if len(parts) > 2 else ''
                    processes.append({'name': parts[0], 'status': parts[1], 'details': details})
        return processes
    except subprocess.CalledProcessError as e:
        logger.error(f"Error running supervisorctl: {e}")
        return None


def check_supervisor_all_running(processes: List[Dict]) -> bool:
    status: bool = True
    for supervisor_process in processes:
        line = f"{supervisor_process['name']} - {supervisor_process['status']} - {supervisor_process['details']}"
        if supervisor_process['status'] == 'FATAL':
            logger.critical(line)
            status = False
        else:
            logger.info(line)
    return status


def check_ping(url: str) -> bool:
    try:
        response = urllib.request.urlopen(url)
        return response.getcode() == 200
    except Exception:
        return False


processes = get_supervisor_status()
if not processes or not check_supervisor_all_running(processes):
    sys.exit(1)
for url in LINKS_TO_CHECK:
    if not check_ping(url):
        sys.exit(1)
    logger.info(f"{url} is online")
"""


# Told by the process itself: what wait4(2) says of a child begins with the memory of its parent.
_MEASURED = """\
import atexit, runpy, sys
atexit.register(lambda: sys.stderr.write(open("/proc/self/status").read()))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def _peak(program: str | Path, *arguments: str) -> float:
    """Peak memory of a Python program in MB, without its children."""
    command = [system_python(), "-I", "-c", _MEASURED, str(program), *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    found = re.search(r"VmHWM:\s+(\d+) kB", done.stderr)
    assert found, done.stderr
    return int(found[1]) / 1024


def rows() -> t.Iterator[Row]:
    with contextlib.closing(ServingHost()) as host, contextlib.closing(StormyHost(host, COUNT)) as served:
        ours = [system_python(), "-I", host.layout.zipapp, "healthcheck"]
        urls = ["http://127.0.0.1:%d%s/" % (served.front.port, app["base_path"]) for app in host.apps.values()]
        control = environment("supervisor", "4.3.0") / "bin" / "supervisorctl"
        script = host.root / "published.py"
        script.write_text(_PUBLISHED)
        arguments = [str(control), host.layout.supervisor_conf, *urls]
        took = in_turn(lambda: _run(ours), lambda: _run([system_python(), script, *arguments]))
        yield Row("health check of 50 apps / the published script", *took, "s", "")
        yield Row("health check of 50 apps, time / 1.5 s", took[0], 1.5, "s", "<= 1")
        memory = _peak(host.layout.zipapp, "healthcheck")
        yield Row("its memory / the published script's", memory, _peak(script, *arguments), "MB", "")
        yield Row("its memory / 40 MB", memory, 40, "MB", "<= 1")


def _run(command: t.Sequence[str | Path]) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=120)
