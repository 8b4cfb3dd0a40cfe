# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a visitor makes of an app's messages; real Streamlits are in tests/integration/test_gate_visitor.py."""

from __future__ import annotations

import contextlib
import threading
import typing as t

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.probe_http import ProbeError
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit import visitor as _visitor
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.protobuf import inner, message_of
from websockets.sync.server import ServerConnection, serve

URL = "https://apps.example/app/"
FINISHED, NOT_COMPILED, BEGUN_ANEW = (bytes([6 << 3, status]) for status in (0, 1, 2))  # ForwardMsg.script_finished
TEXT = message_of((5, message_of((3, b""))))  # ForwardMsg.delta, Delta.new_element


def at(place: int) -> bytes:
    """An element in a place of the page: ForwardMsg.metadata, .delta_path."""
    return message_of((2, message_of((2, bytes([0, place]))))) + TEXT


def exception(kind: str, text: str) -> bytes:
    """What Streamlit has of an exception: Exception.type and .message."""
    return message_of((1, kind), (2, text))


def raised(kind: str, text: str) -> bytes:
    return message_of((5, message_of((3, message_of((8, exception(kind, text)))))))


def pages(number: int, field: int, *names: str) -> bytes:
    return message_of((number, message_of(*((field, message_of((2, name))) for name in names))))


def visit(*messages: bytes, page: str = "") -> tuple[_visitor.Seen, ServerConnection, bytes]:
    """What is seen of an app that sends these messages and closes; with what came to it."""
    came: list[tuple[ServerConnection, bytes]] = []

    def talk(connection: ServerConnection) -> None:
        came.append((connection, t.cast(bytes, connection.recv())))
        with contextlib.suppress(Exception):  # a visitor who has seen enough leaves
            for message in messages:
                connection.send(message)

    protocols = [t.cast("t.Any", "streamlit")]
    with serve(talk, "127.0.0.1", 0, subprotocols=protocols, compression=None) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            seen = _visitor.visit(server.socket.getsockname()[1], "/app/_stcore/stream", URL, 10, page)
        finally:
            server.shutdown()
    return seen, *came[0]


def test_it_comes_as_a_browser_that_has_the_page_open() -> None:
    _seen, connection, question = visit(FINISHED, page="two")
    assert connection.request
    headers = connection.request.headers
    assert (headers["Host"], headers["Origin"]) == ("apps.example", "https://apps.example")
    assert headers["User-Agent"].startswith("Mozilla/5.0")
    state = inner(question, 11)  # BackMsg.rerun_script
    assert inner(state or b"", 4) == b"two"
    found = [inner(state or b"", 8, number) for number in (1, 3, 4)]
    assert found == [b"UTC", b"en-US", b"https://apps.example/app/two"]


def test_a_script_that_ends_has_been_seen_whole() -> None:
    seen, *_came = visit(TEXT, TEXT, BEGUN_ANEW, TEXT, FINISHED)
    assert (seen.ended, seen.elements, seen.exception) == (True, 3, None)


def test_the_first_exception_is_told() -> None:
    seen, *_came = visit(TEXT, raised("KeyError", "'a'"), raised("ValueError", "b"), FINISHED)
    assert seen.exception == "KeyError: 'a'"


def test_what_is_no_python_is_told_by_a_message_after_the_end() -> None:
    why = message_of((10, message_of((3, exception("SyntaxError", "invalid syntax")))))
    seen, *_came = visit(NOT_COMPILED, why)
    assert (seen.ended, seen.compiled, seen.exception) == (True, False, "SyntaxError: invalid syntax")


@pytest.mark.parametrize(("number", "field"), [(4, 8), (23, 2)], ids=["a folder of pages", "navigation"])
def test_the_other_pages_are_known(number: int, field: int) -> None:
    seen, *_came = visit(pages(number, field, "one", "two"), FINISHED)
    assert seen.pages == ["one", "two"]


def test_who_changes_what_it_shows_needs_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """This one closes without an end; who waited for it would be told so."""
    monkeypatch.setattr(_visitor, "RENDERING", 0.0)
    monkeypatch.setattr(_visitor, "_CHANGES", 1)
    seen, *_came = visit(at(0), at(1), at(1))
    assert (seen.ended, seen.exception) == (False, None)


def test_only_so_many_places_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes after them counts as more, which is waited for."""
    monkeypatch.setattr(_visitor, "RENDERING", 0.0)
    monkeypatch.setattr(_visitor, "_CHANGES", 1)
    monkeypatch.setattr(_visitor, "_MOST_PLACES", 1)
    seen, *_came = visit(at(0), at(1), at(1), FINISHED)
    assert seen.ended


def test_who_goes_on_to_show_more_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes last may be what is broken; a page that shows something each few seconds was believed before."""
    monkeypatch.setattr(_visitor, "RENDERING", 0.0)
    monkeypatch.setattr(_visitor, "_CHANGES", 1)
    seen, *_came = visit(at(0), at(1), at(2), raised("PermissionError", "result.csv"), FINISHED)
    assert seen.exception == "PermissionError: result.csv"


def test_who_shows_very_much_needs_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_visitor, "_ENOUGH_BYTES", 2 * len(TEXT))
    seen, *_came = visit(TEXT, TEXT, TEXT)
    assert (seen.ended, seen.elements) == (False, 3)


def test_an_exception_is_told_in_one_short_line() -> None:
    seen, *_came = visit(raised("KeyError", "a\nsales  ok  live\n" + "x" * 1_000_000), FINISHED)
    assert seen.exception
    assert seen.exception.startswith("KeyError: a sales ok live xxx")
    assert len(seen.exception) == 303


@pytest.mark.parametrize("name", ["two\nsales  ok  live", "x" * 201, "\x1b[2J", "a\u202eb"])
def test_the_name_of_a_page_is_one_line(name: str) -> None:
    with pytest.raises(ProbeError, match="the address of a page may not be"):
        visit(pages(23, 2, "one", name), FINISHED)


def test_a_connection_that_is_closed_before_is_no_visit() -> None:
    with pytest.raises(ProbeError, match="closed the connection"):
        visit(TEXT)


def test_what_is_not_streamlits_is_said_to_be() -> None:
    with pytest.raises(ProbeError, match="not Streamlit's"):
        visit(b"\x0b", FINISHED)
