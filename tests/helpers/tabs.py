# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many open sessions of a Streamlit app, each with a counter in its state that goes on counting.

A session says what a browser's tab says: it opens the WebSocket and asks for reruns. The app answers with how often it
has run in this session (:data:`SCRIPT`), so a lost state is seen as a counter that begins again.
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
import typing as t

from websockets.asyncio.client import ClientConnection, connect

SCRIPT = """\
import streamlit as st

st.session_state["runs"] = st.session_state.get("runs", 0) + 1
st.write("release %s: runs=%%d;" %% st.session_state["runs"])
"""
# Streamlit's BackMsg with `rerun_script` (field 11), an empty ClientState.
_RERUN = b"\x5a\x00"
_RUNS = re.compile(rb"runs=([0-9]+);")
_ANSWER = 60.0  # seconds for a rerun on a busy machine
_AT_ONCE = 10


class Tabs:
    """Sessions that ask for a rerun again and again, until :meth:`close`.

    :param pause: seconds from an answer to the next rerun of the same session
    """

    def __init__(self, pause: float) -> None:
        self.pause = pause
        self.opened = 0
        self.lost: list[str] = []
        self.state_lost: list[str] = []
        self.reruns = 0
        self.longest = 0.0
        self._over = False
        self._tasks: list[asyncio.Task[None]] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def open(self, url: str, count: int) -> None:
        """Open sessions; each has run the app once when this returns.

        :param url: of the app, pinned or not, with ``ws://`` and ending with a slash
        """
        asyncio.run_coroutine_threadsafe(self._open(url, count), self._loop).result(300)
        self.opened += count

    def close(self) -> None:
        """Let each session finish what it does, and close it."""
        self._over = True
        asyncio.run_coroutine_threadsafe(self._join(), self._loop).result(300)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self, url: str, count: int) -> None:
        turn = asyncio.Semaphore(_AT_ONCE)

        async def one() -> None:
            async with turn:
                protocols = [t.cast("t.Any", "streamlit")]
                stream = await connect(
                    url + "_stcore/stream", subprotocols=protocols, open_timeout=60, ping_interval=None, max_size=None
                )
                assert await _rerun(stream) == 1
            self._tasks.append(asyncio.create_task(self._hold(stream)))

        await asyncio.gather(*(one() for _number in range(count)))

    async def _hold(self, stream: ClientConnection) -> None:
        expected = 1
        while not self._over:
            await asyncio.sleep(self.pause)
            begun = time.monotonic()
            try:
                found = await asyncio.wait_for(_rerun(stream), _ANSWER)
            except Exception as error:
                self.lost.append("%s: %s" % (type(error).__name__, error))
                return
            expected += 1
            self.reruns += 1
            self.longest = max(self.longest, time.monotonic() - begun)
            if found != expected:
                self.state_lost.append("the counter says %d, not %d" % (found, expected))
                return
        await stream.close()

    async def _join(self) -> None:
        await asyncio.gather(*self._tasks)


async def _rerun(stream: ClientConnection) -> int:
    """Ask for a rerun; how often the session has run the app then."""
    await stream.send(_RERUN)
    while True:
        found = _RUNS.search(t.cast(bytes, await stream.recv()))
        if found:
            return int(found.group(1))
