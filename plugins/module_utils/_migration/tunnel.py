# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tunnel of a published repository: the program in supervisord.conf, and the folder ``cloudflare``.

The tunnel's secret is named and never read into anything that is written or shown.
"""

from __future__ import annotations

import json
import os
import re
import typing as t
import urllib.parse
from dataclasses import dataclass, field

from ansible.module_utils.common import yaml
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.app_files import KIB
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import show
from ansible_collections.selfhost.pyapps.plugins.module_utils._migration.plan import CHANGED, LEFT, TAKEN, Plan, text_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._tunnels.cloudflared.configuration import (
    HOST_NAME,
    TUNNEL,
)

FOLDER = "cloudflare"
VARIABLES = "inventory/group_vars/all/tunnel.yml"
_VAULT = "tunnel-secret.yml"
"""Beside the variables, where the command in them puts the secret, encrypted."""

_LARGEST = 64 * KIB
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HERE = frozenset(("localhost", "127.0.0.1", "::1", "0.0.0.0"))  # noqa: S104 (to compare with)
_MOST_NAMES = 100


@dataclass
class Tunnel:
    """A tunnel that was found.

    :param name: its name, or ""
    :param identity: its UUID, or ""
    :param names: public host names that lead to the apps
    :param secret: path of its credentials file below the source, or ""
    :param by_token: whether it is run by a token
    """

    name: str = ""
    identity: str = ""
    names: list[str] = field(default_factory=list)
    secret: str = ""
    by_token: bool = False


def tunnel_of_command(words: t.Sequence[str]) -> Tunnel | None:
    """What a command line of cloudflared says, or None when it is none; its token is not kept."""
    if not words or os.path.basename(words[0]) != "cloudflared" or "tunnel" not in words:
        return None
    by_token = any(word.startswith("--token") for word in words)
    last = words[-1]
    named = "run" in words[:-1] and not by_token and TUNNEL.fullmatch(last) and not words[-2].startswith("--")
    tunnel = Tunnel(by_token=by_token)
    _call(tunnel, last if named else "")
    return tunnel


def _call(tunnel: Tunnel, word: str) -> None:
    """Take what a tunnel is called by: its UUID, or its name."""
    if _ID.fullmatch(word):
        tunnel.identity = word
    else:
        tunnel.name = word


def read_tunnel(source: str, program: Tunnel | None, front_port: int, found: Plan) -> Tunnel | None:
    """The tunnel of a repository, or None when it has none; says of every file what became of it.

    :param program: what supervisord.conf runs
    :param front_port: the port of the repository's nginx
    """
    folder = os.path.join(source, FOLDER)
    files = _files(folder)
    if program is None and not files:
        return None
    tunnel = program or Tunnel()
    for name in files:
        if name in ("config.yml", "config.yaml"):
            _read_config(source, name, front_port, tunnel, found)
    for name in files:
        if name not in ("config.yml", "config.yaml"):
            _name_file(source, name, tunnel, found)
    if program:
        became = CHANGED if tunnel.names and not tunnel.by_token else LEFT
        found.say("supervisord.conf: program cloudflared", became, _next(tunnel))
    return tunnel


def _files(folder: str) -> list[str]:
    if os.path.islink(folder) or not os.path.isdir(folder):
        return []
    return [name for name in sorted(os.listdir(folder)) if name not in (".gitkeep", ".DS_Store")]


def _next(tunnel: Tunnel) -> str:
    if tunnel.by_token:
        return "its token is a secret, so it is not copied: see %s (how-to: tunnel)" % VARIABLES
    if tunnel.names:
        return "the role cloudflared runs it; its variables are in %s" % VARIABLES
    return "no host name that leads to the apps is known: see %s (how-to: tunnel)" % VARIABLES


def _read_config(source: str, name: str, front_port: int, tunnel: Tunnel, found: Plan) -> None:
    what = "%s/%s" % (FOLDER, name)
    config = _document(source, what, found)
    if config is None:
        return
    called = config.pop("tunnel", None)
    if isinstance(called, str) and TUNNEL.fullmatch(called):
        _call(tunnel, called)
    elif called is not None:
        found.say(what + ": tunnel", LEFT, "allowed is a tunnel's name or UUID: write it into cloudflared_tunnel")
    path = config.pop("credentials-file", None)
    if isinstance(path, str) and os.path.isfile(os.path.join(source, FOLDER, os.path.basename(path))):
        tunnel.secret = "%s/%s" % (FOLDER, os.path.basename(path))
    rules = config.pop("ingress", [])
    for number, rule in enumerate(rules if isinstance(rules, list) else [None], 1):
        why = _take_rule(rule, front_port, tunnel)
        if why:
            found.say("%s: ingress %d" % (what, number), LEFT, why)
    if config:
        keys = ", ".join(sorted(map(_key, config))[:20])
        found.say("%s: %s" % (what, keys), LEFT, "the role cloudflared has no such options (how-to: tunnel)")
    found.say(
        what, TAKEN if tunnel.names else LEFT, "into %s" % VARIABLES if tunnel.names else "no name leads to the apps"
    )


def _document(source: str, what: str, found: Plan) -> dict[t.Any, t.Any] | None:
    """The file's document, when it is a dictionary; otherwise it is named."""
    text = text_of(source, what)
    why = None
    document: t.Any = None
    if text is None or len(text) > _LARGEST:
        why = "it is a link, no regular file, or larger than 64 KiB"
    elif "<<" in text:
        why = "it has merges (<<), which can grow without end"
    elif not yaml.HAS_YAML:
        why = "Python's package PyYAML is not here, which reads it"
    else:
        try:
            document = yaml.yaml_load(text)
        except Exception as error:  # PyYAML has errors of many kinds for what is no YAML, RecursionError among them
            line = getattr(getattr(error, "problem_mark", None), "line", None)
            why = "it is not YAML" + ("" if line is None else ": see line %d" % (line + 1))
    if why is None and not isinstance(document, dict):
        why = "it is no list of options"
    if why:
        found.say(what, LEFT, why + "; write the tunnel's variables yourself (how-to: tunnel)")
        return None
    return dict(document)


def _take_rule(rule: object, front_port: int, tunnel: Tunnel) -> str:
    """Take the host name of a rule, or say why not."""
    if not isinstance(rule, dict):
        return "it is no rule with hostname and service"
    name, service = rule.get("hostname"), rule.get("service")
    others = sorted(_key(key) for key in rule if key not in ("hostname", "service"))
    if service == "http_status:404" and not name:
        return ""
    if not isinstance(service, str) or not _leads_here(service, front_port):
        return "its service is not the apps' nginx: keep a cloudflared of your own for it"
    if not name:
        return "it let every host name in: write those that people use into pyapps_server_names (how-to: host-names)"
    if not isinstance(name, str) or not HOST_NAME.fullmatch(name.lower()) or len(tunnel.names) >= _MOST_NAMES:
        return "allowed is a host name such as apps.example.com: write it into pyapps_server_names"
    if "path" in rule:
        return "it lets only some paths in, which the role cloudflared does not"
    if name.lower() not in tunnel.names:
        tunnel.names.append(name.lower())
    return "%s: the role cloudflared has no such options" % ", ".join(others) if others else ""


def _key(key: object) -> str:
    """A key as people write it; YAML has others than texts."""
    return show(key[:40])[1:-1] if isinstance(key, str) else show(key)


def _leads_here(service: str, front_port: int) -> bool:
    try:
        url = urllib.parse.urlsplit(service)
        return url.scheme == "http" and url.hostname in _HERE and (url.port or 80) == front_port
    except ValueError:
        return False


def _name_file(source: str, name: str, tunnel: Tunnel, found: Plan) -> None:
    what = "%s/%s" % (FOLDER, name)
    identity = _identity(text_of(source, what) or "") if name.endswith(".json") else None
    if identity is not None and tunnel.secret in ("", what) and tunnel.identity in ("", identity):
        tunnel.secret, tunnel.identity = what, identity
        why = (
            "a secret, so it is not copied: put it into a vault with the command that %s shows (how-to: secrets)"
            % VARIABLES
        )
        found.say(what, LEFT, why)
    elif identity is not None:
        found.say(what, LEFT, "the credentials of another tunnel")
    elif name.endswith(".pem"):
        found.say(
            what, LEFT, "it may change every tunnel of the account, and nothing here needs it: keep it to yourself"
        )
    else:
        found.say(what, LEFT, "no part of a tunnel that is known here (how-to: tunnel)")


def _identity(text: str) -> str | None:
    """The UUID in a credentials file, or None when it is none."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    identity = data.get("TunnelID") if isinstance(data, dict) and "TunnelSecret" in data else None
    return identity if isinstance(identity, str) and _ID.fullmatch(identity) else None


def variables_text(tunnel: Tunnel, source: str) -> str:
    """The file of the tunnel's variables. Everything in it has been checked to be a name; a path is in a comment."""
    lines = ["---", "# Made by playbooks/import.yml once; yours from now on."]
    if tunnel.names:
        lines.append("pyapps_tunnel: cloudflared")
        if not tunnel.names[0].startswith("*"):
            lines.append("pyapps_public_url: https://%s" % tunnel.names[0])
        if tunnel.names[1:]:
            lines.append("# Its other names are in pyapps_server_names of ../../hosts.yml.")
    else:
        lines += [
            "# Set `cloudflared` when its public host name is written here (how-to: tunnel).",
            "pyapps_tunnel: none",
            "# pyapps_public_url: https://apps.example.com",
        ]
    if tunnel.identity and tunnel.name:
        lines.append("# It is called %s." % tunnel.name)
    if tunnel.identity or tunnel.name:
        lines.append("cloudflared_tunnel: %s" % json.dumps(tunnel.identity or tunnel.name))
    if tunnel.by_token:
        lines += ["", "# Its secret, the token, is not here. In this folder put it into a vault:", _TOKEN]
    else:
        path = os.path.join(source, tunnel.secret) if tunnel.secret else "/path/to/credentials.json"
        lines += ["", "# Its secret is not here. In this folder put it into a vault:"]
        lines.append(
            "#   ansible-vault encrypt_string --stdin-name cloudflared_credentials < %s > %s" % (_shown(path), _VAULT)
        )
    return "\n".join(lines) + "\n"


_TOKEN = "#   ansible-vault create %s, with the line  cloudflared_token: eyJ..." % _VAULT


def _shown(path: str) -> str:
    """A path for a comment and a shell."""
    return "'%s'" % show(path)[1:-1].replace("'", "'\\''") if re.search(r"[^A-Za-z0-9_./+-]", path) else path
