# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a front says itself: gallery, "not there at the moment", "not this host".

They ask for nothing else, so that they also work when nothing else does.
"""

from __future__ import annotations

import html
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._front_routes import AppRoute

_STYLE = """\
:root { color-scheme: light dark; --text: #1b1f24; --soft: #57606a; --back: #f6f7f9; --card: #fff; --line: #d8dde3;
  --accent: #0b5fc1; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e8eaed; --soft: #a2abb5; --back: #14171b; --card: #1d2126; --line: #343a41; --accent: #7fb6ff; }
}
* { box-sizing: border-box; }
body { margin: 0; padding: clamp(1.5rem, 6vw, 5rem) clamp(1rem, 5vw, 4rem); background: var(--back);
  color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; }
h1 { margin: 0 0 1.5rem; font-size: 1.75rem; line-height: 1.2; }
p { margin: 0; color: var(--soft); }
"""

_GALLERY_STYLE = """\
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem; margin: 0; padding: 0;
  list-style: none; }
a { display: block; height: 100%; padding: 1.1rem 1.25rem; border: 1px solid var(--line); border-radius: .75rem;
  background: var(--card); color: inherit; text-decoration: none; overflow-wrap: anywhere; }
a:hover, a:focus-visible { border-color: var(--accent); outline: 2px solid var(--accent); outline-offset: -1px; }
h2 { margin: 0; color: var(--accent); font-size: 1.1rem; line-height: 1.35; }
small { color: var(--soft); }
"""

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>%(title)s</title>
<link rel="icon" href="data:,">
%(head)s<style>
%(style)s</style>
</head>
<body>
<main>
%(body)s
</main>
</body>
</html>
"""

# The page looks again by itself and shows the app as soon as it answers; without JavaScript it just loads again.
_COME_BACK = """\
<noscript><meta http-equiv="refresh" content="5"></noscript>
<script>
setInterval(async () => {
  try { if ((await fetch(location.href, {cache: "no-store"})).status !== 503) location.reload(); } catch (error) {}
}, 3000);
</script>
"""


def gallery_page(routes: t.Iterable[AppRoute]) -> str:
    """The list of all listed apps, by title: what each is called, whose it is, and its link."""
    listed = sorted((route for route in routes if route.listed), key=lambda route: (route.title.lower(), route.name))
    if listed:
        body = "<h1>Apps</h1>\n<ul>\n%s\n</ul>" % "\n".join(_card(route) for route in listed)
    else:
        body = "<h1>Apps</h1>\n<p>No app is listed here yet.</p>"
    return _PAGE % {"title": "Apps", "head": "", "style": _STYLE + _GALLERY_STYLE, "body": body}


def _card(route: AppRoute) -> str:
    owner = "<small>%s</small>" % html.escape(route.owner) if route.owner else ""
    return '<li><a href="%s/"><h2>%s</h2>%s</a></li>' % (html.escape(route.base), html.escape(route.title), owner)


def unavailable_page() -> str:
    """What a visitor sees while an app does not answer; it comes back by itself."""
    body = (
        '<h1>One moment, please</h1>\n<p role="status">This app does not answer right now. '
        "This page looks for it every few seconds and shows it as soon as it is back.</p>"
    )
    return _PAGE % {"title": "One moment, please", "head": _COME_BACK, "style": _STYLE, "body": body}


def misdirected_text(asked: str) -> str:
    """What a front answers to a request for another host; plain text, without quotes, backslashes or braces.

    :param asked: of whom the request asks, in the words of the front's configuration
    """
    return (
        "421 Misdirected Request\n\n"
        "This host does not answer to %s.\n\n"
        "If you run it: add the name to pyapps_server_names in the inventory, and run the playbook again.\n"
        "A container is told names when it starts: docker run --env PYAPPS_SERVER_NAMES=name,other.name\n" % asked
    )
