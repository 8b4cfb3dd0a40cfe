# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import errno
import itertools
import os
import random
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import archive_links as _archive_links
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.archive_links import (
    ArchiveLinks,
    TooManyLinksError,
)


def leading_out(links: dict[str, str]) -> str | None:
    found = ArchiveLinks()
    for path, target in links.items():
        found.add(path, target)
    return found.first_leading_out()


@pytest.mark.parametrize(
    ("links", "out"),
    [
        ({"a": "b"}, None),
        ({"d/a": "../b"}, None),
        ({"d/a": "../../b"}, "d/a"),
        ({"a": "/etc"}, "a"),
        ({"a": ".."}, "a"),
        ({"a": "."}, None),
        ({"d/e/up": "../..", "out": "d/e/up/../x"}, "out"),
        ({"out": "d/e/up/../x", "d/e/up": "../.."}, "out"),
        ({"d/e/up": "../..", "in": "d/e/up/x/../y"}, None),
        ({"down": "d/e/f", "in": "down/../../x"}, None),
        ({"a": "b", "b": "a"}, None),
        ({"a": "b/../..", "b": "a"}, None),
        ({"a": "a"}, None),
        ({"a": "b", "b": ".."}, "a"),
    ],
)
def test_a_link_leads_where_the_others_let_it(links: dict[str, str], out: str | None) -> None:
    assert leading_out(links) == out


def is_circle(path: Path) -> bool:
    try:
        path.stat()
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


def test_the_kernel_agrees(tmp_path: Path) -> None:
    """Of some links at random: what is said to stay inside does."""
    chance = random.Random(12)  # noqa: S311 - the same ones each time
    top = tmp_path / "outer" / "top"
    refused = 0
    for number in range(300):
        folder = top / str(number) / "data"
        (folder / "d" / "e").mkdir(parents=True)
        places = chance.sample(["a", "b", "d/a", "d/b", "d/e/a", "d/e/b"], 4)
        links = {place: "/".join(chance.choices(["..", "a", "b", "d", "e", "."], k=3)) for place in places}
        if leading_out(links):
            refused += 1
            continue
        for path, target in links.items():
            (folder / path).symlink_to(target)
        for path in links:
            assert is_circle(folder / path) or (os.path.realpath(folder / path) + "/").startswith("%s/" % folder), links
    assert 50 < refused < 250


def test_a_chain_that_is_longer_than_the_stack_is_followed() -> None:
    """Each link once: else this would not end."""
    links = {str(number): "%d/../%d" % (number + 1, number + 1) for number in range(20_000)}
    assert leading_out({**links, "20000": "d"}) is None
    assert leading_out({**links, "20000": "../d"}) == "0"


def test_too_many_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_archive_links, "_MOST_LINKS", 3)
    with pytest.raises(TooManyLinksError):
        leading_out(dict(zip(map(str, itertools.count()), "xxxx")))
