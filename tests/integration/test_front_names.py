# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a front has its names from, and whose it leaves alone; what is refused is in tests/hostile/test_names.py."""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._images import names as _container_names
from helpers.fronts import Front, entry, eventually

OTHER = 'server { listen 127.0.0.1:%d%s; server_name %s; location / { return 200 "%s"; } }\n'


@pytest.fixture(params=["nginx", "caddy"])
def server(request: pytest.FixtureRequest) -> str:
    return t.cast(str, request.param)


@pytest.fixture
def make() -> t.Iterator[t.Callable[..., Front]]:
    """Makes a front with one app, whose page is ``page``; it is not started."""
    made: list[Front] = []

    def make(server: str, **settings: t.Any) -> Front:
        front = Front(server, [entry("app")], **settings)
        made.append(front)
        front.go_live("app", front.serve("app", 1, "page"))
        return front

    yield make
    for front in made:
        front.close()


def answer(front: Front, host: str) -> tuple[int, str]:
    """Status and text for an app's page."""
    found = front.ask("/app/", headers={"Host": host})
    return found.status, found.text


def test_every_name_when_that_is_said(make: t.Callable[..., Front], server: str) -> None:
    """``*`` is how it was before."""
    front = make(server, server_names=("*",)).start()
    for host in ("localhost", "evil.example", "0"):
        assert answer(front, host) == (200, "page")


def test_many_names_are_no_trouble(make: t.Callable[..., Front], server: str) -> None:
    """nginx takes no word that is longer than 4 KB."""
    front = make(
        server, server_names=tuple("server-%d.department.example.com" % number for number in range(200))
    ).start()
    assert answer(front, "server-199.department.example.com") == (200, "page")
    assert answer(front, "server-200.department.example.com")[0] == 421


def _is_page(front: Front, name: str) -> bool:
    return answer(front, name) == (200, "page")


def test_a_container_answers_to_what_it_is_given_when_it_starts(make: t.Callable[..., Front], server: str) -> None:
    """Before that file is there, too: the server judges the configuration while an image is laid out."""
    front = make(server, names_at_start=True, further_names=("pyapps",)).start()
    assert answer(front, "localhost") == answer(front, "pyapps") == (200, "page")
    assert answer(front, "myserver")[0] == 421
    _container_names.write(front.layout, {_container_names.VARIABLE: "myserver b\u00fccher.example"})
    front.reload()
    # An old worker of nginx may still answer now and then.
    for name in ("myserver:8080", "xn--bcher-kva.example", "pyapps"):
        assert eventually(functools.partial(_is_page, front, name)), name
    assert answer(front, "evil.example")[0] == 421
    _container_names.write(front.layout, {_container_names.VARIABLE: "*"})
    front.reload()
    assert eventually(lambda: answer(front, "evil.example") == (200, "page"))


def test_a_dot_at_the_end_of_the_public_name_shows_no_more_of_a_preview(
    make: t.Callable[..., Front], server: str
) -> None:
    """The same host for everybody, so the same page, or none."""
    front = make(server, public_origins=("https://apps.example.com",))
    pin = front.serve("app", 20001)
    Path(front.layout.app("app").serving, pin, "preview.html").write_text("preview")
    front.start()
    for host, status in (("localhost", 200), ("apps.example.com", 302), ("Apps.Example.COM.:80", 302)):
        assert front.ask("/app/~/%s/" % pin, headers={"Host": host}).status == status, host


class TestOtherSites:
    """An nginx that serves more than us: which site gets a request is nginx's choice, by the names that a site has."""

    def start(self, front: Front, default: bool) -> Front:
        enabled = front.root / "etc" / "nginx" / "sites-enabled"
        (enabled / "a.conf").write_text(OTHER % (front.port, "", "other.example", "other"))
        (enabled / "z.conf").write_text(OTHER % (front.port, "", "attic localhost", "the attic's"))
        mark = " default_server" if default else ""
        (enabled / "default").write_text(OTHER % (front.port, mark, "_", "default"))
        return front.start()

    def test_beside_a_default_site_only_given_names_come_here(self, make: t.Callable[..., Front]) -> None:
        """The machine's own names go where they went before; localhost comes here, for the run asks for it."""
        front = self.start(make("nginx", server_names=("apps.example",), further_names=("attic",)), default=True)
        assert answer(front, "apps.example") == (200, "page")
        assert answer(front, "other.example") == (200, "other")
        assert answer(front, "attic") == (200, "the attic's")
        assert answer(front, "localhost") == (200, "page")
        assert answer(front, "evil.example") == answer(front, "127.0.0.1") == (200, "default")

    def test_as_the_default_site_it_takes_no_name_of_another_one(self, make: t.Callable[..., Front]) -> None:
        """What nobody has comes here, and gets 421 unless it is the host's."""
        front = self.start(make("nginx", further_names=("attic", "cellar"), default_server=True), default=False)
        assert answer(front, "other.example") == (200, "other")
        assert answer(front, "attic") == (200, "the attic's")
        assert answer(front, "cellar") == answer(front, "127.0.0.1") == (200, "page")
        assert answer(front, "evil.example")[0] == 421
