# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the links of an archive lead, once all of them are there. Pure.

A link's text does not say it: with ``deep/er/up -> ../..`` the text ``deep/er/up/../x`` stays inside and the link leads
out. So every name of a link's text is followed as the kernel would, through the other links; each link is resolved
once, whatever their number and their chains.
"""

from __future__ import annotations

import typing as t

_MOST_LINKS = 100_000


class TooManyLinksError(ValueError):
    """More links than anyone wants to hold in memory."""


class _OutError(Exception):
    pass


class _Place:
    """A name on the way to a link, or a link.

    :ivar target: of a link; None for a folder
    :ivar landing: where the link ends; None before that is known
    """

    __slots__ = ("below", "landing", "parent", "target")

    def __init__(self, parent: _Place | None) -> None:
        self.parent = parent
        self.below: dict[str, _Place] = {}
        self.target: str | None = None
        self.landing: _Spot | None = None


class _Spot(t.NamedTuple):
    """A place, or so many names below one: there no link lies, so only their number counts."""

    place: _Place | None
    names: int = 0


_NOWHERE = _Spot(None)


class ArchiveLinks:
    """The links of one archive."""

    def __init__(self) -> None:
        self._top = _Place(None)
        self._links: dict[str, _Place] = {}

    def add(self, path: str, target: str) -> None:
        """Add a link.

        :param path: relative, of plain names; the folders above it are none of the links
        :raises TooManyLinksError: they are too many
        """
        if len(self._links) >= _MOST_LINKS:
            raise TooManyLinksError("there are more than %d links" % _MOST_LINKS)
        place = self._top
        for name in path.split("/"):
            place = place.below.setdefault(name, _Place(place))
        place.target = target
        self._links[path] = place

    def items(self) -> t.Iterator[tuple[str, str]]:
        """Path and target of each, in the order in which they were added."""
        return ((path, str(place.target)) for path, place in self._links.items())

    def first_leading_out(self) -> str | None:
        """The path of a link that leads out of the archive's folder, or None. A circle leads nowhere."""
        for path, link in self._links.items():
            try:
                _resolve(link)
            except _OutError:
                return path
        return None


def _resolve(link: _Place) -> None:
    """Find the landing of a link, and of those on its way; a loop, because a chain may be longer than the stack."""
    answer: _Spot | None = None
    waiting = [] if link.landing else [(link, _follow(link))]
    link.landing = link.landing or _NOWHERE  # who meets it before it is resolved has gone in a circle
    while waiting:
        current, steps = waiting[-1]
        try:
            met = steps.send(answer)
        except StopIteration as end:
            answer = current.landing = end.value
            waiting.pop()
            continue
        answer = met.landing
        if answer is None:
            met.landing = _NOWHERE
            waiting.append((met, _follow(met)))


def _follow(link: _Place) -> t.Generator[_Place, _Spot | None, _Spot]:
    """Where a link ends; yields each link on its way, and is sent the landing of that.

    :raises _OutError: it leads out
    """
    target = link.target or ""
    if target.startswith("/"):
        raise _OutError
    spot = _Spot(link.parent)
    for name in target.split("/"):
        if name in ("", "."):
            continue
        place, names = spot
        if place is None:
            return _NOWHERE
        if name == "..":
            spot = _above(place, names)
        elif names or name not in place.below:
            spot = _Spot(place, names + 1)
        elif place.below[name].target is None:
            spot = _Spot(place.below[name])
        else:
            spot = (yield place.below[name]) or _NOWHERE
    return spot


def _above(place: _Place, names: int) -> _Spot:
    if names:
        return _Spot(place, names - 1)
    if place.parent is None:
        raise _OutError
    return _Spot(place.parent)
