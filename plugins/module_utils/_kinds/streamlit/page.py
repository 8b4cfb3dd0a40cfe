# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance's own copy of Streamlit's page, whose tab stays with that instance.

The page says which instance it belongs to, by a script at the start of its head: all of the tab's requests go to
``<base>/~/<instance>.<port>/...``, where the front finds exactly that process. When the instance is retired (the front
answers 410 there, and 410 means nothing else), the tab reloads itself once onto the live release. A bar tells of that
before it happens (:mod:`._drain_bar`).
"""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import pin_path
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.base import ASSETS_URL, KindError
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.drain_bar import bar_script
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.streamlit.kind import NAME

_ASSETS_URL = ASSETS_URL % NAME
_HEAD = re.compile(r"<head>", re.IGNORECASE)
_RELATIVE = re.compile(r"""(\s(?:href|src)=["'])\./([^"']*)""")

# `watch` looks whether the instance still exists: 410 reloads, 200 is fine, anything else is asked again. `connect` is
# called with every WebSocket of the page. A reload is remembered, so that a host in disorder never makes a tab spin.
# `hook` and `before` are what the bar does with a stream, and before a reload.
_WATCHER = """\
const ask = window.fetch.bind(window), health = origin + pinned + "/_stcore/health", key = "pyapps:" + base;
let opened = false, asking = false, hook = () => {}, before = () => {};
function reload() {
  try {
    if (Date.now() - (sessionStorage.getItem(key) || 0) < 30000) return false;
    sessionStorage.setItem(key, Date.now());
  } catch (error) { return true; }
  before();
  location.reload();
  return true;
}
async function watch(wait) {
  let status = 0;
  try { status = (await ask(health, {cache: "no-store"})).status; } catch (error) {}
  asking = !(status === 200 || (status === 410 && reload()));
  if (asking) setTimeout(watch, wait, Math.min(wait * 2, 10000));
}
function start() { if (!asking) { asking = true; watch(1000); } }
function connect(socket, url) {
  if (!/_stcore\\/stream(\\?|$)/.test(url)) return socket;
  socket.addEventListener("open", () => { opened = true; });
  socket.addEventListener("close", start);
  hook(socket);
  return socket;
}
setTimeout(() => { if (!opened) start(); }, 6000);
"""

# Streamlit's own interface for hosts (1.46 and newer). Exactly these two keys: without the second one the address bar
# shows the pinned path and deep links break.
_INTERFACE = """\
window.__streamlit = {BACKEND_BASE_URL: origin + pinned, MAIN_PAGE_BASE_URL: origin + base};
window.WebSocket = new Proxy(window.WebSocket, {
  construct: (target, args, self) => connect(Reflect.construct(target, args, self), args[0])
});
"""

# Older ones have no such interface, so the ways in which a page asks for something are wrapped. The client also tries
# the parents of its base; these never answer, or a tab could slip to another app's process. Up to 1.40 scripts and
# styles that are loaded later are asked for by "./", as seen from the page: they are those of the page's own Streamlit.
_WRAP = """\
function pin(url) {
  let u;
  try { u = new URL(url, document.baseURI); } catch (error) { return url; }
  if (u.host !== location.host || !/^(http|ws)/.test(u.protocol)) return url;
  const own = u.pathname.startsWith(base + "/") ? u.pathname.slice(base.length) : "";
  if (/^\\/(_stcore|media|component|app\\/static)\\//.test(own)) u.pathname = pinned + own;
  else if (shared.some((folder) => own.startsWith("/" + folder + "/"))) u.pathname = assets + own;
  else if (/^\\/_stcore\\//.test(parent(u.pathname))) u.pathname = base + "/~" + parent(u.pathname);
  else return url;
  return u.href;
}
function parent(path) {
  const at = path.indexOf("/_stcore/");
  return at >= 0 && at < base.length && base.startsWith(path.slice(0, at) + "/") ? path.slice(at) : "";
}
window.WebSocket = new Proxy(window.WebSocket, {
  construct(target, args, self) {
    const url = pin(args[0]);
    return connect(Reflect.construct(target, [url, ...args.slice(1)], self), url);
  }
});
window.fetch = (what, options) =>
  ask(what instanceof Request ? new Request(pin(what.url), what) : pin(what), options);
const open = XMLHttpRequest.prototype.open;
XMLHttpRequest.prototype.open = function (method, url, ...rest) { return open.call(this, method, pin(url), ...rest); };
const names = ["src", "href", "poster", "data"], setAttribute = Element.prototype.setAttribute;
Element.prototype.setAttribute = function (name, value) {
  return setAttribute.call(this, name, names.includes(name) ? pin(value) : value);
};
const kinds = ["Image", "Media", "Video", "Source", "Track", "IFrame", "Embed", "Object", "Anchor", "Link", "Script"];
for (const kind of kinds)
  for (const name of names) {
    const prototype = window[`HTML${kind}Element`].prototype;
    const property = Object.getOwnPropertyDescriptor(prototype, name);
    if (property) Object.defineProperty(prototype, name, {
      ...property, set(value) { property.set.call(this, pin(value)); }
    });
  }
"""


class PageError(KindError):
    """Streamlit's page is not one that can be pinned; the text says what is missing."""


def pin_script(
    base_path: str,
    instance: str,
    port: int,
    interface: bool,
    preview: bool = False,
    assets: str = "",
    shared: t.Collection[str] = (),
) -> str:
    """The script that ties a tab to an instance, as JavaScript (``pinned-pages.md``, "The page").

    :param interface: whether this Streamlit has the interface for hosts (``window.__streamlit``)
    :param preview: the page itself is below the pin, and stays there
    :param assets: folder name below the store's ``assets/``
    :param shared: names in that folder
    """
    pinned = pin_path(base_path, instance, port)
    known = "base = %s, pinned = %s" % (_literal(pinned if preview else base_path), _literal(pinned))
    if not interface:
        known += ", assets = %s, shared = %s" % (_literal("%s/%s" % (_ASSETS_URL, assets)), _literal(sorted(shared)))
    return "(() => {\nconst origin = location.origin, %s;\n%s%s%s})();" % (
        known,
        _WATCHER,
        "" if preview else bar_script(),
        _INTERFACE if interface else _WRAP,
    )


def pinned_page(
    index_html: str,
    *,
    base_path: str,
    instance: str,
    port: int,
    assets: str,
    shared: t.Collection[str],
    interface: bool,
    preview: bool = False,
) -> str:
    """Streamlit's ``index.html`` for one instance.

    :param index_html: the page as Streamlit ships it; it refers to everything by ``./``
    :param base_path: the app's base, ``""`` for the root, else with a leading and without a trailing slash
    :param assets: folder name below the store's ``assets/``
    :param shared: names of files and folders in it; whatever else the page refers to is the app's
    :param preview: a page below the pin, for who tries the instance out before it is live
    :raises PageError: the page has no head in which a script could come first
    """

    def absolute(match: re.Match[str]) -> str:
        lead, path = match.groups()
        if path.partition("/")[0] in shared:
            return "%s%s/%s/%s" % (lead, _ASSETS_URL, assets, path)
        return "%s%s/%s" % (lead, base_path, path)

    if len(_HEAD.findall(index_html)) != 1:
        raise PageError("Streamlit's index.html does not have exactly one <head>")
    page = _RELATIVE.sub(absolute, index_html)
    script = '<head>\n    <meta charset="UTF-8" />\n    <script>%s</script>' % pin_script(
        base_path, instance, port, interface, preview, assets, shared
    )
    return _HEAD.sub(lambda _match: script, page, count=1)


def _literal(value: str | list[str]) -> str:
    """A JavaScript string, or a list of them, that cannot end the script element it stands in."""
    return json.dumps(value).replace("<", "\\u003c")
