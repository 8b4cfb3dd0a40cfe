# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole way from a folder of apps to the catalog, on real files."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog import app_folders as _app_folders
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.reader import read_catalog
from helpers.apps import SETTINGS, make_app, sample

DEPLOY = {
    "keep": 5,
    "start_timeout": 60,
    "drain_timeout": 3600,
    "idle_time": None,
    "preview_timeout": 3600,
    "max_draining": 2,
    "strategy": "beside",
    "gate": "script",
    "script_timeout": 30,
    "stable_time": 2,
    "test": None,
    "test_timeout": 300,
    "release_command": None,
    "release_timeout": 300,
}


def test_the_published_samples_are_read_unchanged(checkout: Path) -> None:
    """S0-01, S0-08: apps/ holds the two published apps, and they give the catalog."""
    for number in (1, 2):
        folder = checkout / "apps" / f"app_{number}"
        assert (folder / "setup.toml").read_text(encoding="utf-8") == sample(number)
        assert (folder / "requirements.txt").read_text(encoding="utf-8") == "streamlit==1.41.*\n"
        script = (folder / f"app_{number}.py").read_text(encoding="utf-8")
        assert f'st.write("Hello from App {number}!")' in script
    catalog = read_catalog(str(checkout / "apps"))
    assert catalog.errors == []
    one, two = (app for app in catalog.apps if app["name"] in ("app_1", "app_2"))
    assert one == {
        "name": "app_1",
        "title": "App 1",
        "kind": "streamlit",
        "folder": str(checkout / "apps" / "app_1"),
        "owner": {"name": "Johan"},
        "base_path": "/app-1",
        "streamlit": {"entry_file": "app_1.py", "port": 8001, "config": {}, "own": []},
        "environment": {
            "python": None,
            "python_from": "",
            "requires_python": [],
            "allow_build": False,
            "files": {"requirements.txt": "streamlit==1.41.*\n"},
            "entry": "requirements.txt",
        },
        "debian_packages": [],
        "env": {},
        "data": {"paths": []},
        "route": {"pinned": True, "max_upload_mb": 200, "allowed_origins": [], "frame_ancestors": []},
        "limits": {"memory": None, "cpu": None},
        "gallery": {"listed": True},
        "deploy": DEPLOY,
    }
    assert (two["title"], two["base_path"], two["streamlit"]["port"]) == ("App 2", "/app-2", 8002)


def test_only_the_entry_file_is_needed(tmp_path: Path) -> None:
    """S0-02 to S0-05, otherwise than there: title, owner, port and base_path have defaults (reference: differences)."""
    make_app(tmp_path / "my_dash")
    catalog = read_catalog(str(tmp_path))
    assert catalog.errors == []
    app = catalog.apps[0]
    assert (app["name"], app["title"], app["owner"]) == ("my_dash", "My Dash", {"name": ""})
    assert (app["base_path"], app["streamlit"]["port"]) == ("/my_dash", None)


def test_the_entry_file_may_have_blanks_and_brackets(tmp_path: Path) -> None:
    """It runs under plain Streamlit, too."""
    folder = make_app(tmp_path / "my_dash", '[streamlit]\nentry_file = "my pages/1 Start (new).py"\n', {})
    (folder / "my pages").mkdir()
    (folder / "my pages" / "1 Start (new).py").touch()
    catalog = read_catalog(str(tmp_path))
    assert catalog.errors == []
    assert catalog.apps[0]["streamlit"]["entry_file"] == "my pages/1 Start (new).py"


@pytest.mark.parametrize(("paths", "told"), [('["static/out"]', 1), ('["static"]', 0), ('["out"]', 0)])
def test_data_below_the_static_folder_is_told(tmp_path: Path, paths: str, told: int) -> None:
    """Newer Streamlits answer 400 for links that lead out of it."""
    settings = SETTINGS + "[data]\npaths = %s\n[streamlit.config]\nserver.enableStaticServing = true\n" % paths
    make_app(tmp_path / "my_dash", settings, {})
    catalog = read_catalog(str(tmp_path))
    assert catalog.errors == []
    found = [notice for notice in catalog.notices if "static" in notice]
    assert len(found) == told
    assert all('Name the whole folder, [data] paths = ["static"]' in notice for notice in found)


def test_options_of_streamlits_own_file_are_known_as_such(tmp_path: Path) -> None:
    own = "[server]\nmaxUploadSize = 1\nold = true\n"
    settings = SETTINGS + "[streamlit.config]\nserver.maxUploadSize = 2\n"
    make_app(tmp_path / "my_dash", settings, {".streamlit/config.toml": own})
    streamlit = read_catalog(str(tmp_path)).apps[0]["streamlit"]
    assert (streamlit["config"]["server.maxUploadSize"], streamlit["own"]) == (2, ["server.old"])


def test_everything_that_can_be_said_arrives_in_the_catalog(tmp_path: Path) -> None:
    settings = """
        name = "dash"
        title = "Été"
        [streamlit]
        entry_file = "src/main.py"
        [streamlit.config]
        server.maxUploadSize = 50
        [environment]
        python = "3.12"
        [env]
        DEBUG = true
        [data]
        paths = ["uploads", "cache/tiles"]
        [route]
        pinned = false
        allowed_origins = ["https://Example.com"]
        frame_ancestors = ["https://*.Example.com:443", "http://Wiki:8080"]
        [limits]
        memory = 512
        cpu = 150
        [gallery]
        listed = false
        [deploy]
        keep = 1
        start_timeout = 600
        strategy = "restart"
        test = "pytest -q 'my tests/'"
    """
    files: dict[str, str | bytes] = {
        "src/main.py": "",
        ".streamlit/config.toml": '[theme]\nbase = "dark"\n[server]\nmaxUploadSize = 5\nport = 8501\n',
        ".env": "A=1\n",
    }
    make_app(tmp_path / "a", settings, files)
    catalog = read_catalog(str(tmp_path))
    assert catalog.errors == []
    app = catalog.apps[0]
    assert (app["name"], app["title"], app["base_path"]) == ("dash", "Été", "/dash")
    assert app["streamlit"]["config"] == {"server.maxUploadSize": 50, "theme.base": "dark"}
    assert app["environment"]["python"] == "3.12"
    assert app["env"] == {"DEBUG": "true"}
    assert app["data"] == {"paths": ["uploads", "cache/tiles"]}
    assert app["route"] == {
        "pinned": False,
        "max_upload_mb": 50,
        "allowed_origins": ["https://example.com"],
        "frame_ancestors": ["https://*.example.com", "http://wiki:8080"],
    }
    assert app["limits"] == {"memory": 512, "cpu": 150}
    assert (app["gallery"], app["deploy"]) == (
        {"listed": False},
        {**DEPLOY, "keep": 1, "start_timeout": 600, "strategy": "restart", "test": "pytest -q 'my tests/'"},
    )
    assert [notice.split(": ")[0] for notice in catalog.notices] == [
        str(tmp_path / "a" / ".streamlit" / "config.toml"),
        str(tmp_path / "a" / ".env"),  # others may read it
    ]


REQUIRED = SETTINGS + '[env]\nrequired = ["KEY", "TOKEN", "MODE"]\nMODE = "fast"\n'


def test_required_variables_may_come_from_anywhere_but_not_be_empty(tmp_path: Path) -> None:
    """S0-15: refused before anything is changed, naming the variable and where to write it; and no catalog holds a
    secret."""
    make_app(tmp_path / "a", REQUIRED, {".env": "TOKEN=\nOTHER=geheim\n"})
    missing = read_catalog(str(tmp_path), {})
    assert [problem.key for problem in missing.errors] == ["env.required"] * 2
    for problem, name in zip(missing.errors, ("KEY", "TOKEN")):
        assert problem.file == str(tmp_path / "a" / "setup.toml")
        assert problem.message.startswith("missing secret named in [env] required: %s has no value" % name)
        assert str(tmp_path / "a" / ".env") in problem.message
        assert "pyapps_secrets, below a and env" in problem.message
    (tmp_path / "a" / ".env").write_text("TOKEN=geheim\n")
    there = read_catalog(str(tmp_path), {"a": ["KEY"]})
    assert there.errors == []
    assert there.apps[0]["env"] == {"MODE": "fast"}
    assert "geheim" not in str(there)


def test_required_variables_are_not_asked_for_when_secrets_are_not_known(tmp_path: Path) -> None:
    """The playbook that removes an app does not need its secrets."""
    make_app(tmp_path / "a", REQUIRED)
    assert read_catalog(str(tmp_path)).errors == []


@pytest.mark.parametrize("value", ['"KEY"', "[1]", '["A-B"]', "{A = 1}"])
def test_required_is_a_list_of_names(tmp_path: Path, value: str) -> None:
    make_app(tmp_path / "a", "%s[env]\nrequired = %s\n" % (SETTINGS, value))
    (problem,) = read_catalog(str(tmp_path), {}).errors
    assert problem.key == "env.required"
    assert problem.allowed == "an array of names of letters, digits and _"


def test_secrets_of_no_app_are_an_error(tmp_path: Path) -> None:
    make_app(tmp_path / "sales")
    (problem,) = read_catalog(str(tmp_path), {"sale": [], "sales": ["A"]}).errors
    assert (
        problem.as_line() == "pyapps_secrets: sale: is no app: did you mean sales? If not, remove it (allowed: sales)"
    )


def test_a_broken_app_makes_no_second_error_of_its_secrets(tmp_path: Path) -> None:
    """Its name is not known, so its secrets are not called a stranger's."""
    make_app(tmp_path / "sales", "[[")
    errors = read_catalog(str(tmp_path), {"sales": ["A"]}).errors
    assert [problem.file for problem in errors] == [str(tmp_path / "sales" / "setup.toml")]


@pytest.mark.parametrize(
    ("spellings", "base_path"),
    [(["app-1", "/app-1", "/app-1/", "app-1/"], "/app-1"), (["", "/"], ""), (["a/b.c", "/a/b.c/"], "/a/b.c")],
)
def test_spellings_of_a_base_path_are_one(tmp_path: Path, spellings: list[str], base_path: str) -> None:
    """C-05: one canonical prefix, with a leading slash and none at its end."""
    for number, spelling in enumerate(spellings):
        folder = make_app(tmp_path / str(number) / "a", '%sbase_path = "%s"\n' % (SETTINGS, spelling))
        catalog = read_catalog(str(folder))
        assert catalog.errors == []
        assert catalog.apps[0]["base_path"] == base_path


PORTS = "an integer from 1024 to 65535 but not from 32768 to 60999"


def test_apps_may_share_a_list_that_lies_beside_them(tmp_path: Path) -> None:
    """-r ../common.txt: in the folder of the apps and nowhere else, also by a link."""
    apps = tmp_path / "apps"
    make_app(apps / "a", files={"requirements.txt": "-r ../common.txt\nrich\n"})
    (apps / "common.txt").write_text("streamlit==1.41.*\n-r more.txt\n-r a/requirements.txt\n")
    (apps / "more.txt").write_text("altair\n")
    catalog = read_catalog(str(apps))
    assert catalog.errors == []
    assert catalog.apps[0]["environment"]["files"] == {"requirements.txt": "rich\nstreamlit==1.41.*\naltair\n"}

    alone = read_catalog(str(apps / "a"))
    assert ["includes what is not in the folder" in error.message for error in alone.errors] == [True]

    (tmp_path / "secret.txt").write_text("altair\n")
    (apps / "more.txt").unlink()
    (apps / "more.txt").symlink_to("../secret.txt")
    error = read_catalog(str(apps)).errors[0]
    assert (error.file, "leads out of" in error.message) == (str(apps / "more.txt"), True)
    for outside in ("../../secret.txt", "../b/../../secret.txt", "../.env", str(tmp_path / "secret.txt")):
        make_app(apps / "a", files={"requirements.txt": "streamlit\n-r %s\n" % outside})
        errors = read_catalog(str(apps)).errors
        assert ["includes what is not in the folder" in error.message for error in errors] == [True], outside


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
def test_every_text_of_an_app_may_come_from_windows(tmp_path: Path, codec: str) -> None:
    """Notepad and PowerShell: setup.toml, Streamlit's options, variables and secrets alike."""
    texts = {
        "setup.toml": SETTINGS + '[env]\r\nrequired = ["KEY"]\r\n',
        ".streamlit/config.toml": "[server]\r\nmaxUploadSize = 7\r\n",
        ".env": "KEY=value\r\n",
        ".streamlit/secrets.toml": 'password = "x"\r\n',
    }
    files: dict[str, str | bytes] = {name: text.encode(codec) for name, text in texts.items()}
    make_app(tmp_path / "a", SETTINGS, files)
    catalog = read_catalog(str(tmp_path), secret_names={})
    assert catalog.errors == []
    assert catalog.apps[0]["streamlit"]["config"] == {"server.maxUploadSize": 7}


@pytest.mark.parametrize(
    ("settings", "key", "found", "allowed"),
    [
        ("", "streamlit.entry_file", "", ".py"),
        ("title = 1\n" + SETTINGS, "title", "1", "text"),
        ("title = 'a\\nb'\nbad\n", "", "", ""),
        ('title = "a\\nb"\n' + SETTINGS, "title", '"a\\nb"', "in one line"),
        ('title = "%s"\n' % ("x" * 201) + SETTINGS, "title", '"xxx', "200 characters"),
        ('name = "App 1"\n' + SETTINGS, "name", '"App 1"', "a-z"),
        ('name = "%s"\n' % ("x" * 49) + SETTINGS, "name", '"xxx', "48"),
        ('owner = "Johan"\n' + SETTINGS, "owner", "a string", "a table"),
        ("[owner]\nname = 1\n" + SETTINGS, "owner.name", "1", "text"),
        ('[owner]\nnmae = "x"\n' + SETTINGS, "owner.nmae", "a string", "name"),
        ('titel = "x"\n' + SETTINGS, "titel", "a string", "title"),
        (SETTINGS + 'bse_path = "/a"\n', "streamlit.bse_path", "a string", "base_path"),
        (SETTINGS + "[wsgi]\n", "wsgi", "a table", "streamlit"),
        (SETTINGS + "replicas = 2\n", "streamlit.replicas", "an integer", "port"),
        (SETTINGS + "port = 70000\n", "streamlit.port", "70000", PORTS),
        (SETTINGS + "port = 0\n", "streamlit.port", "0", PORTS),
        (SETTINGS + "port = 80\n", "streamlit.port", "80", PORTS),
        (SETTINGS + "port = 40000\n", "streamlit.port", "40000", PORTS),
        (SETTINGS + 'port = "8001"\n', "streamlit.port", '"8001"', PORTS),
        (SETTINGS + "port = true\n", "streamlit.port", "true", PORTS),
        (SETTINGS + 'base_path = "/a b"\n', "streamlit.base_path", '"/a b"', "letters, digits"),
        (SETTINGS + 'base_path = "//a"\n', "streamlit.base_path", '"//a"', "letters, digits"),
        (SETTINGS + 'base_path = "/a/../b"\n', "streamlit.base_path", '"/a/../b"', "letters, digits"),
        (SETTINGS + 'base_path = "/_pyapps"\n', "streamlit.base_path", '"/_pyapps"', "letter or digit"),
        (SETTINGS + 'base_path = "/a/_stcore"\n', "streamlit.base_path", '"/a/_stcore"', "letter or digit"),
        (SETTINGS + 'base_path = "~"\n', "streamlit.base_path", '"~"', "letter or digit"),
        (SETTINGS + 'base_path = "/%61"\n', "streamlit.base_path", '"/%61"', "letters, digits"),
        ('[streamlit]\nentry_file = "none.py"\n', "streamlit.entry_file", '"none.py"', "inside the app's folder"),
        ('[streamlit]\nentry_file = "../a.py"\n', "streamlit.entry_file", '"../a.py"', "relative path"),
        ('[streamlit]\nentry_file = "/etc/a.py"\n', "streamlit.entry_file", '"/etc/a.py"', "relative path"),
        ('[streamlit]\nentry_file = "main.txt"\n', "streamlit.entry_file", '"main.txt"', "ending with .py"),
        ('[streamlit]\nentry_file = "folder.py"\n', "streamlit.entry_file", '"folder.py"', "inside"),
        ('[streamlit]\nentry_file = "out.py"\n', "streamlit.entry_file", '"out.py"', "inside"),
        ('[streamlit]\nentry_file = "a\u2019.py"\n', "streamlit.entry_file", '"a\u2019.py"', "inside"),
        (
            SETTINGS + "[streamlit.config.server]\nport = 1\n",
            "streamlit.config.server.port",
            "an integer",
            "every other",
        ),
        (SETTINGS + '[environment]\npython = "2.7"\n', "environment.python", '"2.7"', "3.9"),
        (SETTINGS + "[environment]\npython = 3.12\n", "environment.python", "3.12", "3.9"),
        (SETTINGS + '[env]\nPATH = "x"\n', "env.PATH", "a string", "strings"),
        (SETTINGS + '[data]\npaths = ["../a"]\n', "data.paths", '"../a"', "relative path"),
        (SETTINGS + '[data]\npaths = ["/a"]\n', "data.paths", '"/a"', "relative path"),
        (SETTINGS + '[data]\npaths = ["a", "a/b"]\n', "data.paths", '"a/b"', "beside each other"),
        (
            SETTINGS + "[data]\npaths = [%s]\n" % ", ".join('"a%d"' % n for n in range(101)),
            "data.paths",
            "101",
            "beside",
        ),
        (SETTINGS + '[data]\npaths = ["a", "a"]\n', "data.paths", '"a"', "beside each other"),
        (SETTINGS + '[data]\npaths = ["main.py"]\n', "data.paths", '"main.py"', "beside"),
        (SETTINGS + '[data]\npaths = ["setup.toml"]\n', "data.paths", '"setup.toml"', "beside"),
        (SETTINGS + "[route]\nmax_upload_mb = 0\n", "route.max_upload_mb", "0", "1 to 100000"),
        (SETTINGS + '[route]\nallowed_origins = ["*"]\n', "route.allowed_origins", '"*"', "no *"),
        (SETTINGS + '[route]\nallowed_origins = ["https://a/"]\n', "route.allowed_origins", '"https://a/"', "no path"),
        (
            SETTINGS + '[route]\nframe_ancestors = ["example.com"]\n',
            "route.frame_ancestors",
            '"example.com"',
            "http://",
        ),
        (SETTINGS + "[route]\nframe_ancestors = [\"'self'\"]\n", "route.frame_ancestors", "\"'self'\"", "no path"),
        (
            SETTINGS + '[route]\nframe_ancestors = ["https://a;b"]\n',
            "route.frame_ancestors",
            '"https://a;b"',
            "no path",
        ),
        (
            SETTINGS + '[route]\nframe_ancestors = ["https://a.*.b"]\n',
            "route.frame_ancestors",
            '"https://a.*.b"',
            "no path",
        ),
        (SETTINGS + '[route]\nallowed_origins = "https://a"\n', "route.allowed_origins", '"https://a"', "an array"),
        (SETTINGS + '[route]\nhost = "a"\n', "route.host", "a string", "allowed_origins"),
        (SETTINGS + "[deploy]\nkeep = 51\n", "deploy.keep", "51", "1 to 50"),
        (SETTINGS + "[deploy]\nstart_timeout = 0\n", "deploy.start_timeout", "0", "1 to 600"),
        (SETTINGS + '[deploy]\ngate = "none"\n', "deploy.gate", '"none"', '"health"'),
        (SETTINGS + '[deploy]\nstrategy = "in place"\n', "deploy.strategy", '"in place"', '"restart"'),
        (SETTINGS + '[deploy]\ntest = "make && pytest"\n', "deploy.test", '"make && pytest"', "arguments"),
        (SETTINGS + '[deploy]\nrelease_command = "a \'b"\n', "deploy.release_command", '"a \'b"', "arguments"),
        (SETTINGS + "[gallery]\nlisted = 1\n", "gallery.listed", "1", "true or false"),
        ("a = [[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]\n", "", "", ""),
        (b"\xff", "", "", ""),
        (b"\xff\xfe" + SETTINGS.encode(), "", "", ""),
        (b"#" * 70_000, "", "", ""),
    ],
    ids=lambda value: repr(value)[-40:],
)
def test_an_error_names_file_key_value_and_what_is_allowed(
    tmp_path: Path, settings: str | bytes, key: str, found: str, allowed: str
) -> None:
    """S0-02 to S0-07: refused before anything is written, with file and key; also what was once only a traceback."""
    folder = make_app(tmp_path / "a", settings)
    (folder / "folder.py").mkdir()
    (folder / "a\u2019.py").touch()
    (tmp_path / "out.py").touch()
    (folder / "out.py").symlink_to("../out.py")
    catalog = read_catalog(str(tmp_path))
    assert catalog.apps == []
    assert len(catalog.errors) == 1
    problem = catalog.errors[0]
    assert (problem.file, problem.key) == (str(folder / "setup.toml"), key)
    assert problem.found.startswith(found)
    assert allowed in problem.allowed
    assert problem.message


def test_all_errors_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    """S0-02 to S0-07, C-08: nothing hides behind the first error, also not a clash."""
    make_app(tmp_path / "a", 'titel = ""\n[streamlit]\nport = 8001\nentry_file = "none.py"\n')
    make_app(tmp_path / "b", "[streamlit]\nport = 8001\nentry_fil = 1\n", {"requirements.txt": "-e .\n"})
    make_app(tmp_path / "c", b"\x00")
    make_app(tmp_path / "d", SETTINGS, {".streamlit/config.toml": "a"})
    errors = [(os.path.relpath(problem.file, tmp_path), problem.key) for problem in read_catalog(str(tmp_path)).errors]
    assert errors == [
        ("a/setup.toml", "titel"),
        ("a/setup.toml", "streamlit.entry_file"),
        ("b/setup.toml", "streamlit.entry_fil"),
        ("b/setup.toml", "streamlit.entry_file"),
        ("b/requirements.txt", "line 1"),
        ("b/setup.toml", "streamlit.port"),
        ("c/setup.toml", ""),
        ("d/.streamlit/config.toml", ""),
    ]


def test_one_apps_error_leaves_the_others_in_the_catalog(tmp_path: Path) -> None:
    make_app(tmp_path / "a", "x")
    make_app(tmp_path / "b")
    catalog = read_catalog(str(tmp_path))
    assert [app["name"] for app in catalog.apps] == ["b"]
    assert len(catalog.errors) == 1


@pytest.mark.parametrize("folder", ["日本", "x" * 49])
def test_a_folder_that_gives_no_name_asks_for_one(tmp_path: Path, folder: str) -> None:
    make_app(tmp_path / folder)
    assert [problem.key for problem in read_catalog(str(tmp_path)).errors] == ["name"]
    make_app(tmp_path / folder, 'name = "nihon"\n' + SETTINGS)
    assert read_catalog(str(tmp_path)).errors == []


def test_the_order_of_the_disk_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S0-14: twenty shuffled listings, one answer; also for errors and notices."""
    for number in range(12):
        make_app(tmp_path / f"app_{number}", SETTINGS + ("port = 8001" if number % 3 == 0 else ""))
        (tmp_path / f"stray_{number}").touch()
    (tmp_path / "z").mkdir()
    real = os.listdir

    def shuffled(path: str) -> list[str]:
        names = real(path)
        random.shuffle(names)
        return names

    monkeypatch.setattr(_app_folders.os, "listdir", shuffled)
    answers = [read_catalog(str(tmp_path)) for _round in range(20)]
    assert all(answer == answers[0] for answer in answers)
    assert len(answers[0].errors) == 3


def test_setup_toml_may_be_anything_on_the_disk(tmp_path: Path) -> None:
    (tmp_path / "folder" / "setup.toml").mkdir(parents=True)
    for name in ("pipe", "gone", "out", "locked"):
        (tmp_path / name).mkdir()
    os.mkfifo(tmp_path / "pipe" / "setup.toml")
    (tmp_path / "gone" / "setup.toml").symlink_to("nothing")
    (tmp_path / "out" / "setup.toml").symlink_to("/etc/passwd")
    (tmp_path / "locked" / "setup.toml").symlink_to("setup.toml")
    errors = read_catalog(str(tmp_path)).errors
    assert [(os.path.relpath(problem.file, tmp_path), problem.message.split(",")[0]) for problem in errors] == [
        ("folder/setup.toml", "is a folder"),
        ("gone/setup.toml", "is a link that leads nowhere (No such file or directory)"),
        ("locked/setup.toml", "is a link that leads nowhere (Too many levels of symbolic links)"),
        ("out/setup.toml", "is a link that leads out of the app's folder: copy the file into the folder"),
        ("pipe/setup.toml", "is a named pipe"),
    ]


def test_nothing_of_an_app_is_executed_or_written(tmp_path: Path) -> None:
    trap = "open(%r, 'w')\nraise SystemExit\n" % str(tmp_path / "executed")
    files: dict[str, str | bytes] = dict.fromkeys(("main.py", "setup.py", "conftest.py", "sitecustomize.py"), trap)
    folder = make_app(tmp_path / "apps" / "a", SETTINGS, files)
    before = sorted(path.name for path in folder.rglob("*"))
    assert read_catalog(str(tmp_path / "apps")).errors == []
    assert not (tmp_path / "executed").exists()
    assert sorted(path.name for path in folder.rglob("*")) == before


TYPO = SETTINGS + "colour = 1\n"


def test_a_run_for_some_apps_takes_a_faulty_other_one_as_it_was_applied(tmp_path: Path) -> None:
    """S0-02: one app's typo stops no other app."""
    make_app(tmp_path / "nav")
    make_app(tmp_path / "pyproj", TYPO)
    catalog = read_catalog(str(tmp_path), {"left": []}, chosen=["nav"])
    assert (catalog.errors, [app["name"] for app in catalog.apps]) == ([], ["nav"])
    faulty, stale = sorted(catalog.notices, reverse=True)
    assert faulty.startswith("stays as it was applied: %s: streamlit.colour: " % (tmp_path / "pyproj" / "setup.toml"))
    assert stale == "pyapps_secrets: left: is no app: remove it"


def test_a_run_for_some_apps_says_nothing_of_the_others_but_one_line_of_each_faulty_one(tmp_path: Path) -> None:
    for name in ("nav", "other"):
        make_app(tmp_path / name, files={"packages.txt": "no_package\n"})
    make_app(tmp_path / "pyproj", TYPO + "shape = 1\n")
    about_nav, faulty = read_catalog(str(tmp_path), chosen=["nav"]).notices
    assert about_nav.startswith(str(tmp_path / "nav" / "packages.txt"))
    assert faulty.endswith(" (and 1 more)")


def test_a_run_for_a_faulty_app_is_refused_for_it_alone(tmp_path: Path) -> None:
    make_app(tmp_path / "nav", TYPO)
    make_app(tmp_path / "pyproj")
    assert [problem.key for problem in read_catalog(str(tmp_path), chosen=["nav"]).errors] == ["streamlit.colour"]


@pytest.mark.parametrize("chosen", ["a", "b"])
def test_a_clash_stops_a_run_for_either_app_but_not_for_a_third(tmp_path: Path, chosen: str) -> None:
    for name in ("a", "b"):
        make_app(tmp_path / name, SETTINGS + 'base_path = "/x"\n')
    make_app(tmp_path / "c")
    assert [problem.key for problem in read_catalog(str(tmp_path), chosen=[chosen]).errors] == ["streamlit.base_path"]
    other = read_catalog(str(tmp_path), chosen=["c"])
    assert (other.errors, len(other.notices)) == ([], 1)


def test_a_run_for_all_can_go_on_without_faulty_apps(tmp_path: Path) -> None:
    make_app(tmp_path / "nav")
    make_app(tmp_path / "py proj", TYPO)
    make_app(tmp_path / "torn", b"\x00")
    assert len(read_catalog(str(tmp_path)).errors) == 2
    catalog = read_catalog(str(tmp_path), keep_invalid=True)
    assert (catalog.errors, [app["name"] for app in catalog.apps]) == ([], ["nav"])
    assert sorted(catalog.invalid) == ["py_proj", "torn"]
    assert "streamlit.colour" in catalog.invalid["py_proj"][0]


def test_what_two_apps_want_stays_with_neither(tmp_path: Path) -> None:
    """The other folder would become the app that is said to stay as it was, with its data."""
    make_app(tmp_path / "sales", SETTINGS)
    make_app(tmp_path / "aaa", 'name = "sales"\n' + SETTINGS)
    catalog = read_catalog(str(tmp_path), keep_invalid=True)
    assert [problem.key for problem in catalog.errors] == ["name", "streamlit.base_path"]
    assert catalog.invalid == {}


def test_the_name_of_a_file_that_cannot_be_read_is_taken(tmp_path: Path) -> None:
    make_app(tmp_path / "sales", b"\x00")
    make_app(tmp_path / "aaa", 'name = "sales"\n' + SETTINGS)
    catalog = read_catalog(str(tmp_path), keep_invalid=True)
    assert ["whose file cannot be read" in problem.message for problem in catalog.errors] == [True]


def test_the_name_that_a_faulty_file_says_is_taken(tmp_path: Path) -> None:
    make_app(tmp_path / "zoo", 'name = "sales"\nport = = 1\n[owner]\nname = "me"\n')
    make_app(tmp_path / "aaa", 'name = "sales"\n' + SETTINGS)
    catalog = read_catalog(str(tmp_path), keep_invalid=True)
    assert [problem.key for problem in catalog.errors] == ["", "name"]
    assert "is also the name of the app of" in catalog.errors[1].message
    assert catalog.invalid == {}


def test_the_owner_in_a_faulty_file_is_not_the_apps_name(tmp_path: Path) -> None:
    make_app(tmp_path / "zoo", 'port = = 1\n[owner]\nname = "me"\n')
    make_app(tmp_path / "me", SETTINGS)
    catalog = read_catalog(str(tmp_path), keep_invalid=True)
    assert (catalog.errors, list(catalog.invalid)) == ([], ["zoo"])


@pytest.mark.parametrize(
    ("settings", "key", "said"),
    [
        ('entry_file = "main.py"\n', "entry_file", "stands in the wrong place: move it below [streamlit]"),
        ('[owner]\nname = "a"\nentry_file = "main.py"\n', "owner.entry_file", "move it below [streamlit]"),
        ('entry_fil = "main.py"\n', "entry_fil", "did you mean streamlit.entry_file?"),
        (SETTINGS + 'nme = "a"\n', "streamlit.nme", "did you mean name or owner.name?"),
        ('[owner]\nname = "a"\n[owner.env]\nA = "1"\n', "owner.env", "is not a key of this file: remove it"),
        (SETTINGS + 'title = "Sales"\n', "streamlit.title", "move it to the top of the file, before the first [table]"),
    ],
)
def test_a_key_in_the_wrong_table_is_told_where_it_belongs(tmp_path: Path, settings: str, key: str, said: str) -> None:
    """Issue 13, point 24: "remove it" was wrong advice."""
    make_app(tmp_path / "a", settings)
    problem = next(problem for problem in read_catalog(str(tmp_path)).errors if problem.key == key)
    assert problem.message.endswith(said)


def test_of_a_file_beside_the_app_no_line_is_shown(tmp_path: Path) -> None:
    """It may be another app's, and hold a password."""
    make_app(tmp_path / "a", files={"requirements.txt": "streamlit\n-r ../b/credentials.txt\n"})
    make_app(tmp_path / "b", files={"credentials.txt": "PASSWORD=hunter2\n"})
    problem = next(problem for problem in read_catalog(str(tmp_path)).errors if "credentials.txt" in problem.file)
    assert (problem.key, problem.found) == ("line 1", "")
