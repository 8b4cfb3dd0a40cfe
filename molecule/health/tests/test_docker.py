# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health check as a container's HEALTHCHECK."""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import zipapp as _zipapp
from helpers.containers import wait_for

IMAGE = "pyapps-test-healthcheck"
# `--start-interval` of the published line needs Docker 25 (X16).
DOCKERFILE = """\
FROM pyapps-test-base:trixie
COPY pyapps.pyz /srv/pyapps/tools/pyapps.pyz
HEALTHCHECK --interval=5m --timeout=3s --start-period=5s --retries=3 \\
  CMD python3 -I /srv/pyapps/tools/pyapps.pyz healthcheck || exit 1
CMD ["sleep", "600"]
"""


def docker(*words: str) -> str:
    """What docker prints."""
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True, timeout=120).stdout


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("image")
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "pyapps.pyz").write_bytes(_zipapp.build())
    docker("build", "--quiet", "--tag", IMAGE, str(folder))
    yield IMAGE
    docker("rmi", "--force", IMAGE)


@pytest.mark.parametrize(("always", "expected"), [("TRUE", "healthy"), ("1", "unhealthy")])
def test_docker_shows_what_the_command_says(image: str, always: str, expected: str) -> None:
    """S0-80, S0-85, X16: with the published options; asked more often here, so that nobody waits for minutes."""
    (config,) = json.loads(docker("inspect", image))
    assert config["Config"]["Healthcheck"] == {
        "Test": ["CMD-SHELL", "python3 -I /srv/pyapps/tools/pyapps.pyz healthcheck || exit 1"],
        "Interval": 300 * 10**9,
        "Timeout": 3 * 10**9,
        "StartPeriod": 5 * 10**9,
        "Retries": 3,
    }
    quick = ["--health-interval=1s", "--health-start-period=0s", "--health-retries=1", "--health-timeout=30s"]
    name = docker("run", "--detach", "--env", "ALWAYS_HEALTHY=" + always, *quick, image).strip()
    try:
        health: dict[str, t.Any] = {}

        def known() -> bool:
            health.update(json.loads(docker("inspect", "--format", "{{json .State.Health}}", name)))
            return health["Status"] != "starting"

        wait_for("docker has asked", known)
        assert health["Status"] == expected
        said = health["Log"][-1]
        assert said["ExitCode"] == (0 if expected == "healthy" else 1)
        assert "[CHECK] Starting health check" in said["Output"]
        assert ("Is supervisor installed?" in said["Output"]) == (expected == "unhealthy")
    finally:
        docker("rm", "--force", name)
