# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a pinned page's script that tells a visitor when the tab's release ends, and reloads the tab then.

It asks the front for a file beside the page, never the app's process. What is typed counts as unsent until the stream
has carried it: Streamlit sends the text of every field with each rerun, but that of a form only when it is submitted.
Styles are set property by property, which a Content-Security-Policy allows.
"""

from __future__ import annotations

import re

PERIOD = 30
"""Seconds between two looks at the file."""
NOTICE = 300
"""Seconds before the end from which on the bar is shown."""
REST = 30
"""Seconds that a tab keeps its release after its last unsent work, to see the answer."""

# Joins the watcher's script: `ask`, `origin`, `pinned`, `key`, `reload`, `start`; `hook` and `before` are its to fill.
# `end` is when this tab reloads, `limit` when it must, `busy` when it last had something unsent: milliseconds.
_SCRIPT = """\
const note = key + ":note", fields = new Map(), form = '[data-testid="stForm"]';
const pause = time => new Promise(done => setTimeout(done, time));
let end = 0, limit = 0, asked = 0, busy = 0, uploads = 0, submitted = null, bar = null, ending = false, away = false;
const texts = "textarea,input:not([type]),input:is([type=text],[type=number],[type=password],[type=search]," +
  "[type=email],[type=url],[type=tel])";
for (const kind of ["focusin", "beforeinput"]) document.addEventListener(kind, ({target}) => {
  if (target.matches && target.matches(texts) && !fields.has(target)) fields.set(target, target.value);
}, true);
for (const kind of ["click", "keydown"]) document.addEventListener(kind, ({target, key}) => {
  if (target.closest && (kind === "click" ? target.closest('[data-testid*="FormSubmit"]') : key === "Enter"))
    submitted = target.closest(form);
}, true);
function sent(data) {
  const text = fields.size ? new TextDecoder().decode(data) : "";
  for (const field of fields.keys()) {
    const value = field.value, size = new TextEncoder().encode(value).length, within = field.closest(form);
    if (field.type === "number" ? !within || within === submitted
      : text.includes((size < 128 ? String.fromCharCode(size) : "") + value)) fields.set(field, value);
  }
  submitted = null;
}
function unsent() {
  for (const [field, value] of fields)
    if (!field.isConnected) fields.delete(field);
    else if (field.value && field.value !== value) return true;
  return false;
}
hook = socket => {
  const send = socket.send;
  socket.send = function (data) {
    try { sent(data); } catch (error) {}
    return send.call(this, data);
  };
};
const upload = XMLHttpRequest.prototype.send;
XMLHttpRequest.prototype.send = function (body) {
  if (body) {
    uploads++;
    this.addEventListener("loadend", () => { uploads--; busy = Date.now(); }, {once: true});
  }
  try { return upload.call(this, body); } catch (error) { if (body) uploads--; throw error; }
};
before = () => {
  try { sessionStorage.setItem(note, uploads || unsent() ? "lost" : "kept"); } catch (error) {}
};
function dark() {
  const app = document.querySelector(".stApp");
  const [r, g, b, a = 1] = app ? getComputedStyle(app).backgroundColor.match(/[0-9.]+/g).map(Number) : [0, 0, 0, 0];
  return a ? 0.3 * r + 0.6 * g + 0.1 * b < 128 : matchMedia("(prefers-color-scheme: dark)").matches;
}
function paint() {
  if (!bar) return;
  const [ink, paper] = dark() ? ["#fafafa", "#262730"] : ["#262730", "#ffffff"];
  Object.assign(bar.style, {color: ink, background: paper, borderColor: ink});
}
function button(label, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = label;
  Object.assign(made.style, {font: "inherit", color: "inherit", background: "none", cursor: "pointer",
    border: "1px solid", borderRadius: "6px", padding: "2px 8px", margin: "0"});
  made.addEventListener("click", act);
  return made;
}
function hide() {
  if (bar) bar.remove();
  bar = null;
}
function show(text, ...buttons) {
  if (!bar) {
    bar = document.createElement("div");
    bar.id = "pyapps-bar";
    bar.setAttribute("role", "region");
    bar.setAttribute("aria-label", "About this page");
    Object.assign(bar.style, {position: "fixed", top: "8px", left: "0", right: "0", margin: "0 auto", zIndex: "1000001",
      width: "fit-content", maxWidth: "calc(100vw - 16px)", boxSizing: "border-box", display: "flex", flexWrap: "wrap",
      gap: "8px", alignItems: "center", padding: "6px 12px", border: "1px solid", borderRadius: "8px",
      font: "14px/1.4 sans-serif", boxShadow: "0 2px 8px rgba(0, 0, 0, 0.3)"});
    const words = document.createElement("span");
    words.setAttribute("role", "status");
    bar.append(words, ...buttons);
    document.body.prepend(bar);
  }
  paint();
  // A screen reader reads what comes into a status that is there already.
  const words = bar.firstChild;
  if (words.textContent !== text) setTimeout(() => { words.textContent = text; }, 100);
}
async function look() {
  asked = Date.now();
  try {
    const answer = await ask(origin + pinned + "/ends.json", {cache: "no-store"});
    if (answer.status === 410) start();
    if (answer.status === 200) {
      // The visitor's clock may be wrong; the host's stands in its answer.
      const said = await answer.json(), ahead = Date.now() - Date.parse(answer.headers.get("Date")) || 0;
      // That header has no fractions: what is shown does not swing with them.
      if (Math.abs(said.until * 1000 + ahead - end) > 2000) end = said.until * 1000 + ahead;
      limit = end + (said.limit - said.until) * 1000;
    } else if (answer.status === 204) end = 0;
  } catch (error) {}
}
const due = () => Math.max(end, Math.min(busy + %(rest)d, limit));
function tell() {
  const now = Date.now(), last = now >= end && now - busy < 2000, time = last ? limit : due();
  if (ending !== (end > 0 && end - now <= %(notice)d && !away)) {
    ending = !ending;
    hide();
  }
  if (!ending) return;
  const at = new Date(time).toLocaleTimeString([], {hour: "2-digit", minute: "2-digit"});
  show("A new version is ready. This page reloads " +
    (last ? `when your text or upload has been sent, at ${at} at the latest.` : `at ${at}.`),
    button("Reload now", () => { before(); location.reload(); }), button("Hide", () => { away = true; }));
}
async function drain() {
  await pause(2000);
  try {
    const was = sessionStorage.getItem(note);
    sessionStorage.removeItem(note);
    if (was) show("A new version is live: this page was reloaded and starts anew." +
      (was === "lost" ? " What you had not sent is gone." : ""), button("OK", hide));
  } catch (error) {}
  for (;; await pause(end ? 1000 : %(period)d)) {
    if (Date.now() - asked >= %(period)d) await look();
    if (uploads || unsent()) busy = Date.now();
    if (end && Date.now() >= due()) {
      // Not all tabs at once; and asked again, because the old release may have become the live one.
      await pause(2000 + Math.random() * 3000);
      await look();
      if (uploads || unsent()) busy = Date.now();
      if (end && Date.now() >= due()) reload();
    }
    tell();
    paint();
  }
}
drain();
"""


def bar_script() -> str:
    """The script's text, without what only its reader needs, because it is in every page."""
    times = {"rest": REST * 1000, "notice": NOTICE * 1000, "period": PERIOD * 1000}
    return re.sub(r"^ *(?://.*\n)?", "", _SCRIPT % times, flags=re.MULTILINE)
