# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network between a browser and a server, as cables that a test cuts and mends."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
import typing as t

from helpers.processes import free_port

RESET = "reset"
"""Both sides see that their connections are lost; nobody listens until the cable is mended."""
SILENT = "silent"
"""Nobody sees it: what is sent arrives when the cable is mended, as TCP sends it again."""
HALF = "one side"
"""The browser's machine drops its connections, as it does when it changes its network; the server is told nothing."""
KINDS = (RESET, SILENT, HALF)

_RESET_AT_CLOSE = struct.pack("ii", 1, 0)
_SECONDS = 20.0


class _Connection:
    """One connection of a browser, and the one to the server that belongs to it.

    :ivar forgotten: the browser's side is gone, and the server has not heard of it
    """

    def __init__(self, browser: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.browser, self.server = browser, server
        self.forgotten = False

    def reset(self) -> None:
        """Tell both sides that it is lost."""
        _reset(self.browser)
        _reset(self.server)

    def forget(self) -> None:
        """Tell the browser's side only."""
        self.forgotten = True
        _reset(self.browser)


def _reset(side: asyncio.StreamWriter) -> None:
    if not side.transport.is_closing():
        side.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        side.transport.abort()


class Cable:
    """Listens on :attr:`port` for one browser, and hands on to a server's port; made by :class:`Network`."""

    def __init__(self, target: int, run: t.Callable[[t.Coroutine[t.Any, t.Any, None]], None]) -> None:
        self.port = free_port()
        self._target, self._run = target, run
        self._open: set[_Connection] = set()
        self._listener: asyncio.Server | None = None
        self._passes = asyncio.Event()
        self.mend()

    def cut(self, kind: str) -> None:
        """Cut it in one of the :data:`KINDS`."""
        self._run(self._cut(kind))

    def mend(self) -> None:
        """Let everything pass again."""
        self._run(self._mend())

    async def _cut(self, kind: str) -> None:
        self._passes.clear()
        if kind == SILENT:
            return
        assert self._listener
        self._listener.close()
        for connection in self._open:
            if kind == RESET:
                connection.reset()
            else:
                connection.forget()

    async def _mend(self) -> None:
        self._passes.set()
        if self._listener is None or not self._listener.is_serving():
            self._listener = await asyncio.start_server(self._take, "127.0.0.1", self.port)

    async def _take(self, browser_reads: asyncio.StreamReader, browser: asyncio.StreamWriter) -> None:
        await self._passes.wait()
        try:
            server_reads, server = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            _reset(browser)
            return
        connection = _Connection(browser, server)
        self._open.add(connection)
        ways = ((browser_reads, server), (server_reads, browser))
        await asyncio.gather(*(self._pump(connection, source, sink) for source, sink in ways))
        self._open.discard(connection)
        browser.close()
        server.close()

    async def _pump(self, connection: _Connection, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Hand on in one direction until its end."""
        to_server = sink is connection.server
        try:
            while data := await source.read(65536):
                await self._passes.wait()
                sink.write(data)
                await sink.drain()
            await self._passes.wait()
            if not (connection.forgotten and to_server):
                sink.write_eof()
        except OSError:
            # What the server says to a browser's machine that knows nothing of it is answered with a reset.
            if not (connection.forgotten and to_server):
                connection.reset()


class Network:
    """Cables, and the thread in which they hand on."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def cable(self, target: int) -> Cable:
        """A new cable to a port of this machine."""
        return Cable(target, self._run)

    def _run(self, work: t.Coroutine[t.Any, t.Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_SECONDS)

    def close(self) -> None:
        """End every connection."""
        self._run(self._cancel())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _cancel(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
