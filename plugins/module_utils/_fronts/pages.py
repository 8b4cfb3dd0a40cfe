# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a front says itself: gallery, "not there at the moment", "no app here", "not this host".

They ask for nothing else, so that they also work when nothing else does.
"""

from __future__ import annotations

import collections
import html
import re
import typing as t
import unicodedata

from ansible_collections.selfhost.pyapps.plugins.module_utils._fronts.routes import AppRoute
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import away_page as _away_page

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
h1 { margin: 0 0 1.5rem; font-size: 1.75rem; line-height: 1.2; overflow-wrap: anywhere; }
p { margin: 0 0 .75rem; color: var(--soft); overflow-wrap: anywhere; }
p a { color: var(--accent); }
"""

_GALLERY_STYLE = """\
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr)); gap: 1rem; margin: 0;
  padding: 0; list-style: none; }
li a { display: block; height: 100%; padding: 1.1rem 1.25rem; border: 1px solid var(--line); border-radius: .75rem;
  background: var(--card); color: inherit; text-decoration: none; overflow-wrap: anywhere; }
li a:hover, li a:focus-visible { border-color: var(--accent); outline: 2px solid var(--accent); outline-offset: -1px; }
h2 { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; margin: 0;
  color: var(--accent); font-size: 1.1rem; line-height: 1.35; }
small { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden;
  color: var(--soft); }
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
<main data-state="">
%(body)s
</main>
</body>
</html>
"""

# The page looks again by itself, and loads again when the answer is another one; without JavaScript it does so always.
_COME_BACK = """\
<noscript><meta http-equiv="refresh" content="5"></noscript>
<script>
addEventListener("DOMContentLoaded", () => {
  for (const time of document.querySelectorAll("time"))
    time.textContent = new Date(time.dateTime).toLocaleString("en-GB", {dateStyle: "long", timeStyle: "short"});
  setInterval(async () => {
    try {
      const answer = await fetch(location.href, {cache: "no-store"});
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const states = [page, document].map(each => each.querySelector("main")?.dataset.state);
      if (answer.status !== 503 || states[0] !== states[1]) location.reload();
    } catch (error) {}
  }, 3000);
});
</script>
"""

# Letters that Unicode does not take apart into a plain letter and a mark.
_LETTERS = str.maketrans({"\u00e6": "ae", "\u00f0": "d", "\u00f8": "o", "\u00fe": "th", "\u0111": "d", "\u0131": "i"})
_LETTERS.update(str.maketrans({"\u0142": "l", "\u0153": "oe"}))


def gallery_page(routes: t.Iterable[AppRoute]) -> str:
    """The list of all listed apps, by title: what each is called, whose it is, and its link.

    Apps of one title show their paths, too.
    """
    listed = sorted((route for route in routes if route.listed), key=lambda route: (in_order(route.title), route.name))
    counts = collections.Counter(_seen(route.title) for route in listed)
    if listed:
        cards = (_card(route, counts[_seen(route.title)] > 1) for route in listed)
        body = "<h1>Apps</h1>\n<ul>\n%s\n</ul>" % "\n".join(cards)
    else:
        body = "<h1>Apps</h1>\n<p>No app is listed here yet.</p>"
    return _page("Apps", body, style=_GALLERY_STYLE)


def in_order(title: str) -> tuple[t.Any, ...]:
    """What titles are sorted by, as people do: no case, no accents, numbers by their value."""
    plain = unicodedata.normalize("NFKD", title.casefold()).translate(_LETTERS)
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter)).strip()
    # Each number stands behind a text, so that texts are compared with texts. Longer ones than these are only digits.
    words = re.split("([0-9]{1,18})", letters)
    return tuple(int(word) if number % 2 else word for number, word in enumerate(words)), title


def _seen(title: str) -> str:
    """Titles that look the same are the same."""
    return " ".join(unicodedata.normalize("NFKC", title).casefold().split())


def _card(route: AppRoute, with_path: bool) -> str:
    title = html.escape(route.title)
    further = [html.escape(route.owner)] if route.owner else []
    further += ["<code>%s/</code>" % html.escape(route.base)] if with_path else []
    return '<li><a href="%s/"><h2 title="%s">%s</h2>%s</a></li>' % (
        html.escape(route.base),
        title,
        title,
        "".join("<small>%s</small>" % text for text in further),
    )


def away_page(route: AppRoute, has_gallery: bool) -> str:
    """What a visitor sees while an app does not answer; it comes back by itself.

    :param has_gallery: whether there is one to go to
    """
    words = "%s\n%s" % (_away_page.status(_away_page.DOES_NOT_ANSWER), _away_page.SINCE)
    return _app_page(route, "%s is away" % route.title, words, has_gallery)


def never_live_page(route: AppRoute, has_gallery: bool) -> str:
    """The same for an app that has not been live: nobody knows whether it will be."""
    words = (
        '<p role="status">This app has not been live yet: no release of it has passed its checks so far. '
        "Whoever runs it finds the reason in the table of the last run.</p>"
    )
    return _app_page(route, "%s is not there yet" % route.title, words, has_gallery)


def _app_page(route: AppRoute, title: str, words: str, has_gallery: bool) -> str:
    body = "<h1>%s</h1>\n%s" % (html.escape(route.title), words)
    if route.owner:
        body += "\n<p>This app is from %s.</p>" % html.escape(route.owner)
    return _page(html.escape(title), body + (_WAY_OUT if has_gallery else ""), head=_COME_BACK)


def not_found_page(has_gallery: bool) -> str:
    """For an address that is no app.

    :param has_gallery: whether there is one to go to
    """
    body = "<h1>There is no app at this address</h1>\n<p>Is it written right? The app may also have moved or gone.</p>"
    return _page("No app here", body + (_WAY_OUT if has_gallery else ""))


_WAY_OUT = '\n<p><a href="/">All apps</a></p>'


def _page(title: str, body: str, head: str = "", style: str = "") -> str:
    """A whole page; everything in it is escaped already."""
    return _PAGE % {"title": title, "head": head, "style": _STYLE + style, "body": body}


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
