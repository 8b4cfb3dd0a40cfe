# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a Dockerfile is taken, and that nothing in it is passed over in silence."""

from __future__ import annotations

import random
import time

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.commands import judge, simple_commands
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.dockerfile import (
    DEFAULT_BASE,
    instructions,
    read_dockerfile,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.plan import is_secret
from helpers.published import DOCKERFILE


def test_the_published_dockerfile() -> None:
    """S0-90, S0-91, S0-92: base, port and packages; supervisor, nginx, the build and the entry are the roles' work."""
    image = read_dockerfile(DOCKERFILE)
    assert (image.base, image.ports, image.packages) == ("python:3.11-slim", [80], ["curl", "file", "git"])
    assert (image.variables, image.labels) == ({}, {})
    assert [(left.line, left.what) for left in image.left] == [(11, "RUN apt-get install"), (36, "HEALTHCHECK")]
    assert "build-essential" in image.left[0].why


def test_the_first_stage_of_the_blog() -> None:
    """S0-93: another base, an argument, and a configuration at another place."""
    image = read_dockerfile(
        "FROM ubuntu:22.04  \n\nARG APP_ENV  \n\nRUN apt-get update && apt-get install -y supervisor  \n\n"
        "WORKDIR /self-hosted-streamlit-apps  \n\nCOPY . /self-hosted-streamlit-apps  \n"
        "COPY supervisord.conf /etc/supervisor/conf.d/  \n\n"
        'CMD ["supervisord", "-c", "/etc/supervisor/supervisord.conf"]\n'
    )
    assert (image.base, image.packages, image.left) == ("ubuntu:22.04", [], [])


@pytest.mark.parametrize(
    ("text", "base", "left"),
    [
        ("FROM python:3.12\n", "python:3.12", 0),
        ("ARG V=3.12\nFROM --platform=linux/amd64 python:${V}-slim AS x\n", "python:3.12-slim", 0),
        ("ARG V\nFROM python:${V:-3.11}\n", "python:3.11", 0),
        ("ARG V\nFROM python:$V\n", DEFAULT_BASE, 1),
        ("FROM python:3.12-alpine\n", DEFAULT_BASE, 1),
        ("FROM\n", DEFAULT_BASE, 1),
        ("FROM 'x; rm -rf /'\n", DEFAULT_BASE, 1),
        ("FROM python@sha256:%s\n" % ("a" * 64), "python@sha256:" + "a" * 64, 0),
        ("from python:3.12\n", "python:3.12", 0),
        ("\ufeffFROM python:3.12\r\n", "python:3.12", 0),
        ("# escape=`\nFROM `\n python:3.12\n", "python:3.12", 0),
        ("", "", 0),
        ("RUN true\n", "", 1),
    ],
)
def test_the_base(text: str, base: str, left: int) -> None:
    image = read_dockerfile(text)
    assert (image.base, len(image.left)) == (base, left), image.left


def test_of_several_stages_the_last_counts_with_those_it_is_made_from() -> None:
    image = read_dockerfile(
        "FROM debian:12 AS base\nENV A=1\nFROM golang AS tools\nRUN go build\nENV C=3\nFROM Base\nENV B=$A\n"
        "COPY --from=tools /x /x\n"
    )
    assert (image.base, image.variables) == ("debian:12", {"A": "1", "B": "1"})
    assert [(left.line, left.what) for left in image.left] == [(3, "FROM"), (8, "COPY")]


def test_each_line_that_is_not_understood_is_named() -> None:
    text = "FROM debian:12\nRNU apt-get update\n\n# c\nENV\nENV A=1 B\nEXPOSE eighty 53/udp 8000-8010\nCOPY models /m\n"
    text += (
        "LABEL x\nRUN make install && cargo build\nVOLUME /data\nUSER app\nRUN echo 'never ends\nSTOPSIGNAL SIGQUIT\n"
    )
    image = read_dockerfile(text)
    assert [(left.line, left.what) for left in image.left] == [
        (2, "RNU"),
        (5, "ENV"),
        (6, "ENV"),
        (7, "EXPOSE 53/udp"),
        (7, "EXPOSE 8000-8010"),
        (7, "EXPOSE eighty"),
        (8, "COPY"),
        (9, "LABEL"),
        (10, "RUN cargo"),
        (10, "RUN make"),
        (11, "VOLUME"),
        (12, "USER"),
        (13, "RUN"),
        (14, "STOPSIGNAL"),
    ]
    assert image.left[0].why == "not understood: do you mean RUN?"


def test_variables_and_labels_as_docker_reads_them() -> None:
    image = read_dockerfile(
        'FROM debian:12\nARG WHO=me\nENV A="two words" B=b\\ c D=${WHO:-you}-${NONE:-x}\nENV OLD   its value \n'
        "ENV E=$MISSING F='$WHO' PATH=/x:$PATH STREAMLIT_SERVER_PORT=1\n"
        'LABEL org.opencontainers.image.title="An app" "odd name"=1\n'
    )
    assert image.variables == {"A": "two words", "B": "b c", "D": "me-x", "OLD": "its value"}
    assert image.labels == {"org.opencontainers.image.title": "An app"}
    left = {left.what for left in image.left}
    assert left == {"ARG", "ENV E", "ENV F", "ENV PATH", "ENV STREAMLIT_SERVER_PORT", "LABEL odd name"}
    assert not any("/x" in each.why for each in image.left)


@pytest.mark.parametrize(
    ("command", "packages", "left"),
    [
        ("DEBIAN_FRONTEND=noninteractive apt-get -yqq install --no-install-recommends libpq5=15.* git:amd64", 2, 0),
        ("apt-get install -y -t bookworm-backports ffmpeg 2>/dev/null", 1, 0),
        ("sudo apt install tesseract-ocr g++ libpq-dev", 1, 2),
        ("apt-get install -y 'x;reboot' $PKGS", 0, 2),
        ("apt-get upgrade -y", 0, 1),
        ("apt-get", 0, 1),
        ("pip install --upgrade pip setuptools", 0, 0),
        ("python3 -m pip install -r requirements.txt", 0, 1),
        ("uv pip install rich", 0, 1),
        ("rm -rf /var/lib/apt/lists/*", 0, 0),
        ("rm -rf /etc", 0, 1),
        ("useradd app", 0, 1),
        ("A=b", 0, 0),
    ],
)
def test_commands(command: str, packages: int, left: int) -> None:
    (words,) = simple_commands(command) or []
    judged = judge(words)
    assert (len(judged.packages), len(judged.left)) == (packages, left), judged


def test_commands_of_a_run_in_all_its_forms() -> None:
    assert simple_commands('["apt-get", "update"]') == [["apt-get", "update"]]
    assert simple_commands("--mount=type=cache,target=/x (a b; c) || d | e > f") == [["a", "b"], ["c"], ["d"], ["e"]]
    for odd in ('["a", 1]', "[", "[" * 5000, "[1%s]" % ("1" * 5000), "a 'b"):
        assert simple_commands(odd) is None
    image = read_dockerfile("FROM debian:12\nRUN <<EOF\napt-get install -y git # c\nmake\nEOF\nEXPOSE 80\n")
    assert (image.packages, image.ports, [left.what for left in image.left]) == (["git"], [80], ["RUN make"])


def test_lines_go_on_over_comments_and_empty_ones() -> None:
    (first, second) = instructions("RUN a \\\n# comment\n\n  b\n\n# x\nRUN\tc\\")
    assert (first.line, first.word, first.rest.split()) == (1, "RUN", ["a", "b"])
    assert (second.line, second.rest) == (7, "c")


@pytest.mark.parametrize(
    "text",
    [
        "ENV A=%s\n" % ("x" * 4000) + "".join("ENV %s=%s\n" % (b, ("$" + a) * 5000) for a, b in ("AB", "BC", "CD")),
        "FROM a AS b\n" * 4000,
        "FROM x AS x0\n" + "".join("FROM x%d AS x%d\n" % (number, number + 1) for number in range(3500)),
        "RUN " + "'" * 60_000,
        "RUN " + "a;" * 30_000,
        "COPY " + "<<A " * 15_000,
        "ENV A=://" + ":" * 60_000,
        "\\\n" * 30_000,
    ],
    ids=range(8),
)
def test_what_was_made_to_take_long_does_not(text: str) -> None:
    begun = time.process_time()
    image = read_dockerfile("FROM debian:12\n" + text)
    assert all(len(value) <= 4096 and is_secret("A", value) is False for value in image.variables.values())
    assert time.process_time() - begun < 5


def test_whatever_a_dockerfile_holds_it_is_read() -> None:
    """Signs are changed, lost and doubled: there is an answer, and no package that could not be written."""
    dice = random.Random(20)  # noqa: S311 (no secret)
    for _try in range(300):
        text = list(DOCKERFILE)
        for _each in range(dice.randint(1, 60)):
            place = dice.randrange(len(text))
            odd = ["$", "{", "'", '"', "\\\n", "<<EOF", "[", "\0", "\u2028", " "]
            text[place : place + dice.randint(0, 3)] = dice.choice(odd)
        image = read_dockerfile("".join(text))
        assert all(package.isascii() and package.isprintable() for package in image.packages)
        assert all(0 < left.line <= len(DOCKERFILE) for left in image.left)


def test_what_apt_would_take_for_a_removal_is_no_package() -> None:
    """``git-`` removes git."""
    judged = judge(["apt-get", "install", "-y", "ffmpeg", "git-"])
    assert judged.packages == ["ffmpeg"]
    assert judged.left == ['"git-" is not a package\'s name: write what is meant into image_packages']
