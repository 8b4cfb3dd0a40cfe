# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller adds to the module setup_toml: the secrets' own errors, and no value of theirs."""

from __future__ import annotations

import typing as t

from ansible_collections.selfhost.pyapps.plugins.action.setup_toml import with_problems
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Report

ERROR = {"file": "setup.toml", "key": "titel", "message": "no key", "found": "", "allowed": ""}


def faulty() -> Report:
    report = Report()
    report.about("pyapps_secrets").error("app", "must be a dictionary")
    return report


def test_errors_of_files_and_of_secrets_are_told_together() -> None:
    answer = with_problems({"failed": True, "msg": "setup.toml: titel: no key", "errors": [ERROR]}, faulty())
    assert answer["msg"].splitlines() == ["setup.toml: titel: no key", "pyapps_secrets: app: must be a dictionary"]
    assert [error["key"] for error in answer["errors"]] == ["titel", "app"]


def test_errors_of_secrets_alone_fail_the_task() -> None:
    answer = with_problems({"apps": []}, faulty())
    assert answer["failed"] is True
    assert answer["msg"] == "pyapps_secrets: app: must be a dictionary"


def test_without_errors_the_answer_is_the_modules() -> None:
    answer: dict[str, t.Any] = {"apps": [], "notices": []}
    assert with_problems(dict(answer), Report()) == answer
