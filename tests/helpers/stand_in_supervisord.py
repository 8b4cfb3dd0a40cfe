# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A supervisord that runs nothing, and answers on its socket as supervisor 4 does: for unit tests."""

from __future__ import annotations

import os
import socketserver
import threading
import typing as t
import xmlrpc.client
import xmlrpc.server

NOW = 1795247242


class _Handler(xmlrpc.server.SimpleXMLRPCRequestHandler):
    disable_nagle_algorithm = False  # a UNIX socket has none

    def address_string(self) -> str:
        return "socket"

    def log_message(self, format: str, *args: t.Any) -> None:
        """Nothing."""


class _Server(socketserver.ThreadingUnixStreamServer, xmlrpc.server.SimpleXMLRPCDispatcher):
    daemon_threads = True
    logRequests = False  # noqa: N815 - the library's name

    def __init__(self, path: str) -> None:
        xmlrpc.server.SimpleXMLRPCDispatcher.__init__(self, allow_none=True)
        socketserver.ThreadingUnixStreamServer.__init__(self, path, _Handler)


class StandInSupervisord:
    """Use it in a ``with`` block.

    :ivar processes: what it knows, by name: state, and what else differs from a process that has just been started
    :ivar configured: names that its files have
    :ivar folder: where its files are; without it they are only told by ``configured``
    :ivar changed: names whose files have changed since it read them
    :ivar then: the states that a program goes through, one with each look, once it has been started or stopped
    :ivar stubborn: names of programs that do not stop
    :ivar on_start: called with the name of a program that is started
    :ivar on_stop: called with the name of one that is stopped
    :ivar asked: what it was told to do
    :ivar log: its own log; None for one that cannot be read
    :ivar state: its own state
    :ivar fault: code and text of the fault with which it answers everything
    """

    def __init__(self, path: str) -> None:
        self.processes: dict[str, dict[str, t.Any]] = {}
        self.configured: list[str] = []
        self.folder: str | None = None
        self.changed: list[str] = []
        self.then: dict[str, list[str]] = {}
        self.on_start: t.Callable[[str], None] = lambda name: None
        self.on_stop: t.Callable[[str], None] = lambda name: None
        self.stubborn: set[str] = set()
        self.asked: list[str] = []
        self.log: str | None = ""
        self.state = "RUNNING"
        self.fault: tuple[int, str] | None = None
        self.wrong_configuration = ""
        self._server = _Server(path)
        for name in dir(self):
            if name.startswith("rpc_"):
                self._server.register_function(self._guarded(getattr(self, name)), "supervisor." + name[4:])

    def __enter__(self) -> StandInSupervisord:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def runs(self, name: str, state: str = "RUNNING", **more: t.Any) -> None:
        """From now on it knows this program."""
        pid = 4194303 if state in ("RUNNING", "STARTING", "STOPPING") else 0  # no machine has so many processes
        self.processes[name] = {"statename": state, "pid": pid, **more}

    def _guarded(self, method: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
        def answer(*arguments: t.Any) -> t.Any:
            if self.fault:
                raise xmlrpc.client.Fault(*self.fault)
            return method(*arguments)

        return answer

    def _known(self, name: str) -> dict[str, t.Any]:
        if name not in self.processes:
            raise xmlrpc.client.Fault(10, "BAD_NAME: " + name)
        return self.processes[name]

    def rpc_getState(self) -> dict[str, t.Any]:  # noqa: N802 - supervisor's name
        return {"statename": self.state}

    def rpc_getSupervisorVersion(self) -> str:  # noqa: N802
        return "4.3.0"

    def rpc_getPID(self) -> int:  # noqa: N802
        return 4242

    def rpc_restart(self) -> bool:
        self.asked.append("restart")
        return True

    def rpc_readLog(self, offset: int, length: int) -> str:  # noqa: N802
        if self.log is None:
            raise xmlrpc.client.Fault(20, "NO_FILE")
        return self.log[offset:]

    def rpc_getAllProcessInfo(self) -> list[dict[str, t.Any]]:  # noqa: N802
        for name, states in self.then.items():
            if name in self.processes and states:
                more = {key: self.processes[name][key] for key in ("description",) if key in self.processes[name]}
                self.runs(name, states.pop(0), **more)
        return [self._info(name, known) for name, known in sorted(self.processes.items())]

    def _info(self, name: str, known: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        group, _colon, short = name.rpartition(":")
        return {
            "name": short,
            "group": group or short,
            "description": "pid 7, uptime 0:01:40",
            "start": NOW - 100,
            "stop": 0,
            "now": NOW,
            "exitstatus": 0,
            "spawnerr": "",
            "stdout_logfile": "",
            "stderr_logfile": "",
            **known,
        }

    def _has_file(self) -> list[str]:
        return [file[:-5] for file in os.listdir(self.folder)] if self.folder else self.configured

    def rpc_reloadConfig(self) -> list[list[list[str]]]:  # noqa: N802
        if self.wrong_configuration:
            raise xmlrpc.client.Fault(92, self.wrong_configuration)
        new = [name for name in self._has_file() if name not in self.processes]
        gone = [name for name in self.processes if name not in self._has_file()]
        return [[new, list(self.changed), gone]]

    def rpc_addProcessGroup(self, name: str) -> bool:  # noqa: N802
        self.asked.append("add " + name)
        if name not in self._has_file():
            raise xmlrpc.client.Fault(10, "BAD_NAME: " + name)
        if name in self.processes:
            raise xmlrpc.client.Fault(90, "ALREADY_ADDED: " + name)
        self.runs(name, "STARTING")
        self.then[name] = self.then.get(name) or ["RUNNING"]
        self.on_start(name)
        return True

    def rpc_startProcess(self, name: str, wait: bool) -> bool:  # noqa: N802
        self.asked.append("start " + name)
        if self._known(name)["statename"] in ("RUNNING", "STARTING"):
            raise xmlrpc.client.Fault(60, "ALREADY_STARTED: " + name)
        self.runs(name, "STARTING", **{key: text for key, text in self.processes[name].items() if key == "description"})
        self.then[name] = self.then.get(name) or ["RUNNING"]
        self.on_start(name)
        return True

    def rpc_stopProcess(self, name: str, wait: bool) -> bool:  # noqa: N802
        self.asked.append("stop " + name)
        if self._known(name)["statename"] not in ("RUNNING", "STARTING", "BACKOFF"):
            raise xmlrpc.client.Fault(70, "NOT_RUNNING: " + name)
        self.then[name] = self.then.get(name) or ([] if name in self.stubborn else ["STOPPING", "STOPPED"])
        self.on_stop(name)
        return True

    def rpc_removeProcessGroup(self, name: str) -> bool:  # noqa: N802
        self.asked.append("remove " + name)
        if self._known(name)["statename"] in ("RUNNING", "STARTING", "STOPPING"):
            raise xmlrpc.client.Fault(91, "STILL_RUNNING: " + name)
        del self.processes[name]
        return True
