# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import names as _host_names
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.names import HostNameError


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("Apps.Example.COM", "apps.example.com"),
        ("apps.example.com.", "apps.example.com"),
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("B\u00dcCHER.example", "xn--bcher-kva.example"),
        ("*.Example.com", "*.example.com"),
        ("my_server", "my_server"),
        ("192.168.1.5", "192.168.1.5"),
        ("[FE80::1]", "[fe80::1]"),
        ("*", "*"),
    ],
)
def test_a_name_becomes_what_browsers_send(given: str, normal: str) -> None:
    assert _host_names.normal_name(given) == normal


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "a b", "a;b", "a|b", "www.example.*", "a.*.example", "**", "~^a", ".example.com", "a:80", "a\n"),
        *("a..b", "-a", "a-", "x" * 64, "a." * 127 + "a", "fe80::1", "stra\u00dfe.example", "a\u200db", "$host"),
    ],
)
def test_what_is_no_name_is_refused_with_what_is_allowed(name: str) -> None:
    """A pattern of nginx's own is none either: it would be read otherwise by Caddy."""
    with pytest.raises(HostNameError, match=r"apps\.example\.com|xn--"):
        _host_names.normal_name(name)


def test_what_an_inventory_calls_a_host_need_not_be_a_name() -> None:
    """A name that cannot be one is nobody's mistake; a wildcard is never meant there."""
    assert _host_names.possible_names(["my host", "Attic", "fe80::1", "*", "*.a", "attic"]) == ["attic"]


def test_a_machine_has_its_name_its_domain_and_those_of_networks_at_home() -> None:
    hosts = "127.0.0.1 localhost\n127.0.1.1\tattic.fritz.box attic  # mine\n0.0.0.0 evil.example\n#1.2.3.4 attic x\n"
    found = _host_names.machine_names("Attic", hosts)
    assert {"localhost", "attic", "attic.fritz.box", "attic.local", "attic.lan", "attic.home.arpa"} <= set(found)
    assert not {"evil.example", "x", "mine"} & set(found)
    assert {"attic.example.com", "attic", "attic.local"} <= set(_host_names.machine_names("attic.example.com", ""))


def test_the_machine_itself_is_asked_without_a_network() -> None:
    """Who answers DNS is who is not believed."""
    assert "localhost" in _host_names.own_names()


def test_an_address_that_is_given_changes_nothing() -> None:
    """Every one is this host's, and a configuration shall not change with it."""
    assert _host_names.patterns(["attic", "192.168.1.5", "[::1]"]) == _host_names.patterns(["attic"])


@pytest.mark.parametrize("host", ["apps.example.com", "APPS.example.com", "x.y.wild.example", "127.0.0.1", "[::1]"])
def test_the_pattern_knows_every_own_host(host: str) -> None:
    assert _matches(host)


@pytest.mark.parametrize(
    "host", ["appsxexample.com", "wild.example", ".wild.example", "256.0.0.1", "01.2.3.4", "::1", "[x]", "", "127.1"]
)
def test_the_pattern_knows_no_other(host: str) -> None:
    assert not _matches(host)


def _matches(host: str) -> bool:
    patterns = _host_names.patterns(["apps.example.com", "*.wild.example"])
    return any(re.fullmatch(pattern, host, re.IGNORECASE) for pattern in patterns)
