# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A visitor of a Streamlit app, as a browser's tab is one: opens the WebSocket and runs the script.

The script sees what it sees of people: a browser's headers, a language, a time zone and the page's address. The numbers
of Streamlit's messages are those of its files ``proto/*.proto``, the same from 1.20 to 1.67.
"""

from __future__ import annotations

import time
import urllib.parse

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import (
    probe_websocket as _probe_websocket,
    websocket_messages as _websocket_messages,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.probe_http import ProbeError, explained
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import printable
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.base import Settings
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.page_check import PageCheck, Seen
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit import protobuf as _protobuf
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.kind import STREAM, config_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.endpoint import LOOPBACK, Endpoint

RENDERING = 8.0
"""Seconds after which a script that changes what it shows again and again is believed, although it does not end.

One that goes on to show more is waited for: what comes last may be what is broken.
"""

_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
_LANGUAGE, _TIME_ZONE = "en-US", "UTC"

# BackMsg.rerun_script, ClientState.page_name, .context_info, and ContextInfo's own.
_RERUN_SCRIPT, _PAGE_NAME, _CONTEXT_INFO, _ZONE, _LOCALE, _URL = 11, 4, 8, 1, 3, 4
# ForwardMsg.metadata and its .delta_path: where on the page an element is
_METADATA, _PLACE = 2, 2
# ForwardMsg.new_session, .delta, .script_finished, .session_event, .navigation
_NEW_SESSION, _DELTA, _FINISHED, _EVENT, _NAVIGATION = 4, 5, 6, 10, 23
# NewSession.app_pages, Navigation.app_pages; AppPage.page_name, .is_default, .url_pathname
_OF_FOLDER, _OF_NAVIGATION, _NAME, _IS_DEFAULT, _PATHNAME = 8, 2, 2, 4, 6
# Below delta: Delta.new_element, Element.exception; below session_event: .script_compilation_exception
_EXCEPTION, _COMPILATION = (3, 8), (3,)
_TYPE, _MESSAGE, _IS_WARNING = 1, 2, 5
_COMPILE_ERROR, _EARLY_FOR_RERUN = 1, 2  # of script_finished

_ALL_BYTES = 256 << 20  # of one visit
_ENOUGH_BYTES = 128 << 20  # of messages; a script that shows so much is believed as one that goes on
_MOST_BYTES = 4 << 20  # of a message that is looked into: an exception is short
_CHANGES = 3  # in so many different seconds
_MOST_PLACES = 10_000  # that are remembered
_LONGEST_PLACE = 100  # bytes
_LONGEST_TOLD = 300  # characters of an exception
_LONGEST_NAME = 200  # characters of a page's


def visit(port: int, path: str, url: str, seconds: float, page: str = "") -> Seen:
    """Open an app and wait until its script has ended, or changes what it shows again and again.

    :param path: of the WebSocket
    :param url: of the app, with its scheme and host, ending with a slash
    :param page: which of its pages is opened, as in ``Seen.pages``; empty for the first one
    :param seconds: for everything
    :raises ProbeTimeoutError: the script did not end in time, and has shown nothing
    :raises ProbeError: no WebSocket, or it broke
    """
    begun = time.monotonic()
    address = urllib.parse.urlsplit(url)
    asked = _probe_websocket.opened(
        LOOPBACK,
        port,
        path,
        host_header=address.netloc,
        origin="%s://%s" % (address.scheme, address.netloc),
        timeout=seconds,
        headers={"User-Agent": _BROWSER, "Accept-Language": _LANGUAGE},
        limit=_ALL_BYTES,
        protocol=STREAM.protocol,
    )
    with asked as opened:
        seen = Seen(opened.status)
        if opened.status != _probe_websocket.SWITCHED:
            return seen
        _websocket_messages.send(opened.connection, _first_question(url + page, page))
        places: set[bytes] = set()
        changed: set[int] = set()
        received = 0
        try:
            for message in _websocket_messages.messages(opened.stream, opened.connection, _MOST_BYTES):
                _take(seen, message)
                passed = time.monotonic() - begun
                place = _place(message)
                if place in places:
                    changed.add(int(passed))
                elif place is not None and len(places) < _MOST_PLACES:
                    places.add(place)
                received += len(message)
                goes_on = passed > RENDERING and len(changed) >= _CHANGES
                if seen.ended or goes_on or (seen.elements and received > _ENOUGH_BYTES):
                    break
            else:
                raise ProbeError("the app closed the connection")
        except (EOFError, OSError) as error:
            if not isinstance(error, TimeoutError) or not seen.elements:
                raise explained(error, seconds) from None
    return seen


def _first_question(url: str, page: str) -> bytes:
    """BackMsg: run the script for somebody who has just opened the page."""
    info = _protobuf.message_of((_ZONE, _TIME_ZONE), (_LOCALE, _LANGUAGE), (_URL, url))
    state = _protobuf.message_of((_PAGE_NAME, page), (_CONTEXT_INFO, info))
    return _protobuf.message_of((_RERUN_SCRIPT, state))


def _take(seen: Seen, message: bytes) -> None:
    """Look into a ForwardMsg."""
    try:
        for number, value in _protobuf.fields(message):
            if number == _FINISHED:
                # Why it could not be compiled comes in a message of its own.
                seen.compiled = value != _COMPILE_ERROR
                seen.ended = value not in (_EARLY_FOR_RERUN, _COMPILE_ERROR)
            elif number == _NEW_SESSION and isinstance(value, bytes):
                seen.pages = _other_pages(value, _OF_FOLDER)
            elif number == _NAVIGATION and isinstance(value, bytes):
                seen.pages = _other_pages(value, _OF_NAVIGATION)
            elif number == _DELTA and isinstance(value, bytes):
                seen.elements += 1
                seen.exception = seen.exception or _told(_protobuf.inner(value, *_EXCEPTION))
            elif number == _EVENT and isinstance(value, bytes):
                seen.exception = seen.exception or _told(_protobuf.inner(value, *_COMPILATION))
                seen.ended = seen.ended or seen.exception is not None
    except _protobuf.ProtobufError as error:
        raise ProbeError("what the app sends is not Streamlit's: %s" % error) from None


def _place(message: bytes) -> bytes | None:
    """Where on the page the element of a ForwardMsg is; None when it brings none."""
    if all(number != _DELTA for number, _value in _protobuf.fields(message)):
        return None
    try:
        place = _protobuf.inner(message, _METADATA, _PLACE)
    except _protobuf.ProtobufError:
        return None
    return place if place is not None and len(place) <= _LONGEST_PLACE else None


def _told(exception: bytes | None) -> str | None:
    if exception is None:
        return None
    values = dict(_protobuf.fields(exception))
    if values.get(_IS_WARNING):
        return None
    texts = (values.get(number, b"") for number in (_TYPE, _MESSAGE))
    kind, text = (value.decode("utf-8", "replace") if isinstance(value, bytes) else "" for value in texts)
    line = " ".join(("%s: %s" % (kind or "an exception", text))[: 10 * _LONGEST_TOLD].split())
    return line if len(line) <= _LONGEST_TOLD else line[:_LONGEST_TOLD] + "..."


def _other_pages(message: bytes, number: int) -> list[str]:
    """The pages that a message names in a field, but for the one that opens without a name."""
    found = []
    for key, value in _protobuf.fields(message):
        if key == number and isinstance(value, bytes):
            page = dict(_protobuf.fields(value))
            name = page.get(_PATHNAME) or page.get(_NAME)
            if isinstance(name, bytes) and not page.get(_IS_DEFAULT):
                found.append(_page_name(name))
    return found


def _page_name(name: bytes) -> str:
    """What people read, and the end of an address.

    :raises ProbeError: no address ends so
    """
    text = name.decode("utf-8", "replace")
    if len(text) > _LONGEST_NAME or printable(text) != text:
        raise ProbeError("the address of a page may not be %s" % printable(text[:_LONGEST_NAME]))
    return text


def _visit(settings: Settings, endpoint: Endpoint, url: str, seconds: float, page: str) -> Seen:
    return visit(endpoint.tcp_port, STREAM.path(settings), url, seconds, page)


PAGE_CHECK = PageCheck(
    visit=_visit,
    # They are warnings.
    tells_exceptions=lambda settings: config_of(settings).get("logger.level") not in ("error", "critical"),
    uncaught="Uncaught app ",  # "exception" or "execution", by its version
    hangs="it hangs, or ends with sys.exit() (st.stop() is the way to end a run)",
)
