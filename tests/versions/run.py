# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make versions`: every minor version of Streamlit in a browser. Writes docs/reference/streamlit-versions.md.

Given minor versions replace their rows only. Ends with 1 when a page did not work.
"""

from __future__ import annotations

import re
import sys
import tempfile
import typing as t
from pathlib import Path

from helpers.browser import chromium
from helpers.environments import CACHE
from helpers.fronts import Front, entry
from helpers.lazy_widgets import SCRIPT, visit
from helpers.processes import Streamlit
from helpers.streamlit_versions import CannotInstallError, Version, install, minor_versions, remove
from playwright.sync_api import Browser, Error as BrowserError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "streamlit-versions.md"
HEAD = "| Streamlit | released | tabs | widgets behind nginx and Caddy |\n|---|---|---|---|\n"
GOOD = "all"
NOT_INSTALLED = "not installed: "
_ROW = re.compile(r"^\| (?P<minor>[0-9]+\.[0-9]+)\.[0-9.]+ \|.*\n", re.MULTILINE)


def row(browser: Browser, version: Version) -> str:
    """One line of the table."""
    kept = (CACHE / ("streamlit-" + version.version)).exists()
    try:
        install(version.version, version.uploaded)
        tabs, found = _through_both_fronts(browser, version.version)
    except CannotInstallError as reason:
        tabs, found = "-", NOT_INSTALLED + str(reason)
    finally:
        if not kept:
            remove(version.version)
    cells = (version.version, version.uploaded.date().isoformat(), tabs, " ".join(found.replace("|", "\\|").split()))
    return "| %s |\n" % " | ".join(cells)


def _through_both_fronts(browser: Browser, version: str) -> tuple[str, str]:
    with tempfile.TemporaryDirectory(prefix="pyapps-versions-") as folder:
        try:
            process = Streamlit(Path(folder), version, "/app", SCRIPT)
        except AssertionError as error:
            return "-", "does not start: " + str(error).strip().splitlines()[-1]
        try:
            seen = {server: _through(browser, server, process.port, version) for server in ("nginx", "caddy")}
        finally:
            process.close()
    tabs = "pinned" if all(pinned for pinned, _trouble in seen.values()) else "unpinned"
    trouble = ["%s: %s" % (server, text) for server, (_pinned, texts) in seen.items() for text in texts]
    return tabs, "; ".join(trouble) or GOOD


def _through(browser: Browser, server: str, port: int, version: str) -> tuple[bool, list[str]]:
    front = Front(server, [entry("app")])
    try:
        front.go_live("app", front.serve_streamlit("app", port, version))
        front.start()
        seen = visit(browser, "http://127.0.0.1:%d/app/" % front.port)
    except (AssertionError, BrowserError) as error:
        return False, [str(error).strip().splitlines()[0]]
    finally:
        front.close()
    return seen.pinned, seen.trouble


def with_rows(text: str, rows: t.Mapping[str, str]) -> str:
    """The page with these rows in its table, by minor version; the others stay."""
    before, table, _after = text.partition(HEAD)
    if not table:
        raise SystemExit("%s has no table that begins with\n%s" % (PAGE, HEAD))
    kept = {match["minor"]: match[0] for match in _ROW.finditer(text)}
    merged = {**kept, **rows}
    return before + HEAD + "".join(merged[minor] for minor in sorted(merged, key=_numbers))


def _numbers(minor: str) -> list[int]:
    return [int(number) for number in minor.split(".")]


def main(wanted: t.Sequence[str]) -> int:
    versions = {version.minor: version for version in minor_versions()}
    unknown = sorted(set(wanted) - set(versions))
    if unknown:
        print("no minor version of Streamlit since 1.20: %s" % ", ".join(unknown), file=sys.stderr)
        return 2
    bad = []
    with chromium() as browser:
        for minor in wanted or versions:
            line = row(browser, versions[minor])
            print(line, end="", flush=True)
            PAGE.write_text(with_rows(PAGE.read_text(encoding="utf-8"), {minor: line}), encoding="utf-8")
            if not line.endswith("| %s |\n" % GOOD) and NOT_INSTALLED not in line:
                bad.append(minor)
    if bad:
        print("a page does not work under %s" % ", ".join(bad), file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
