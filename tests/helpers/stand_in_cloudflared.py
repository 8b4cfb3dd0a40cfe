#!/usr/bin/python3 -I
# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for cloudflared in tests: the real one comes from GitHub and needs an account at Cloudflare.

It knows exactly the command lines that the role uses, reads the files that they name as strictly as it can (who owns
them, who else may read them, what is in them), and answers on its metrics address: ``/ready`` like the real one, and
``/seen`` with how it was started. Whatever is not as it should be ends it with exit code 1 and a line that says why.
"""

from __future__ import annotations

import base64
import http.server
import json
import os
import re
import stat
import sys

LINE = re.compile(r'(tunnel|credentials-file|  - hostname|    service): "([^"\\]+)"')


def fail(reason: str) -> None:
    sys.stderr.write("stand-in cloudflared: %s\n" % reason)
    raise SystemExit(1)


def read_config(path: str) -> dict:
    """The configuration; only what the role writes is understood."""
    found: dict = {"rules": []}
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file if not line.startswith("#")]
    if not lines or lines[-1] != "  - service: http_status:404":
        fail("Validation failed: The last ingress rule must match all URLs")
    for line in lines[:-1]:
        match = LINE.fullmatch(line)
        if line == "ingress:":
            continue
        if not match:
            fail("%s: a line that is not understood: %r" % (path, line))
        key, value = match.groups()
        if key == "  - hostname":
            if value.startswith("refused."):
                fail("Validation failed: this stand-in refuses the host name %s" % value)
            found["rules"].append([value])
        elif key == "    service":
            found["rules"][-1].append(value)
        else:
            found[key] = value
    return found


def read_secret(path: str) -> str:
    """A secret's file, which must be this user's alone."""
    status = os.lstat(path)
    if not stat.S_ISREG(status.st_mode) or stat.S_IMODE(status.st_mode) != 0o600 or status.st_uid != os.geteuid():
        fail("%s: mode %o, owner %d" % (path, stat.S_IMODE(status.st_mode), status.st_uid))
    with open(path, encoding="utf-8") as file:
        return file.read()


def run(metrics: str, path: str, rest: list) -> None:
    config = read_config(path)
    if rest[:1] == ["--token-file"] and len(rest) == 2:
        token = json.loads(base64.b64decode(read_secret(rest[1]), validate=True))
        if "credentials-file" in config or not {"a", "t", "s"} <= set(token):
            fail("Provided Tunnel token is not valid.")
        tunnel = token["t"]
    elif not rest:
        credentials = json.loads(read_secret(config["credentials-file"]))
        if not {"AccountTag", "TunnelID", "TunnelSecret"} <= set(credentials):
            fail("the credentials are not whole")
        tunnel = config["tunnel"]
    else:
        fail("unknown arguments: %s" % rest)
    if tunnel == "revoked":
        fail("Unauthorized: Invalid tunnel secret")
    with open("/proc/self/status", encoding="utf-8") as file:
        process = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    seen = {
        "argv": sys.argv,
        "environment": dict(os.environ),
        "uid": os.geteuid(),
        "groups": os.getgroups(),
        "capabilities": [process[name] for name in ("CapEff", "CapBnd", "CapAmb", "NoNewPrivs")],
        "tunnel": tunnel,
        "rules": config["rules"],
    }
    answers = {"/ready": {"status": 200, "readyConnections": 4, "connectorId": "stand-in"}, "/seen": seen}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = json.dumps(answers.get(self.path, {})).encode()
            self.send_response(200 if self.path in answers else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    host, port = metrics.rsplit(":", 1)
    http.server.ThreadingHTTPServer((host, int(port)), Handler).serve_forever()


def main(arguments: list) -> None:
    if arguments == ["--version"]:
        print("cloudflared version 2026.9.3 (built never; this is a stand-in of the tests)")
    elif arguments[:2] == ["tunnel", "--config"] and arguments[3:] == ["ingress", "validate"]:
        read_config(arguments[2])
        print("Validating rules from %s\nOK" % arguments[2])
    elif arguments[:3] == ["tunnel", "--no-autoupdate", "--metrics"] and arguments[4:5] == ["--config"]:
        if arguments[6:7] != ["run"]:
            fail("unknown arguments: %s" % arguments)
        run(arguments[3], arguments[5], arguments[7:])
    else:
        fail("unknown arguments: %s" % arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
