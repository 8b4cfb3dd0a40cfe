# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask and change a supervisord over its XML-RPC socket.

Fifty programs cost 0.06 s this way and 0.2 s through ``supervisorctl``, whose text would have to be parsed as well.
The calls are those of supervisor 4 (https://supervisord.org/api.html); 4.2.5 (Debian) and 4.3.0 answer alike.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import time
import typing as t
import xml.parsers.expat
import xmlrpc.client
from dataclasses import dataclass

SHUTDOWN_STATE = 6
BAD_NAME = 10
ALREADY_STARTED = 60
NOT_RUNNING = 70
ALREADY_ADDED = 90
"""Codes of supervisor's faults (supervisor/xmlrpc.py, class Faults)."""

STOPPED_STATES = frozenset(("STOPPED", "EXITED", "FATAL", "UNKNOWN"))
"""States in which no process of the program runs and none will be started by supervisord itself."""

_POLL = 0.1  # seconds between two questions while waiting for a state


class SupervisorError(Exception):
    """supervisord answered, but not with what was asked for; the text says what to do."""


class DaemonDownError(SupervisorError):
    """No supervisord answers on the socket. The text names the socket, the cause and what to do."""


class NotAllowedError(SupervisorError):
    """The caller may not open the socket, so nothing is known about the daemon."""


class UnreadableAnswerError(SupervisorError):
    """What came back is no XML-RPC: another program's socket, or a text with characters that XML does not have."""


@dataclass(frozen=True)
class Process:
    """What supervisord knows about one process.

    ``name`` is ``<program>``, or ``<group>:<program>`` for programs of others that are grouped.
    Times are whole seconds since 1970 by the daemon's clock, 0 for never.
    ``exit_status`` is that of the last exit, -1 for an end by a signal. supervisord keeps it only for EXITED and
    STOPPED: while a process runs, has never run, or crashes while it is starting, it is None.
    ``spawn_error`` is empty when the last start worked.
    """

    name: str
    group: str
    state: str
    pid: int
    start: int
    stop: int
    now: int
    exit_status: int | None
    spawn_error: str
    description: str
    stdout_log: str
    stderr_log: str

    @property
    def uptime(self) -> int:
        """Seconds since the process was started; 0 when none runs, or when the clock was set back."""
        return max(0, self.now - self.start) if self.pid else 0

    @property
    def stopped(self) -> bool:
        return self.state in STOPPED_STATES


def process_from_info(info: t.Mapping[str, t.Any]) -> Process:
    """Read one entry of ``getAllProcessInfo``."""
    name, group = str(info["name"]), str(info["group"])
    ended = info["statename"] in ("EXITED", "STOPPED") and info["stop"]
    return Process(
        name=name if name == group else "%s:%s" % (group, name),
        group=group,
        state=str(info["statename"]),
        pid=int(info["pid"]),
        start=int(info["start"]),
        stop=int(info["stop"]),
        now=int(info["now"]),
        exit_status=int(info["exitstatus"]) if ended else None,
        spawn_error=str(info["spawnerr"] or ""),
        description=str(info["description"]),
        stdout_log=str(info["stdout_logfile"] or ""),
        stderr_log=str(info["stderr_logfile"] or ""),
    )


class Reread(t.NamedTuple):
    """How the configuration on disk differs from what supervisord runs, by group name."""

    added: list[str]
    changed: list[str]
    removed: list[str]


class _Connection(http.client.HTTPConnection):
    """HTTP over a UNIX socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__()
        self._path = path
        self._timeout = timeout

    def make_connection(self, host: t.Any) -> http.client.HTTPConnection:
        connection = _Connection(self._path, self._timeout)
        self._connection = (host, connection)  # what close() closes
        return connection

    def request(
        self, host: t.Any, handler: str, request_body: t.Any, verbose: bool = False
    ) -> tuple[xmlrpc.client._Marshallable, ...]:
        # The base class asks a second time when a kept connection breaks; a start or stop must not happen twice.
        try:
            return self.single_request(host, handler, request_body, verbose)
        finally:
            self.close()


class Supervisor:
    """One supervisord.

    :param socket: path of its UNIX socket
    :param timeout: seconds that one question may take
    """

    def __init__(self, socket: str, timeout: float = 10) -> None:
        self.socket = socket
        self.timeout = timeout
        self._proxy = xmlrpc.client.ServerProxy("http://localhost/RPC2", transport=_Transport(socket, timeout))

    def _call(self, method: str, *arguments: t.Any) -> t.Any:
        try:
            return getattr(self._proxy.supervisor, method)(*arguments)
        except PermissionError:
            raise NotAllowedError(
                "may not open supervisor's socket %s: run as the user that the daemon belongs to (root: add --become)"
                % self.socket
            ) from None
        except (OSError, http.client.HTTPException) as error:
            raise DaemonDownError(self._why_down(error)) from None
        except xmlrpc.client.ProtocolError as error:
            raise SupervisorError(
                "supervisor's socket %s answers %s %s: it is not a supervisord, or it asks for a password"
                % (self.socket, error.errcode, error.errmsg)
            ) from None
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == SHUTDOWN_STATE:
                raise DaemonDownError(
                    "supervisord on %s ends its programs, to stop or to begin anew. Ask again soon." % self.socket
                ) from None
            raise
        except (xmlrpc.client.ResponseError, xml.parsers.expat.ExpatError) as error:
            raise UnreadableAnswerError(
                "supervisor's socket %s gives no XML-RPC answer: %s" % (self.socket, error)
            ) from None

    def _why_down(self, error: Exception) -> str:
        if isinstance(error, FileNotFoundError):
            cause = "there is no such socket, so supervisord is not running"
        elif isinstance(error, ConnectionRefusedError):
            cause = "nobody listens on this socket, so supervisord was killed"
        elif isinstance(error, socket.timeout):
            cause = "supervisord did not answer within %g s" % self.timeout
        else:
            cause = str(error) or type(error).__name__
        return "supervisord does not answer on %s: %s. Start the daemon, or read its log supervisord.log." % (
            self.socket,
            cause,
        )

    def version(self) -> str:
        """supervisor's version, such as "4.3.0"."""
        return str(self._call("getSupervisorVersion"))

    def pid(self) -> int:
        """The process id of supervisord."""
        return int(self._call("getPID"))

    def restart(self) -> None:
        """Let supervisord end its programs and begin again, as the same process."""
        self._call("restart")

    def is_up(self) -> bool:
        """Whether supervisord runs its programs; it answers while it ends or begins again, too."""
        try:
            return str(self._call("getState")["statename"]) == "RUNNING"
        except DaemonDownError:
            return False

    def processes(self) -> dict[str, Process]:
        """Every process by name.

        :raises DaemonDownError: no daemon answers
        """
        listed = (process_from_info(info) for info in self._call("getAllProcessInfo"))
        return {process.name: process for process in listed}

    def log_end(self, size: int) -> str:
        """The last bytes of supervisord's own log; empty when it has none, or one that cannot be sent.

        :raises DaemonDownError: no daemon answers
        """
        try:
            return str(self._call("readLog", -size, 0))
        except (xmlrpc.client.Fault, UnreadableAnswerError):
            return ""

    def reread(self) -> Reread:
        """Let supervisord read its files again; nothing is started, stopped or applied by that.

        :raises SupervisorError: a file of the configuration is wrong (supervisor's own text names it)
        """
        try:
            added, changed, removed = self._call("reloadConfig")[0]
        except xmlrpc.client.Fault as fault:
            raise SupervisorError(
                "supervisord refuses its configuration and goes on with the old one: %s" % fault.faultString
            ) from None
        return Reread(sorted(added), sorted(changed), sorted(removed))

    def add(self, name: str) -> None:
        """Make a program that has a file known to supervisord, which starts it when it has ``autostart``.

        Only this program is touched, whatever else differs on disk. A program that is known already is left alone.

        :raises SupervisorError: the configuration is wrong, or has no such program
        """
        self.reread()
        try:
            self._call("addProcessGroup", name)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == BAD_NAME:
                raise SupervisorError(
                    "supervisord's configuration has no program %s: it includes another folder than the one that was"
                    " written" % name
                ) from None
            if fault.faultCode != ALREADY_ADDED:
                raise SupervisorError("supervisord does not add %s: %s" % (name, fault.faultString)) from None

    def start(self, name: str, wait: bool = False) -> None:
        """Start a program that does not run; one that runs is left alone.

        :param wait: only return when it is RUNNING, or failed
        :raises SupervisorError: it is unknown, cannot be executed, or ended while it was starting
        """
        try:
            self._call("startProcess", name, False)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != ALREADY_STARTED:
                raise SupervisorError("supervisord cannot start %s: %s" % (name, fault.faultString)) from None
        while wait:
            process = self.processes()[name]
            if process.state == "RUNNING":
                return
            if process.state != "STARTING":
                raise SupervisorError("%s did not stay up (%s): %s" % (name, process.state, process.description))
            time.sleep(_POLL)

    def stop(self, name: str, wait: float, kill_after: float | None = None) -> bool:
        """Stop a program: its stop signal, then SIGKILL after its stop wait. An unknown program counts as stopped.

        :param wait: seconds to wait for the end; 0 only sends the signal
        :param kill_after: seconds after which its processes are killed before the stop wait is over; for who may
        :returns: whether it is stopped
        """
        started = time.monotonic()
        try:
            self._call("stopProcess", name, False)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == BAD_NAME:
                return True
            if fault.faultCode != NOT_RUNNING:
                raise SupervisorError("supervisord cannot stop %s: %s" % (name, fault.faultString)) from None
        deadline = time.monotonic() + wait
        while True:
            process = self.processes().get(name)
            if process is None or process.stopped:
                return True
            if time.monotonic() >= deadline:
                return False
            if kill_after is not None and process.pid and time.monotonic() - started >= kill_after:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # supervisord gives each program a group of its own
            time.sleep(_POLL)

    def remove(self, name: str) -> None:
        """Forget a stopped program. An unknown one is fine.

        :raises SupervisorError: it still runs
        """
        try:
            self._call("removeProcessGroup", name)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != BAD_NAME:
                raise SupervisorError("supervisord does not remove %s: %s" % (name, fault.faultString)) from None
