# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which environments are listed, what uv is asked, and what of its answer counts."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import tomllib
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments import sbom
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result

A, B = "a" * 16, "b" * 16


def app(name: str, **environment: t.Any) -> dict[str, t.Any]:
    wanted = {"files": {"requirements.txt": ""}, "entry": "requirements.txt", **environment}
    return {"name": name, "kind": "wsgi", "environment": wanted}


def result(environment: str | None, **changes: t.Any) -> Result:
    return Result(environment=environment, **changes)


def component(name: str, **further: t.Any) -> dict[str, t.Any]:
    return {"bom-ref": name + "-1", "name": name, **further}


def document(components: list[dict[str, t.Any]], **further: t.Any) -> str:
    return json.dumps({"metadata": {"component": component("root")}, "components": components, **further})


def test_each_environment_counts_once_and_only_of_apps_that_are_well() -> None:
    results = {
        "one": result(B),
        "two": result(A),
        "three": result(B),
        "broken": result("c" * 16, state="failed"),
        "upstream": result(None),
    }
    apps = [app(name) for name in [*results, "new"]]
    assert sbom.environments(apps, results) == [
        sbom.Environment(A, "two", False),
        sbom.Environment(B, "one", False),
    ]
    assert sbom.environments([app("one", allow_build=True)], results)[0].allow_build


def test_only_our_files_are_surplus(tmp_path: Path) -> None:
    (wanted,) = sbom.environments([app("one")], {"one": result(A)})
    names = [wanted.file, "environment-%s.cdx.json" % B, ".part-environment-x", "notes.txt"]
    for name in names:
        (tmp_path / name).touch()
    assert sbom.surplus(str(tmp_path), [wanted]) == [str(tmp_path / name) for name in sorted(names[1:3])]
    assert sbom.missing(str(tmp_path), [wanted]) == []
    (tmp_path / wanted.file).unlink()
    assert sbom.missing(str(tmp_path), [wanted]) == [wanted]


def test_what_is_installed_is_read_from_the_environment_itself(tmp_path: Path) -> None:
    """What a package brings along inside itself is its own matter."""
    packages = tmp_path / "lib" / "python3.13" / "site-packages"
    for folder in ("Zope.Interface-5.0.dist-info", "torch-2.5+cpu.dist-info", "setuptools/_vendor/tomli-1.dist-info"):
        (packages / folder).mkdir(parents=True)
    assert sbom.installed(str(tmp_path)) == {"zope-interface": "5.0", "torch": "2.5+cpu"}


@pytest.mark.parametrize(
    "folder", ["a @ file:b-1.dist-info", "a;b-1.dist-info", "a-1 ; x.dist-info", "-e x-1.dist-info", "a\nb-1.dist-info"]
)
def test_a_folder_that_is_named_like_a_requirement_is_none(tmp_path: Path, folder: str) -> None:
    """Names come from packages, and uv reads what is written of them."""
    (tmp_path / "lib" / "python3.13" / "site-packages" / folder).mkdir(parents=True)
    assert sbom.installed(str(tmp_path)) == {}


def test_uv_is_asked_for_exactly_that_and_for_this_platform_alone() -> None:
    record = {"python": "3.13.2t", "platform": "linux-x86_64 glibc 2.36"}
    found = tomllib.loads(sbom.project(A, {"b": "1.0", "a": "2"}, record))
    pins = ["a==2", "b==1.0"]
    assert found == {
        "project": {
            "name": "environment-" + A,
            "version": "0",
            "requires-python": "==3.13.2",
            "dependencies": pins,
        },
        "tool": {
            "uv": {
                "environments": ["sys_platform == 'linux' and platform_machine == 'x86_64'"],
                "override-dependencies": pins,
            }
        },
    }


def test_what_is_not_installed_is_left_out() -> None:
    text = document(
        [component("Click"), component("colorama")],
        dependencies=[
            {"ref": "root-1", "dependsOn": ["Click-1"]},
            {"ref": "Click-1", "dependsOn": ["colorama-1"]},
            {"ref": "colorama-1"},
        ],
    )
    found = json.loads(sbom.only(text, {"click": "8"}))
    assert found["components"] == [component("Click")]
    assert found["dependencies"] == [{"ref": "root-1", "dependsOn": ["Click-1"]}, {"ref": "Click-1", "dependsOn": []}]


def test_what_is_installed_and_not_listed_is_an_error() -> None:
    with pytest.raises(EnvironmentFailedError, match="uv does not list click, six"):
        sbom.only(document([component("a")]), {"six": "1", "a": "1", "click": "8"})


def test_no_credentials_are_written() -> None:
    text = document([component("a", purl="pkg:pypi/a@1?download_url=https://me:geheim@example.org/a.whl")])
    assert "https://example.org/a.whl" in sbom.only(text, {"a": "1"})
    assert "geheim" not in sbom.only(text, {"a": "1"})
