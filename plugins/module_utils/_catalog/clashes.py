# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What two apps of a catalog cannot both have."""

from __future__ import annotations

import typing as t

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import Problem, Report, printable


class Claim(t.NamedTuple):
    """What one app wants for itself; None where its file does not say or says it wrongly."""

    file: str
    name: str | None
    name_is_given: bool
    base_path: str | None
    port: int | None
    kind: str


def clashes(claims: t.Sequence[Claim]) -> list[Problem]:
    """Each clash once, at the later app, naming the file of the earlier one.

    :param claims: in the order of the catalog
    """
    report = Report()
    names: dict[str, Claim] = {}
    ports: dict[int, Claim] = {}
    paths: dict[str, Claim] = {}
    for claim in claims:
        if claim.name is not None:
            _tell_name(claim, names.setdefault(claim.name, claim), report)
        if claim.port is not None:
            _tell_port(claim, ports.setdefault(claim.port, claim), report)
        if claim.base_path is not None:
            # Caddy matches paths without regard to case, so /App and /app are one.
            paths.setdefault(claim.base_path.lower(), claim)
    for claim in claims:
        if claim.base_path is not None:
            _tell_path(claim, paths, report)
    return report.problems


def _tell_name(claim: Claim, holder: Claim, report: Report) -> None:
    if holder is claim:
        return
    origin = "is" if claim.name_is_given else "(from the folder's name) is"
    report.about(claim.file).error(
        "name",
        "%s also the name of the app of %s: write another name into one of the files"
        % (origin, printable(holder.file)),
        found=str(claim.name),
        allowed="a name that no other app has",
    )


def _tell_port(claim: Claim, holder: Claim, report: Report) -> None:
    if holder is not claim:
        report.about(claim.file).error(
            claim.kind + ".port",
            "is also the port of the app of %s: change one of them, or leave it out" % printable(holder.file),
            found=str(claim.port),
            allowed="a port that no other app names",
        )


def _tell_path(claim: Claim, paths: dict[str, Claim], report: Report) -> None:
    path = str(claim.base_path).lower()
    parts = path.split("/")
    outer = ("/".join(parts[:count]) for count in range(1, len(parts)))
    holder = paths[path]
    relation = "is also the path"
    if holder is claim:
        above = next((parent for parent in outer if parent in paths), None)
        if above is None:
            return
        holder, relation = paths[above], "lies below the path"
    report.about(claim.file).error(
        claim.kind + ".base_path",
        "%s of the app of %s (%s): change one of them" % (relation, printable(holder.file), holder.base_path or "/"),
        found=claim.base_path or "/",
        allowed="a path that is neither equal to another app's nor above or below it",
    )
