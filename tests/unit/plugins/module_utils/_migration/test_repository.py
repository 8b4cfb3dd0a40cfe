# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The importer, on the published repository and on what people have made of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.reader import read_catalog
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration import repository as _published
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.app import docker_variables, dotenv
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.repository import SourceError, apply, plan
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.servers import programs, site
from helpers.apps import sample
from helpers.published import SUPERVISORD, location, program, repository, write


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return repository(tmp_path / "published")


def imported(source: Path) -> tuple[_published.Plan, Path]:
    destination = source.parent / "ours"
    found = plan(str(source), str(destination))
    apply(found)
    return found, destination


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def lines(found: _published.Plan) -> list[str]:
    return [row.as_line() for row in found.rows]


def test_the_published_repository_becomes_a_catalog_without_an_error(source: Path) -> None:
    """S0-01, S0-08: apps, addresses and ports are those that were served there; the source stays as it was."""
    before = content(source)
    found, destination = imported(source)
    assert content(source) == before
    assert found.apps == ["app_1", "app_2"]
    catalog = read_catalog(str(destination / "apps"))
    assert catalog.errors == []
    assert [(app["name"], app["title"], app["base_path"], app["streamlit"]["port"]) for app in catalog.apps] == [
        ("app_1", "App 1", "/app-1", 8001),
        ("app_2", "App 2", "/app-2", 8002),
    ]
    assert (destination / "apps" / "app_1" / "setup.toml").read_text() == sample(1)
    assert not (destination / "apps" / "app_1" / ".venv").exists()
    settings = yaml.safe_load((destination / "inventory" / "hosts.yml").read_text())["all"]["vars"]
    assert settings["pyapps_apps_dir"] == "../apps"
    assert settings["pyapps_gallery"] is False, "S0-61: / was 404"


def test_every_part_is_accounted_for(source: Path) -> None:
    told = lines(imported(source)[0])
    assert "apps/app_1: taken" in told
    for part in ("build.py", "healthcheck.py", ".dockerignore", "README.md"):
        assert any(line.startswith(part + ": left (") for line in told), part
    for part in ("Dockerfile: taken", "Makefile: build-prod, build-dev: taken", "cloudflare/config.yml: taken"):
        assert any(line.startswith(part) for line in told), part
    assert "supervisord.conf: program tail: left (it only kept a container awake)" in told
    assert any(line.startswith("supervisord.conf: program cloudflared: changed (the role") for line in told)
    assert not any("location" in line for line in told), "all locations are the apps' own"


def test_what_docker_gave_to_all_apps_is_in_each_of_their_env(source: Path) -> None:
    """S0-96, S0-15: quotes and all, for root's eyes only, and no value in what is shown."""
    found, destination = imported(source)
    env = destination / "apps" / "app_2" / ".env"
    assert "HELLO='\"WORLD\"'\n" in env.read_text()
    assert env.stat().st_mode & 0o777 == 0o600
    shown = "\n".join([*lines(found), *(entry["after"] for entry in found.diff() if entry["after_header"] != str(env))])
    assert "WORLD" not in shown


def test_a_second_import_writes_nothing_and_keeps_what_somebody_has_changed(source: Path) -> None:
    _found, destination = imported(source)
    script = destination / "apps" / "app_1" / "app_1.py"
    script.write_text("mine\n")
    again, _destination = imported(source)
    assert again.write == {}
    assert script.read_text() == "mine\n"
    assert "%s: yours (it differs and stays; delete it to have it imported again)" % script in lines(again)


def test_planning_writes_nothing_and_shows_what_would_be_written(source: Path) -> None:
    found = plan(str(source), str(source.parent / "ours"))
    assert not (source.parent / "ours").exists()
    assert {Path(entry["after_header"]).name for entry in found.diff()} >= {"setup.toml", "app_1.py", "hosts.yml"}


def test_what_the_build_bent_is_put_right(source: Path) -> None:
    """S0-12, S0-13, S0-07, S0-09: equal ports and paths, keys that nothing read, a stray file, a folder of no app."""
    write(source / "apps" / "app_3", {"app_3.py": "import streamlit\n", "requirements.txt": "streamlit==1.41.*\n"})
    (source / "apps" / "app_3" / "setup.toml").write_text(
        'version = 3\n[owner]\nname = "Johan"\n'
        '[streamlit]\nport = 8001\nbase_path = "/app-1"\nentry_file = "app_3.py"\n'
    )
    with (source / "supervisord.conf").open("a") as file:
        file.write(program("app_3", "App 3", 80011, "/app-1_2"))
    write(source / "apps" / "notes", {"ideas.txt": ""})
    (source / "apps" / ".DS_Store").touch()
    (source / "apps" / "todo.txt").touch()
    found, destination = imported(source)
    catalog = read_catalog(str(destination / "apps"))
    assert catalog.errors == []
    assert (catalog.apps[2]["base_path"], catalog.apps[2]["streamlit"]["port"]) == ("/app-1_2", None)
    told = "\n".join(lines(found))
    for part in ("apps/app_3: changed (version is left out", "streamlit.port is left out", "is /app-1_2, where it was"):
        assert part in told
    assert "apps/notes: left (it has no setup.toml" in told
    assert "apps/todo.txt: left (it is no folder" in told


def test_a_port_that_can_never_be_bound_is_left_out(source: Path) -> None:
    """S0-04: 80011 is no port, and 40000 is the kernel's."""
    for number, port in ((1, "80011"), (2, "40000")):
        path = source / "apps" / ("app_%d" % number) / "setup.toml"
        path.write_text(path.read_text().replace("800%d" % number, port))
    _found, destination = imported(source)
    catalog = read_catalog(str(destination / "apps"))
    assert catalog.errors == []
    assert [app["streamlit"]["port"] for app in catalog.apps] == [None, None]


@pytest.mark.parametrize(
    ("settings", "says"),
    [("title = ", "is not valid TOML"), ('[streamlit]\nentry_file = "../x.py"\n', "entry_file"), ("", "streamlit")],
)
def test_an_app_that_can_not_be_taken_is_left_and_the_others_go_on(source: Path, settings: str, says: str) -> None:
    (source / "apps" / "app_1" / "setup.toml").write_text(settings)
    found, _destination = imported(source)
    assert found.apps == ["app_2"]
    (line,) = (line for line in lines(found) if line.startswith("apps/app_1: left"))
    assert says in line


def test_what_people_have_added_to_the_servers_is_named(source: Path) -> None:
    own = "\n[program:worker]\ncommand=/usr/bin/worker\nenvironment=TOKEN='hunter2'\n"
    app = program("app_1", "App 1", 8001, "/app-1").replace("--server.port", "--server.maxUploadSize=50 --server.port")
    (source / "supervisord.conf").write_text(SUPERVISORD + own + app + "environment=KEY='hunter2'\n")
    text = (source / "nginx.conf").read_text().replace("listen 80;", "listen 8080;\n    listen 443 ssl;")
    text = text.replace("server_name localhost;", "server_name dash.example.com;")
    (source / "nginx.conf").write_text(text.replace("location / {", "location /grafana/ {\n}\nlocation / {"))
    found, destination = imported(source)
    told = "\n".join(lines(found))
    for part in (
        "program worker: left (it runs no app",
        "--server.maxUploadSize of app_1: left",
        "location /grafana/: left",
        "listen ... ssl: left",
        "environment of app_1: left",
    ):
        assert part in told
    assert "hunter2" not in told
    settings = yaml.safe_load((destination / "inventory" / "hosts.yml").read_text())["all"]["vars"]
    assert (settings["pyapps_server_names"], settings["pyapps_port"]) == (["dash.example.com"], 8080)


def test_a_link_is_not_followed(source: Path) -> None:
    os.symlink("/etc/passwd", source / "apps" / "app_1" / "users.txt")
    found, destination = imported(source)
    assert not (destination / "apps" / "app_1" / "users.txt").exists()
    assert any(line.startswith("apps/app_1/users.txt: left") for line in lines(found))


@pytest.mark.parametrize("destination", [".", "apps/ours", ".."])
def test_a_destination_in_the_source_is_refused(source: Path, destination: str) -> None:
    with pytest.raises(SourceError, match="never changed"):
        plan(str(source), str(source / destination))


def test_a_folder_without_apps_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no folder apps/<app>/setup\.toml"):
        plan(str(tmp_path), str(tmp_path / "ours"))


def test_the_last_of_two_equal_programs_counts() -> None:
    """X12: as for supervisord."""
    text = program("app_1", "App 1", 8001, "/old") + program("app_1", "App 1", 8001, "/new")
    assert programs(text)["app_1"].base_path == "/new"
    with pytest.raises(ValueError, match="no section headers"):
        programs("command=x\n")


def test_locations_of_a_site_are_read_as_they_were_written() -> None:
    assert site(location(8001, "/app-1")).locations == ["/app-1/", "/app-1/_stcore/stream"]


def test_dockers_variables_are_taken_literally() -> None:
    values, left = docker_variables("# c\nA='x'\nB= y \nPATH=/x\nALONE\n\nC=it's \"5\"\n")
    assert values == {"A": "'x'", "B": " y ", "C": 'it\'s "5"'}
    assert left == ["line 4", "line 5"]
    text = dotenv("A=own", values)
    assert text is not None
    assert text.startswith("A=own\n#")
    assert 'C="it\'s \\"5\\""\n' in text
    assert "A='" not in text


def test_a_link_brings_nothing_of_another_folder(source: Path, tmp_path: Path) -> None:
    """A repository is a stranger's, and it may be root who imports it."""
    outside = tmp_path / "outside"
    (outside / "app").mkdir(parents=True)
    (outside / "app" / "setup.toml").write_text(sample(1))
    (outside / "env").write_text("NAME=canary\n")
    (source / "apps" / "linked").symlink_to(outside / "app")
    for link in (source / ".env", source / "apps" / "app_2" / ".env", source / "apps" / "app_2" / "data.txt"):
        link.unlink(missing_ok=True)
        link.symlink_to(outside / "env")
    found, destination = imported(source)
    assert found.apps == ["app_1", "app_2"]
    assert not [path for path, text in content(destination).items() if b"canary" in text]
