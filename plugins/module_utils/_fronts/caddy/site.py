# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole catalog as one Caddyfile.

What is not obvious in the result:

- Everything stands in ``route``, or Caddy would sort the directives by its own order.
- ``path_regexp`` sees the path decoded and cleaned, ``vars_regexp`` on ``{http.request.uri}`` sees it as it was sent. A
  pin counts only as it is written in pages (the second), what is blocked in any spelling (the first). Nothing decoded
  is ever put back into a path or a redirect.
- The live port is read from the name of a file in the folder behind ``live``, looked up at each request; so a deploy
  needs no reload. The folder is listed and then the file looked at: the link may be switched in between, hence thrice.
- The last rule is 404: Caddy answers a request that nothing matches with an empty 200.
"""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.caddy.snippets import (
    ASKED,
    DOCUMENT,
    ERRORS,
    GLOBAL,
    LIVE,
    MISDIRECTED,
    PROXY,
    REFUSE_FOREIGN,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.routes import (
    INSTANCE,
    PIN,
    POLICY,
    PORT,
    REMOVED_HEADERS,
    SCRIPT,
    AppRoute,
    FrontError,
    FrontSettings,
    asker,
    assets_names,
    root_paths,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._host.names import EVERY, patterns
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.base import ASSETS_URL
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.serving import (
    AWAY,
    ENDS,
    PAGE,
    PREVIEW,
    PREVIEW_IN_PUBLIC,
    STATIC,
)

NAMES_ENDING = ".caddy"
"""Of a container's file of names."""

_LONGEST_SOCKET_PATH = 107  # unix(7): 108 bytes with the zero at the end


def admin_socket(layout: Layout) -> str:
    """Caddy's admin endpoint, in a folder that only Caddy's user may enter.

    :raises FrontError: the root folder's path is too long for a socket below it
    """
    path = os.path.join(layout.caddy_home, "admin.sock")
    if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
        raise FrontError(
            "root: %s is %d bytes long, and the kernel takes %d for a socket. Use a shorter root folder."
            % (path, len(os.fsencode(path)), _LONGEST_SOCKET_PATH)
        )
    return path


_FOUR_SPACES = re.compile(r"^(?: {4})+", re.MULTILINE)


def caddy_config(routes: t.Sequence[AppRoute], settings: FrontSettings) -> str:
    """The text of the Caddyfile."""
    parts = [
        GLOBAL
        % {
            "admin": _quote("unix/%s|0600" % admin_socket(settings.layout)),
            "storage": _quote(os.path.join(settings.layout.srv, "caddy")),
            "trust": _trusted(settings),
        },
        PROXY,
        _headers(settings),
        MISDIRECTED,
        REFUSE_FOREIGN,
        LIVE,
        ASKED,
        DOCUMENT,
        _site(routes, settings),
    ]
    return _FOUR_SPACES.sub(lambda found: "\t" * (len(found[0]) // 4), "\n".join(parts))


def _quote(text: str) -> str:
    """A value in quotes. What Caddy would read inside them (braces, quotes, line ends) was refused by FrontSettings."""
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')


def _indent(text: str, tabs: int) -> str:
    return "".join("\t" * tabs + line if line.strip() else line for line in text.splitlines(keepends=True))


def _trusted(settings: FrontSettings) -> str:
    if not settings.trusted_proxies:
        return ""
    return "\t\ttrusted_proxies static %s\n\t\ttrusted_proxies_strict\n" % " ".join(settings.trusted_proxies)


def _site(routes: t.Sequence[AppRoute], settings: FrontSettings) -> str:
    text = "http://:%d {\n" % settings.port
    if settings.address:
        text += "\tbind %s\n" % settings.address
    text += _log(settings)
    text += "\troute {\n" + _indent(_head(routes, settings), 2)
    for route in routes:
        text += _indent(_app(route, settings), 2)
    text += _indent(_components(routes), 2)
    text += "\t\tvars pyapps_no_app yes\n\t\terror 404\n\t}\n"
    return text + ERRORS % {"srv": _quote(settings.layout.srv)} + "}\n"


def _components(routes: t.Iterable[AppRoute]) -> str:
    """What a component asks for at the root is found by the page that asks."""
    text = ""
    for route in (route for route in routes if route.rules.at_root):
        text += "@component_%s {\n\tpath_regexp ^%s\n\theader_regexp asker Referer %s\n}\n" % (
            route.name,
            route.rules.at_root,
            _raw(asker(route)),
        )
        text += "redir @component_%s {re.asker.1}{http.request.uri} 307\n" % route.name
    if root_paths():
        text += "@components path_regexp %s\nrespond @components 404\n" % "|".join("^" + path for path in root_paths())
    return text


def _headers(settings: FrontSettings) -> str:
    """Of every answer. Each ``handle_errors`` imports them again, since Caddy drops what waits for the answer."""
    headers = {**dict(settings.security_headers), POLICY: "{vars.pyapps_policy}"}
    lines = "".join('\t\t%s "%s"\n' % header for header in headers.items())
    return "(pyapps_headers) {\n\theader {\n%s\t\t-Server\n\t}\n}\n" % lines


def _log(settings: FrontSettings) -> str:
    output = "file %s {\n\t\t\troll_size 10MiB\n\t\t\troll_keep 5\n\t\t}" % _quote(settings.access_log)
    return "\tlog {\n\t\toutput %s\n\t}\n" % (output if settings.access_log else "stdout")


def _head(routes: t.Sequence[AppRoute], settings: FrontSettings) -> str:
    """What comes before the apps: headers, host names, whom we believe what, our own files."""
    text = 'vars pyapps_policy "%s"\nimport pyapps_headers\n' % settings.policy()
    text += _refuse_misdirected(settings)
    # Caddy itself sets X-Forwarded-Host, but would believe a trusted proxy's.
    text += "".join("request_header -%s\n" % name for name in ("X-Forwarded-Host", *REMOVED_HEADERS))
    text += _forwarded_proto(settings)
    text += "vars pyapps_preview %s\n" % PREVIEW
    if settings.public_hosts:
        # As names are compared; Caddy's own matcher of hosts does not know a name with a dot at its end.
        text += "@public_host %svars @public_host pyapps_preview %s\n" % (
            _asks_for(map(re.escape, settings.public_hosts)),
            PREVIEW_IN_PUBLIC,
        )
    # Same host and port as the page's; then origins that are listed.
    text += (
        "@same_origin expression `{http.request.header.Origin}.lowerAscii() in "
        '["http://" + {http.request.hostport}.lowerAscii(), "https://" + {http.request.hostport}.lowerAscii()]`\n'
        "vars @same_origin pyapps_origin own\n"
    )
    text += _known_origins("public_origin", settings.public_origins)
    text += _assets(settings)
    if settings.gallery and not any(route.base == "" for route in routes):
        text += (
            "@gallery path_regexp ^/$\n"
            "handle @gallery {\n\troute {\n\t\trewrite * /index.html\n\t\troot * %s\n"
            "\t\timport pyapps_document 200\n\t}\n}\n" % _quote(settings.layout.front)
        )
    return text


def names_lines(names: t.Sequence[str]) -> str:
    """Whose requests are not this host's, as a line of a matcher."""
    return "not " + (_asks_for(patterns(names)) if EVERY not in names else "vars_regexp {http.request.hostport} ^\n")


def _asks_for(hosts: t.Iterable[str]) -> str:
    return "vars_regexp {http.request.hostport} %s\n" % _raw(r"(?i)^(?:%s)\.?(?::[0-9]*)?$" % "|".join(hosts))


def _refuse_misdirected(settings: FrontSettings) -> str:
    """A request that asks for another host ends here."""
    if settings.names is None:
        return ""
    lines = names_lines(settings.names)
    if settings.names_at_start:
        # With a wildcard, because Caddy judges the configuration before a container has written the file.
        lines += "import %s\n" % _quote(settings.layout.front_names + NAMES_ENDING + "*")
    return "@misdirected {\n%s}\nhandle @misdirected {\n\troute {\n\t\timport pyapps_misdirected\n\t}\n}\n" % (
        _indent(lines, 1)
    )


def _forwarded_proto(settings: FrontSettings) -> str:
    """How the visitor came: as a trusted proxy says, else as we see it."""
    text = "vars pyapps_proto {http.request.scheme}\n"
    for proto in ("http", "https") if settings.trusted_proxies else ():
        text += (
            "@trusted_%s {\n\tremote_ip %s\n\theader_regexp X-Forwarded-Proto (?i)^%s\\b\n}\n"
            "vars @trusted_%s pyapps_proto %s\n" % (proto, " ".join(settings.trusted_proxies), proto, proto, proto)
        )
    return text


def _known_origins(name: str, origins: t.Sequence[str]) -> str:
    if not origins:
        return ""
    pattern = "(?i)^(?:%s)$" % "|".join(re.escape(origin) for origin in origins)
    return "@%s header_regexp Origin %s\nvars @%s pyapps_origin own\n" % (name, _raw(pattern), name)


def _raw(pattern: str) -> str:
    """A pattern in backticks, in which a Caddyfile leaves everything as it is."""
    return "`%s`" % pattern


def _assets(settings: FrontSettings) -> str:
    text = "".join(
        "@assets_%s path_regexp ^%s/%s-\n"
        "handle @assets_%s {\n\troute {\n\t\turi strip_prefix %s\n\t\troot * %s\n"
        "\t\t@there file {path}\n"
        '\t\theader @there Cache-Control "public, max-age=31536000, immutable"\n'
        "\t\tfile_server {\n\t\t\tprecompressed gzip\n\t\t}\n\t}\n}\n"
        % (name, ASSETS_URL % name, name, name, ASSETS_URL % name, _quote(settings.layout.assets))
        for name in assets_names()
    )
    return text + "@own path_regexp ^/_pyapps/\nrespond @own 404\n"


def _app(route: AppRoute, settings: FrontSettings) -> str:
    base, text = re.escape(route.base), "# app %s\n" % route.name
    if route.base:
        text += "@slash_%s vars_regexp slash {http.request.uri} %s\n" % (route.name, _raw(r"^%s(\?.*)?$" % base))
        text += "redir @slash_%s %s/{re.slash.1} 301\n" % (route.name, route.base)
    body = "request_body {\n\tmax_size %dMiB\n}\n" % route.max_body_mb
    if route.frame_ancestors:
        body += 'vars pyapps_policy "%s"\n' % settings.policy(route.frame_ancestors)
    body += _known_origins("listed_origin", route.origins)
    body += _user_headers(route, settings)
    body += "import pyapps_refuse_foreign\n"
    if route.rules.blocked:
        body += "@blocked path_regexp %s\nrespond @blocked 404\n" % _raw("(?i)" + route.rules.blocked)
    body += _pinned(route, base, settings) if route.pinned else _plain(route)
    return text + "@app_%s path_regexp %s\nhandle @app_%s {\n\troute {\n%s\t}\n}\n" % (
        route.name,
        _raw("^%s/" % base),
        route.name,
        _indent(body, 2),
    )


def _user_headers(route: AppRoute, settings: FrontSettings) -> str:
    """Headers that name an app's user come from a trusted proxy only."""
    if not route.user_headers:
        return ""
    text, who = "", ""
    if settings.trusted_proxies:
        who = "@untrusted "
        text = "@untrusted not remote_ip %s\n" % " ".join(settings.trusted_proxies)
    return text + "".join("request_header %s-%s\n" % (who, header) for header in route.user_headers)


def _pinned(route: AppRoute, base: str, settings: FrontSettings) -> str:
    """Pinned paths to their instance, published paths to the live one, anything else is the app's page."""
    folder = route.folder
    text = _to_instance(route, base) + _until_its_end(route, base) + _preview(route, base)
    # Slashes of both kinds are cut off the front, or an app at the root would send people to //another.host.
    text += "@document vars_regexp document {http.request.uri} %s\n" % _raw(
        r"^%s/~/%s(?:[/\\]+(.*)|(\?.*))?$" % (base, PIN)
    )
    text += "redir @document %s/{re.document.1}{re.document.2} 302\n" % route.base
    text += "@tilde path_regexp %s\nrespond @tilde 404\n" % _raw("^%s/~" % base)
    text += "import pyapps_friendly %s %s\n" % (_quote(folder.path), route.name)
    text += _process(route, base)
    if route.rules.no_page:
        text += "@no_page path_regexp %s\nrespond @no_page 404\n" % route.rules.no_page
    text += _scripts(route, base)
    text += _page(route, settings)
    return text + "handle {\n\troute {\n\t\timport pyapps_live %s\n\t}\n}\n" % _quote(folder.path)


def _to_instance(route: AppRoute, base: str) -> str:
    """What an instance itself answers below its pin."""
    serving = _quote(route.folder.serving)
    pin = r"^%s/~/(%s\.(%s))/%s" % (base, INSTANCE, PORT, route.rules.pinned)
    return "@pinned vars_regexp pin {http.request.uri} %s\n" % _raw(pin) + (
        "handle @pinned {\n\troute {\n"
        # The flag before the marker: one that goes away between the two looks takes both with it.
        "\t\t@away file {\n\t\t\troot %s\n\t\t\ttry_files /{re.pin.1}/%s\n\t\t}\n"
        "\t\trespond @away 502\n"
        "\t\t@marker file {\n\t\t\troot %s\n\t\t\ttry_files /{re.pin.1}/\n\t\t}\n"
        "\t\thandle @marker {\n\t\t\troute {\n"
        "\t\t\t\turi path_regexp %s %s/\n"
        "\t\t\t\timport pyapps_proxy {re.pin.2}\n"
        "\t\t\t}\n\t\t}\n\t\trespond 410\n\t}\n}\n" % (serving, AWAY, serving, _raw("^%s/~/[^/]+/" % base), route.base)
    )


def _until_its_end(route: AppRoute, base: str) -> str:
    """What a pin's page asks: whether its instance serves, and until when."""
    serving = _quote(route.folder.serving)
    path = r"^%s/~/(%s)/%s(?:\?.*)?$" % (base, PIN, re.escape(ENDS))
    return "@ends vars_regexp ends {http.request.uri} %s\n" % _raw(path) + (
        "handle @ends {\n\troute {\n"
        "\t\t@end file {\n\t\t\troot %s\n\t\t\ttry_files /{re.ends.1}/%s\n\t\t}\n"
        "\t\thandle @end {\n\t\t\troute {\n"
        "\t\t\t\trewrite * /{re.ends.1}/%s\n\t\t\t\troot * %s\n"
        "\t\t\t\timport pyapps_document 200\n"
        "\t\t\t}\n\t\t}\n"
        "\t\theader Cache-Control no-store\n"
        "\t\t@serves file {\n\t\t\troot %s\n\t\t\ttry_files /{re.ends.1}/\n\t\t}\n"
        "\t\trespond @serves 204\n\t\trespond 410\n\t}\n}\n" % (serving, ENDS, ENDS, serving, serving)
    )


def _preview(route: AppRoute, base: str) -> str:
    """The page of a preview below its pin; what has none goes on to the next rule."""
    serving = _quote(route.folder.serving)
    path = r"^%s/~/(%s)/[^/?]*(?:\?.*)?$" % (base, PIN)
    return "@preview vars_regexp preview {http.request.uri} %s\n" % _raw(path) + (
        "handle @preview {\n\troute {\n"
        "\t\t@shown {\n\t\t\tnot path_regexp %s\n"
        "\t\t\tfile {\n\t\t\t\troot %s\n\t\t\t\ttry_files /{re.preview.1}/{vars.pyapps_preview}\n\t\t\t}\n\t\t}\n"
        "\t\thandle @shown {\n\t\t\troute {\n"
        "\t\t\t\trewrite * /{re.preview.1}/{vars.pyapps_preview}\n\t\t\t\troot * %s\n"
        "\t\t\t\timport pyapps_document 200\n"
        "\t\t\t}\n\t\t}\n\t}\n}\n" % (_raw("/" + SCRIPT), serving, serving)
    )


def _page(route: AppRoute, settings: FrontSettings) -> str:
    """The page of the live instance; without a watcher its process is asked before."""
    live = _quote(route.folder.live)
    return (
        "@page file {\n\troot %s\n\ttry_files /index.html\n}\n"
        "handle @page {\n\troute {\n"
        "\t\t@unwatched not file {\n\t\t\troot %s\n\t\t\ttry_files /watched/\n\t\t}\n"
        "\t\thandle @unwatched {\n\t\t\timport pyapps_asked %s %s\n\t\t}\n"
        "\t\trewrite * /index.html\n\t\troot * %s\n"
        "\t\timport pyapps_document 200\n\t}\n}\n"
        % (
            live,
            _quote(settings.layout.run),
            _quote(route.folder.path),
            _quote(route.health),
            live,
        )
    )


def _plain(route: AppRoute) -> str:
    """The published proxying: everything below the base to the live instance (``[route] pinned = false``)."""
    folder = _quote(route.folder.path)
    base = re.escape(route.base)
    text = "import pyapps_friendly %s %s\n" % (folder, route.name)
    text += _process(route, base)
    return text + _scripts(route, base) + "handle {\n\troute {\n\t\timport pyapps_live %s\n\t}\n}\n" % folder


def _process(route: AppRoute, base: str) -> str:
    """What is asked of the live process without a pin."""
    if not route.rules.live:
        return ""
    return "@process path_regexp %s\nhandle @process {\n\troute {\n\t\timport pyapps_live %s\n\t}\n}\n" % (
        _raw("^%s/%s" % (base, route.rules.live)),
        _quote(route.folder.path),
    )


def _scripts(route: AppRoute, base: str) -> str:
    """Scripts and styles of the live release; where these are known, one that is not among them is not there."""
    live = _quote(route.folder.live)
    return (
        "@script path_regexp %s\n"
        "handle @script {\n\troute {\n"
        "\t\t@unknown not file {\n\t\t\troot %s\n\t\t\ttry_files /%s/ /%s\n\t\t}\n"
        "\t\thandle @unknown {\n\t\t\troute {\n\t\t\t\timport pyapps_live %s\n\t\t\t}\n\t\t}\n"
        "%s"
        "\t\troot * %s\n"
        "\t\t@there file {path}\n"
        "\t\thandle @there {\n\t\t\troute {\n"
        "\t\t\t\theader Cache-Control no-cache\n"
        "\t\t\t\tfile_server {\n\t\t\t\t\tdisable_canonical_uris\n\t\t\t\t\tprecompressed gzip\n\t\t\t\t}\n"
        "\t\t\t}\n\t\t}\n"
        "\t\trespond 404\n\t}\n}\n"
        % (
            _raw("^%s/%s" % (base, SCRIPT)),
            live,
            STATIC,
            PAGE,
            _quote(route.folder.path),
            "\t\turi strip_prefix %s\n" % route.base if route.base else "",
            live,
        )
    )
