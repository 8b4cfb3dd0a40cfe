# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may have the front's port already."""

from __future__ import annotations

import os
import pwd
import socket

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts import arguments as _front_arguments
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.arguments import refuse_stranger
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.routes import FrontError
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.listeners import Listener

ME = pwd.getpwuid(os.geteuid()).pw_name


def test_a_stranger_is_named_and_our_own_server_is_known_by_its_command() -> None:
    """C-20: the port's holder here is this process."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(FrontError, match="pid %d " % os.getpid()):
            refuse_stranger(port, "/no/such/Caddyfile", ME)
        refuse_stranger(port, "python")
    refuse_stranger(port, "/no/such/Caddyfile")


@pytest.mark.parametrize(("user", "allowed"), [(ME, True), (None, False), ("no-such-user", False)])
def test_a_process_that_is_not_shown_is_known_by_its_user(
    monkeypatch: pytest.MonkeyPatch, user: str | None, allowed: bool
) -> None:
    """C-20: root without CAP_SYS_PTRACE, as in a container, is shown the user of a socket and not its process."""
    hidden = Listener(pid=None, uid=os.geteuid(), command=None)
    monkeypatch.setattr(_front_arguments, "listener", lambda port: hidden)
    if allowed:
        refuse_stranger(8080, "/etc/pyapps/caddy/Caddyfile", user)
    else:
        with pytest.raises(FrontError, match="a process of user %s" % ME):
            refuse_stranger(8080, "/etc/pyapps/caddy/Caddyfile", user)
