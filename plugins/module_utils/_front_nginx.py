# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole catalog as one site of nginx, as text. PRIVATE to the collection.

What is not obvious in the result:

- Every request is passed on in nginx's normal form (``rewrite``): what a rule has seen is what the process sees.
- The live port is read from the name of the link's target, which nginx resolves at each request; so a deploy needs no
  reload, and nothing here may be cached (``open_file_cache off``).
- A page's ETag would be its time and size, so two pages of one second could be taken for one: documents have none.
- Redirects use numbered captures, which nginx escapes; named ones go raw into the header.
- Directives are those of nginx 1.22 and of 1.25 and newer alike (C-19).
"""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._front_nginx_text import (
    forwarded,
    indent,
    misdirected,
    preamble,
    quote,
    refuse_foreign,
    security,
    server_head,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._front_routes import (
    ASSETS_PREFIX,
    BLOCKED,
    INSTANCE,
    LIVE_PATHS,
    MISDIRECTED_URL,
    PIN,
    PINNED_KINDS,
    PORT,
    STREAM_TIMEOUT,
    UNAVAILABLE_URL,
    AppRoute,
    FrontSettings,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._serving import AWAY


def nginx_site(routes: t.Sequence[AppRoute], settings: FrontSettings) -> str:
    """The text of the site's file."""
    locations = [_own_locations(routes, settings)]
    locations += [_pinned_app(route, settings) if route.pinned else _plain_app(route, settings) for route in routes]
    server = "server {\n%s\n%s}\n" % (server_head(settings), "\n".join(locations))
    return preamble(routes, settings) + "\n" + server


def _document(settings: FrontSettings) -> str:
    """Directives of whatever page we serve ourselves: never stored, never taken for another one."""
    return (
        'etag off;\nif_modified_since off;\nmax_ranges 0;\nadd_header Last-Modified "";\n'
        "add_header Cache-Control no-store always;\n" + security(settings)
    )


def _location(where: str, *directives: str) -> str:
    return "location %s {\n%s}\n" % (where, indent("".join(directives), 4))


def _own_locations(routes: t.Sequence[AppRoute], settings: FrontSettings) -> str:
    """Assets, gallery, the page of an app that does not answer, and 404 for the rest (S0-61)."""
    layout = settings.layout
    text = _location(
        "^~ " + ASSETS_PREFIX,
        "alias %s;\n" % quote(os.path.join(layout.assets, "streamlit-")),
        "gzip_static on;\ngzip_vary on;\naccess_log off;\n",
        'add_header Cache-Control "public, max-age=31536000, immutable";\n',
        security(settings),
    )
    text += _location(
        "= " + UNAVAILABLE_URL,
        "internal;\n",
        "client_max_body_size 0;\n",
        "alias %s;\n" % quote(os.path.join(layout.front, "unavailable.html")),
        "add_header Retry-After 5 always;\n",
        _document(settings),
    )
    if settings.names is not None:
        text += _location("= " + MISDIRECTED_URL, misdirected(settings))
    text += _location("^~ /_pyapps/", "return 404;\n")
    if not any(route.base == "" for route in routes):
        if settings.gallery:
            text += _location(
                "= /",
                "root %s;\n" % quote(layout.front),
                _document(settings),
                "try_files /index.html =404;\n",
            )
        text += _location("/", "return 404;\n")
    return indent(text, 4)


def _pinned_app(route: AppRoute, settings: FrontSettings) -> str:
    """Pinned paths to their instance, published paths to the live one, anything else is the app's page."""
    base, folder = re.escape(route.base), route.folder
    serving = quote(folder.serving + "/$pyapps_pin")
    pinned = (
        refuse_foreign(route),
        # The flag before the marker: one that goes away between the two looks takes both with it.
        "if (-f %s) { return 502; }\n" % quote("%s/$pyapps_pin/%s" % (folder.serving, AWAY)),
        "if (!-d %s) { return 410; }\n" % serving,
        'rewrite "(?s)^%s/~/[^/]+(/.*)$" "%s$1" break;\n' % (base, route.base),
        "proxy_pass http://127.0.0.1:$pyapps_pin_port;\n",
    )
    pin = r"^%s/~/(?<pyapps_pin>%s\.(?<pyapps_pin_port>%s))/" % (base, INSTANCE, PORT)
    nested = _location('~* "%s"' % BLOCKED, "return 404;\n")
    nested += _location('~ "%s_stcore/stream$"' % pin, *pinned, _stream_timeouts())
    nested += _location('~ "%s%s"' % (pin, PINNED_KINDS), *pinned)
    # Slashes of both kinds are cut off the front, or an app at the root would send people to //another.host.
    out = (
        'rewrite "^%s/~/[^/]+[/\\\\\\\\]*(.*)$" "%s/$1" redirect;\n' % (base, route.base),
        "return 404;\n",
    )
    nested += _location(
        '~ "%s[^/]*$"' % pin,
        "root %s;\n" % serving,
        "default_type text/html;\ngzip on;\ngzip_vary on;\n",
        _document(settings),
        "try_files /$pyapps_preview @pyapps_out_%s;\n" % route.name,
    )
    nested += _location('~ "^%s/~/%s(?:/|$)"' % (base, PIN), *out)
    nested += _location('~ "^%s/~"' % base, "return 404;\n")
    nested += _location('~ "^%s/_stcore/stream$"' % base, *_live(route), _stream_timeouts())
    nested += _location('~ "^%s/%s"' % (base, LIVE_PATHS), *_live(route))
    nested += _location("~ /_stcore/", "return 404;\n")
    nested += _location(
        '~ "^%s/"' % base,
        *_or_unavailable(route, must_exist=False),
        "default_type text/html;\ngzip_static on;\ngzip on;\ngzip_vary on;\n",
        _document(settings),
        "try_files /index.html @pyapps_%s;\n" % route.name,
    )
    named = _location("@pyapps_" + route.name, _limits(route, settings), *_live(route))
    named += _location("@pyapps_out_" + route.name, *out)
    return _app(route, nested, settings) + indent(named, 4)


def _plain_app(route: AppRoute, settings: FrontSettings) -> str:
    """The published proxying: everything below the base to the live instance (``[route] pinned = false``)."""
    base = re.escape(route.base)
    nested = _location('~* "%s"' % BLOCKED, "return 404;\n")
    nested += _location('~ "^%s/_stcore/stream$"' % base, *_live(route), _stream_timeouts())
    nested += _location('~ "^%s/"' % base, *_live(route))
    return _app(route, nested, settings)


def _app(route: AppRoute, nested: str, settings: FrontSettings) -> str:
    text = "# app %s\n" % route.name
    if route.base:
        text += "location = %s { return 301 %s/$is_args$args; }\n" % (route.base, route.base)
    return indent(text + _location("^~ %s/" % route.base, _limits(route, settings), nested), 4)


def _limits(route: AppRoute, settings: FrontSettings) -> str:
    """Size of uploads (C-12); the headers again where an app has some of its own, since nginx inherits all or none."""
    text = "client_max_body_size %dm;\n" % route.max_body_mb
    if route.user_headers:
        text += forwarded(route.user_headers, bool(settings.trusted_proxies))
    return text


def _or_unavailable(route: AppRoute, must_exist: bool = True) -> tuple[str, ...]:
    """The live instance's folder as root, or the friendly page with 503.

    :param must_exist: without a live instance it ends here; else what follows finds out itself
    """
    missing = "if (!-d %s) { return 503; }\n" % quote(route.folder.live)
    return (
        "root %s;\n" % quote(route.folder.live),
        "error_page 502 503 504 =503 %s;\n" % UNAVAILABLE_URL,
        *("if (-f %s) { return 503; }\n" % quote(flag) for flag in (route.folder.down, route.folder.live + "/" + AWAY)),
        *([missing] if must_exist else []),
    )


def _live(route: AppRoute) -> tuple[str, ...]:
    return (
        refuse_foreign(route),
        *_or_unavailable(route),
        'if ($pyapps_live_port = "") { return 503; }\n',
        "rewrite ^ $uri break;\n",
        "proxy_pass http://127.0.0.1:$pyapps_live_port;\n",
    )


def _stream_timeouts() -> str:
    return "proxy_read_timeout %(time)ds;\nproxy_send_timeout %(time)ds;\n" % {"time": STREAM_TIMEOUT}
