# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold for every folder that somebody could write: no crash, and nothing that passes can break out.

Each test reads real files. Hostile strings and near misses of the schema are what Hypothesis draws from.
"""

from __future__ import annotations

import configparser
import html
import json
import re
import shlex
import tempfile
import unicodedata
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.reader import Catalog, read_catalog
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.setup_toml import SETUP_TOML
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.schema import Key
from helpers.apps import make_app
from helpers.hostile_texts import HOSTILE, OPTIONS, to_toml
from hypothesis import given, settings, strategies as st

QUICK = settings(max_examples=80, deadline=None)

STRINGS = st.sampled_from(HOSTILE) | st.text(max_size=20) | st.text("abz09._-/~ \n%$\"'{};", max_size=12)
SCALARS = STRINGS | st.integers(-(2**70), 2**70) | st.integers(0, 70_000) | st.booleans() | st.floats()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STRINGS, inner, max_size=3), max_leaves=6
)


def near(key: Key) -> st.SearchStrategy[Any]:
    """Values for a key: mostly of its type, sometimes anything."""
    if key.kind == "table":
        return near_table(key)
    if key.kind == "map":
        names = STRINGS | st.sampled_from([*OPTIONS, "A", "HOME", "LD_X", "STREAMLIT_SERVER_PORT"])
        return st.dictionaries(names, VALUES, max_size=4)
    by_kind: dict[str, st.SearchStrategy[Any]] = {
        "string": STRINGS,
        "integer": st.integers(0, 70_000) | st.sampled_from([key.minimum, key.maximum]),
        "boolean": st.booleans(),
        "strings": st.lists(STRINGS, max_size=3),
    }
    return st.one_of(by_kind[key.kind], by_kind[key.kind], by_kind[key.kind], VALUES)


def near_table(table: Key) -> st.SearchStrategy[dict[str, Any]]:
    """Documents that have some of a table's keys, and now and then one more."""
    known = st.fixed_dictionaries({}, optional={key.name: near(key) for key in table.keys})
    extra = st.dictionaries(STRINGS, VALUES, max_size=1) | st.just({}) | st.just({})
    return st.builds(lambda some, more: {**more, **some}, known, extra)


def read_app(content: bytes | dict[str, Any], files: dict[str, str | bytes] | None = None, name: str = "a") -> Catalog:
    """The catalog of one app with this setup.toml; a document gets a good entry file when it has none."""
    if isinstance(content, dict):
        streamlit = content.setdefault("streamlit", {})
        if isinstance(streamlit, dict):
            streamlit.setdefault("entry_file", "main.py")
        content = "".join("%s = %s\n" % (to_toml(key), to_toml(value)) for key, value in content.items()).encode()
    with tempfile.TemporaryDirectory() as folder:
        make_app(Path(folder) / name, content, {"pages/a.py": "", **(files or {})})
        return read_catalog(folder)


def assert_told_well(catalog: Catalog) -> None:
    """Every line can be shown on a terminal, and stays one line."""
    for line in [problem.as_line() for problem in catalog.errors] + catalog.notices:
        line.encode("utf-8")
        assert line
        assert len(line) < 2000
        assert not any(unicodedata.category(char) in ("Cc", "Zl", "Zp") or char == "\u202e" for char in line)


def words_of(app: dict[str, Any]) -> list[str]:
    """Everything of an app that renderers may write into configuration without quotes."""
    return [
        app["name"],
        app["base_path"],
        app["streamlit"]["entry_file"],
        app["environment"]["entry"],
        app["environment"]["python"] or "3.12",
        *app["environment"]["files"],
        *app["data"]["paths"],
        *app["env"],
        *app["streamlit"]["config"],
        *app["route"]["allowed_origins"],
    ]


def assert_can_not_break_out(app: dict[str, Any]) -> None:
    path_part = r"(?![.-])(?:[A-Za-z0-9._-]|[^\x00-\x7f])+"
    assert re.fullmatch("[a-z0-9]([a-z0-9_-]{0,46}[a-z0-9])?", app["name"])
    assert re.fullmatch(r"(/[A-Za-z0-9][A-Za-z0-9._-]*)*", app["base_path"])
    paths = [app["streamlit"]["entry_file"], *app["data"]["paths"], *app["environment"]["files"]]
    assert all(re.fullmatch("%s(/%s)*" % (path_part, path_part), path) for path in paths)
    assert all(re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name) for name in app["env"])
    assert all(re.fullmatch(r"https?://[a-z0-9.:\[\]-]+", origin) for origin in app["route"]["allowed_origins"])
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]*", name) for name in app["streamlit"]["config"])
    assert not any("\0" in value for value in app["env"].values())
    for word in words_of(app):
        categories = {unicodedata.category(char) for char in word}
        assert not categories & {"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"}
        assert not set(word) & set(" \"'`$;{}()<>|&\\#%*?!~=,@^+")  # nginx, Caddy, ini, env-file, HTML, shell
        assert shlex.split("run %s end" % word) == ["run", *([word] if word else []), "end"]
        assert html.escape(word) == word
        ini = configparser.ConfigParser()
        ini.read_string("[program:x]\nkey = /x/%s\n" % word)
        assert ini["program:x"]["key"] == "/x/" + word
    for shown in (app["title"], app["owner"]["name"]):  # free text in one line; who renders it escapes it
        assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cs", "Zl", "Zp"}
    port = app["streamlit"]["port"]
    assert port is None or 1024 <= port < 32768 or 60999 < port <= 65535
    json.dumps(app, allow_nan=False).encode("utf-8")


def check(catalog: Catalog) -> None:
    assert_told_well(catalog)
    assert bool(catalog.apps) != bool(catalog.errors)
    for app in catalog.apps:
        assert_can_not_break_out(app)


@QUICK
@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_a_crash(content: bytes) -> None:
    check(read_app(content))


@QUICK
@given(
    st.lists(st.sampled_from(["[", "]", "{", "}", '"', "'", '"""', "'''", "\\", "#", ".", "=", ",", "\n", "a", "1"]))
)
def test_any_pieces_of_toml_are_read_without_a_crash(pieces: list[str]) -> None:
    check(read_app("".join(pieces).encode()))


@QUICK
@given(near_table(SETUP_TOML))
def test_documents_near_the_schema_give_errors_or_a_safe_app(document: dict[str, Any]) -> None:
    check(read_app(document))


@pytest.mark.parametrize(
    ("table", "key"),
    [(table, key) for table in SETUP_TOML.keys for key in (table.keys or (None,))],
    ids=lambda key: getattr(key, "name", ""),
)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_each_key_alone_gives_errors_or_a_safe_app(checkout: Path, table: Key, key: Key | None, data: Any) -> None:
    """One key at a time, so that most documents would pass; and the JSON Schema is never stricter than the module."""
    value = data.draw(near(key or table))
    document = {table.name: {key.name: value} if key else value}
    catalog = read_app(document)
    check(catalog)
    if catalog.apps:
        schema = json.loads((checkout / "schemas" / "setup.toml.schema.json").read_text(encoding="utf-8"))
        jsonschema.validate(document, schema)


@QUICK
@given(st.lists(STRINGS | st.sampled_from(["-r a", "-c ../a", "a @ b", "a==1", "a\\"]), max_size=4).map("\n".join))
def test_any_requirements_give_errors_or_a_safe_app(text: str) -> None:
    check(read_app({}, {"requirements.txt": text}))


@QUICK
@given(st.dictionaries(st.sampled_from(["project", "tool", "a"]), VALUES, max_size=3))
def test_any_pyproject_gives_errors_or_a_safe_app(document: dict[str, Any]) -> None:
    text = "".join("%s = %s\n" % (name, to_toml(value)) for name, value in document.items())
    check(read_app({}, {"pyproject.toml": text, "uv.lock": text}))


@QUICK
@given(st.dictionaries(st.sampled_from([*OPTIONS, "a"]), VALUES, max_size=4))
def test_any_streamlit_configuration_gives_errors_or_a_safe_app(document: dict[str, Any]) -> None:
    text = "".join("%s = %s\n" % (to_toml(name), to_toml(value)) for name, value in document.items())
    check(read_app({}, {".streamlit/config.toml": text}))


@QUICK
@given(st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=60))
def test_any_name_of_a_folder_gives_errors_or_a_safe_app(name: str) -> None:
    name = "x" + name.encode()[:200].decode(errors="ignore")  # a file system's limit is 255 bytes
    check(read_app({}, name=name))
