# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of apps in the shapes that people have them in, written for `make shapes`.

What such a folder shows is fixed, so that two runs of it can be compared.
"""

from __future__ import annotations

import codecs
import typing as t
from dataclasses import dataclass, field

NEWEST = "streamlit==1.67.*\n"
HELLO = "import streamlit as st\n\nst.title('Hello')\nst.write('It works')\n"


@dataclass(frozen=True)
class Shape:
    """One folder.

    :param files: by path; ``requirements.txt`` is :data:`NEWEST` unless it says otherwise
    :param entry_file: as it is given to ``streamlit run``
    :param requirements: whether a ``requirements.txt`` is there at all
    :param line: what has to be written into ``setup.toml``, as its refusal says; empty when nothing has to be
    :param names: what the refusal says, which names the line
    """

    files: t.Mapping[str, str | bytes]
    entry_file: str = "app.py"
    requirements: bool = True
    line: str = ""
    names: tuple[str, ...] = ()

    @property
    def all_files(self) -> dict[str, str | bytes]:
        return {**({"requirements.txt": NEWEST} if self.requirements else {}), **self.files}


def script(*lines: str) -> str:
    """A script that begins with Streamlit's import."""
    return "\n".join(["import streamlit as st", *lines]) + "\n"


def _writes(name: str, *lines: str) -> Shape:
    return Shape({"app.py": script(*lines)}, line='[data]\npaths = ["%s"]\n' % name, names=("[data] paths", name))


def _pinned(version: str, more: str = "") -> Shape:
    return Shape({"app.py": HELLO, "requirements.txt": "streamlit==%s\n%s" % (version, more)})


_TWO = {"pages/1_First_page.py": script("st.title('First')"), "pages/2_Zweite_Seite.py": script("st.title('Zweite')")}
_ONE_FUNCTION = "def one():\n    st.title('One')\n"
_POETRY = """\
[tool.poetry]
name = "app"
version = "0.1.0"
description = ""
authors = []

[tool.poetry.dependencies]
python = "^3.9"
streamlit = "~1.67"
idna = "^3.4"
"""
_PROJECT = """\
[project]
name = "app"
version = "1"
requires-python = ">=3.9"
dependencies = ["streamlit==1.67.*", "idna"]
"""
_CONDA = """\
name: app
channels: [conda-forge]
dependencies:
  - python=3.11
  - pip
  - pip:
      - streamlit==1.67.*
      - idna
"""
_PIPFILE = """\
[[source]]
url = "https://pypi.org/simple"
verify_ssl = true
name = "pypi"

[packages]
streamlit = "==1.67.*"
idna = "*"
"""
_SETUP_PY = """\
from setuptools import setup

setup(name="app", version="1", install_requires=["streamlit==1.67.*", "idna"])
"""
_USES_IDNA = script("import idna", "st.title('With idna')", "st.write(idna.encode('ä').decode())")

SHAPES: dict[str, Shape] = {
    "one file": Shape({"app.py": HELLO}),
    "a folder of pages": Shape({"app.py": HELLO, **_TWO}),
    "pages with icons and emojis in their names": Shape(
        {"Start.py": HELLO, "pages/1_📈_Kurse.py": script("st.title('Kurse')")}, entry_file="Start.py"
    ),
    "navigation over files": Shape(
        {
            "app.py": script(
                "st.navigation([st.Page('views/a.py', title='A'), st.Page('views/b.py', title='B')]).run()"
            ),
            "views/a.py": script("st.title('View A')"),
            "views/b.py": script("st.title('View B')"),
        }
    ),
    "navigation over functions": Shape(
        {
            "app.py": script(
                _ONE_FUNCTION, "def two():\n    st.title('Two')\n", "st.navigation([st.Page(one), st.Page(two)]).run()"
            )
        }
    ),
    "navigation in sections": Shape(
        {
            "app.py": script(
                _ONE_FUNCTION,
                "def two():\n    st.title('Two')\n",
                "st.navigation({'Reports': [st.Page(one)], 'Tools': [st.Page(two)]}).run()",
            )
        }
    ),
    "a theme in config.toml": Shape(
        {"app.py": HELLO, ".streamlit/config.toml": '[theme]\nbase = "dark"\nprimaryColor = "#ff8800"\n'}
    ),
    "options in config.toml that this Streamlit does not know": Shape(
        {
            "app.py": HELLO,
            ".streamlit/config.toml": '[theme]\nbase = "light"\n[deprecation]\nshowfileUploaderEncoding = false\n',
        }
    ),
    "what a host sets itself in config.toml": Shape(
        {"app.py": HELLO, ".streamlit/config.toml": "[server]\nport = 8080\nheadless = true\nenableCORS = false\n"}
    ),
    "trusted headers as a table": Shape(
        {
            "app.py": HELLO,
            ".streamlit/config.toml": '[server.trustedUserHeaders]\nX-Forwarded-Email = "email"\n',
        }
    ),
    "files of its own, found from the folder": Shape(
        {
            "app.py": script("st.title('Data')", "st.write(open('data/names.csv').read())"),
            "data/names.csv": "a;b\n1;2\n",
        }
    ),
    "files of its own, found by __file__": Shape(
        {
            "app.py": script(
                "from pathlib import Path",
                "st.title('Data')",
                "st.write((Path(__file__).parent / 'data' / 'names.csv').read_text())",
            ),
            "data/names.csv": "a;b\n1;2\n",
        }
    ),
    "a database beside its code": _writes(
        "app.db",
        "import sqlite3",
        "connection = sqlite3.connect('app.db')",
        "connection.execute('CREATE TABLE IF NOT EXISTS visits (name TEXT)')",
        "connection.commit()",
        "st.title('Database')",
    ),
    "a log beside its code": _writes(
        "app.log",
        "import logging",
        "logging.basicConfig(filename='app.log', force=True)",
        "logging.error('started')",
        "st.title('Log')",
    ),
    "a counter beside its code": _writes(
        "usage.json", "import json", "json.dump({'visits': 1}, open('usage.json', 'w'))", "st.title('Counter')"
    ),
    "Poetry": Shape({"app.py": _USES_IDNA, "pyproject.toml": _POETRY}, requirements=False),
    "pyproject.toml": Shape({"app.py": _USES_IDNA, "pyproject.toml": _PROJECT}, requirements=False),
    "environment.yml": Shape({"app.py": _USES_IDNA, "environment.yml": _CONDA}, requirements=False),
    "Pipfile": Shape({"app.py": _USES_IDNA, "Pipfile": _PIPFILE}, requirements=False),
    "setup.py": Shape({"app.py": _USES_IDNA, "setup.py": _SETUP_PY}, requirements=False),
    "no list of packages at all": Shape({"app.py": HELLO}, requirements=False),
    "requirements.txt in UTF-16, from PowerShell": Shape(
        {"app.py": _USES_IDNA, "requirements.txt": (NEWEST + "idna\n").replace("\n", "\r\n").encode("utf-16")}
    ),
    "requirements.txt with a byte order mark": Shape(
        {"app.py": _USES_IDNA, "requirements.txt": codecs.BOM_UTF8 + (NEWEST + "idna\r\n").encode()}
    ),
    "requirements in a second file": Shape(
        {"app.py": _USES_IDNA, "requirements.txt": "-r base.txt\nidna\n", "base.txt": NEWEST}
    ),
    "requirements.txt from pip freeze": Shape(
        {"app.py": _USES_IDNA, "requirements.txt": "# pip freeze\nidna==3.10\nstreamlit==1.67.0\nsix==1.17.0\n"}
    ),
    "Streamlit 1.28": _pinned("1.28.2", "pyarrow<20\n"),
    "Streamlit 1.36": _pinned("1.36.0"),
    "Streamlit 1.41": _pinned("1.41.1"),
    "Streamlit 1.53": _pinned("1.53.0"),
    "Rich beside Streamlit": Shape({"app.py": HELLO, "requirements.txt": NEWEST + "rich\n"}),
    "a package beside the script": Shape(
        {
            "app.py": script("from helpers.texts import TITLE", "st.title(TITLE)"),
            "helpers/__init__.py": "",
            "helpers/texts.py": "TITLE = 'From a package'\n",
        }
    ),
    "modules that are called as Python's": Shape(
        {
            "app.py": script("from utils import TITLE", "st.title(TITLE)"),
            "utils.py": "TITLE = 'Namesakes'\n",
            **{"%s.py" % name: "NAME = %r\n" % name for name in ("secrets", "types", "queue", "random")},
        }
    ),
    "an entry file with blanks": Shape({"my first app.py": HELLO}, entry_file="my first app.py"),
    "an entry file in a folder": Shape(
        {
            "src/main.py": script("from texts import TITLE", "st.title(TITLE)", "st.write(open('data/a.txt').read())"),
            "src/texts.py": "TITLE = 'From src'\n",
            "data/a.txt": "beside src\n",
        },
        entry_file="src/main.py",
    ),
    "packages.txt": Shape({"app.py": HELLO, "packages.txt": "curl\n"}),
    "runtime.txt and .python-version": Shape(
        {"app.py": HELLO, "runtime.txt": "python-3.11\n", ".python-version": "3.11\n"}
    ),
    "what a visitor's browser says": Shape(
        {
            "app.py": script(
                "from urllib.parse import urlsplit",
                "from zoneinfo import ZoneInfo",
                "st.title('Visitor')",
                "st.write('Mozilla' in st.context.headers['User-Agent'])",
                "st.write(str(ZoneInfo(st.context.timezone)))",
                "st.write(urlsplit(st.context.url).hostname)",
                "st.write(st.context.locale)",
            )
        }
    ),
    "a script that never ends": Shape(
        {
            "app.py": script(
                "import time",
                "st.title('Ticker')",
                "place = st.empty()",
                "while True:",
                "    place.write('still here')",
                "    time.sleep(0.5)",
            )
        }
    ),
    "runs again by itself": Shape(
        {
            "app.py": script(
                "st.session_state.runs = st.session_state.get('runs', 0) + 1",
                "if st.session_state.runs < 3:",
                "    st.rerun()",
                "st.title('Run %d' % st.session_state.runs)",
            )
        }
    ),
    "an exception that it shows itself": Shape(
        {
            "app.py": script(
                "st.title('Careful')",
                "try:",
                "    1 / 0",
                "except ZeroDivisionError as error:",
                "    st.exception(error)",
            )
        }
    ),
    "a page that is stopped": Shape({"app.py": script("st.title('Before')", "st.stop()", "st.title('After')")}),
    "widgets, columns and tabs": Shape(
        {
            "app.py": script(
                "left, right = st.columns(2)",
                "left.metric('Left', 1)",
                "right.slider('Right', 0, 10)",
                "one, two = st.tabs(['One', 'Two'])",
                "one.write('in the first')",
                "with st.expander('More', expanded=True):",
                "    st.selectbox('Choose', ['a', 'b'])",
                "with st.form('form'):",
                "    st.text_input('Name')",
                "    st.form_submit_button('Send')",
            )
        }
    ),
    "a fragment": Shape({"app.py": script("@st.fragment", "def part():", "    st.title('Part')", "part()")}),
    "cached functions": Shape(
        {"app.py": script("@st.cache_data", "def answer():", "    return 42", "st.title('Answer %d' % answer())")}
    ),
    "a component of its own": Shape(
        {
            "app.py": script(
                "import streamlit.components.v1 as components",
                "st.title('Component')",
                "components.html('<p>inside</p>', height=50)",
            )
        }
    ),
    "a chat": Shape(
        {"app.py": script("with st.chat_message('user'):", "    st.write('Hi')", "st.chat_input('Say something')")}
    ),
    "a sidebar and a wide page": Shape(
        {"app.py": script("st.set_page_config('Wide', layout='wide')", "st.sidebar.title('Side')", "st.title('Wide')")}
    ),
    "notes and tests beside the code": Shape(
        {
            "app.py": HELLO,
            "README.md": "# An app\n",
            "tests/test_app.py": "def test_nothing():\n    pass\n",
            "notebooks/a.ipynb": "{}",
            ".gitignore": "*.pyc\n",
        }
    ),
}


@dataclass
class Compared:
    """What came of one shape.

    :param pages: how many were compared
    :param differences: in words; none when all are the same
    """

    pages: int = 0
    differences: list[str] = field(default_factory=list)
