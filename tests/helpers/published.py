# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The published repository, as its author's page gives it: texts and what ``build.py -d`` writes."""

from __future__ import annotations

import typing as t
from pathlib import Path

from helpers.apps import sample

ROOT = "/self-hosted-streamlit-apps"
SUPERVISORD = """\
[unix_http_server]
file=/var/run/supervisor.sock
chmod=0700

[supervisord]
logfile=/var/log/supervisor/supervisord.log
pidfile=/var/run/supervisord.pid
childlogdir=/var/log/supervisor
nodaemon=true

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix:///var/run/supervisor.sock

[program:tail]
command=tail -f /dev/null
autostart=true
autorestart=true
stderr_logfile=/var/log/supervisor/tail.err.log
stdout_logfile=/var/log/supervisor/tail.out.log

[program:cloudflared]
command=/usr/local/bin/cloudflared tunnel run dash
autostart=true
autorestart=true
stderr_logfile=/var/log/supervisor/cloudflared.err.log
stdout_logfile=/var/log/supervisor/cloudflared.out.log
"""
_PROGRAM = """\
[program:{app_name}]
    command={python_path} -m streamlit run {app_python_file} --server.port={server_port} --server.baseUrlPath={base}
    directory={app_folder_path}
    autostart=true
    autorestart=true
    stderr_logfile=/var/log/supervisor/{app_name}.err.log
    stdout_logfile=/var/log/supervisor/{app_name}.out.log
    """
_LOCATION = """
    location {base_path} {{
        proxy_pass http://127.0.0.1:{port}{base_path};
        proxy_set_header Host $host;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
    }}

    location {base_path}_stcore/stream {{
        proxy_pass http://127.0.0.1:{port}{base_path}_stcore/stream;
        proxy_http_version 1.1;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header Host $host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_read_timeout 86400;
    }}
    """
_SITE = """
server {
    listen 80;
    server_name localhost;

    # Streamlit apps
    %s

    # Default location block
    location / {
        return 404;
    }
}
"""
DOCKERFILE = """\
FROM python:3.11-slim

# ====== Environment Variables ======
ENV APP_ROOT=/self-hosted-streamlit-apps
ENV ALWAYS_HEALTHY=false

# ====== Arguments ======
ARG DEBIAN_FRONTEND=noninteractive

# ====== Install Dependencies ======
RUN apt-get update && apt-get install -y \\
    build-essential \\
    curl \\
    file \\
    git \\
    supervisor \\
    nginx \\
    && apt-get clean \\
    && rm -rf /var/lib/apt/lists/*
RUN curl -L https://github.com/cloudflare/cloudflared/releases/latest/download/cloudflared-linux-amd64 -o \
/usr/local/bin/cloudflared && \\
    chmod +x /usr/local/bin/cloudflared

# ====== Working Directory Setup ======
WORKDIR $APP_ROOT
COPY . .
RUN mkdir -p /var/log/supervisor /etc/cloudflared
COPY cloudflare/ /etc/cloudflared/

# ====== Build Scripts ======
RUN python build.py -dH && \\
    cp supervisord.conf /etc/supervisor/supervisord.conf && \\
    cp nginx.conf /etc/nginx/sites-available/default && \\
    ln -sf /etc/nginx/sites-available/default /etc/nginx/sites-enabled/default

# ====== Entrypoint and Healthcheck ======
HEALTHCHECK --interval=5m --timeout=3s --retries=3 \\
  CMD python healthcheck.py || exit 1

EXPOSE 80

CMD ["/usr/bin/supervisord", "-n", "-c", "/etc/supervisor/supervisord.conf"]
"""
MAKEFILE = """\
IMAGE_NAME_PROD=self-hosted-streamlit-prod
IMAGE_NAME_DEV=self-hosted-streamlit-dev
CONTAINER_NAME_PROD=streamlit-prod
CONTAINER_NAME_DEV=streamlit-dev
"""
_MAKE_TARGETS = """
build-{kind}:
\tdocker build --build-arg APP_ENV={word} -t $(IMAGE_NAME_{KIND}) .

run-{kind}:
\tdocker run -d --name $(CONTAINER_NAME_{KIND}) --env-file .env -e APP_ENV={KIND} $(IMAGE_NAME_{KIND})

run-{kind}-80:
\tdocker run -d --name $(CONTAINER_NAME_{KIND}) --env-file .env -e APP_ENV={KIND} -p 80:80 $(IMAGE_NAME_{KIND})

exec-{kind}:
\tdocker exec -it $(CONTAINER_NAME_{KIND}) sh

start-{kind}:
\tdocker start $(CONTAINER_NAME_{KIND})

stop-{kind}:
\tdocker stop $(CONTAINER_NAME_{KIND})

remove-{kind}:
\tdocker rm $(CONTAINER_NAME_{KIND})

rebuild-{kind}: stop-{kind} remove-{kind} build-{kind} run-{kind}

rebuild-{kind}-80: stop-{kind} remove-{kind} build-{kind} run-{kind}-80
"""
for _kind, _word in (("prod", "production"), ("dev", "development")):
    MAKEFILE += _MAKE_TARGETS.format(kind=_kind, KIND=_kind.upper(), word=_word)
TUNNEL_ID = "6ff42ae2-765d-4adf-8112-31c55c1551ef"
TUNNEL_CONFIG = (
    """\
tunnel: dash
credentials-file: /etc/cloudflared/%s.json
ingress:
  - hostname: dash.example.com
    service: http://localhost:80
  - service: http_status:404
"""
    % TUNNEL_ID
)
CREDENTIALS = '{"AccountTag": "account", "TunnelSecret": "canary-of-the-tunnel", "TunnelID": "%s"}\n' % TUNNEL_ID
"""What ``cloudflared tunnel create`` writes."""


def program(folder: str, title: str, port: int, base: str) -> str:
    """What ``create_supervisor_program_str`` gives."""
    place = "%s/apps/%s" % (ROOT, folder)
    return "\n" + _PROGRAM.format(
        app_name=title.lower().replace(" ", "_"),
        python_path=place + "/.venv/bin/python",
        app_folder_path=place,
        app_python_file=folder + ".py",
        server_port=port,
        base=base,
    )


def location(port: int, base: str) -> str:
    """What ``create_nginx_location_block`` gives."""
    return _LOCATION.format(port=port, base_path="/%s/" % base.strip("/"))


def repository(folder: Path) -> Path:
    """App 1 and App 2 after ``build.py -d`` has run twice: programs twice, locations once (X12)."""
    for number in (1, 2):
        name = "app_%d" % number
        files = {
            "setup.toml": sample(number),
            name + ".py": 'import streamlit as st\n\nst.write("Hello from App %d!")\n' % number,
            "requirements.txt": "streamlit==1.41.*\n",
            "README.md": "# App %d\n" % number,
            ".env": "",
            ".venv/bin/python": "",
        }
        write(folder / "apps" / name, files)
    programs = [program("app_%d" % number, "App %d" % number, 8000 + number, "/app-%d" % number) for number in (1, 2)]
    write(
        folder,
        {
            "supervisord.conf": SUPERVISORD + "".join(programs * 2),
            "nginx.conf": _SITE % "".join(location(8000 + number, "app-%d" % number) for number in (1, 2)),
            "Makefile": MAKEFILE,
            "build.py": "",
            "healthcheck.py": "",
            "Dockerfile": DOCKERFILE,
            "cloudflare/config.yml": TUNNEL_CONFIG,
            "cloudflare/%s.json" % TUNNEL_ID: CREDENTIALS,
            ".env": 'HELLO="WORLD"\n',
            ".dockerignore": ".env\napps/*/.env\n",
            "README.md": "",
        },
    )
    return folder


def write(folder: Path, files: t.Mapping[str, str]) -> None:
    """Write files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
