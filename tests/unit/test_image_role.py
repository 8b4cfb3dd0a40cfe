# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Dockerfile of the role image, as a person reads it and as an old engine builds it."""

from __future__ import annotations

import json
import os
import re
import typing as t
from pathlib import Path

import jinja2
import pytest
import yaml
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.repository import apply, plan
from helpers.published import repository

ROLE = Path(__file__).resolve().parents[2] / "roles" / "image"
LAYERS = ["environments/tools.tar", "environments/environment-ab.tar", "apps/app-app_1.tar", "apps/configuration.tar"]


def render(template: str = "Dockerfile.j2", **variables: t.Any) -> str:
    """A template, rendered as Ansible's template module does."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROLE / "templates"),
        trim_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 (no HTML)
    )
    environment.filters.update(to_json=json.dumps, bool=bool, basename=os.path.basename, float=float)
    environment.tests["match"] = lambda text, pattern: re.match(pattern, text) is not None
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
    computed = {
        "_image_all_packages": ["ca-certificates", "nginx", "python3"],
        "_image_environments": "pyapps-layout:x-environments",
        "_image_start_interval": False,
        "_image_target": "/",
        "_image_command": "/usr/local/bin/pyapps",
        "_image_user_id": 10001,
        "_image_stop_seconds": 22,
        "_image_base_from": variables.get("image_base", defaults["image_base"]),
        "_image_base_full": "docker.io/library/python:3.13-slim",
        "_image_base_digest": "",
        "_image_created": "",
        "image_source": "",
        "image_revision": "",
        "__image_layers": {"layers": LAYERS},
    }
    return environment.get_template(template).render({**defaults, **computed, **variables})


def instructions(text: str) -> list[str]:
    """One line for each, without comments."""
    whole = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)
    return [re.sub(r" +", " ", line) for line in whole.replace("\\\n", "").splitlines() if line.strip()]


def test_base_layers_and_entry_in_this_order() -> None:
    """S0-90, S0-91, S0-92: archives are added as they are, and nothing is run but the packages' install."""
    found = instructions(render(image_base="debian:12"))
    assert found[:2] == ["ARG BASE=debian:12", "FROM ${BASE} AS system"]
    assert [line for line in found if line.startswith("RUN")] == [found[2]]
    assert found[2].endswith("rm -f /etc/nginx/sites-enabled/default")
    added = ["ADD layers/%s /" % layer for layer in LAYERS]
    assert found[3:6] == ["FROM system AS environments", *added[:2]]
    assert found[-3:] == ["FROM environments", *added[2:]]
    assert found[-8:-3] == [
        "EXPOSE 80",
        "STOPSIGNAL SIGTERM",
        "HEALTHCHECK --interval=15s --timeout=10s --retries=3 --start-period=60s "
        'CMD ["/usr/local/bin/pyapps", "healthcheck", "--quiet"]',
        'ENTRYPOINT ["/usr/local/bin/pyapps", "container"]',
        "CMD []",
    ]


def test_the_published_image(tmp_path: Path) -> None:
    """S0-90: base, packages and port are those of the published Dockerfile, but for what compiles."""
    source, destination = repository(tmp_path / "theirs"), tmp_path / "ours"
    apply(plan(str(source), str(destination)))
    inventory = yaml.safe_load((destination / "inventory-container" / "hosts.yml").read_text())["all"]
    variables = {name: value for name, value in inventory["vars"].items() if name.startswith("image_")}
    packages = ["ca-certificates", "nginx", "python3", *variables["image_packages"]]
    found = instructions(
        render(image_base=inventory["vars"]["pyapps_image_base"], _image_all_packages=packages, **variables)
    )
    assert found[:2] == ["ARG BASE=python:3.11-slim", "FROM ${BASE} AS system"]
    installed = re.findall(r"apt-get install --yes --no-install-recommends (.*?) &&", found[2])[0].split()
    assert installed == ["ca-certificates", "nginx", "python3", "curl", "file", "git"]
    assert "EXPOSE 80" in found


@pytest.mark.parametrize("knows", [True, False])
def test_an_old_engine_is_not_told_what_it_does_not_know(knows: bool) -> None:
    """X16: `--start-interval` fails on Docker 20.10."""
    assert ("--start-interval=" in render(_image_start_interval=knows)) is knows


def test_the_default_site_stays_when_it_is_wanted_and_where_there_is_none() -> None:
    for variables in ({"image_disable_default_site": False}, {"image_front": "caddy"}):
        run = instructions(render(**variables))[2]
        assert run.endswith("/var/log/apt /var/log/dpkg.log")


def labels(text: str) -> list[str]:
    return [line for line in instructions(text) if line.startswith("LABEL")]


def test_labels_that_stay_are_said_early_and_those_that_change_last() -> None:
    """S0-91: each is one step of the build, and what comes behind a new one is made again."""
    computed = {
        "_image_base_from": "python@sha256:ab",
        "_image_base_digest": "sha256:ab",
        "_image_created": "2026-11-21T19:53:56Z",
        "image_revision": "0123456-dirty",
        "image_source": "https://example.com/apps.git",
    }
    found = instructions(render(image_name="example.com/apps:1", **computed))
    early, late = labels("\n".join(found))
    assert early == (
        'LABEL org.opencontainers.image.base.digest="sha256:ab" '
        'org.opencontainers.image.base.name="docker.io/library/python:3.13-slim" '
        'org.opencontainers.image.title="example.com/apps:1"'
    )
    assert late == (
        'LABEL org.opencontainers.image.created="2026-11-21T19:53:56Z" '
        'org.opencontainers.image.revision="0123456-dirty" '
        'org.opencontainers.image.source="https://example.com/apps.git"'
    )
    assert found.index(early) < found.index("FROM environments")
    assert found[-1] == late
    assert instructions(render("quick.j2", **computed))[-1] == late


def test_labels_of_a_person_win() -> None:
    given = {"org.opencontainers.image.source": 'a "b" $c', "org.opencontainers.image.title": "Größe"}
    (line,) = labels(render(image_labels=given, image_source="https://example.com/apps.git"))
    assert line == 'LABEL org.opencontainers.image.source="a \\"b\\" \\$c" org.opencontainers.image.title="Größe"'


def test_the_base_is_said_by_its_digest_and_by_its_name() -> None:
    text = render(_image_base_from="python@sha256:ab")
    assert instructions(text)[0] == "ARG BASE=python@sha256:ab"
    assert re.search(r"^# .*python:3\.13-slim", text, re.MULTILINE)


@pytest.mark.parametrize("part", ["system.j2", "seldom.j2"])
def test_a_beginning_alone_is_the_beginning_of_the_whole(part: str) -> None:
    """So the engine takes its layers from the cache when the whole is built."""
    assert instructions(render())[: len(instructions(render(part)))] == instructions(render(part))


def test_the_end_alone_makes_the_same_image() -> None:
    """It is built where the engine has the beginning, which need not be sent again."""
    end = ["FROM pyapps-layout:x-environments", "ADD app-app_1.tar /", "ADD configuration.tar /"]
    assert instructions(render("quick.j2")) == end


def test_compose_keeps_what_apps_write() -> None:
    service = yaml.safe_load(render("compose.yaml.j2", image_name="example.com/apps:1"))["services"]["pyapps"]
    assert service["image"] == "example.com/apps:1"
    assert service["stop_grace_period"] == "22s"
    assert service["ports"] == ["80:80"]
    assert service["volumes"] == ["apps:/srv/pyapps/apps", "logs:/var/log/pyapps"]
    assert service["healthcheck"]["interval"] == "15s"
    assert not {"mem_limit", "cpus"} & set(service)


def test_compose_with_limits_and_a_tunnel() -> None:
    text = render("compose.yaml.j2", image_memory="2g", image_cpus="1.5", image_cloudflared_version="2026.1.0")
    services = yaml.safe_load(text)["services"]
    assert (services["pyapps"]["mem_limit"], services["pyapps"]["cpus"]) == ("2g", 1.5)
    assert services["cloudflared"]["image"] == "cloudflare/cloudflared:2026.1.0"
    # The token is in neither the command nor this file.
    assert services["cloudflared"]["command"] == "tunnel --no-autoupdate run"
    assert services["cloudflared"]["environment"]["TUNNEL_TOKEN"].startswith("${TUNNEL_TOKEN:?")


def test_the_log_of_the_container_has_those_of_the_apps_when_it_is_wanted() -> None:
    assert "ENV PYAPPS_LOG_STDOUT=true" in instructions(render(image_log_to_stdout=True))
    assert "PYAPPS_LOG_STDOUT" not in render()


def test_a_user_has_everything_of_ours_in_one_folder() -> None:
    """The last user is the one that the container runs as; the end of the Dockerfile names no other."""
    variables = {
        "image_user": "me",
        "image_root": "/opt/pyapps",
        "image_front": "caddy",
        "image_port": 8080,
        "_image_target": "/opt/pyapps/",
        "_image_command": "/opt/pyapps/bin/pyapps",
    }
    found = instructions(render(**variables))
    runs = [line for line in found if line.startswith("RUN")]
    assert "useradd --uid 10001 --user-group --home-dir /opt/pyapps" in runs[1]
    assert runs[2] == ("RUN install --directory --owner=me --group=me /opt/pyapps /opt/pyapps/srv /opt/pyapps/run")
    assert [line.split()[-1] for line in found if line.startswith("ADD")] == ["/opt/pyapps/"] * len(LAYERS)
    assert [line for line in found if line.startswith("USER")] == ["USER me"]
    assert found.index("USER me") > max(found.index(run) for run in runs)
    assert "EXPOSE 8080" in found
    assert "ENV PATH=/opt/pyapps/bin:$PATH" in found
    assert 'ENTRYPOINT ["/opt/pyapps/bin/pyapps", "container"]' in found
    assert "USER" not in render("quick.j2", **variables)
    service = yaml.safe_load(render("compose.yaml.j2", **variables))["services"]["pyapps"]
    assert service["volumes"] == ["apps:/opt/pyapps/srv/pyapps/apps", "logs:/opt/pyapps/var/log/pyapps"]
    assert service["healthcheck"]["test"][1] == "/opt/pyapps/bin/pyapps"


def test_what_apps_need_of_debian_is_in_the_base() -> None:
    """Each package once, in an order that does not depend on the apps'."""
    template = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["_image_all_packages"]
    environment = jinja2.Environment(autoescape=False)  # noqa: S701 (no HTML)
    environment.filters["bool"] = bool
    found = environment.from_string(template).render(
        image_front="nginx",
        image_supervisor_from_debian=False,
        image_packages=["libpq5"],
        image_app_packages=["libgl1", "ffmpeg", "libpq5"],
    )
    assert found.strip() == "['ca-certificates', 'ffmpeg', 'libgl1', 'libpq5', 'nginx', 'python3']"
