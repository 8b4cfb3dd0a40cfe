# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""uv where it runs code of packages, which building from source does: for one app, kept apart from all others.

It runs as the app's own user, with a cache that is gone afterwards, and with a network in which there is nothing but a
relay of the package index. There it is confined as the app is: a socket of the host's network, which a process of the
app could hand to it, is of no use. Only the relay, which runs as the build user, knows the index's password.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import pwd
import secrets
import socket
import subprocess
import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._environments import index_relay as _index_relay
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.build import workplace
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.python import default_python
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv import Confined, Sources, Uv
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import (
    namespaces as _namespaces,
    unprivileged as process,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import confinement as _confinement
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.ports import EPHEMERAL

_PORTS = "%d-%d" % (EPHEMERAL.start, EPHEMERAL.stop - 1)
_PYPI = "https://pypi.org/simple"


@dataclass(frozen=True)
class Sandbox:
    """What is there while an app's packages are built.

    :ivar work: a folder of ours, for what the build shall read
    :ivar build: the folder below it that the build can write; nothing in it is to be trusted
    :ivar uv: uv that runs in the sandbox
    """

    work: str
    build: str
    uv: Uv

    def end(self) -> None:
        """End what uv has left running; where there are namespaces, it has ended with uv.

        :raises EnvironmentFailedError: it starts new processes faster than they can be ended
        """
        if self.uv.user is None or (self.uv.confined and self.uv.confined.around):
            return
        try:
            _namespaces.end_children_of(pwd.getpwnam(self.uv.user).pw_uid)
        except TimeoutError as error:
            raise EnvironmentFailedError(str(error)) from None


@contextlib.contextmanager
def sandbox(layout: Layout, sources: Sources, app: str) -> t.Iterator[Sandbox]:
    """Keep an app's build apart, for the duration of some work.

    :param app: whose packages are built
    :raises EnvironmentFailedError: the app has no user to build as; or something of the build cannot be ended
    :raises OSError: the sandbox cannot be made
    """
    user = process.source_user(app)
    with contextlib.ExitStack() as stack:
        work = stack.enter_context(workplace(layout.envs, user))
        place = stack.enter_context(_namespaces.apart())
        build, log = os.path.join(work, "build"), os.path.join(work, "index.log")
        indexes = {} if sources.wheelhouse else stack.enter_context(_relayed(sources, place.listener, log))
        confined = Confined(build, _around(place), indexes, log)
        made = Sandbox(work, build, Uv(layout, sources, user, confined))
        stack.callback(made.end)
        yield made


def _around(place: _namespaces.Place) -> tuple[str, ...]:
    """What goes in front of uv's command; nothing where it cannot be kept apart."""
    if not place.around:
        return ()
    python = os.path.realpath(default_python())
    return (*place.around, python, "-I", "-S", "-c", inspect.getsource(_confinement), _PORTS)


class _Relay(subprocess.Popen[bytes]):
    """The process that hands on what a build asks of the index."""


@contextlib.contextmanager
def _relayed(sources: Sources, listener: socket.socket, log: str) -> t.Iterator[dict[str, str]]:
    """The indexes' URLs in the sandbox, and which one each stands for, while the relay runs.

    Whoever knows the random part of their URLs can read the index: where there are no namespaces that keeps the other
    users of this host out.
    """
    urls = [sources.index_url or _PYPI, *sources.extra_index_urls]
    prefix = "/" + secrets.token_hex(16)
    here = "http://127.0.0.1:%d%s" % (listener.getsockname()[1], prefix)
    given = {"socket": listener.fileno(), "prefix": prefix, "indexes": urls}
    python = os.path.realpath(default_python())
    command = [*process.without_rights(process.build_user()), python, "-I", "-S", "-c", inspect.getsource(_index_relay)]
    with open(log, "wb") as complaints:
        relay = _Relay(
            command,
            bufsize=0,
            env={"LC_ALL": "C.UTF-8", **sources.network()},
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            pass_fds=[listener.fileno()],
        )
    # From now on nobody listens there when the relay has ended.
    listener.close()
    with relay:
        try:
            t.cast("t.IO[bytes]", relay.stdin).write(json.dumps(given).encode() + b"\n")
            yield {"%s/%d" % (here, number): url for number, url in enumerate(urls)}
        finally:
            relay.kill()
