# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of others: read, listed, written, linked to, forged."""

from __future__ import annotations

import re

from helpers.attacks import tries
from helpers.places import AN_APP, Attacker, Place

NGINX_LOGS = "/var/log/nginx"
ANYBODYS = (
    # What all apps share, and nobody but root writes.
    r"srv/pyapps/(?:envs|assets|tools|front)(?:/.*)?",
    r"srv/pyapps/locks/[^/]*",
    r"srv/pyapps/image/(?:image\.json|programs/.*)",
    r"etc/pyapps/(?:catalog|healthcheck)\.json",
    r"etc/pyapps/(?:caddy/Caddyfile|supervisor/(?:supervisord\.conf|started-with))",
    r"run/pyapps/(?:changed-by\.json|supervisord\.pid|container|front-names\.(?:caddy|nginx))",
    r"srv/pyapps/apps/[^/]*/(?:history\.json|down|from-image)",
    # test_lists_no_program_of_supervisors
    r"(?:etc/pyapps/supervisor|run/pyapps)/programs/.*",
    # Pages that visitors ask for, and which port has which: what is secret are the names that lead there.
    r"srv/pyapps/apps/[^/]*/(?:serving|instances)/.*",
)
"""Below the root folder: what any user of the machine may read. docs/explanation/safety.md says so."""

LISTABLE = (
    r"srv/pyapps(?:/(?:envs|assets|tools|front|locks)(?:/.*)?)?",
    r"srv/pyapps/(?:image/)?apps(?:/[^/]*(?:/releases)?)?",
    r"srv/pyapps/image(?:/programs)?",
    r"srv/pyapps/apps/[^/]*/serving/[^/]*",
    # test_lists_no_program_of_supervisors
    r"(?:etc|run)/pyapps(?:/(?:caddy|supervisor|(?:supervisor/)?programs))?",
)


def _ours(place: Place) -> list[str]:
    layout = place.layout
    return [layout.srv, layout.etc, layout.run, layout.log]


def _others(attacker: Attacker, paths: list[str], anybodys: tuple[str, ...]) -> list[str]:
    """Without what is the attacker's own, and what is anybody's."""
    root = re.escape(attacker.place.root.rstrip("/") + "/")
    shared = re.compile(root + "(?:" + "|".join(anybodys) + ")")
    own = attacker.own_folders if attacker.who == AN_APP else ()
    return [path for path in paths if not shared.fullmatch(path) and not (path + "/").startswith(own)]


def test_reads_no_file_of_others(attacker: Attacker) -> None:
    """By name: whether a folder can be listed is another question."""
    found = attacker.place.ask(attacker.place.owner(), "find", roots=[*_ours(attacker.place), NGINX_LOGS])
    files = _others(attacker, found["files"], ANYBODYS)
    attacker.tell("reads a file of others", len(files), attacker.ask("opens", paths=files))


def test_lists_no_folder_of_others(attacker: Attacker) -> None:
    """Names of instances are secret: with one, and its port, a visitor reaches what is only tried out."""
    found = attacker.place.ask(attacker.place.owner(), "find", roots=_ours(attacker.place))
    folders = _others(attacker, found["folders"], LISTABLE)
    attacker.tell("lists a folder of others", len(folders), attacker.ask("lists", paths=folders))


def test_lists_no_program_of_supervisors(attacker: Attacker) -> None:
    """The name of an instance is also that of its program, wherever supervisor's programs are."""
    programs = attacker.place.layout.programs
    attacker.tell("lists the programs of supervisor", 1, attacker.ask("lists", paths=[programs]))


def test_writes_nothing_but_its_own_data(attacker: Attacker) -> None:
    """On the whole machine, but for what every Unix lets everybody write."""
    done = attacker.ask("writes", without=tries(["/usr", attacker.place.layout.envs], []))
    everybodys = re.compile(r"(?:/tmp|/var/tmp|/run/lock|/dev/shm|/dev/mqueue)(?:/\..*-unix)?|/dev/pts/.*")
    own = attacker.own_data if attacker.who == AN_APP else ()
    assert not own or attacker.data in done["through"]
    through = [it for it in done["through"] if not everybodys.fullmatch(it) and not (it + "/").startswith(own)]
    attacker.tell("writes outside its data", done["tried"], through)


def test_changes_no_setting_of_the_kernel(attacker: Attacker) -> None:
    done = attacker.ask("sets_the_kernel")
    attacker.tell("changes a setting of the kernel", done["tried"], done["through"])


def test_keeps_no_file_of_others_by_a_hard_link(app: Attacker) -> None:
    """What root deletes or rotates would stay, and what root changes below ``data/`` would be another's."""
    found = app.place.ask(app.place.owner(), "find", roots=[*_ours(app.place), "/etc"])
    files = [path for path in found["files"] if not path.startswith(app.own_data)]
    app.tell("keeps a file of others by a hard link", len(files), app.ask("links", paths=files, folder=app.data))


def test_forges_no_program_with_more_rights(app: Attacker) -> None:
    done = app.ask("forges", folder=app.data)
    app.tell("forges a program with more rights", done["tried"], done["through"])


def test_leaves_no_core_where_others_look(app: Attacker) -> None:
    """A crash writes nothing into the release, which others' processes read."""
    app.tell("leaves a core in the release", 1, app.ask("dumps_a_core", releases=app.releases))
