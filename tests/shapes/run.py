# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make shapes`: folders as people have them, under plain ``streamlit run`` and here, page by page in a browser.

Given words choose the shapes that have one of them in their names; a run of all writes docs/reference/shapes.md. Ends
with 1 when one is not the same.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.probe_http import ProbeError, get
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import live_instance, read_release
from ansible_collections.selfhost.pyapps.plugins.plugin_utils._table import table
from helpers.browser import Tab, chromium
from helpers.docs_tables import with_rows
from helpers.processes import free_port
from helpers.site_host import SiteHost, new_site_host
from helpers.supervisord import wait_for
from playwright.sync_api import Browser, Error as BrowserError
from shapes import SHAPES, Compared, Shape

SETTLED = 1500  # milliseconds
MAIN = ".stMain, section.main"
"""The part of a page that the script fills, in Streamlits of today and of old."""
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "shapes.md"
HEAD = "| folder | pages | here |\n|---|---|---|\n"


def settings(short: str, shape: Shape, line: str) -> str:
    """The text of a ``setup.toml``."""
    streamlit = '[streamlit]\nbase_path = "/%s"\nentry_file = "%s"\n' % (short, shape.entry_file)
    return 'title = "%s"\n\n[owner]\nname = "Johan"\n\n%s\n%s' % (short, streamlit, line)


def write(folder: Path, files: t.Mapping[str, str | bytes]) -> None:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content.encode() if isinstance(content, str) else content)


@contextlib.contextmanager
def plain(shape: Shape, python: Path) -> t.Iterator[str]:
    """The folder under ``streamlit run``, and its URL."""
    with tempfile.TemporaryDirectory(prefix="pyapps-shape-", dir="/var/tmp") as name:
        folder, port = Path(name), free_port()
        write(folder, shape.all_files)
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, "nobody")
        words = [python.parent / "streamlit", "run", shape.entry_file]
        words += ["--server.port=%d" % port, "--server.headless=true", "--browser.gatherUsageStats=false"]
        environment = {"PATH": os.environ["PATH"], "HOME": name, "LC_ALL": "C.UTF-8"}
        with (
            open(folder / "..log", "wb") as log,
            subprocess.Popen(
                words, cwd=folder, user="nobody", extra_groups=[], env=environment, stdout=log, stderr=log
            ) as process,
        ):
            try:
                wait_for(lambda: _answers(port), 60, "plain Streamlit answers")
                yield "http://localhost:%d/" % port
            finally:
                process.terminate()


def _answers(port: int) -> bool:
    try:
        return get("127.0.0.1", port, "/_stcore/health", 5)[0] == 200
    except ProbeError:
        return False


def look(browser: Browser, url: str) -> dict[str, str]:
    """The texts of all pages that the sidebar names, by name; the first one has none."""
    tab = Tab(browser)
    try:
        tab.open(url)
        found = {"": _text(tab)}
        links = tab.page.get_by_test_id("stSidebarNav").get_by_role("link")
        for number in range(links.count()):
            name = links.nth(number).inner_text()
            links.nth(number).click()
            found[name] = _text(tab)
        if tab.errors:
            found["errors of scripts"] = "\n".join(tab.errors)
        return found
    finally:
        tab.close()


def _text(tab: Tab) -> str:
    tab.page.locator(".stApp").first.wait_for()
    tab.page.locator(MAIN).first.wait_for()
    tab.page.wait_for_timeout(SETTLED)
    texts = tab.page.locator("[data-testid=stSidebar], " + MAIN).all_inner_texts()
    inside = [frame.inner_text("body") for frame in tab.page.frames[1:]]
    text = re.sub(r"\s+", " ", " ".join([*texts, *inside])).strip()
    # A port, and the folder of a traceback, are others by nature.
    return re.sub(r'File "/\S+/', 'File "', re.sub(r"localhost:\d+", "localhost", text))


def compare(host: SiteHost, browser: Browser, short: str, shape: Shape) -> Compared:
    """One shape, plain and here."""
    result = Compared()
    app = host.layout.app(host.name(short))
    live = live_instance(app)
    if live is None or live.record is None:
        result.differences.append("it is not live here")
        return result
    environment = read_release(app, live.record.release)["environment"]
    try:
        with plain(shape, Path(host.layout.envs, environment, "bin", "python")) as url:
            wanted = look(browser, url)
        seen = look(browser, "http://localhost:%d/%s/" % (host.port, short))
    except (AssertionError, BrowserError) as error:
        result.differences.append(str(error).strip().splitlines()[0])
        return result
    result.pages = len(wanted)
    for name in sorted({*wanted, *seen}):
        if wanted.get(name) != seen.get(name):
            texts = (name or "the first page", wanted.get(name), seen.get(name))
            result.differences.append("%s: plain %.150r, here %.150r" % texts)
    return result


def refusals(text: str, host: SiteHost, chosen: t.Mapping[str, Shape]) -> dict[str, list[str]]:
    """Of the shapes that need a line: which words the run has not said of them."""
    missing = {}
    for short, shape in chosen.items():
        about = "\n".join(line for line in text.splitlines() if host.name(short) in line)
        missing[short] = [word for word in shape.names if word not in about]
    return missing


def main(words: t.Sequence[str]) -> int:
    shapes = {name: shape for name, shape in SHAPES.items() if not words or any(word in name for word in words)}
    shorts = {"shape-%02d" % number: name for number, name in enumerate(shapes, 1)}
    with new_site_host() as host, chromium() as browser:
        for short, name in shorts.items():
            folder = host.apps / host.name(short)
            write(folder, {**shapes[name].all_files, "setup.toml": settings(short, shapes[name], "")})
        first = host.site()
        needing = {short: shapes[name] for short, name in shorts.items() if shapes[name].line}
        unsaid = refusals(first.text, host, needing)
        for short, shape in needing.items():
            write(host.apps / host.name(short), {"setup.toml": settings(short, shape, shape.line)})
        second = host.site() if needing else first
        rows, bad = [], 0
        for short, name in shorts.items():
            result = compare(host, browser, short, shapes[name])
            if unsaid.get(short):
                result.differences.append("the refusal does not say: %s" % ", ".join(unsaid[short]))
            bad += bool(result.differences)
            with_line = "the same, with one line" if short in needing else "the same"
            rows.append([name, str(result.pages), "; ".join(result.differences) or with_line])
            print("%s: %s" % (name, rows[-1][2]), flush=True)
        if bad:
            print(second.text[-20000:])
    print("\n".join(table(["SHAPE", "PAGES", "HERE"], rows)))
    print("\n%d of %d shapes are the same" % (len(shapes) - bad, len(shapes)))
    if not words:
        PAGE.write_text(with_rows(PAGE.read_text(encoding="utf-8"), HEAD, rows), encoding="utf-8")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
