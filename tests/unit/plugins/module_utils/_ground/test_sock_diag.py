# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import socket

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import sock_diag as _sock_diag


def test_the_kernel_leaves_out_other_ports() -> None:
    """An app may open thousands of listeners; to read them all would hold up whoever guards a few ports."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _number in range(5)]
        servers.append(stack.enter_context(socket.create_server(("::1", 0), family=socket.AF_INET6)))
        ports = sorted(server.getsockname()[1] for server in servers)
        assert {each.port for each in _sock_diag.listening()} >= set(ports)
        for port in ports:
            assert {each.port for each in _sock_diag.listening(port, port)} == {port}
        between = {each.port for each in _sock_diag.listening(ports[1], ports[-2])}
        assert set(ports[1:-1]) <= between
        assert not {ports[0], ports[-1]} & between
