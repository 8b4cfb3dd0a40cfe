# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cloudflared is told: its configuration, its secret, its command line.

The outbound link that makes the front public. Either the tunnel's credentials file or a token is its secret; both lie
in files that only its own user can read, and appear in no command line, difference or message.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import os
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files as _files
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.setpriv import command_as
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.system_python import system_python
from ansible_collections.selfhost.pyapps.plugins.module_utils._host import users as _host_users
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.users import NO_HOME, Run
from ansible_collections.selfhost.pyapps.plugins.module_utils._tunnels.cloudflared.user import CLOUDFLARED, USER

PROGRAM = "pyapps-cloudflared"
OLDEST_WITH_TOKEN_FILE = (2025, 4, 0)
"""The first release that knows ``--token-file``."""

_MARK = "# Made by the Ansible collection selfhost.pyapps; a change here is overwritten by its next run.\n"
HOST_NAME = re.compile(r"(?=.{1,253}$)(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
TUNNEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_SERVICE = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?")


class TunnelError(Exception):
    """The tunnel cannot be as it is wanted; the text says why and what to do, and holds no secret."""


@dataclass(frozen=True)
class Tunnel:
    """A tunnel that is wanted.

    :param name: name or UUID; "" takes that of the credentials
    :param credentials: what ``cloudflared tunnel create`` has written, as JSON; "" in token mode
    :param token: the token; "" with credentials
    :param hostnames: public host names that lead to the front
    :param service: URL of the front
    :param metrics_port: port on 127.0.0.1 for ``/ready`` and ``/metrics``
    """

    name: str
    credentials: str
    token: str
    hostnames: tuple[str, ...]
    service: str
    metrics_port: int


def read_credentials(text: str) -> str:
    """Credentials as they are written.

    :param text: JSON. As a dictionary Ansible would take every value in it for a secret, and blot it out everywhere
    :raises ValueError: it is no JSON object
    """
    data = None
    with contextlib.suppress(ValueError):
        data = json.loads(text)
    if not isinstance(data, dict):
        raise ValueError("not a JSON object")
    return json.dumps(data, sort_keys=True) + "\n"


def problems(tunnel: Tunnel) -> list[str]:
    """Everything that is wrong with a tunnel, each with its variable and what to do; never a secret's value."""
    found = []
    if bool(tunnel.credentials) == bool(tunnel.token):
        found.append(
            "cloudflared_credentials, cloudflared_token: %s given; exactly one is needed: the content of the file that "
            "`cloudflared tunnel create` has written, or the token that the dashboard shows"
            % ("both are" if tunnel.token else "neither is")
        )
    if tunnel.credentials:
        known = json.loads(tunnel.credentials)
        missing = [key for key in ("AccountTag", "TunnelID", "TunnelSecret") if not isinstance(known.get(key), str)]
        if missing:
            found.append("cloudflared_credentials: %s missing; is this a tunnel's credentials file?" % missing)
        if not tunnel.hostnames:
            found.append(
                "cloudflared_hostnames: none; give the public host names (pyapps_public_url or pyapps_server_names)"
            )
    if tunnel.token and not _is_token(tunnel.token):
        found.append(
            "cloudflared_token: this is not a tunnel's token. Take only the long word of the dashboard's command; it "
            "begins with eyJ"
        )
    if tunnel.name and not TUNNEL.fullmatch(tunnel.name):
        found.append("cloudflared_tunnel: found %r; allowed is a tunnel's name or UUID" % tunnel.name)
    found += [
        "cloudflared_hostnames: found %r; allowed are host names such as apps.example.com or *.example.com" % name
        for name in tunnel.hostnames
        if not HOST_NAME.fullmatch(name)
    ]
    if not _SERVICE.fullmatch(tunnel.service):
        found.append("cloudflared_service: found %r; allowed is a URL such as http://127.0.0.1:80" % tunnel.service)
    if not 1024 <= tunnel.metrics_port <= 65535:
        found.append("cloudflared_metrics_port: found %d; allowed is 1024 to 65535" % tunnel.metrics_port)
    return found


def _is_token(token: str) -> bool:
    """Whether a text is base64 of the JSON object that Cloudflare gives out (account, tunnel, secret)."""
    try:
        data = json.loads(base64.b64decode(token, validate=True))
    except (binascii.Error, ValueError):
        return False
    return isinstance(data, dict) and {"a", "t", "s"} <= set(data)


def config_text(tunnel: Tunnel, credentials_file: str) -> str:
    """cloudflared's configuration: one rule a host name, and 404 for everything else."""
    lines = []
    if tunnel.credentials:
        name = tunnel.name or json.loads(tunnel.credentials)["TunnelID"]
        lines += ["tunnel: %s" % json.dumps(name), "credentials-file: %s" % json.dumps(credentials_file)]
    lines.append("ingress:")
    for hostname in tunnel.hostnames:
        lines += ["  - hostname: %s" % json.dumps(hostname), "    service: %s" % json.dumps(tunnel.service)]
    lines.append("  - service: http_status:404")
    return _MARK + "\n".join(lines) + "\n"


class Cloudflared:
    """The files and the commands of one cloudflared below a root folder.

    :param binary: path of the program
    """

    def __init__(self, layout: Layout, binary: str, as_root: bool) -> None:
        self._layout, self.binary = layout, binary
        self.user = USER if as_root else None
        self.folder = os.path.join(layout.etc, "cloudflared")
        self.config = os.path.join(self.folder, "config.yml")
        self.credentials = os.path.join(self.folder, "credentials.json")
        self.token = os.path.join(self.folder, "token")

    # What is there

    def folder_differs(self) -> bool:
        """Whether the user or the folder is missing."""
        return self.plan_user().changed or _files.folder_differs(self.folder)

    def secrets(self, tunnel: Tunnel) -> dict[str, str]:
        """What each secret file shall hold; "" when it shall not be there."""
        return {self.credentials: tunnel.credentials, self.token: tunnel.token}

    def differing_secrets(self, tunnel: Tunnel) -> dict[str, str]:
        """Those of :meth:`secrets` that are not so, with mode and owner."""
        return {path: text for path, text in self.secrets(tunnel).items() if not self._is_secret(path, text)}

    def _is_secret(self, path: str, text: str) -> bool:
        if not text or not os.path.lexists(path):
            return not text and not os.path.lexists(path)
        if self.plan_user().make or _files.folder_differs(path, 0o600, self.user, self.user):
            return False
        return _files.read_text(path) == text

    def plan_user(self) -> _host_users.Plan:
        """What has to be done for its user; nothing without root.

        :raises UserError: the user cannot be had
        """
        return _host_users.plan_for(CLOUDFLARED if self.user else None)

    # What is done

    def make_folder(self, uid_range: str, run: Run) -> None:
        """Make the user (only as root) and the folder.

        :raises UserError: the user cannot be had
        """
        _host_users.carry_out(self.plan_user(), self._layout, uid_range, run)
        _files.make_folder(self.folder)

    def write_secrets(self, differing: t.Mapping[str, str]) -> None:
        for path, text in differing.items():
            if text:
                _files.write_file(path, text, 0o600, self.user, self.user)
            else:
                os.unlink(path)

    def write_config(self, text: str, before: str | None, run: Run) -> None:
        """Let cloudflared judge a configuration, and put it in place when it agrees.

        :raises TunnelError: it does not; the old one is untouched
        """
        candidate = os.path.join(self.folder, "config.candidate.yml")
        _files.write_file(candidate, text)
        try:
            code, out, error = run(self.command("tunnel", "--config", candidate, "ingress", "validate"))
            if code != 0:
                words = "\n".join((out + "\n" + error).strip().splitlines()[-5:])
                raise TunnelError("cloudflared refuses its configuration; the old one stays. It says: %s" % words)
            if before is not None:
                _files.write_file(self.config + ".backup", before)
            os.rename(candidate, self.config)
            _files.sync_folder(self.folder)
        finally:
            if os.path.exists(candidate):
                os.unlink(candidate)

    def check_version(self, run: Run, needs_token_file: bool) -> None:
        """:raises TunnelError: the program is not there, does not run, or is too old"""
        if not os.access(self.binary, os.X_OK):
            raise TunnelError("there is no program %s (cloudflared_binary)" % self.binary)
        code, out, error = run(self.command("--version"))
        match = re.search(r"\b(\d{4})\.(\d+)\.(\d+)\b", out)
        if code != 0 or not match:
            raise TunnelError("%s does not tell its version: %s" % (self.binary, (error or out).strip()[-500:]))
        if needs_token_file and tuple(map(int, match.groups())) < OLDEST_WITH_TOKEN_FILE:
            raise TunnelError(
                "%s is %s, and only 2025.4.0 or newer reads a token from a file: give a newer cloudflared_binary, or "
                "cloudflared_credentials instead of cloudflared_token" % (self.binary, match.group())
            )

    def command(self, *arguments: str, through: t.Sequence[str] = ()) -> list[str]:
        """A command line of cloudflared, as its own user."""
        return command_as(self.user, {"HOME": NO_HOME}, [*through, self.binary, *arguments])

    def run_command(self, tunnel: Tunnel) -> list[str]:
        """What supervisord runs. Root is left first: who changes its user is no longer killed with its parent."""
        metrics = "127.0.0.1:%d" % tunnel.metrics_port
        options = ["tunnel", "--no-autoupdate", "--metrics", metrics, "--config", self.config, "run"]
        if tunnel.token:
            options += ["--token-file", self.token]
        return self.command(*options, through=[system_python(), "-I", self._layout.zipapp, "run", "--"])

    # Removal

    def remnants(self) -> list[str]:
        """What is there of cloudflared, but for its program in supervisor."""
        paths = [self.folder, os.path.join(self._layout.tools, "cloudflared")]
        found = [path for path in paths if os.path.lexists(path)]
        return found + (["user " + self.user] if self.user and _host_users.is_ours(CLOUDFLARED) else [])

    def remove(self, run: Run) -> None:
        """:raises UserError: the user stays, though no other cloudflared runs as it"""
        for path in (self.folder, os.path.join(self._layout.tools, "cloudflared")):
            _files.remove_tree(path)
        if self.user:
            _host_users.remove(CLOUDFLARED, run)


def secret_diff(path: str, text: str) -> dict[str, t.Any]:
    """What a difference says about a secret: that there is one."""
    return _files.diff_entry(path, "(a secret)\n" if os.path.exists(path) else None, "(another)\n" if text else None)
