# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.nginx import other_sites as _nginx_sites
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout

DEBIAN = "server { listen 80 default_server; listen [::]:80 default_server; server_name _; }\n"


class Host:
    """A folder like /etc/nginx, and what dpkg knows of its default site."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.nginx, self.layout = folder / "nginx", Layout(str(folder / "root"))
        for name in ("sites-available", "sites-enabled", "conf.d"):
            (self.nginx / name).mkdir(parents=True)
        (self.nginx / "nginx.conf").write_text(
            "events { } # { ; }\nhttp {\n include conf.d/*.conf;\n include %s/sites-enabled/*;\n}\n" % self.nginx
        )
        status = folder / "status"
        known = hashlib.md5(DEBIAN.encode(), usedforsecurity=False).hexdigest()
        status.write_text("Package: nginx-common\nConffiles:\n /etc/nginx/sites-available/default %s\n" % known)
        monkeypatch.setattr(_nginx_sites, "_DPKG_STATUS", str(status))

    def default(self, text: str = DEBIAN) -> None:
        (self.nginx / "sites-available" / "default").write_text(text)
        (self.nginx / "sites-enabled" / "default").symlink_to(self.nginx / "sites-available" / "default")

    def site(self, text: str, name: str = "mine") -> None:
        (self.nginx / "sites-enabled" / name).write_text(text)

    def problems(
        self, port: int = 80, address: str = "", names: tuple[str, ...] = (), disable: bool = False
    ) -> list[str]:
        return _nginx_sites.site_problems(self.layout, port, address, names, disable, str(self.nginx))


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(tmp_path, monkeypatch)


def test_debians_own_default_site_is_no_problem_and_makes_way(host: Host) -> None:
    host.default()
    assert host.problems() == []
    assert _nginx_sites.default_site_makes_way(str(host.nginx)) is True


def test_a_changed_default_site_is_refused_with_both_ways_out(host: Host) -> None:
    host.default(DEBIAN + "# my own page\n")
    assert _nginx_sites.default_site_makes_way(str(host.nginx)) is False
    (problem,) = host.problems()
    assert problem.startswith("%s/sites-enabled/default gets the requests for http://localhost." % host.nginx)
    assert "pyapps_disable_default_site: true" in problem
    assert "pyapps_port" in problem
    assert "pyapps_server_names" in problem


def test_each_way_out_is_one(host: Host) -> None:
    host.default(DEBIAN + "# my own page\n")
    assert host.problems(disable=True) == []
    assert host.problems(port=8080) == []
    assert host.problems(names=("apps.example.com",)) == []


def test_every_name_is_no_name_of_our_own(host: Host) -> None:
    """``*`` is not written into the site's names, so the other site gets the requests still."""
    host.site("server { listen 80; }")
    assert len(host.problems(names=("*",))) == 1
    assert host.problems(names=("*.example.com",)) == []


def test_a_host_without_nginx_has_no_problem(tmp_path: Path) -> None:
    assert _nginx_sites.site_problems(Layout("/"), 80, "", [], False, str(tmp_path / "none")) == []


@pytest.mark.parametrize(
    ("text", "names", "words"),
    [
        ("server { server_name apps.example.com; }", ("Apps.Example.com",), "serves apps.example.com on port 80"),
        ("server { listen 127.0.0.1:80; server_name 'localhost' x; }", ("a.example",), "serves localhost on port 80"),
        ("server { listen *:80; server_name other; }", (), "gets the requests for http://localhost"),
        ("server { listen 127.0.0.1; }", (), "gets the requests for http://localhost"),
    ],
)
def test_a_site_that_gets_our_requests_is_refused(host: Host, text: str, names: tuple[str, ...], words: str) -> None:
    host.site(text)
    (problem,) = host.problems(names=names)
    assert words in problem
    assert str(host.nginx / "sites-enabled" / "mine") in problem


def test_who_is_the_ports_default_server_is_found_before_nginx_refuses_two(host: Host) -> None:
    host.default()
    host.site("server { listen 80 default_server; server_name b.example; }")
    (problem,) = host.problems()
    assert "is the default server of port 80" in problem


@pytest.mark.parametrize(
    "text",
    [
        "server { listen 81; }",
        "server { listen unix:/run/x.sock; }",
        "server { listen 192.0.2.1:80; }",
        "# server { listen 80; }",
        'server { listen 443 ssl; server_name localhost; return 200 "server { listen 80; }"; }',
        "map $a $b { default 80; }\nupstream server { server 127.0.0.1:80; }",
    ],
)
def test_a_site_elsewhere_is_none_of_ours(host: Host, text: str) -> None:
    host.site(text)
    assert host.problems() == []


def test_our_own_site_and_streams_are_not_other_sites(host: Host) -> None:
    host.site("server { listen 80 default_server; }", "pyapps.conf")
    conf = host.nginx / "nginx.conf"
    conf.write_text(conf.read_text() + "stream { server { listen 80; } }\n")
    assert host.problems() == []


def test_after_debians_site_has_made_way_the_next_run_finds_nothing(host: Host) -> None:
    """Beside a site with a name of its own, ours is the default one then, and stays so."""
    memory = Path(_nginx_sites.default_site_memory(host.layout))
    memory.parent.mkdir(parents=True)
    host.site("server { listen 80; server_name b.example; }")
    assert len(host.problems()) == 1
    memory.write_text("/etc/nginx/sites-available/default")
    assert host.problems() == []


def test_a_file_that_includes_itself_ends(host: Host) -> None:
    host.site("include sites-enabled/*; server { listen 80; }")
    assert len(host.problems()) >= 1


@pytest.mark.parametrize(
    ("theirs", "ours", "meets"),
    [
        ("", "", True),
        ("127.0.0.1", "", True),
        ("192.0.2.1", "", False),
        ("192.0.2.1", "192.0.2.1", True),
        ("", "192.0.2.1", False),
        ("192.0.2.2", "192.0.2.1", False),
    ],
)
def test_a_site_on_another_address_does_not_get_our_requests(theirs: str, ours: str, meets: bool) -> None:
    assert _nginx_sites._meets(theirs, ours) is meets
