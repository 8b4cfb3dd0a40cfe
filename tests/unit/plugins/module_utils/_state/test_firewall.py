# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import firewall as _firewall
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.firewall import Firewall, FirewallError, Port
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord

RECORD = InstanceRecord("app", "0" * 32, 20001, "0" * 16, "2026-01-01T00:00:00Z")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(str(tmp_path))
    for name in ("app", "other", "gone"):
        os.makedirs(layout.app(name).data)
    return layout


def keep(layout: Layout, record: InstanceRecord) -> None:
    path = Path(layout.app(record.app).instance(record.instance))
    path.parent.mkdir(exist_ok=True)
    path.write_text(record.to_json())


def test_every_instance_has_a_port(layout: Layout) -> None:
    keep(layout, RECORD)
    keep(layout, dataclasses.replace(RECORD, instance="1" * 32, port=20002, drain_until="2026-01-01T00:00:00Z"))
    keep(layout, dataclasses.replace(RECORD, app="other", port=20003, confined=False))
    Path(layout.app("other").instances, "x.json").write_text("{")
    uid = os.geteuid()
    assert _firewall.ports_of(layout) == [Port(20001, uid, True), Port(20002, uid, True), Port(20003, uid, False)]


def test_an_app_of_an_earlier_version_is_kept_from_others(layout: Layout) -> None:
    keep(layout, dataclasses.replace(RECORD, confined=None))
    assert [port.confined for port in _firewall.ports_of(layout)] == [True]


def test_the_rules_name_ports_and_users() -> None:
    text = _firewall.rules([Port(20002, 60707, True), Port(20001, 60706, True), Port(20003, 60708, False)])
    assert "elements = { 1000-60000, 65534, 60706, 60707 }" in text
    assert "elements = { 20001, 20002, 20003 }" in text
    assert "elements = { 20001 . 60706, 20002 . 60707, 20003 . 60708 }" in text
    assert "meta skuid != {" not in text


def test_a_front_that_works_as_a_person_is_let_through() -> None:
    assert "meta skuid @barred meta skuid != { 1000 } tcp dport" in _firewall.rules([Port(20001, 60706, True)], [1000])


@pytest.mark.parametrize(
    ("conf", "uids"),
    [
        ("user root;\n", {0}),
        ("events {}\n  user  root root;", {0}),
        ("# user root;", set()),
        ("user nobody-here;", set()),
    ],
)
def test_nginx_says_who_it_works_as(conf: str, uids: set[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_firewall, "_NGINX_CONF", str(tmp_path / "nginx.conf"))
    assert _firewall.nginx_uids() == set()
    (tmp_path / "nginx.conf").write_text(conf)
    assert _firewall.nginx_uids() == uids


def test_only_roots_own_host_has_it(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert _firewall.is_for(Layout("/"))
    assert not _firewall.is_for(layout)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not _firewall.is_for(Layout("/"))


def test_rules_are_written_when_they_change_and_after_a_while(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(_firewall, "write", done.append)
    monkeypatch.setattr(_firewall, "remove", lambda: done.append("removed"))
    keep(layout, RECORD)
    firewall = Firewall(layout)
    firewall.refresh()
    firewall.refresh()
    assert len(done) == 1
    keep(layout, dataclasses.replace(RECORD, app="other", port=20003))
    firewall.refresh()
    assert "20003" in done[1]
    monkeypatch.setattr(_firewall, "AGAIN", 0)
    firewall.refresh()
    assert done[2:] == done[1:2]
    for app in ("app", "other"):
        os.unlink(layout.app(app).instance(RECORD.instance))
    firewall.refresh()
    assert done[3:] == ["removed"]


def test_rules_that_could_not_be_written_are_tried_again(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(layout, RECORD)
    monkeypatch.setattr(_firewall, "NFT", "/nowhere/nft")
    firewall = Firewall(layout)
    for _time in range(2):
        with pytest.raises(FirewallError, match="nftables is not installed: apt install nftables"):
            firewall.refresh()


def test_what_the_kernel_refuses_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nft = tmp_path / "nft"
    nft.write_text("#!/bin/sh\necho 'Error: it is \xff not so' >&2\nexit 1\n", encoding="latin-1")
    nft.chmod(0o755)
    monkeypatch.setattr(_firewall, "NFT", str(nft))
    monkeypatch.setattr(_firewall, "may_change", lambda: True)
    with pytest.raises(FirewallError, match=r"reach the ports of apps: nft: Error: it is . not so"):
        _firewall.write("anything")
    assert not _firewall.is_there()


def test_a_container_without_the_right_is_told_how_to_give_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_firewall, "NFT", "/bin/true")
    monkeypatch.setattr(_firewall, "read_text", lambda path: "Name:\tx\nCapEff:\t00000000a80425fb\n")
    assert "--cap-add=NET_ADMIN" in (_firewall.obstacle() or "")
    monkeypatch.setattr(_firewall, "read_text", lambda path: "Name:\tx\nCapEff:\t000001ffffffffff\n")
    assert _firewall.obstacle() is None
