# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What uv is told, and what its complaints become."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments import uv as _uv
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.uv import Confined, Sources, Uv
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout

URL = "https://someone:geheim@example.org/simple"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            "error: No solution found when resolving dependencies\n"
            "  cause: Because a==1 depends on b>=3,<6 and you require a, we can conclude that you require b>=3,<6.\n"
            "         And because you require b>=6, we can conclude that your requirements are unsatisfiable.\n",
            "No solution found when resolving dependencies: Because a==1 depends on b>=3,<6 and you require a, we can "
            "conclude that you require b>=3,<6. And because you require b>=6, we can conclude that your requirements "
            "are unsatisfiable.",
        ),
        (
            "  \u00d7 No solution found when resolving dependencies:\n"
            "  \u2570\u2500\u25b6 Because a was not found in the package registry and you\n"
            "      require a, unsatisfiable.\n",
            "No solution found when resolving dependencies: Because a was not found in the package registry and you "
            "require a, unsatisfiable.",
        ),
        (
            "error: Couldn't parse requirement in `requirements.txt` at position 0\n"
            '  cause: no such comparison operator "="\n         a=4.3\n          ^^^^\n',
            'Couldn\'t parse requirement in `requirements.txt` at position 0: no such comparison operator "=" a=4.3',
        ),
        ("error: a is missing\n\nhint: look for b\n", "a is missing. look for b"),
        ("warning: something\n", ""),
        ("Downloading b (6 MiB)\n Downloaded b\nerror: Failed to install b\n  cause: it\n", "Failed to install b: it"),
    ],
)
def test_a_complaint_becomes_one_line(error: str, expected: str) -> None:
    """S0-24: uv's words (0.13's form and the older one), without marks and folding."""
    assert _uv.condense(error) == expected


def test_a_long_complaint_is_cut_between_words() -> None:
    """S0-24."""
    text = _uv.condense("error: " + "word " * 500)
    assert len(text) < 620
    assert text.endswith("word …")


def test_passwords_are_taken_out() -> None:
    """Secrets enter neither results nor hashes."""
    assert _uv.without_credentials("at %s, too" % URL) == "at https://example.org/simple, too"
    assert Sources(index_url=URL).identity() == Sources(index_url="https://example.org/simple").identity()
    assert _uv.without_credentials("https://me:ge@heim@example.org/x") == "https://example.org/x"
    assert _uv.without_credentials("see https://example.org?to=me@home") == "see https://example.org?to=me@home"
    assert _uv.secrets_of([URL, "https://token@example.org", None, "https://example.org"]) == {"geheim", "token"}


def test_uvs_environment_is_given_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """UV_* of the user does not leak in; certificates and proxy of the host do."""
    for name in ("UV_INDEX_URL", "UV_PYTHON", "VIRTUAL_ENV", "PIP_INDEX_URL"):
        monkeypatch.setenv(name, "leak")
    monkeypatch.setenv("SSL_CERT_FILE", "/company.pem")
    monkeypatch.setenv("https_proxy", "http://proxy:1")
    given = Uv(Layout("/r"), Sources(index_url=URL, extra_index_urls=("https://a", "https://b")), None).environment()
    assert "leak" not in given.values()
    assert (given["SSL_CERT_FILE"], given["https_proxy"]) == ("/company.pem", "http://proxy:1")
    assert (given["UV_DEFAULT_INDEX"], given["UV_INDEX"]) == (URL, "https://a https://b")
    assert given["HOME"] == given["UV_CACHE_DIR"] == "/r/srv/pyapps/cache"
    other = Uv(Layout("/r"), Sources(ca_bundle="/own.pem", proxy="http://other:2"), None).environment()
    assert (other["SSL_CERT_FILE"], other["https_proxy"]) == ("/own.pem", "http://other:2")


def test_a_confined_uv_knows_nothing_but_the_way_to_the_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Code of packages reads its environment; people read what it says, with the index's own name."""
    monkeypatch.setenv("https_proxy", "http://me:word@proxy:1")
    sources = Sources(index_url=URL, extra_index_urls=("https://x:y@a",), ca_bundle="/own.pem", proxy="http://p:q@r:2")
    indexes = {"http://127.0.0.1:1/z/0": URL, "http://127.0.0.1:1/z/1": "https://x:y@a"}
    log = tmp_path / "log"
    log.write_text("first\nit answered 401\n")
    confined = Confined("/place/build", (), indexes, str(log))
    given = Uv(Layout("/r"), sources, None, confined).environment()
    assert (given["UV_DEFAULT_INDEX"], given["UV_INDEX"]) == tuple(indexes)
    assert (given["HOME"], given["UV_CACHE_DIR"]) == ("/place/build", "/place/build/cache")
    assert not {"https_proxy", "HTTPS_PROXY", "http_proxy", "SSL_CERT_FILE"} & set(given)
    assert not [value for value in given.values() if "geheim" in value or "word" in value or "@" in value]
    said = confined.as_outside("no http://127.0.0.1:1/z/1/alpha/") + confined.complaint()
    assert _uv.without_credentials(said) == "no https://a/alpha/: it answered 401"


def test_a_confined_uv_with_a_wheelhouse_has_no_index() -> None:
    """Nothing is asked, so nothing is told."""
    uv = Uv(Layout("/r"), Sources(wheelhouse="/w"), None, Confined("/place/build", (), {}, "/no/log"))
    given = uv.environment()
    assert given["UV_OFFLINE"] == "1"
    assert "UV_DEFAULT_INDEX" not in given
    assert uv.confined
    assert uv.confined.complaint() == ""
