# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole catalog as one site of nginx, as text.

What is not obvious in the result:

- Every request is passed on in nginx's normal form (``rewrite``): what a rule has seen is what the process sees.
- The live port is read from the name of the link's target, which nginx resolves at each request; so a deploy needs no
  reload, and nothing here may be cached (``open_file_cache off``).
- A page's ETag would be its time and size, so two pages of one second could be taken for one: documents have none.
- Redirects use numbered captures, which nginx escapes; named ones go raw into the header.
- Directives are those of nginx 1.22 and of 1.25 and newer alike.
"""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.nginx.site_parts import (
    forwarded,
    indent,
    misdirected,
    preamble,
    quote,
    refuse_foreign,
    security,
    server_head,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.routes import (
    AWAY_URL,
    INSTANCE,
    MISDIRECTED_URL,
    NOT_FOUND_URL,
    PIN,
    PORT,
    RUNS_URL,
    SCRIPT,
    SLOW,
    STREAM_TIMEOUT,
    AppRoute,
    FrontSettings,
    assets_names,
    root_paths,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.base import ASSETS_URL
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.serving import AWAY, ENDS, PAGE, STATIC


def nginx_site(routes: t.Sequence[AppRoute], settings: FrontSettings) -> str:
    """The text of the site's file."""
    locations = [_own_locations(routes, settings)]
    locations += [_pinned_app(route, settings) if route.pinned else _plain_app(route, settings) for route in routes]
    server = "server {\n%s\n%s}\n" % (server_head(settings), "\n".join(locations))
    return preamble(routes, settings) + "\n" + server


def _document(settings: FrontSettings, route: AppRoute | None = None) -> str:
    """Directives of whatever page we serve ourselves: never stored, never taken for another one."""
    return (
        'etag off;\nif_modified_since off;\nmax_ranges 0;\nadd_header Last-Modified "";\n'
        "add_header Cache-Control no-store always;\n" + security(settings, route)
    )


def _location(where: str, *directives: str) -> str:
    return "location %s {\n%s}\n" % (where, indent("".join(directives), 4))


def _own_locations(routes: t.Sequence[AppRoute], settings: FrontSettings) -> str:
    """Assets, gallery, and 404 for the rest."""
    layout = settings.layout
    text = "".join(
        _location(
            "^~ %s/%s-" % (ASSETS_URL % name, name),
            "alias %s;\n" % quote(os.path.join(layout.assets, name + "-")),
            "gzip_static on;\ngzip_vary on;\naccess_log off;\n",
            'add_header Cache-Control "public, max-age=31536000, immutable";\n',
            security(settings),
        )
        for name in assets_names()
    )
    text += _location(
        "= " + NOT_FOUND_URL,
        "internal;\nclient_max_body_size 0;\n",
        "alias %s;\ndefault_type text/html;\n" % quote(layout.not_found_page),
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
        for path in root_paths():
            text += _location(
                "^~ " + path,
                'if ($pyapps_asker != "") { return 307 $pyapps_asker$request_uri; }\n',
                "return 404;\n",
            )
        text += _location("/", "error_page 404 %s;\nreturn 404;\n" % NOT_FOUND_URL)
    return indent(text, 4)


def _away(route: AppRoute, settings: FrontSettings) -> str:
    """The page of an app that is away: with what is known of why; without; or that it has not been live."""
    layout = settings.layout
    pages = [os.path.relpath(path, layout.srv) for path in (route.folder.down_page, layout.away_page(route.name))]
    never = os.path.relpath(layout.never_live_page(route.name), layout.srv)
    return _location(
        "= %s%s" % (AWAY_URL, route.name),
        "internal;\nclient_max_body_size 0;\ndefault_type text/html;\n",
        "root %s;\n" % quote(layout.srv),
        # Who never was live has no page but this one: try_files does not count where an "if" has been true.
        "if (!-d %s) { rewrite ^ /%s break; }\n" % (quote(route.folder.live), never),
        "add_header Retry-After 5 always;\n",
        _document(settings, route),
        "try_files %s =503;\n" % " ".join("/" + page for page in pages),
    )


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
    nested = _blocked(route)
    nested += _location(
        '~ "%s%s$"' % (pin, re.escape(ENDS)),
        "if (!-d %s) { return 410; }\n" % serving,
        "if (!-f %s) { return 204; }\n" % quote("%s/$pyapps_pin/%s" % (folder.serving, ENDS)),
        "root %s;\n" % serving,
        "default_type application/json;\naccess_log off;\n",
        _document(settings),
        "try_files /%s =404;\n" % ENDS,
    )
    if route.stream:
        nested += _location('~ "%s%s$"' % (pin, route.stream), *pinned, _stream_timeouts())
    nested += _location('~ "%s%s"' % (pin, route.rules.pinned), *pinned)
    # Slashes of both kinds are cut off the front, or an app at the root would send people to //another.host.
    out = (
        'rewrite "^%s/~/[^/]+[/\\\\\\\\]*(.*)$" "%s/$1" redirect;\n' % (base, route.base),
        "return 404;\n",
    )
    nested += _location('~ "%s%s"' % (pin, SCRIPT), *out)
    nested += _location(
        '~ "%s[^/]*$"' % pin,
        "root %s;\n" % serving,
        "default_type text/html;\ngzip on;\ngzip_vary on;\n",
        _document(settings, route),
        "try_files /$pyapps_preview @pyapps_out_%s;\n" % route.name,
    )
    nested += _location('~ "^%s/~/%s(?:/|$)"' % (base, PIN), *out)
    nested += _location('~ "^%s/~"' % base, "return 404;\n")
    nested += _process(route)
    if route.rules.no_page:
        nested += _location("~ " + route.rules.no_page, "return 404;\n")
    nested += _scripts(route, settings)
    nested += _location(
        '~ "^%s/"' % base,
        *_or_unavailable(route, must_exist=False, asked=True),
        "default_type text/html;\ngzip_static on;\ngzip on;\ngzip_vary on;\n",
        _document(settings, route),
        "try_files /index.html @pyapps_%s;\n" % route.name,
    )
    named = _location("@pyapps_" + route.name, _limits(route, settings), *_live(route))
    named += _location("@pyapps_out_" + route.name, *out)
    named += _missing_script(route, settings)
    named += _runs(route, settings)
    return _app(route, nested, settings) + indent(named, 4)


def _plain_app(route: AppRoute, settings: FrontSettings) -> str:
    """The published proxying: everything below the base to the live instance (``[route] pinned = false``)."""
    base = re.escape(route.base)
    nested = _blocked(route)
    nested += _process(route)
    nested += _scripts(route, settings)
    nested += _location('~ "^%s/"' % base, *_live(route))
    return _app(route, nested, settings) + indent(_missing_script(route, settings), 4)


def _blocked(route: AppRoute) -> str:
    return _location('~* "%s"' % route.rules.blocked, "return 404;\n") if route.rules.blocked else ""


def _process(route: AppRoute) -> str:
    """What is asked of the live process without a pin."""
    base, text = re.escape(route.base), ""
    if route.stream:
        text += _location('~ "^%s/%s$"' % (base, route.stream), *_live(route), _stream_timeouts())
    if route.rules.live:
        text += _location('~ "^%s/%s"' % (base, route.rules.live), *_live(route))
    return text


def _scripts(route: AppRoute, settings: FrontSettings) -> str:
    """Scripts and styles of the live release; of pinned pages only what asks for them in a way that we do not know."""
    return _location(
        '~ "^%s/(?<pyapps_script>%s)"' % (re.escape(route.base), SCRIPT),
        *_or_unavailable(route, must_exist=False),
        "gzip_static on;\ngzip on;\ngzip_vary on;\n",
        "add_header Cache-Control no-cache;\n",
        security(settings),
        "try_files /$pyapps_script @pyapps_script_of.%s;\n" % route.name,
    )


def _missing_script(route: AppRoute, settings: FrontSettings) -> str:
    """Where the live release's scripts are known, one that is not among them is not there."""
    known = "".join(
        "if (%s %s) { return 404; }\n" % (test, quote("%s/%s" % (route.folder.live, name)))
        for test, name in (("-d", STATIC), ("-f", PAGE))
    )
    return _location("@pyapps_script_of." + route.name, _limits(route, settings), known, *_live(route))


def _app(route: AppRoute, nested: str, settings: FrontSettings) -> str:
    text = "# app %s\n" % route.name + _away(route, settings)
    if route.base:
        text += "location = %s { return 301 %s/$is_args$args; }\n" % (route.base, route.base)
    return indent(text + _location("^~ %s/" % route.base, _limits(route, settings), nested), 4)


def _runs(route: AppRoute, settings: FrontSettings) -> str:
    """Whether the live process runs: 204 or 200 says so, 502 not. With a watcher its flags have said it already."""
    live = quote(route.folder.live)
    return _location(
        "= %s%s" % (RUNS_URL, route.name),
        "internal;\nclient_max_body_size 0;\n",
        "if (-d %s) { return 204; }\n" % quote(settings.layout.watched + "/"),
        "if (!-d %s) { return 204; }\n" % live,
        "root %s;\n" % live,
        'if ($pyapps_live_port = "") { return 204; }\n',
        # Nothing of the visitor's: whoever has the port now may be another one.
        "proxy_pass_request_headers off;\nproxy_pass_request_body off;\n",
        'proxy_set_header Host $http_host;\nproxy_set_header Content-Length "";\nproxy_method GET;\n',
        "proxy_read_timeout %ds;\nproxy_intercept_errors on;\n" % SLOW,
        "error_page 301 302 400 401 403 404 405 421 500 503 504 =204 @pyapps_runs_%s;\n" % route.name,
        "proxy_pass http://127.0.0.1:$pyapps_live_port%s;\n" % route.health,
    ) + _location("@pyapps_runs_" + route.name, "return 204;\n")


def _limits(route: AppRoute, settings: FrontSettings) -> str:
    """Size of uploads; the headers again where an app has some of its own, since nginx inherits all or none."""
    text = "client_max_body_size %dm;\n" % route.max_body_mb
    if route.frame_ancestors:
        text += security(settings, route)
    if route.user_headers:
        text += forwarded(route.user_headers, bool(settings.trusted_proxies))
    return text


def _or_unavailable(route: AppRoute, must_exist: bool = True, asked: bool = False) -> tuple[str, ...]:
    """The live instance's folder as root, or the friendly page with 503.

    :param must_exist: without a live instance it ends here; else what follows finds out itself
    :param asked: :func:`_runs` is asked first; nginx makes 500 of the 502 that this may answer
    """
    missing = "if (!-d %s) { return 503; }\n" % quote(route.folder.live)
    return (
        "root %s;\n" % quote(route.folder.live),
        "error_page %s502 503 504 =503 %s%s;\n" % ("500 " if asked else "", AWAY_URL, route.name),
        *(["auth_request %s%s;\n" % (RUNS_URL, route.name)] if asked else []),
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
