# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.deploy_settings import DeploySettings
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.setup_toml import SETUP_TOML


def test_an_entry_of_an_older_version_means_what_it_meant() -> None:
    """C-09: a host's applied catalog may be older than the collection that restarts or rolls back its apps."""
    old = {"deploy": {"keep": 5, "start_timeout": 7, "drain_timeout": 3600, "max_draining": 2}}
    assert DeploySettings.of(old) == DeploySettings(start_timeout=7)


def test_the_defaults_are_those_of_the_declaration() -> None:
    table = next(key for key in SETUP_TOML.keys if key.name == "deploy")
    declared = {key.name: key.default for key in table.keys}
    own = dataclasses.asdict(DeploySettings())
    assert own == {name: declared[name] for name in own}


def test_only_a_restart_is_in_place() -> None:
    assert [DeploySettings(strategy=strategy).in_place for strategy in ("beside", "restart")] == [False, True]
