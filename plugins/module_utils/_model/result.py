# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has become of one app so far: the one shape that the steps of a run hand on.

Modules convert at their edges (:func:`results_of`, :func:`as_dicts`); between them a result is never a dictionary.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, fields, replace

OK, FAILED = "ok", "failed"

_LINES = ("log", "notices")


class ResultError(ValueError):
    """What was handed on is not a result of an app; the text names app and key, and says what is allowed."""


@dataclass(frozen=True)
class Result:
    """One app's result. What no step has said yet is None or empty.

    :ivar state: ``ok`` goes on, ``failed`` is carried on untouched
    :ivar changed: whether a step has changed something of the app, or in check mode would
    :ivar step: the step that failed
    :ivar reason: why it failed and what to do, in one or two sentences
    :ivar log: last lines of the log that shows the cause
    :ivar note: what people see of it now, such as ``live``
    :ivar notices: what a person should know, which stops nothing
    :ivar environment: its environment's name
    :ivar path: the environment's folder
    :ivar python: path of its interpreter
    :ivar lock: path of its lock
    :ivar streamlit: the version of Streamlit in it
    :ivar assets: name of the folder with its Streamlit's files
    :ivar unpinned: whether this Streamlit cannot be pinned although its app asks for that
    :ivar release: the id of the release that shall be live
    :ivar folder: the id of what its folder holds, whatever environment, host and secrets add
    :ivar withdrawn: the release of its folder, when a rollback keeps that from going live
    :ivar instance: the live instance, on ``port``
    :ivar draining: how many old instances still serve
    :ivar ends_sessions: how many sessions going live ends at once
    :ivar next_ends_sessions: how many another deploy would
    :ivar start_seconds: from the start of its process to the end of the gate
    :ivar switch_seconds: what the switch took
    :ivar preview: path of its preview, which lasts until ``preview_until`` and listens on ``preview_port``
    :ivar archive: path of the file that holds a copy of its data
    """

    state: str = OK
    changed: bool = False
    step: str = ""
    reason: str = ""
    log: tuple[str, ...] = ()
    note: str = ""
    notices: tuple[str, ...] = ()
    environment: str | None = None
    path: str | None = None
    python: str | None = None
    lock: str | None = None
    streamlit: str | None = None
    assets: str | None = None
    unpinned: bool = False
    release: str | None = None
    folder: str | None = None
    withdrawn: str | None = None
    instance: str | None = None
    port: int | None = None
    draining: int = 0
    ends_sessions: int = 0
    next_ends_sessions: int = 0
    start_seconds: float | None = None
    switch_seconds: float | None = None
    preview: str | None = None
    preview_until: str | None = None
    preview_port: int | None = None
    archive: str | None = None

    @property
    def goes_on(self) -> bool:
        """Whether no step has failed for the app."""
        return self.state == OK

    def failed(self, step: str, reason: str, log: t.Iterable[str] = (), note: str | None = None) -> Result:
        """The same app's result after a step has failed for it.

        :param log: lines
        :param note: None keeps the one that is there
        :raises TypeError: the log is a text, whose "lines" would be its characters
        """
        if isinstance(log, str):
            raise TypeError("log: lines are meant, not a text")
        note = self.note if note is None else note
        return replace(self, state=FAILED, step=step, reason=reason, log=tuple(log), note=note)

    @classmethod
    def of(cls, given: t.Mapping[str, t.Any], name: str = "") -> Result:
        """A result as a module was given it.

        :param name: of the app, for the error's text
        :raises ResultError: it is no result
        """
        if not isinstance(given, t.Mapping):
            raise ResultError("results.%s: found %r, which is not a dictionary" % (name, given))
        unknown = sorted(map(str, set(given) - set(_ALLOWED)))
        if unknown:
            raise ResultError("results.%s: %s: no step says that of an app" % (name, ", ".join(unknown)))
        for key, value in given.items():
            allowed, check = _ALLOWED[key]
            if not check(value):
                raise ResultError("results.%s.%s: found %r; it must be %s" % (name, key, value, allowed))
        lines = {key: tuple(given[key]) for key in _LINES if key in given}
        return cls(**{**given, **lines})

    def as_dict(self) -> dict[str, t.Any]:
        """What a module returns of it; every key is there."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {key: list(value) if key in _LINES else value for key, value in values.items()}


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_lines(value: object) -> bool:
    # A text is a sequence of texts too: its characters.
    return isinstance(value, (list, tuple)) and all(isinstance(line, str) for line in value)


Check = tuple[str, t.Callable[[object], bool]]

_BY_TYPE: dict[str, Check] = {
    "str": ("a text", _is_text),
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "int": ("a whole number", _is_number),
    "tuple[str, ...]": ("a list of lines", _is_lines),
    "str | None": ("a text or null", lambda value: value is None or _is_text(value)),
    "int | None": ("a whole number or null", lambda value: value is None or _is_number(value)),
    "float | None": (
        "a number or null",
        lambda value: value is None or isinstance(value, float) or _is_number(value),
    ),
}
_ALLOWED: dict[str, Check] = {field.name: _BY_TYPE[str(field.type)] for field in fields(Result)}
_ALLOWED["state"] = ("%s or %s" % (OK, FAILED), lambda value: value in (OK, FAILED))

Results = dict[str, Result]


def results_of(given: t.Mapping[str, t.Any]) -> Results:
    """The results by app that a module was given.

    :raises ResultError: one is no result
    """
    return {name: Result.of(result, name) for name, result in given.items()}


def as_dicts(results: t.Mapping[str, Result]) -> dict[str, dict[str, t.Any]]:
    """The results by app as a module returns them."""
    return {name: result.as_dict() for name, result in results.items()}
