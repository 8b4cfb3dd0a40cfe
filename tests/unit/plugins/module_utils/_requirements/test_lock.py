# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is taken of a uv.lock: packages of an index and the app itself, however it is written."""

from __future__ import annotations

import copy
import typing as t

import pytest
import tomllib
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Report
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.toml_writer import to_toml_document
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.lock import rewritten_lock

HASH, OTHER_HASH = "sha256:" + "a" * 64, "sha256:" + "b" * 64
WHEEL = {"url": "https://files.example.org/x/idna-3.6%2Bcpu-py3-none-any.whl", "hash": HASH, "size": 1}
PYPI = {"registry": "https://pypi.org/simple"}


def lock() -> dict[str, t.Any]:
    """What uv writes, as a structure."""
    return {
        "version": 1,
        "revision": 3,
        "requires-python": ">=3.9",
        "resolution-markers": ["python_full_version < '3.10'"],
        "options": {"exclude-newer": "2026-01-01T00:00:00Z"},
        "manifest": {"constraints": [{"name": "idna", "specifier": "<4"}]},
        "package": [
            {
                "name": "app",
                "version": "1",
                "source": {"editable": "."},
                "dependencies": [{"name": "idna", "extra": ["x"], "marker": "os_name == 'nt'"}],
                "dev-dependencies": {"dev": [{"name": "pytest"}]},
                "metadata": {"requires-dist": [{"name": "idna"}]},
            },
            {
                "name": "idna",
                "version": "3.6",
                "source": PYPI,
                "sdist": {"url": "https://files.example.org/idna-3.6.tar.gz", "hash": HASH, "upload-time": "x"},
                "wheels": [WHEEL, {"filename": "idna-3.6-any-name.whl", "hash": OTHER_HASH}],
                "optional-dependencies": {"x": [{"name": "idna", "version": "3.6", "source": PYPI}]},
            },
        ],
    }


def read(text: str) -> tuple[str, Report]:
    report = Report()
    return rewritten_lock(text, "app", report.about("uv.lock")), report


def test_it_is_written_anew_without_addresses() -> None:
    text, report = read(to_toml_document(lock()))
    assert report.problems == []
    index = {"registry": "https://index.invalid/simple"}
    assert tomllib.loads(text) == {
        "version": 1,
        "requires-python": ">=3.9",
        "resolution-markers": ["python_full_version < '3.10'"],
        "package": [
            {
                "name": "app",
                "version": "0",
                "source": {"virtual": "."},
                "dependencies": [{"name": "idna", "extra": ["x"], "marker": "os_name == 'nt'"}],
            },
            {
                "name": "idna",
                "version": "3.6",
                "source": index,
                "sdist": {"url": "https://index.invalid/idna-3.6.tar.gz", "hash": HASH},
                "wheels": [
                    {"url": "https://index.invalid/idna-3.6-0-py3-none-any.whl", "hash": HASH},
                    {"url": "https://index.invalid/idna-3.6-1-py3-none-any.whl", "hash": OTHER_HASH},
                ],
                "optional-dependencies": {"x": [{"name": "idna", "version": "3.6", "source": index}]},
                "dependencies": [],
            },
        ],
    }


@pytest.mark.parametrize(
    "source",
    [
        'source = {  url = "https://evil.example/a.whl" }',
        'source.editable = "/dev/shm/x"',
        'source.editable = "."',
        '"source" = { git = "https://me:geheim@example.com/a" }',
        "source = { 'path' = 'a.whl' }",
        '[package.source]\ndirectory = "../a"',
        '"sourc\\u0065" = { virtual = "." }',
        'source = { registry = "../wheels" }',
        'source = { registry = "file:///srv/wheels" }',
        'source = { registry = "https://pypi.org/simple", subdirectory = "x" }',
        'source = "https://pypi.org/simple"',
        "",
    ],
)
def test_every_other_source_is_refused_however_it_is_written(source: str) -> None:
    start = (
        'version = 1\nrequires-python = ">=3.9"\n[[package]]\nname = "app"\nversion = "1"\nsource = {virtual = "."}\n'
    )
    more = '[[package]]\nname = "idna"\nversion = "3.6"\nsdist = {url = "https://x/a.zip", hash = "%s"}\n' % HASH
    _text, report = read(start + more + source)
    assert [problem.key for problem in report.problems] == ['package "idna" source']
    assert "not an index" in report.problems[0].message
    assert "geheim" not in report.problems[0].as_line()


def changed(path: str, value: object) -> dict[str, t.Any]:
    """The lock with one value changed or added, or taken away with None."""
    document = copy.deepcopy(lock())
    *folders, last = path.split("/")
    place: t.Any = document
    for name in folders:
        place = place[int(name) if name.isdigit() else name]
    if value is None:
        del place[last]
    else:
        place[int(last) if last.isdigit() else last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ("version", 2, "version"),
        ("version", True, "version"),
        ("requires-python", None, "requires-python"),
        ("requires-python", "3.9", "requires-python"),
        ("conflicts", [[{"package": "app", "extra": "x"}]], "conflicts"),
        ("resolution-markers", "x", "resolution-markers"),
        ("resolution-markers", ["os_name == 'a\n-e .'"], "resolution-markers"),
        ("manifest", {"members": ["app", "other"]}, "manifest.members"),
        ("package", {}, "package"),
        ("package/0/source", {"virtual": "../x"}, 'package "app" source'),
        ("package/0/source", PYPI, 'package "app" source'),
        ("package/0/dependencies", {"name": "idna"}, 'package "app" dependencies'),
        ("package/0/dependencies/0/marker", "sys_platform == 'x\n-e /dev/shm/x'", 'package "app" dependencies marker'),
        ("package/0/dependencies/0/name", "idna @ file:x", 'package "app" dependencies name'),
        ("package/0/dependencies/0/version", "3.6\n-e .", 'package "app" dependencies version'),
        ("package/0/dependencies/0/source", {"path": "x"}, 'package "app" dependencies source'),
        ("package/0/dependencies/0/extra", ["x]y"], 'package "app" dependencies extra'),
        ("package/0/dependencies/0/extra", "x", 'package "app" dependencies extra'),
        ("package/0/dependencies/0/url", "x", 'package "app" dependencies url'),
        ("package/1/name", "-e /dev/shm/x", 'package "-e /dev/shm/x" name'),
        ("package/1/name", 7, "package 2 name"),
        ("package/1/version", "3.6 ; x", 'package "idna" version'),
        ("package/1/version", "3.6-1", 'package "idna" version'),
        ("package/1/version", None, 'package "idna" version'),
        ("package/1/wheels/0/path", "x.whl", 'package "idna" wheels path'),
        ("package/1/wheels/0/url", "file:///x-1-py3-none-any.whl", 'package "idna" wheels url'),
        ("package/1/wheels/0/url", "https://x/a b.whl", 'package "idna" wheels url'),
        ("package/1/wheels/0/hash", None, 'package "idna" wheels hash'),
        ("package/1/wheels/0/hash", "sha256:aa\n-e .", 'package "idna" wheels hash'),
        ("package/1/wheels", ["x"], 'package "idna" wheels'),
        ("package/1/sdist", "x", 'package "idna" sdist'),
        ("package/1/optional-dependencies", [], 'package "idna" optional-dependencies'),
        ("package/1/resolution-markers", [1], 'package "idna" resolution-markers'),
        ("package/1/unknown", 1, 'package "idna" unknown'),
    ],
)
def test_what_is_not_understood_is_refused_by_file_key_and_value(path: str, value: object, key: str) -> None:
    _text, report = read(to_toml_document(changed(path, value)))
    assert key in [problem.key for problem in report.problems]


def test_a_package_is_there_once_and_the_app_itself_too() -> None:
    document = lock()
    document["package"].append(document["package"][1])
    _text, report = read(to_toml_document(document))
    assert "is there twice" in report.problems[0].message
    _text, report = read(to_toml_document({**lock(), "package": lock()["package"][1:]}))
    assert "make the lock anew" in report.problems[0].message


def test_many_faults_are_not_all_told() -> None:
    document = {**lock(), "package": [{"name": "p%d" % number} for number in range(500)]}
    _text, report = read(to_toml_document(document))
    assert len(report.problems) == 21


@pytest.mark.parametrize("text", ["[[package", "package = 1", "version = 1\npackage = [[1]]", "a" * 10])
def test_nonsense_is_an_error_not_a_traceback(text: str) -> None:
    _text, report = read(text)
    assert report.problems
