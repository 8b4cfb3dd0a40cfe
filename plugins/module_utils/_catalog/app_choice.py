# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which apps a person means by ``-e app=...``."""

from __future__ import annotations

import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import show
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.suggest import nearest


class ChoiceError(Exception):
    """A name that is no app's; the text says which names there are."""


def choose(wanted: t.Iterable[str], known: t.Collection[str], place: str) -> list[str]:
    """The apps that are meant: those that are named, sorted and each once; without a name all of them.

    :param known: the names of all apps
    :param place: where these are, for the message ("on this host")
    :raises ChoiceError: a name is not one of them; all such names are told at once
    """
    names = sorted({name.strip() for name in wanted} - {""})
    wrong = [name for name in names if name not in known]
    if wrong:
        raise ChoiceError("\n".join(_complaint(name, known, place) for name in wrong))
    return names or sorted(known)


def _complaint(name: str, known: t.Collection[str], place: str) -> str:
    guess = nearest(name, known)
    hint = "Did you mean %s? " % guess if guess else ""
    there = "Allowed are: %s." % ", ".join(sorted(known)) if known else "There is none."
    return "app: %s is not an app %s. %s%s Nothing was changed." % (show(name), place, hint, there)
