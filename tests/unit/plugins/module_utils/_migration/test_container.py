# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The container half of a published repository, in the destination."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.plan import is_secret
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.repository import apply, plan
from helpers.published import CREDENTIALS, MAKEFILE, repository, write


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return repository(tmp_path / "published")


def imported(source: Path) -> tuple[list[str], Path]:
    destination = source.parent / "ours"
    found = plan(str(source), str(destination))
    apply(found)
    return [row.as_line() for row in found.rows], destination


def images(destination: Path) -> dict[str, object]:
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!unsafe", lambda loader, node: ("unsafe", loader.construct_scalar(node)))
    return yaml.load((destination / "inventory-container" / "hosts.yml").read_text(), Loader)["all"]  # noqa: S506


def made(destination: Path, target: str) -> str:
    command = ["make", "--dry-run", "--directory", str(destination), "--no-print-directory", target]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_the_published_images(source: Path) -> None:
    """S0-90, S0-94: one host for each image, from the base, with the packages and variables that were said there."""
    inventory = images(imported(source)[1])
    assert inventory["hosts"] == {
        "streamlit-prod": {
            "pyapps_image_name": "self-hosted-streamlit-prod",
            "image_run_env": {"APP_ENV": "PROD"},
            "image_relay_ports": "18080-18089",
        },
        "streamlit-dev": {
            "pyapps_image_name": "self-hosted-streamlit-dev",
            "image_run_env": {"APP_ENV": "DEV"},
            "image_relay_ports": "18090-18099",
        },
    }
    variables = inventory["vars"]
    assert variables["pyapps_image_base"] == "python:3.11-slim"
    assert variables["image_packages"] == ["curl", "file", "git"]
    assert variables["pyapps_server_names"] == ["dash.example.com"]
    assert variables["image_run_volumes"] == [
        "{{ inventory_dir | dirname }}/apps/app_%d/.env:/run/secrets/app_%d.env:ro" % (n, n) for n in (1, 2)
    ]


def test_the_published_targets(source: Path) -> None:
    """S0-95: those with a counterpart run one playbook; the report names the page for the others. No name is lost."""
    told, destination = imported(source)
    base = "ansible-playbook selfhost.pyapps.container -i inventory-container -e pyapps_hosts=streamlit-"
    for kind in ("prod", "dev"):
        assert made(destination, "build-%s" % kind) == base + kind
        for target in ("run-%s-80", "rebuild-%s-80"):
            command = base + kind + " -e pyapps_image_replace=drain -e image_relay_port=80"
            assert made(destination, target % kind) == command
    said = [line for line in told if line.startswith("Makefile: ")]
    assert sorted(name for line in said for name in line.split(": ")[1].split(", ")) == sorted(
        line.partition(":")[0] for line in MAKEFILE.splitlines() if line[:1].isalpha() and ":" in line
    )
    assert all("how-to: container" in line for line in said if ": left (" in line)


def test_flags_are_handed_on(source: Path) -> None:
    (_told, destination) = imported(source)
    command = ["make", "-n", "-C", str(destination), "build-prod", "FLAGS=--check --diff"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "pyapps_hosts=streamlit-prod --check --diff" in done.stdout


def test_no_secret_is_in_the_open(source: Path) -> None:
    """S0-97: what may be one goes to the .env of each app, or stays; the report has no value at all."""
    dockerfile = source / "Dockerfile"
    dockerfile.write_text(
        dockerfile.read_text() + "ENV API_KEY=canary-1 DB=postgres://me:canary-2@db/x TZ=Europe/Berlin\n"
    )
    text = MAKEFILE.replace("-e APP_ENV=PROD", "-e APP_ENV=PROD -e TOKEN=canary-3")
    (source / "Makefile").write_text(text)
    told, destination = imported(source)
    assert "canary" in CREDENTIALS
    for path in destination.rglob("*"):
        if path.is_file() and b"canary" in path.read_bytes():
            assert (path.name, path.stat().st_mode & 0o777) == (".env", 0o600)
    env = (destination / "apps" / "app_1" / ".env").read_text()
    assert "API_KEY='canary-1'\n" in env
    assert "DB='postgres://me:canary-2@db/x'\n" in env
    assert "TZ" not in env
    assert images(destination)["hosts"]["streamlit-prod"]["image_run_env"] == {"APP_ENV": "PROD", "TZ": "Europe/Berlin"}
    assert "canary" not in "\n".join(told)
    for part in (
        "Dockerfile: ENV API_KEY: changed",
        "Dockerfile: ENV TZ: taken",
        "Makefile: --env TOKEN of streamlit-prod",
    ):
        assert any(line.startswith(part) for line in told), part


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("API_KEY", "x", True),
        ("KEYBOARD", "x", False),
        ("DB_PASSWORD", "", True),
        ("URL", "https://a:b@c", True),
        ("URL", "https://c/a:b@", False),
        ("MONKEY", "x", False),
        ("TZ", "x", False),
    ],
)
def test_what_may_be_a_secret(name: str, value: str, secret: bool) -> None:
    assert is_secret(name, value) is secret


def test_streamlits_secrets_are_closed_and_mounted(source: Path) -> None:
    """They are the app's, so they are copied, as its .env is: for the owner only, and in no difference."""
    write(source / "apps" / "app_2", {".streamlit/secrets.toml": 'key = "canary"\n'})
    shown = plan(str(source), str(source.parent / "ours")).diff()
    assert "canary" not in "".join(entry["after"] for entry in shown)
    _told, destination = imported(source)
    secrets = destination / "apps" / "app_2" / ".streamlit" / "secrets.toml"
    assert secrets.stat().st_mode & 0o777 == 0o600
    mount = "{{ inventory_dir | dirname }}/apps/app_2/.streamlit/secrets.toml:/run/secrets/app_2.toml:ro"
    assert mount in images(destination)["vars"]["image_run_volumes"]


def test_nothing_of_a_stranger_is_a_template_or_a_command(source: Path) -> None:
    """It may be root who imports, and who runs what came of it."""
    bad = "{{ lookup('pipe', 'touch /tmp/x') }}"
    dockerfile = source / "Dockerfile"
    dockerfile.write_text(
        dockerfile.read_text()
        + 'ENV GREETING="%s"\nLABEL a="%s"\nRUN apt-get install -y "$(id)" "{{x}}"\n' % (bad, bad)
    )
    (source / "Makefile").write_text(
        "a;id: b\n\tdocker build -t x .\n$(shell id):\n\tdocker build -t x .\n"
        "b:\n\tdocker build -t 'x;id' .\nc:\n\tdocker run --name '{{x}}' -p 80:80 -e '{{x}}=1' x\n"
    )
    (source / "nginx.conf").write_text(
        "server {\n    listen 80;\n    server_name {{lookup('pipe','id')}} a.example;\n}\n"
    )
    told, destination = imported(source)
    inventory = images(destination)
    assert inventory["hosts"]["x"]["image_run_env"] == {"GREETING": ("unsafe", bad)}
    assert inventory["vars"]["image_labels"] == {"a": ("unsafe", bad)}
    assert inventory["vars"]["image_packages"] == ["curl", "file", "git"]
    rules = [line for line in (destination / "Makefile").read_text().splitlines() if line.startswith("\t")]
    assert [next(word for word in line.split() if "=" in word) for line in rules] == ["pyapps_hosts=x"]
    assert "lookup" not in (destination / "inventory" / "hosts.yml").read_text()
    assert any(line.startswith("nginx.conf: server_name {{lookup") for line in told)


def test_what_is_there_stays(source: Path) -> None:
    (source.parent / "ours").mkdir()
    (source.parent / "ours" / "Makefile").write_text("mine:\n")
    told, destination = imported(source)
    assert (destination / "Makefile").read_text() == "mine:\n"
    assert "%s: yours (it differs and stays; delete it to have it imported again)" % (destination / "Makefile") in told
    assert plan(str(source), str(destination)).write == {}


def test_targets_for_the_host(source: Path) -> None:
    """build.py and supervisorctl have playbooks, too; an app is named by its folder here."""
    (source / "Makefile").write_text(
        "deploy:\n\tpython build.py -d\nhard:\n\tpython build.py -dH\nstatus:\n\tsupervisorctl status\n"
        "health:\n\tpython healthcheck.py\nagain:\n\tsupervisorctl restart app_1\n\tsupervisorctl restart app_2\n"
        "other:\n\tsupervisorctl restart cloudflared\nmix: deploy status\nnone:\n"
    )
    told, destination = imported(source)
    base = "ansible-playbook selfhost.pyapps."
    assert made(destination, "deploy") == base + "site -i inventory"
    assert made(destination, "hard") == base + "site -i inventory -e pyapps_rebuild=true"
    assert made(destination, "status") == base + "status -i inventory"
    assert made(destination, "health") == base + "healthcheck -i inventory"
    assert made(destination, "again") == base + "restart -i inventory -e app=app_1,app_2"
    left = [line for line in told if line.startswith("Makefile") and ": left" in line]
    assert [line.split(": ")[1] for line in left] == ["other", "mix", "none"]
    assert list(images(destination)["hosts"]) == ["pyapps"]


@pytest.mark.parametrize(
    ("run", "says"),
    [
        ("-p 80:8501 x", "allowed is one port that leads to the front's, 80"),
        ("-p 80:80 -p 443:443 x", "allowed is one port"),
        ("-p 80:80 $(X)", "which image is meant"),
        ("x", "no port is published"),
    ],
)
def test_a_run_that_has_no_counterpart_says_why(source: Path, run: str, says: str) -> None:
    (source / "Makefile").write_text("go:\n\tdocker run %s\nbuild:\n\tdocker build -t x .\n" % run)
    told, destination = imported(source)
    assert any(line.startswith("Makefile: go: left") and says in line for line in told), told
    assert made(destination, "build")
    assert "go:" not in (destination / "Makefile").read_text()


def test_options_that_are_not_taken_are_named(source: Path) -> None:
    (source / "Makefile").write_text("go:\n\tdocker run -v /a:/b --gpus all -p 8080:80 x\n")
    told, destination = imported(source)
    (line,) = (line for line in told if line.startswith("Makefile: go: changed"))
    assert line.endswith("without --gpus, --volume (image_run_volumes))")
    assert "image_relay_port=8080" in made(destination, "go")


@pytest.mark.parametrize("gone", ["Dockerfile", "Makefile", "cloudflare"])
def test_each_part_may_be_missing(source: Path, gone: str) -> None:
    path = source / gone
    for each in path.iterdir() if path.is_dir() else []:
        each.unlink()
    path.rmdir() if path.is_dir() else path.unlink()
    told, destination = imported(source)
    assert (destination / "inventory-container").exists() is (gone != "Dockerfile")
    assert (destination / "Makefile").exists() is (gone == "cloudflare")
    assert not any(line.startswith(gone + ": ") for line in told)
    if gone == "Makefile":
        assert list(images(destination)["hosts"]) == ["pyapps"]


def test_links_and_large_files_are_named(source: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("FROM debian:12\n")
    (source / "Dockerfile").unlink()
    (source / "Dockerfile").symlink_to(tmp_path / "outside")
    (source / "Makefile").write_text("a:\n\ttrue\n" * 10_000)
    told, destination = imported(source)
    assert "Dockerfile: left (it is a link or no regular file (how-to: container))" in told
    assert any(line.startswith("Makefile: left (it is larger than 64 KiB") for line in told)
    assert not (destination / "inventory-container").exists()


def test_many_lines_that_are_not_understood_are_named_as_far_as_they_can_be_read(source: Path) -> None:
    (source / "Dockerfile").write_text("FROM debian:12\n" + "NONSENSE x\n" * 500)
    (source / "Makefile").write_text("odd\n" * 500)
    told, _destination = imported(source)
    assert len([line for line in told if line.startswith("Dockerfile: line ")]) == 100
    assert any(line.startswith("Dockerfile: 400 more lines: left") for line in told)
    assert any("19, 20 and 480 more: left" in line for line in told)


def test_an_exposed_port_is_the_fronts_where_nginx_says_none(source: Path) -> None:
    (source / "nginx.conf").unlink()
    dockerfile = source / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text().replace("EXPOSE 80", "EXPOSE 8080"))
    assert images(imported(source)[1])["vars"]["pyapps_port"] == 8080


def test_an_app_whose_folder_no_mount_can_name(source: Path) -> None:
    write(
        source / "apps" / "a:{b}",
        {
            "setup.toml": '[streamlit]\nentry_file = "a.py"\n',
            "a.py": "import streamlit\n",
            "requirements.txt": "streamlit\n",
        },
    )
    told, destination = imported(source)
    assert len(images(destination)["vars"]["image_run_volumes"]) == 2
    assert any(line.startswith("apps/a:{b}/.env: in a container: left") for line in told)
