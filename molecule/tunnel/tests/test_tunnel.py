# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tunnel before nginx. cloudflared is a stand-in (tests/helpers/stand_in_cloudflared.py); the rest is real.

What changes a host is done on one of the two only, because each run of a playbook takes its time.
"""

from __future__ import annotations

import json
import typing as t

import testinfra
from helpers.containers import containers, get, wait_for
from helpers.playbooks import play
from testinfra.host import Host

testinfra_hosts = containers()
WITH_CREDENTIALS, WITH_TOKEN = (testinfra.get_host(name) for name in containers())

CANARIES = ("canary-of-the-tunnel", "eyJhIjogImFjY291bnQi")
FOLDER = "/etc/pyapps/cloudflared"
USER = "pyapps-cloudflared"
ECHO = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.headers.get("X-Forwarded-Proto", "none").encode())
http.server.HTTPServer(("127.0.0.1", 18999), Handler).serve_forever()
"""


def by_token(host: Host) -> bool:
    return "trixie" in host.backend.name


def secret_file(host: Host) -> str:
    return FOLDER + ("/token" if by_token(host) else "/credentials.json")


def seen(host: Host) -> dict[str, t.Any]:
    """How the stand-in was started."""
    return t.cast(dict[str, t.Any], json.loads(get(host, "/seen", port=19241).body))


def test_it_runs_under_supervisor_as_its_own_user_and_tells_that_it_is_ready(host: Host) -> None:
    """S0-98."""
    assert "RUNNING" in host.check_output("pyapps ctl status pyapps-cloudflared")
    assert json.loads(get(host, "/ready", port=19241).body)["readyConnections"] > 0
    process = seen(host)
    assert process["uid"] == host.user(USER).uid != 0
    assert process["groups"] == []
    assert process["capabilities"] == ["0" * 16, "0" * 16, "0" * 16, "1"]
    assert process["tunnel"] == ("by-token" if by_token(host) else "dash")
    assert host.user(USER).shell == "/usr/sbin/nologin"


def test_it_is_started_with_exactly_these_words_and_this_environment(host: Host) -> None:
    """S0-98: the published ``tunnel run dash``, with what names the files."""
    process = seen(host)
    words = ["tunnel", "--no-autoupdate", "--metrics", "127.0.0.1:19241", "--config", FOLDER + "/config.yml", "run"]
    token = ["--token-file", FOLDER + "/token"] if by_token(host) else []
    assert process["argv"] == ["/srv/pyapps/tools/cloudflared/bin/cloudflared", *words, *token]
    assert process["environment"].pop("LC_CTYPE", "C.UTF-8") == "C.UTF-8"  # Python's own, in the stand-in
    assert process["environment"] == {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}


def test_host_names_lead_to_the_front_and_the_rest_to_404(host: Host) -> None:
    """S0-99."""
    assert seen(host)["rules"] == [["apps.example.com", "http://127.0.0.1:80"]]
    assert host.file(FOLDER + "/config.yml").content_string.splitlines()[-1] == "  - service: http_status:404"
    program = "/srv/pyapps/tools/cloudflared/bin/cloudflared"
    assert host.run("%s tunnel --config %s/config.yml ingress validate", program, FOLDER).rc == 0


def test_only_its_user_can_read_the_secret(host: Host) -> None:
    """S0-98."""
    file = host.file(secret_file(host))
    assert (file.user, file.group, file.mode) == (USER, USER, 0o600)
    assert host.run("runuser -u pyapp-app_1 -- cat %s", secret_file(host)).rc != 0
    names = sorted(host.check_output("ls -A " + FOLDER).split())
    assert names == sorted(["config.yml", secret_file(host).rpartition("/")[2]])


def test_the_secret_is_in_that_file_and_nowhere_else(host: Host) -> None:
    for canary in CANARIES:
        found = host.run("grep -rIls %s /etc /srv/pyapps /var/log /var/tmp /tmp /run /root /home", canary).stdout
        assert set(found.split()) <= {secret_file(host)}
        assert canary not in host.check_output("ps -eo args")


def test_a_visitor_of_the_tunnel_came_by_https(host: Host) -> None:
    """The app learns what cloudflared says; a visitor who comes to the front another way cannot say so himself."""
    app = "/srv/pyapps/apps/app_1"
    live, marker = host.check_output("readlink %s/live", app), "serving/" + "e" * 32 + ".18999"
    host.check_output("setsid -f timeout 60 python3 -c %s >/dev/null 2>&1 </dev/null", ECHO)
    wait_for("the echo listens", lambda: host.socket("tcp://127.0.0.1:18999").is_listening)
    ask = "curl -s -H 'Host: apps.example.com' -H 'X-Forwarded-Proto: https' http://%s/app-1/_stcore/health; echo; "
    # In one go, and perhaps again: the watcher soon sees that this is no app of ours, and takes the route away.
    script = f"mkdir {app}/{marker}; ln -sfn {marker} {app}/live; "
    script += ask % "localhost" + ask % host.check_output("hostname -i").split()[0]
    script += f"ln -sfn {live} {app}/live; rm -r {app}/{marker}"
    answers: list[list[str]] = []

    def both_answer() -> bool:
        answers.append(host.check_output(script).split())
        return len(answers[-1]) == 2

    wait_for("both requests reach the echo before the watcher takes its route away", both_answer)
    assert answers[-1] == ["https", "http"]


def test_wrong_values_are_refused_before_anything_changes() -> None:
    host = WITH_CREDENTIALS
    before = host.check_output("md5sum %s/config.yml", FOLDER)
    secrets: dict[str, t.Any] = {"cloudflared_token": "canary-of-the-tunnel", "cloudflared_credentials": ""}
    done = play("site", host, cloudflared_tunnel="-x", pyapps_public_url="https://new.example.com", **secrets)
    assert done.returncode == 2
    assert "cloudflared_token: this is not a tunnel's token" in done.stdout
    assert "cloudflared_tunnel: found '-x'" in done.stdout
    assert not any(canary in done.stdout for canary in CANARIES)
    assert host.check_output("md5sum %s/config.yml", FOLDER) == before


def test_a_configuration_that_cloudflared_refuses_replaces_nothing() -> None:
    """S0-99."""
    host = WITH_CREDENTIALS
    before = host.check_output("md5sum %s/config.yml", FOLDER), seen(host)
    done = play("site", host, pyapps_server_names=["localhost", "refused.example.com"], pyapps_public_url="")
    assert done.returncode == 2
    assert "Validation failed" in done.stdout
    assert (host.check_output("md5sum %s/config.yml", FOLDER), seen(host)) == before


def test_a_new_secret_starts_it_again_and_shows_itself_nowhere() -> None:
    host = WITH_CREDENTIALS
    pid = host.check_output("pyapps ctl pid pyapps-cloudflared")
    credentials = {"AccountTag": "account", "TunnelID": "run", "TunnelSecret": "canary-of-the-tunnel-2"}
    done = play("site", host, cloudflared_credentials=credentials, cloudflared_token="")
    assert done.returncode == 0
    assert "canary" not in done.stdout
    assert host.check_output("pyapps ctl pid pyapps-cloudflared") != pid
    assert "canary-of-the-tunnel-2" in host.file(FOLDER + "/credentials.json").content_string
    assert not host.file(FOLDER + "/token").exists


def test_without_the_variable_the_tunnel_goes() -> None:
    """C-10."""
    host = WITH_TOKEN
    assert play("site", host, pyapps_tunnel="none").returncode == 0
    left = host.check_output("find / -xdev -name '*cloudflared*' -not -path '/opt/*' -not -path '/proc/*'").split()
    assert left == []
    assert not host.user(USER).exists
    assert "cloudflared" not in host.check_output("ps -eo args")
    assert get(host, "/app-1/").status == 200
