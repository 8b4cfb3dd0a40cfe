# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Streamlit's options that only the host may set."""

from __future__ import annotations

_PUBLIC = "it follows from the URL that visitors use: set pyapps_public_url on the host"
_FRONT_ORIGINS = "the right origins are let in by the front and by Streamlit: write route.allowed_origins"
_PRODUCTION = "served code never changes in place: a changed file is a new release"
_TLS = "the front ends TLS; the app listens on 127.0.0.1 only"

HOST_OWNED: dict[str, str] = {
    "server.port": "an instance gets its port when it starts: write [streamlit] port for the one to try first",
    "server.address": "the app listens on 127.0.0.1 only, behind the front",
    "server.baseUrlPath": "write [streamlit] base_path",
    "server.headless": "there is no browser on the host",
    "server.enableCORS": "switching it off lets every site in: write route.allowed_origins",
    "server.enableXsrfProtection": "switching it off lets other sites upload: write route.allowed_origins",
    "server.corsAllowedOrigins": "the front needs the list too: write route.allowed_origins",
    "server.allowedOrigins": "Streamlit has no such option and ignores it: write route.allowed_origins",
    "server.cookieSecret": "it is a secret, and this file is none",
    "secrets.files": "the host puts them where Streamlit looks: write pyapps_secrets or .streamlit/secrets.toml",
    "server.scriptHealthCheckEnabled": "it would let visitors run the script without a session",
    "server.runOnSave": _PRODUCTION,
    "server.allowRunOnSave": _PRODUCTION,
    "server.fileWatcherType": _PRODUCTION,
    "server.useStarlette": "which server Streamlit runs decides how it is started and checked",
    "server.sslCertFile": _TLS,
    "server.sslKeyFile": _TLS,
    "browser.serverAddress": _PUBLIC,
    "browser.serverPort": _PUBLIC,
    "browser.gatherUsageStats": "no app of the host reports to others",
    "global.developmentMode": "it is for work on Streamlit itself",
}
"""Option → why an app cannot set it, and what to do instead."""

_FOLDED = {name.lower(): name for name in HOST_OWNED}
_SECTIONS = sorted({name.partition(".")[0] for name in HOST_OWNED})


def host_owned(option: str) -> str | None:
    """Why an app cannot set this option, or one below it; None when it can."""
    name = ".".join(option.lower().split(".")[:2])
    return HOST_OWNED.get(_FOLDED.get(name, ""))


def owned_variable(variable: str) -> str | None:
    """The section of an environment variable that would set one of Streamlit's options behind the host's back."""
    for section in _SECTIONS:
        if variable.upper().startswith("STREAMLIT_%s_" % section.upper()):
            return section
    return None
