# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every page of a Streamlit app once, with Streamlit's own ``AppTest``. PRIVATE to the collection.

Runs on the target as the app's user, with the Python of the app's environment, in the app's folder, inside our zipapp.
Pages are what ``st.navigation`` was given, functions too, or else the files of ``pages/``. Each is opened as a new
visitor would open its address.
"""

from __future__ import annotations

import glob
import importlib
import logging
import os
import sys
import threading
import typing as t

BROKEN = 1
"""Exit code when a page is broken; the last line of the output names it and says why."""


# Says for each page that no browser is there.
_CHATTER = "streamlit.runtime.scriptrunner_utils.script_run_context"


class Page(t.NamedTuple):
    """One page.

    :param name: for people
    :param key: Streamlit's hash of it, or None for a file
    :param path: its file relative to the main script's folder, or None
    """

    name: str
    key: str | None = None
    path: str | None = None


def main(entry_file: str, seconds: float) -> int:
    """Run the main page, and then every other.

    :param entry_file: the main script, relative to the current folder
    :param seconds: that one page may take
    :returns: the exit code; a page that hangs ends the process instead
    """
    script = os.path.abspath(entry_file)
    del sys.path[0]  # our zipapp
    try:
        known = _remember_navigation()
        app_test = importlib.import_module("streamlit.testing.v1").AppTest
        logging.getLogger(_CHATTER).disabled = True
        # As `streamlit run` does; only now, or what an app calls like a module of Streamlit's would be taken for that.
        sys.path.insert(0, os.path.dirname(script))
    except (ImportError, AttributeError) as error:
        return _broken("this Streamlit can not run pages without a browser (%s)" % error)
    problem = _run(app_test, script, Page(entry_file), seconds)
    pages = [] if problem else _other_pages(known, script)
    for page in pages:
        problem = problem or _run(app_test, script, page, seconds)
    return _broken(problem) if problem else _say("%d pages ran without an exception" % (1 + len(pages)))


def _remember_navigation() -> dict[str, t.Mapping[str, t.Any]]:
    """What the app tells Streamlit of its pages, by hash; filled while pages run.

    AppTest reaches only files of its own accord; Streamlit's list has functions, too.
    """
    known: dict[str, t.Mapping[str, t.Any]] = {}
    manager = importlib.import_module("streamlit.runtime.pages_manager").PagesManager
    for name in ("set_pages", "set_pages_and_resolve"):  # until 1.5x, and after
        original = getattr(manager, name, None)
        if original is not None:
            setattr(manager, name, _remembering(original, known))
    _run_files_of_navigation(manager)
    return known


def _run_files_of_navigation(manager: t.Any) -> None:
    """Let AppTest run files that ``st.navigation`` was given; the one of Streamlit 1.41 takes them for empty."""
    original = manager.get_page_script_byte_code
    cache = importlib.import_module("streamlit.runtime.scriptrunner.script_cache").ScriptCache()

    def byte_code(self: t.Any, path: str) -> t.Any:
        return original(self, path) or cache.get_bytecode(path)

    manager.get_page_script_byte_code = byte_code


def _remembering(original: t.Callable[..., t.Any], known: dict[str, t.Mapping[str, t.Any]]) -> t.Callable[..., t.Any]:
    def set_pages(self: t.Any, pages: t.Mapping[str, t.Mapping[str, t.Any]], *rest: t.Any, **options: t.Any) -> t.Any:
        known.update(pages)
        return original(self, pages, *rest, **options)

    return set_pages


def _other_pages(known: t.Mapping[str, t.Mapping[str, t.Any]], script: str) -> list[Page]:
    folder = os.path.dirname(script)
    if known:
        named = ((key, info.get("script_path") or info.get("page_name") or key) for key, info in known.items())
        pages = [Page(_relative(str(name), folder), key) for key, name in named]
        return [page for page in pages if page.name != os.path.basename(script)]
    files = sorted(glob.glob(os.path.join(glob.escape(folder), "pages", "*.py")))
    names = (os.path.join("pages", os.path.basename(path)) for path in files)
    return [Page(name, path=name) for name in names if os.path.basename(name) != "__init__.py"]


def _relative(name: str, folder: str) -> str:
    return os.path.relpath(name, folder) if os.path.isabs(name) else name


def _run(app_test: t.Any, script: str, page: Page, seconds: float) -> str | None:
    """Open one page; what is wrong with it, or None."""
    # AppTest waits for a script that it has told to stop, and one that hangs never hears that.
    guard = threading.Timer(seconds, _end_hanging, [page, seconds])
    guard.daemon = True
    guard.start()
    try:
        test = app_test.from_file(script, default_timeout=2 * seconds)
        if page.path is not None:
            test.switch_page(page.path)
        elif page.key is not None:
            test._page_hash = page.key  # what switch_page sets, for pages that are no files as well
        test.run()
        raised = next(iter(test.exception), None)
    except Exception as error:
        return "%s: was not run to its end: does it end with sys.exit()? (%s: %s)" % (
            page.name,
            type(error).__name__,
            error,
        )
    finally:
        guard.cancel()
    if raised is None:
        return None
    kind = getattr(getattr(raised, "proto", None), "type", "") or "an exception"
    return "%s: %s: %s" % (page.name, kind, raised.message)


def _end_hanging(page: Page, seconds: float) -> None:
    _broken("%s: did not finish within %g s: it hangs, or ends with sys.exit()" % (page.name, seconds))
    os._exit(BROKEN)


def _broken(problem: str) -> int:
    _say(" ".join(problem.split()))
    return BROKEN


def _say(line: str) -> int:
    """The last line is the one that counts, so nothing of the app's may come after it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(2, b"\n" + line.encode(errors="replace") + b"\n")
    return 0
