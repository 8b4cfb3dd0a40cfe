# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of nginx's site that belong to no single app: maps, server head, headers."""

from __future__ import annotations

import hashlib
import re
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.pages import misdirected_text
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.routes import (
    INSTANCE,
    MISDIRECTED_URL,
    POLICY,
    PORT,
    REMOVED_HEADERS,
    AppRoute,
    FrontSettings,
    asker,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.names import EVERY, patterns
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.serving import PREVIEW, PREVIEW_IN_PUBLIC

NAMES_ENDING = ".nginx"
"""Of a container's file of names."""

_LONGEST_NAME = 30  # 46 bytes for a variable's name (variables_hash_bucket_size 64), less "pyapps_refused_"

_HEADER = """\
# Made by selfhost.pyapps (module nginx_site) from the whole catalog: the next run replaces what is changed here.
# It knows apps, not releases; a deploy does not touch it.

map $http_upgrade $pyapps_upgrade { default ""; "~*^websocket$" websocket; }
map $pyapps_upgrade $pyapps_connection { default close; websocket upgrade; }

# The port of the live process, from the target of the app's link `live`.
map $realpath_root $pyapps_live_port {
    default "";
    "~/serving/%s\\.(?<pyapps_port>%s)$" $pyapps_port;
}
""" % (INSTANCE, PORT)

_NAMES = """\
# Which host a request asks for: "" for this one, else what the answer calls it. Line and header must name the same.
map "$host|$http_host" $pyapps_misdirected {
    default "that name";
%s    "~^(?<pyapps_asked>[a-z0-9._-]+)\\|." "the name $pyapps_asked";
}
"""

_PREVIEWS = """\
# Which page shows a preview: on the public host only one for which that was asked.
map $host $pyapps_preview {
    default %s;
%s}
"""

_LOG_FORMAT = """\
log_format pyapps '$remote_addr - $remote_user [$time_local] "$request_method $request_uri $server_protocol" '
                  '$status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time';
"""

_SERVER = """\
    server_tokens off;
    absolute_redirect off;
    merge_slashes on;
    underscores_in_headers off;
    open_file_cache off;
    charset utf-8;

    proxy_http_version 1.1;
    proxy_request_buffering off;
    proxy_connect_timeout 5s;
    proxy_buffer_size 16k;
    proxy_buffers 8 16k;
    proxy_busy_buffers_size 32k;
    proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;
"""


def preamble(routes: t.Sequence[AppRoute], settings: FrontSettings) -> str:
    """What stands before the server: maps and the format of the log."""
    hosts = "".join('    "%s" %s;\n' % (host, PREVIEW_IN_PUBLIC) for host in settings.public_hosts)
    parts = [_HEADER, _names(settings), _PREVIEWS % (PREVIEW, hosts), _LOG_FORMAT]
    parts += [_trust(settings), _origins(routes, settings), _askers(routes)]
    return "\n".join(parts + _user_header_maps(routes, settings))


def quote(text: str) -> str:
    """A value in quotes. What nginx would read inside them ($, quotes, line ends) was refused by FrontSettings."""
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')


def names_lines(names: t.Sequence[str]) -> str:
    """Whose requests are this host's, as lines of the map."""
    if EVERY in names:
        return '"~^" "";\n'
    # One each, because nginx takes no word that is longer than 4 KB.
    return "".join('"~*^(%s)\\|\\1\\.?(?::[0-9]*)?$" "";\n' % host for host in patterns(names))


def _names(settings: FrontSettings) -> str:
    if settings.names is None:
        return ""
    lines = names_lines(settings.names)
    if settings.names_at_start:
        # With a wildcard, because nginx judges the site before a container has written the file.
        lines += "include %s;\n" % quote(settings.layout.front_names + NAMES_ENDING + "*")
    return _NAMES % indent(lines, 4)


def _refuse_misdirected(settings: FrontSettings) -> str:
    """Of the server: whoever asks for another host goes on to :func:`misdirected`."""
    if settings.names is None:
        return ""
    return "    if ($pyapps_misdirected) { rewrite ^ %s last; }\n" % MISDIRECTED_URL


def misdirected(settings: FrontSettings) -> str:
    """Directives of the location :data:`MISDIRECTED_URL`."""
    return (
        "internal;\nclient_max_body_size 0;\ndefault_type text/plain;\nadd_header Cache-Control no-store always;\n"
        + security(settings)
        + 'return 421 "%s";\n' % misdirected_text("$pyapps_misdirected").replace("\n", "\\n")
    )


def _trust(settings: FrontSettings) -> str:
    """Whether the peer that is really connected may say for whom it asks, and how that one came."""
    networks = "".join("    %s 1;\n" % network for network in settings.trusted_proxies)
    return (
        "geo $realip_remote_addr $pyapps_trusted {\n    default 0;\n%s}\n"
        'map "$pyapps_trusted:$http_x_forwarded_proto" $pyapps_proto {\n'
        "    default $scheme;\n"
        '    "~*^1:https\\b" https;\n'
        '    "~*^1:http\\b" http;\n'
        "}\n" % networks
    )


def _origins(routes: t.Iterable[AppRoute], settings: FrontSettings) -> str:
    """Who may open a WebSocket: programs (no Origin), the page's own host and port, and listed origins."""
    text = (
        'map "$http_host|$http_origin" $pyapps_same_origin {\n'
        "    default foreign;\n"
        '    "~^[^|]*\\|$" own;\n'
        '    "~*^([^|]+)\\|https?://\\1$" own;\n'
        "}\n"
    )
    text += _origin_map("pyapps_origin", "$pyapps_same_origin", settings.public_origins)
    text += 'map "$pyapps_upgrade:$pyapps_origin" $pyapps_refused { default ""; "websocket:foreign" 1; }\n'
    for route in routes:
        if route.origins:
            text += _origin_map(_variable("origin", route), "$pyapps_origin", route.origins)
            text += 'map "$pyapps_upgrade:$%s" $%s { default ""; "websocket:foreign" 1; }\n' % (
                _variable("origin", route),
                _variable("refused", route),
            )
    return text


def _askers(routes: t.Iterable[AppRoute]) -> str:
    """Which app, and which instance of it, a page belongs to that asks for something at the root."""
    lines = "".join(
        '    "~%s" $pyapps_asked_by;\n' % asker(route).replace("+(", "+(?<pyapps_asked_by>", 1) for route in routes
    )
    return 'map $http_referer $pyapps_asker {\n    default "";\n%s}\n' % lines


def _origin_map(variable: str, default: str, origins: t.Iterable[str]) -> str:
    # Patterns, not words: words would need a longer map_hash_bucket_size, which only the user's nginx.conf can set.
    lines = "".join('    "~*^%s$" own;\n' % re.escape(origin) for origin in origins)
    return "map $http_origin $%s {\n    default %s;\n%s}\n" % (variable, default, lines)


def _variable(kind: str, route: AppRoute) -> str:
    """A variable's name that no other app has: names of apps may hold ``-``, which a variable's name may not.

    One that is longer than nginx's table of variables takes would stop the whole site.
    """
    name = route.name.replace("_", "__").replace("-", "_1")
    if len(name) > _LONGEST_NAME:
        name = "_2" + hashlib.sha256(name.encode()).hexdigest()[: _LONGEST_NAME - 2]
    return "pyapps_%s_%s" % (kind, name)


def _user_header_maps(routes: t.Iterable[AppRoute], settings: FrontSettings) -> list[str]:
    if not settings.trusted_proxies:
        return []
    headers = sorted({header.lower() for route in routes for header in route.user_headers})
    return [
        'map $pyapps_trusted $%s { default ""; 1 $http_%s; }\n' % (_user(header), _word(header)) for header in headers
    ]


def _word(header: str) -> str:
    return header.lower().replace("-", "_")


def _user(header: str) -> str:
    return "pyapps_user_" + _word(header)


def server_head(settings: FrontSettings) -> str:
    default = " default_server" if settings.default_server else ""
    address = settings.address
    if address:
        listens = ["[%s]:%d" % (address, settings.port) if ":" in address else "%s:%d" % (address, settings.port)]
    else:
        listens = ["%d" % settings.port] + (["[::]:%d" % settings.port] if settings.ipv6 else [])
    text = "".join("    listen %s%s;\n" % (listen, default) for listen in listens)
    # Only what was asked for by name: the machine's own names may be those of another site.
    names = [quote(name) for name in settings.server_names if name != EVERY]
    if names and not settings.default_server and "localhost" not in settings.server_names:
        names.append('"localhost"')  # what the run's table says
    text += "    server_name %s;\n" % (" ".join(names) or "_")
    if settings.access_log:
        text += "    access_log %s pyapps;\n" % quote(settings.access_log)
    if settings.trusted_proxies:
        text += "".join("    set_real_ip_from %s;\n" % network for network in settings.trusted_proxies)
        text += "    real_ip_header X-Forwarded-For;\n    real_ip_recursive on;\n"
    text += "\n" + _SERVER + indent(forwarded(()), 4) + indent(security(settings), 4)
    return text + _refuse_misdirected(settings)


def forwarded(user_headers: t.Iterable[str], trusted: bool = False) -> str:
    """What the process is told; every name in which a client could lie is set or removed."""
    headers = {
        "Host": "$http_host",
        "X-Real-IP": "$remote_addr",
        "X-Forwarded-For": "$remote_addr",
        "X-Forwarded-Proto": "$pyapps_proto",
        "X-Forwarded-Host": "$http_host",
        "Upgrade": "$pyapps_upgrade",
        "Connection": "$pyapps_connection",
    }
    headers.update((name, '""') for name in REMOVED_HEADERS)
    headers.update((name, "$" + _user(name) if trusted else '""') for name in user_headers)
    return "".join("proxy_set_header %s %s;\n" % header for header in headers.items())


def security(settings: FrontSettings, route: AppRoute | None = None) -> str:
    """Headers of an answer; nginx hands them down to no location that has headers of its own.

    :param route: the app that answers, or whose page it is
    """
    headers = dict(settings.security_headers)
    if route is not None:
        headers[POLICY] = settings.policy(route.frame_ancestors)
    return "".join('add_header %s "%s" always;\n' % header for header in headers.items())


def indent(text: str, blanks: int) -> str:
    return "".join(" " * blanks + line if line.strip() else line for line in text.splitlines(keepends=True))


def refuse_foreign(route: AppRoute) -> str:
    """Rule 0: a WebSocket from a foreign page ends here."""
    return "if ($%s) { return 403; }\n" % (_variable("refused", route) if route.origins else "pyapps_refused")
