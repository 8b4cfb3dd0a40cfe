# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose one app is in use, and the steps of a run over it, which refuse what is broken."""

from __future__ import annotations

import os
import shutil
import time
import typing as t
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.reader import read_catalog
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.lock import Request
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.run import run as make_environments
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv import Sources
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.wish import Settings
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.generator import HostOptions
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import package_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import as_dicts, results_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._releases.step import (
    Request as ReleaseRequest,
    make_releases,
)
from helpers.environment_host import make_wheel, need_build_user, uv_binary
from helpers.serving_host import ServingHost
from helpers.streamlit_session import Session, session

GOOD = "import streamlit as st\nst.write('good')\n"

Result = dict[str, t.Any]


class UsedApp:
    """An app that serves, with a session open on it.

    :ivar took: by cause, seconds from the last thing that the run said before it failed until it was over
    """

    def __init__(self, host: ServingHost) -> None:
        self.host = host
        self.name = host.add_app("used")
        host.release(self.name, GOOD)
        result = host.deploy().results[self.name]
        assert result["note"] == "live", result
        self.deploy_settings = dict(host.apps[self.name]["deploy"])
        self.took: dict[str, float] = {}
        self._visit = session("http://127.0.0.1:%d%s/" % (result["port"], host.apps[self.name]["base_path"]))
        self._visitor: Session | None = None
        self._wheels: Path | None = None

    def __enter__(self) -> UsedApp:
        self._visitor = self._visit.__enter__()
        return self

    def __exit__(self, *error: t.Any) -> None:
        self._visit.__exit__(*error)

    def state(self) -> tuple[t.Any, ...]:
        """All that a refused release must leave alone."""
        assert self._visitor is not None
        return self.host.seen(self.name), any(self._visitor.is_open() for _try in range(6))

    def deploy(self, cause: str, waits: float = 0, **options: t.Any) -> Result:
        """Deploy what is wanted now.

        :param waits: seconds that the cause itself takes, because it is a limit
        """
        said = [time.monotonic()]

        def say(line: str) -> None:
            if "failed at step" not in line:
                said.append(time.monotonic())

        outcome = self.host.deploy(**{"say": say, **options})
        self.took[cause] = max(0.0, time.monotonic() - said[-1] - waits)
        assert (outcome.changed, list(outcome.diffs)) == (False, [])
        return outcome.results[self.name]

    def run(self, cause: str, folder: Path, sources: Sources | None = None) -> Result:
        """Catalog, environments, releases and instances for an app's folder, as the playbook hands them on.

        :param sources: where packages come from; None means from wheels on the host
        """
        began = time.monotonic()
        catalog = read_catalog(str(folder), secret_names={})
        if catalog.errors:
            self.took[cause] = time.monotonic() - began
            return {"state": "failed", "step": "catalog", "reason": "\n".join(map(str, catalog.errors)), "log": []}
        entry = {**catalog.apps[0], "name": self.name}
        results = self._environments(entry, sources)
        if results[self.name]["state"] == "ok":
            results[self.name].update(self.host.wanted[self.name], streamlit="1.67.0", release="0" * 16)
            request = ReleaseRequest(self.host.layout, [entry], results_of(results), HostOptions())
            results = as_dicts(make_releases(request).results)
        self.host.wanted[self.name] = results[self.name]
        outcome = self.host.deploy()
        self.took[cause] = time.monotonic() - began
        assert not outcome.changed
        return outcome.results[self.name]

    def _environments(self, entry: dict[str, t.Any], sources: Sources | None) -> dict[str, Result]:
        wheels = str(self._wheelhouse())
        settings = Settings(
            python=None,
            sources=sources or Sources(wheelhouse=wheels),
            upgrade=False,
            rebuild=False,
            parallel=1,
            resolve_timeout=120,
            build_timeout=120,
            check=False,
        )
        request = Request.of_app(entry, package_of(entry))
        report = make_environments(self.host.layout, settings, [request], False, 60, lambda line: None)
        return t.cast("dict[str, Result]", report["app_results"])

    def _wheelhouse(self) -> Path:
        """Wheels on the host, so that nothing asks an index: one called streamlit, alpha, and beta that needs it."""
        if self._wheels is None:
            need_build_user()
            os.makedirs(os.path.dirname(self.host.layout.uv), exist_ok=True)
            shutil.copy(uv_binary(), self.host.layout.uv)
            self._wheels = Path(self.host.root) / "wheels"
            make_wheel(self._wheels, "streamlit", "1.67.0")
            make_wheel(self._wheels, "alpha", "1.0")
            make_wheel(self._wheels, "beta", "1.0", requires=["alpha>=1"])
        return self._wheels
