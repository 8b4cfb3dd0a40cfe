# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An image of two apps beside that of the published Dockerfile: how large it is, and how it takes a changed line.

Both have the same base. The published one makes its environments by a script; here are the commands that it runs.
"""

from __future__ import annotations

import contextlib
import shutil
import typing as t
from pathlib import Path

from helpers.docker_engine import docker, inspect
from helpers.own_image import BASE, CERTIFICATES, OwnImage
from measure import Row, seconds

NAME, PUBLISHED = "pyapps-benchmark", "pyapps-benchmark-published"
APPS = ("app_1", "app_2")
SCRIPT = "import streamlit as st\n\nst.write('Hello')\n"
MEGABYTE = 1_000_000
_DOCKERFILE = """\
FROM {base}
ENV APP_ROOT=/self-hosted-streamlit-apps
ARG DEBIAN_FRONTEND=noninteractive
COPY ca.pem /ca.pem
ENV PIP_CERT=/ca.pem
RUN apt-get update && apt-get install -y \\
    build-essential \\
    curl \\
    file \\
    git \\
    supervisor \\
    nginx \\
    python3-venv \\
    && apt-get clean \\
    && rm -rf /var/lib/apt/lists/*
WORKDIR $APP_ROOT
COPY . .
RUN mkdir -p /var/log/supervisor
RUN for app in apps/*; do \\
    python3 -m venv $app/.venv && $app/.venv/bin/pip install -r $app/requirements.txt || exit 1; done
CMD ["/usr/bin/supervisord", "-n", "-c", "/etc/supervisor/supervisord.conf"]
"""


def _build(name: str, folder: Path, *options: str) -> float:
    return seconds(lambda: docker("build", "--quiet", *options, "--tag", name, folder, limit=1200))


def _size(image: str) -> float:
    return float(inspect(image)["Size"]) / MEGABYTE


def _steps(image: str) -> dict[str, int]:
    """The bytes that each step of the build has added; the engine's old builder makes an image of each."""
    lines = docker("history", "--no-trunc", "--human=false", "--format", "{{.ID}} {{.Size}}", image).splitlines()
    return {name: int(size) for name, size in (line.split() for line in lines)}


def _new(image: str, before: t.Container[str]) -> float:
    """Megabytes that steps have added which were not there before."""
    return sum(size for step, size in _steps(image).items() if step not in before) / MEGABYTE


def rows(stack: contextlib.ExitStack) -> t.Iterator[Row]:
    """:param stack: removes the images in the end"""
    ours = stack.enter_context(contextlib.closing(OwnImage(NAME)))
    scripts = [ours.add_app(app, "streamlit==1.41.*", SCRIPT) for app in APPS]
    published = ours.folder / "published"
    shutil.copytree(ours.apps, published / "apps")
    shutil.copy(CERTIFICATES, published / "ca.pem")
    (published / "Dockerfile").write_text(_DOCKERFILE.format(base=BASE))
    stack.callback(lambda: docker("rmi", "--force", PUBLISHED))
    ours.build()
    _build(PUBLISHED, published)
    yield Row("image of two apps / the published Dockerfile's", _size(NAME), _size(PUBLISHED), "MB", "-")

    before = {*_steps(NAME), *_steps(PUBLISHED)}
    for script in (scripts[1], published / "apps" / APPS[1] / "main.py"):
        script.write_text(SCRIPT + "# one more line\n")
    whole = seconds(ours.build)
    other = _build(PUBLISHED, published)
    yield Row(
        "a changed line, new layers / the published one's",
        _new(NAME, before),
        _new(PUBLISHED, before),
        "MB",
        "<= 1 MB",
    )
    yield Row("a changed line, the whole playbook / the published one's build", whole, other, "s", "-")
    # All that follows the environments, which is more than a changed line needs.
    engine = _build(NAME, ours.built / "layers" / "apps", "--no-cache")
    yield Row("apps and configuration built by the engine / 5 s", engine, 5, "s", "<= 1")
