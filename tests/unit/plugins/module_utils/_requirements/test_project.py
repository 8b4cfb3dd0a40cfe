# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is taken of a pyproject.toml, what is refused, and what is left out."""

from __future__ import annotations

import pytest
import tomllib
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Report
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.project import Project, read_project

START = '[project]\nname = "My.App"\nversion = "7"\n'
WHOLE = START + 'dependencies = ["Streamlit >= 1", "b"]\n'


def read(text: str) -> tuple[Project, Report]:
    report = Report()
    return read_project(text, report.about("pyproject.toml")), report


def test_what_is_understood_is_written_anew_and_nothing_else() -> None:
    text = START + (
        'requires-python = ">= 3.9, < 4"\n'
        "dependencies = ['Streamlit >= 1 ', 'b ; os_name == \"nt\"', \"b ; os_name=='nt'\"]\n"
        'description = "x"\n[project.scripts]\nx = "y:z"\n[build-system]\nrequires = ["evil"]\nbackend-path = ["."]\n'
        "[tool.uv]\nconstraint-dependencies = ['a <2']\noverride-dependencies = ['c==1']\npackage = true\n"
        "[tool.black]\n"
    )
    project, report = read(text)
    assert (report.problems, report.notices) == ([], [])
    assert tomllib.loads(project.text()) == {
        "project": {
            "name": "my-app",
            "version": "0",
            "requires-python": ">=3.9,<4",
            "dependencies": ["streamlit>=1", "b ; os_name == 'nt'"],
        }
    }
    assert (project.constraints, project.overrides) == ("a<2\n", "c==1\n")


def test_what_is_left_out_although_uv_would_take_it_is_said() -> None:
    more = 'optional-dependencies = {x = ["y"]}\n[dependency-groups]\ndev = ["z"]\n[tool.uv]\nprerelease = "allow"\n'
    project, report = read(WHOLE + more)
    assert report.problems == []
    assert report.notices == [
        "pyproject.toml: optional-dependencies, dependency-groups: not installed here, only [project] dependencies are",
        'pyproject.toml: has no effect here: "tool.uv.prerelease"',
    ]
    assert "y" not in project.text().replace("my", "").replace("py", "")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (START, "project.dependencies"),
        (START + 'dependencies = "a"', "project.dependencies"),
        (START + 'dynamic = ["dependencies"]\ndependencies = ["a"]', "project.dependencies"),
        (START + 'dependencies = ["a", "my_app[x]"]', "project.dependencies"),
        (START + 'dependencies = ["a\\n-e ."]', "project.dependencies"),
        (START + 'dependencies = ["a # b"]', "project.dependencies"),
        (START + 'dependencies = ["a==1 --hash=sha256:%s"]' % ("a" * 64), "project.dependencies"),
        ('[project]\ndependencies = ["a"]', "project.name"),
        ('[project]\nname = "a b"\ndependencies = ["a"]', "project.name"),
        (WHOLE + 'requires-python = "3.9"', "project.requires-python"),
        (WHOLE + "requires-python = 3", "project.requires-python"),
        (WHOLE + '[tool.uv]\nconstraint-dependencies = "a"', "tool.uv.constraint-dependencies"),
        (WHOLE + '[tool.uv]\noverride-dependencies = ["a @ https://x/y"]', "tool.uv.override-dependencies"),
        (WHOLE + '[tool]\nuv = {sources.a = {path = "x"}}', "tool.uv.sources"),
        ('tool = {"uv" = {workspace = {members = ["x"]}}}\n' + WHOLE, "tool.uv.workspace"),
        (WHOLE + '["tool"."u\\u0076"]\nfind-links = ["x"]', "tool.uv.find-links"),
    ],
)
def test_what_is_refused_is_named_by_its_key(text: str, key: str) -> None:
    _project, report = read(text)
    assert [problem.key for problem in report.problems] == [key]


def test_many_faults_are_not_all_told() -> None:
    _project, report = read(START + "dependencies = [%s]" % ('"-e .",' * 5000))
    assert len(report.problems) == 21
