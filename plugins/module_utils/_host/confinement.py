# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which TCP ports a process may take and reach: its own and the kernel's, and no other app's.

Landlock (https://docs.kernel.org/userspace-api/landlock.html) holds for a process and all that it ever starts, needs no
rights and no service manager, and works in containers. A rule allows one port, so what is not closed is listed port by
port: 55,000 rules cost 60 ms and 3.5 MB of the kernel's memory for each process.

Landlock looks at plain TCP only, and not at data that is sent with the first packet. So a system call filter closes the
ways around it: other protocols whose listeners take TCP connections (MPTCP, SMC), TCP Fast Open by flag, io_uring
(which makes sockets past the filter), and the calls of other architectures. Two options of a socket are among them: one
has the kernel hand out a port of the process's choice, and one makes an SMC socket of a TCP one.

Run as a program, for what is started by other programs: ports of the kernel's own as ``32768-60999``, and a command,
which can use no other port.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import struct
import sys
import typing as t

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_VERSION_FLAG = 1
_NETWORK_ABI = 4  # Linux 6.7
_RULE_NET_PORT = 2
_BIND, _CONNECT = 1, 2
_PR_SET_NO_NEW_PRIVS = 38
_JOIN_SESSION_KEYRING = 1
_PORTS = range(65536)


class _Architecture(t.NamedTuple):
    """How one architecture numbers what the filter looks at (linux/audit.h, asm/unistd.h)."""

    audit: int
    socket: int
    sendto: int
    sendmsg: int
    sendmmsg: int
    setsockopt: int
    seccomp: int
    keyctl: int


_GENERIC = (198, 206, 211, 269, 208, 277, 219)
_ARCHITECTURES = {
    "x86_64": _Architecture(0xC000003E, 41, 44, 46, 307, 54, 317, 250),
    "aarch64": _Architecture(0xC00000B7, *_GENERIC),
    "riscv64": _Architecture(0xC00000F3, *_GENERIC),
}
_IO_URING_SETUP = 425
_X32 = 0x40000000
_MSG_FASTOPEN = 0x20000000
_AF_INET, _AF_INET6, _AF_SMC, _SOCK_STREAM, _TCP = 2, 10, 43, 1, 6
_SOCK_TYPE_MASK = 0xF
_IP, _IP_LOCAL_PORT_RANGE, _TCP_ULP = 0, 51, 31


_LIBC = ctypes.CDLL(None, use_errno=True)


class _Ruleset(ctypes.Structure):
    _fields_ = [("handled_access_fs", ctypes.c_uint64), ("handled_access_net", ctypes.c_uint64)]


class _PortRule(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed_access", ctypes.c_uint64), ("port", ctypes.c_uint64)]


def is_possible() -> bool:
    """Whether this kernel can confine a process to its ports."""
    if platform.machine() not in _ARCHITECTURES:
        return False
    try:
        return _call(_CREATE_RULESET, None, 0, _VERSION_FLAG) >= _NETWORK_ABI
    except OSError:  # not built in, not switched on, or hidden by a container's own filter
        return False


def is_confined(pid: int) -> bool | None:
    """Whether a process has a system call filter, as everything has that :func:`confine` was called for.

    A filter of somebody else's counts, too, such as that of the container in which it runs.

    :returns: None when there is no such process, or it is not shown
    """
    try:
        with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as file:
            return any(line.split() == ["Seccomp:", "2"] for line in file)
    except OSError:
        return None


def leave_keyring() -> None:
    """Give this process a session keyring of its own.

    All that one supervisord starts has one in common (keyrings(7)): an app could leave keys there for another one. A
    container's filter may forbid the call, and then it forbids an app to reach the keyring, too.
    """
    if machine := _ARCHITECTURES.get(platform.machine()):
        with contextlib.suppress(OSError):
            _call(machine.keyctl, _JOIN_SESSION_KEYRING, None)


def confine(own: t.Iterable[int], closed: t.Iterable[int], handed_out: t.Iterable[int]) -> None:
    """Confine this process, and all that it will start, for ever.

    It may listen on its own ports and on those that the kernel hands out, and connect to every port that is not closed.
    It can gain no rights any more: programs with the setuid bit run as who starts them.

    :param own: ports that it may listen on, and connect to
    :param closed: ports that it may not connect to
    :param handed_out: ports that the kernel hands out
    :raises OSError: the kernel cannot do it (see :func:`is_possible`)
    """
    handled = _Ruleset(0, _BIND | _CONNECT)
    ruleset = _call(_CREATE_RULESET, ctypes.byref(handled), ctypes.sizeof(handled), 0)
    try:
        for access, ports in _allowed(frozenset(own), frozenset(closed), frozenset(handed_out)).items():
            rule = _PortRule(access)
            reference = ctypes.byref(rule)
            for rule.port in ports:
                _call(_ADD_RULE, ruleset, _RULE_NET_PORT, reference, 0)
        _set_no_new_privileges()
        _call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    _filter_calls(_ARCHITECTURES[platform.machine()])


def _allowed(own: frozenset[int], closed: frozenset[int], handed_out: frozenset[int]) -> dict[int, frozenset[int]]:
    """Which ports may be used, by what for."""
    # Port 0 asks the kernel for any of its own; some programs ask for one, close it, and take it again by number.
    both = own | {0} | (handed_out - closed)
    return {_BIND | _CONNECT: both, _CONNECT: frozenset(_PORTS) - closed - both}


def _set_no_new_privileges() -> None:
    if _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs")


def _call(number: int, *arguments: t.Any) -> int:
    """Make a system call that the C library may not have; its arguments fit into registers."""
    result = int(_LIBC.syscall(number, *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


# The filter is a program for the kernel's classic BPF (linux/filter.h, linux/seccomp.h).
_LOAD, _AND, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # places in struct seccomp_data
_ALLOW, _FAIL_WITH = 0x7FFF0000, 0x00050000
_SET_FILTER, _SPEC_ALLOW = 1, 4  # the second: no slow-down for a speculation that needs a shared memory to be of use

_Step = tuple[int, int, int, int]
"""Operation, steps to skip if it is so, steps to skip if it is not, and its value."""


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_char_p)]


def _filter_calls(machine: _Architecture) -> None:
    steps = b"".join(struct.pack("=HBBI", *step) for step in _filter(machine))
    program = _Program(len(steps) // 8, steps)
    _call(machine.seccomp, _SET_FILTER, _SPEC_ALLOW, ctypes.byref(program))


def _filter(machine: _Architecture) -> list[_Step]:
    steps: list[_Step] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, machine.audit),
        _fail(errno.ENOSYS),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        _fail(errno.ENOSYS),
        (_EQUAL, 0, 1, _IO_URING_SETUP),
        _fail(errno.ENOSYS),
        *_on(machine.socket, _socket_steps()),
        *_on(machine.setsockopt, _option_steps()),
    ]
    for number, flags in ((machine.sendto, 3), (machine.sendmsg, 2), (machine.sendmmsg, 3)):
        fast_open: list[_Step] = [
            (_LOAD, 0, 0, _argument(flags)),
            (_ANY_BIT, 0, 1, _MSG_FASTOPEN),
            _fail(errno.EOPNOTSUPP),
        ]
        steps += _on(number, [*fast_open, (_RETURN, 0, 0, _ALLOW)])
    return [*steps, (_RETURN, 0, 0, _ALLOW)]


def _socket_steps() -> list[_Step]:
    """A stream over IP is plain TCP: what other protocol there is, Landlock does not see."""
    return [
        (_LOAD, 0, 0, _argument(0)),
        (_EQUAL, 0, 1, _AF_SMC),
        _fail(errno.EAFNOSUPPORT),
        (_EQUAL, 2, 0, _AF_INET),
        (_EQUAL, 1, 0, _AF_INET6),
        (_RETURN, 0, 0, _ALLOW),
        (_LOAD, 0, 0, _argument(1)),
        (_AND, 0, 0, _SOCK_TYPE_MASK),
        (_EQUAL, 1, 0, _SOCK_STREAM),
        (_RETURN, 0, 0, _ALLOW),
        (_LOAD, 0, 0, _argument(2)),
        (_EQUAL, 2, 0, 0),
        (_EQUAL, 1, 0, _TCP),
        _fail(errno.EPROTONOSUPPORT),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _option_steps() -> list[_Step]:
    """Answers are those of a kernel that does not know the option."""
    return [
        (_LOAD, 0, 0, _argument(1)),
        (_EQUAL, 3, 0, _TCP),
        (_EQUAL, 0, 5, _IP),
        (_LOAD, 0, 0, _argument(2)),
        (_EQUAL, 2, 3, _IP_LOCAL_PORT_RANGE),
        (_LOAD, 0, 0, _argument(2)),
        (_EQUAL, 0, 1, _TCP_ULP),
        _fail(errno.ENOPROTOOPT),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _on(number: int, steps: list[_Step]) -> list[_Step]:
    """Steps for one system call; they end with an answer."""
    return [(_EQUAL, 0, len(steps), number), *steps]


def _fail(code: int) -> _Step:
    return (_RETURN, 0, 0, _FAIL_WITH | code)


def _argument(position: int) -> int:
    """Where the lower half of an argument stands; every architecture above is little-endian."""
    return _ARGUMENTS + 8 * position


def main(handed_out: str, *command: str) -> t.NoReturn:
    first, last = map(int, handed_out.split("-"))
    if is_possible():
        ports = range(first, last + 1)
        confine((), frozenset(_PORTS).difference(ports), ports)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
