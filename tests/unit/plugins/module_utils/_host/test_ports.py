# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.ports import (
    SERVICES,
    PortError,
    PortPool,
    handed_out,
    parse_ports,
    parse_range,
)


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_range_includes_both_ends() -> None:
    assert parse_range(" 20000 - 20002 ") == range(20000, 20003)


@pytest.mark.parametrize(
    "text", ["", "20000", "20001-20000", "80-90", "60000-65536", "a-b", "20000-20010-20020", "-1-5"]
)
def test_what_is_no_range_is_refused_with_the_value(text: str) -> None:
    """C-08: the error names the key, the value and what is allowed."""
    with pytest.raises(PortError, match=r"port_range: .*20000-29999"):
        parse_range(text)


def test_the_ports_of_a_hosts_apps_are_written_and_read() -> None:
    pool = PortPool(range(20000, 20003), [20001, 8502], [8501, 20002, 8502])
    assert pool.text == "20000-20002,8501,8502"
    assert parse_ports(pool.text) == [range(20000, 20003), range(8501, 8502), range(8502, 8503)]
    with pytest.raises(PortError):
        parse_ports("20000-20002,x")


def test_the_preferred_port_is_taken_when_it_is_free(port: int) -> None:
    """C-08: an app's own port is tried first."""
    assert PortPool(range(20000, 20100), []).take(port) == port


def test_a_preferred_port_that_somebody_has_gives_another_one(port: int) -> None:
    """C-20: whoever holds a port keeps it."""
    with socket.create_server(("127.0.0.1", port)):
        assert PortPool(range(20000, 20100), []).take(port) in range(20000, 20100)
    assert PortPool(range(20000, 20100), [port]).take(port) in range(20000, 20100)


def test_a_listener_on_all_addresses_holds_the_port_too(port: int) -> None:
    with socket.create_server(("0.0.0.0", port)):
        assert PortPool(range(20000, 20100), []).take(port) != port


def test_no_port_is_given_twice_until_it_is_given_back() -> None:
    """C-08: ports are unique on a host, also among the threads of one run."""
    pool = PortPool(range(21000, 21100), range(21002, 21100))
    first, second = pool.take(), pool.take()
    assert {first, second} == {21000, 21001}
    with pytest.raises(PortError, match="no free port between 21000 and 21099"):
        pool.take()
    pool.give_back(first)
    assert pool.take() == first


def test_the_kernels_own_ports_are_never_taken() -> None:
    with pytest.raises(PortError, match="32768 to 60999"):
        PortPool(range(40000, 41000), []).take()


@pytest.mark.parametrize(
    ("ports", "reserved", "expected"),
    [
        ("32768\t60999\n", "\n", set(range(32768, 61000))),
        ("1024\t1030\n", "1025,1027-1029\n", {1024, 1026, 1030}),
        ("", "\n", set()),
    ],
)
def test_what_the_kernel_hands_out_is_what_it_is_set_up_for(
    tmp_path: Path, ports: str, reserved: str, expected: set[int]
) -> None:
    (tmp_path / "port_range").write_text(ports)
    (tmp_path / "reserved_ports").write_text(reserved)
    assert handed_out(str(tmp_path / "%s")) == expected


def test_a_kernel_that_does_not_say_it_hands_out_nothing(tmp_path: Path) -> None:
    assert handed_out(str(tmp_path / "%s")) == set()


def test_the_port_of_a_well_known_service_is_no_apps() -> None:
    """What is an app's can be asked by no other app, on no machine."""
    assert 27017 in SERVICES
    with pytest.raises(PortError, match="no free port"):
        PortPool(range(27017, 27018), []).take()
