# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the targets of a Makefile do, without make."""

from __future__ import annotations

import random
import time

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.docker import Operation, operation
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.makefile import read_makefile
from helpers.published import MAKEFILE


def kinds(text: str, target: str) -> list[str]:
    return [each.kind for each in read_makefile(text).operations(target)]


def test_the_published_targets() -> None:
    """S0-94, S0-95: eighteen; what each does, with its names."""
    makefile = read_makefile(MAKEFILE)
    assert (len(makefile.targets), makefile.left) == (18, [])
    (build,) = makefile.operations("build-prod")
    assert build == Operation("build", image="self-hosted-streamlit-prod")
    (run,) = makefile.operations("run-dev-80")
    assert (run.kind, run.image, run.container) == ("run", "self-hosted-streamlit-dev", "streamlit-dev")
    assert (run.ports, run.variables, run.without) == ([(80, 80)], {"APP_ENV": "DEV"}, [])
    assert makefile.operations("run-dev")[0].ports == []
    for target in ("exec-prod", "start-prod", "stop-prod", "remove-prod"):
        assert [each.kind for each in makefile.operations(target)] == ["dockers"]
    rebuilt = [each.kind for each in makefile.operations("rebuild-prod-80")]
    assert rebuilt == ["dockers", "dockers", "build", "run"]


def test_a_variable_that_has_no_value_is_none() -> None:
    """The blog's text does not define the containers' names: what follows them is not taken for one."""
    text = "I=image\nrun:\n\tdocker run -d --name $(NAME) --env-file .env -e A=$(B) -p $(PORT):80 $(I)\n"
    (run,) = read_makefile(text).operations("run")
    assert (run.image, run.container, run.variables, run.ports) == ("image", "", {}, [None])
    assert run.without == ["A of --env, whose value is not here"]


def test_makes_own_forms() -> None:
    text = (
        "# c\n.PHONY: a b\nNAME := one\nNAME += two # c\nNAME ?= three\nLAZY = $(LATER)\nLATER = $${x}\nOUT != date\n"
        "a b: c | d ; @echo $(NAME)\n\t-@docker stop \\\n\t  x\n\nc:\nd:\n\t$(MAKE) e\ne:\n\tdocker build -t$(LAZY) .\n"
    )
    makefile = read_makefile(text)
    assert makefile.variables["NAME"] == "one two"
    assert "OUT" not in makefile.variables
    assert [each.kind for each in makefile.operations("b")] == ["build", "nothing", "dockers"]
    assert makefile.operations("e")[0].image == "${x}"


def test_what_only_make_knows_is_left_by_its_line() -> None:
    text = "include x.mk\nifeq ($(A),1)\nB = 1\nendif\n%.o: %.c\n\tcc\ndefine F\nx: y\nendef\n"
    text += "odd line\na/b:\n\tx\nok:\n\ttrue\n"
    makefile = read_makefile(text)
    assert (makefile.left, list(makefile.targets)) == ([1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12], ["ok"])


def test_a_recipe_is_a_shells_and_not_a_list() -> None:
    (test, build) = read_makefile("a:\n\t@[ -f .env ] && docker build -t x .\n").operations("a")
    assert (test.why, build.image) == ("runs ?", "x")


@pytest.mark.parametrize("text", ["a: b\nb: a\n", "a: a\n", "A=$(A)\na:\n\t$(A)\n", "a:\n\t$(MAKE) a\n"])
def test_what_names_itself_ends(text: str) -> None:
    assert kinds(text, "a") in ([], [""])


def test_values_that_grow_without_end_are_none() -> None:
    text = "A0=xxxxxxxxxx\n" + "".join("A%d=%s\n" % (number + 1, "$(A%d)" % number * 10) for number in range(20))
    (each,) = read_makefile(text + "a:\n\tdocker build -t $(A20) .\n").operations("a")
    assert each.image == ""


@pytest.mark.parametrize(
    ("command", "kind", "without"),
    [
        ("docker image build --tag x --file Dockerfile.dev .", "build", 1),
        ("docker build -f Dockerfile --no-cache -t x .", "build", 0),
        ("docker build --build-arg TOKEN=hunter2 -t x .", "build", 1),
        ("sudo docker container run -it --rm -p80:80 -v /a:/b --memory=1g x bash", "run", 3),
        ("podman run --publish=8080:80/tcp x", "run", 0),
        ("docker compose up", "", 0),
        ("docker", "", 0),
        ("python build.py -d", "site", 0),
        ("python3 ./build.py -dH", "rebuild", 0),
        ("python build.py --deploy --hard", "rebuild", 0),
        ("python healthcheck.py", "health", 0),
        ("supervisorctl restart app_1", "restart", 0),
        ("supervisorctl status", "status", 0),
        ("supervisorctl shutdown", "", 0),
        ("terraform apply", "", 0),
        ("[ -f .env ]", "", 0),
    ],
)
def test_commands(command: str, kind: str, without: int) -> None:
    found = operation(command.split())
    assert (found.kind, len(found.without)) == (kind, without), found
    assert "hunter2" not in repr(found)
    if kind == "run":
        assert len(found.ports) == 1
        assert found.ports[0] in ((80, 80), (8080, 80))


@pytest.mark.parametrize("port", ["80", "127.0.0.1:80:80", "0:80", "80:99999", "53:53/udp", "a:b"])
def test_a_port_that_is_not_one_of_each_is_none(port: str) -> None:
    assert operation(["docker", "run", "-p", port, "x"]).ports == [None]


@pytest.mark.parametrize(
    "text",
    [
        "A=%s\na:\n\t%s\n" % ("x" * 4000, "$(A)" * 15_000),
        "a" + " " * 60_000 + "\n",
        "%s:\n%s" % (" ".join("t%d" % number for number in range(5_000)), "\techo\n" * 5_000),
        "a:\n" + "\techo;" * 10_000 + "\n",
        "a: %s\n%s" % (" ".join(map(str, range(150))), "".join("%d:\n" % number for number in range(150))),
        "export " * 9_000 + "\n",
        "a:\n\tdocker run -e A=://%s x\n" % (":" * 4_000),
    ],
    ids=range(7),
)
def test_what_was_made_to_take_long_does_not(text: str) -> None:
    begun = time.process_time()
    makefile = read_makefile(text)
    for target in makefile.targets:
        assert len(makefile.operations(target)) <= 50
    assert time.process_time() - begun < 2


def test_whatever_a_makefile_holds_it_is_read() -> None:
    dice = random.Random(13)  # noqa: S311 (no secret)
    for _try in range(300):
        text = list(MAKEFILE)
        for _each in range(dice.randint(1, 60)):
            place = dice.randrange(len(text))
            odd = ["$", "(", ")", "'", ":", "=", "\\\n", "#", "\t", "\0", "\n\t", "define\n"]
            text[place : place + dice.randint(0, 3)] = dice.choice(odd)
        makefile = read_makefile("".join(text))
        for target in makefile.targets:
            assert all(isinstance(each, Operation) for each in makefile.operations(target))


@pytest.mark.parametrize(
    ("published", "ports"),
    [
        ("65535:80", [(65535, 80)]),
        ("1:65535", [(1, 65535)]),
        ("65536:80", [None]),
        ("0:80", [None]),
        ("80:0", [None]),
        ("80", [None]),
    ],
)
def test_only_ports_that_there_are_are_published(published: str, ports: list[tuple[int, int] | None]) -> None:
    assert operation(["docker", "run", "-p", published, "image"]).ports == ports
