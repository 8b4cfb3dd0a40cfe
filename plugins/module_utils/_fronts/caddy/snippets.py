# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the Caddyfile that are the same for every catalog.

Indented with spaces, as Python is; :func:`._front_caddy.caddy_config` turns them into Caddy's tabs.
"""

from __future__ import annotations

from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.pages import misdirected_text
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.routes import PORT, SLOW

GLOBAL = """\
# Made by selfhost.pyapps (module caddy_site) from the whole catalog: the next run replaces what is changed here.
# It knows apps, not releases; a deploy does not touch it.
{
    admin %(admin)s
    auto_https off
    persist_config off
    grace_period 3s
    storage file_system %(storage)s
    servers {
        timeouts {
            read_header 30s
        }
%(trust)s    }
}
"""

# {args[0]}: the port. Open WebSockets outlive a reload.
PROXY = """\
(pyapps_proxy) {
    reverse_proxy 127.0.0.1:{args[0]} {
        stream_close_delay 24h
        flush_interval -1
        header_up Host {http.request.hostport}
        header_up X-Real-IP {client_ip}
        header_up X-Forwarded-For {client_ip}
        header_up X-Forwarded-Proto {vars.pyapps_proto}
        header_down -Server
        transport http {
            dial_timeout 5s
            keepalive off
        }
    }
}
"""

# {args[0]}: the app's folder, {args[1]}: its name. The friendly page answers what fails from here on.
LIVE = (
    """\
(pyapps_friendly) {
    vars pyapps_away {args[1]}
    @down file {
        root {args[0]}
        try_files /down /live/away
    }
    error @down 503
}

(pyapps_live) {
    @live file {
        root {args[0]}
        try_files /live/*.port /live/*.port /live/*.port
    }
    handle @live {
        @port vars_regexp live {http.matchers.file.relative} (%s)\\.port$
        handle @port {
            import pyapps_proxy {re.live.1}
        }
    }
    error 503
}
"""
    % PORT
)

# A page from disk while nobody watches: its process is asked first. {args[0]}: the app's folder, {args[1]}: for what.
# Nothing of the visitor's goes with it: whoever has the port now may be another one.
ASKED = """\
(pyapps_asked) {
    route {
        @asked file {
            root {args[0]}
            try_files /live/*.port /live/*.port /live/*.port
        }
        handle @asked {
            route {
                @asked_port vars_regexp asked {http.matchers.file.relative} (%s)\\.port$
                vars @asked_port pyapps_asked yes
                reverse_proxy @asked_port 127.0.0.1:{re.asked.1} {
                    method GET
                    rewrite {args[1]}?
                    header_up -*
                    header_up Host {http.request.hostport}
                    transport http {
                        dial_timeout 5s
                        response_header_timeout %ds
                        keepalive off
                    }
                    handle_response {
                        rewrite * /live/index.html
                        root * {args[0]}
                        import pyapps_document 200
                    }
                }
            }
        }
    }
}
""" % (PORT, SLOW)

# A name is shown only when it is nothing but a name.
MISDIRECTED = """\
(pyapps_misdirected) {
    header Cache-Control no-store
    @asked vars_regexp asked {http.request.host} (?i)^[a-z0-9._-]+$
    respond @asked "%s" 421
    respond "%s" 421
}
""" % (misdirected_text("the name {re.asked.0}"), misdirected_text("that name"))

# Only a WebSocket may ask for another protocol, and only for this one; a browser's must come from a known origin.
REFUSE_FOREIGN = """\
(pyapps_refuse_foreign) {
    @other_protocol not header_regexp Upgrade (?i)^websocket$
    request_header @other_protocol -Upgrade
    @foreign {
        header_regexp Upgrade (?i)^websocket$
        header Origin *
        not vars pyapps_origin own
    }
    respond @foreign 403
}
"""

ERRORS = """\
    handle_errors {
        import pyapps_headers
        @slow {
            vars pyapps_asked yes
            expression {err.status_code} == 504
        }
        handle @slow {
            route {
                rewrite * /apps/{vars.pyapps_away}/live/index.html
                root * %(srv)s
                import pyapps_document 200
            }
        }
        @friendly {
            vars_regexp away {vars.pyapps_away} .
            expression {err.status_code} in [502, 503, 504]
        }
        handle @friendly {
            route {
                header Retry-After 5
                root * %(srv)s
                @body not method GET HEAD
                method @body GET
                @was_live file {
                    root %(srv)s
                    try_files /apps/{vars.pyapps_away}/live/
                }
                handle @was_live {
                    route {
                        @told file {
                            root %(srv)s
                            try_files /apps/{vars.pyapps_away}/down.html /front/apps/{vars.pyapps_away}.away.html
                        }
                        rewrite @told {http.matchers.file.relative}
                        import pyapps_document 503
                    }
                }
                rewrite * /front/apps/{vars.pyapps_away}.never.html
                import pyapps_document 503
            }
        }
        @no_app {
            vars pyapps_no_app yes
            expression {err.status_code} == 404
        }
        handle @no_app {
            route {
                @body not method GET HEAD
                method @body GET
                rewrite * /front/not-found.html
                root * %(srv)s
                import pyapps_document 404
            }
        }
        respond "{err.status_code} {err.status_text}" {err.status_code}
    }
"""

# A page that we serve ourselves: never stored, never taken for another one. {args[0]}: the status.
DOCUMENT = """\
(pyapps_document) {
    request_header -If-None-Match
    request_header -If-Modified-Since
    request_header -Range
    header {
        Cache-Control no-store
        -Etag
        -Last-Modified
        -Accept-Ranges
        defer
    }
    encode gzip
    file_server {
        status {args[0]}
        disable_canonical_uris
        precompressed gzip
    }
}
"""
