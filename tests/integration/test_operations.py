# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks of everyday work, one after another on one host that the site playbook has laid out, with a tunnel.

cloudflared is a stand-in (tests/helpers/stand_in_cloudflared.py); the rest is real.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.probe_http import ProbeError, get
from helpers.locales import turkish
from helpers.processes import free_port
from helpers.site_host import SiteHost, new_site_host

REQUIREMENT = "streamlit==1.67.*"
DIARY = """\
import os, sqlite3
import streamlit as st

visits = sqlite3.connect(os.environ["PYAPPS_DATA_DIR"] + "/visits.db")
visits.execute("PRAGMA journal_mode=WAL")
visits.execute("CREATE TABLE IF NOT EXISTS visits (moment TEXT)")
visits.execute("INSERT INTO visits VALUES (datetime())")
visits.commit()
print("a visit", flush=True)
st.write("version 1")
"""
OTHER = "import streamlit as st\n\nst.write('version 1, İyi günler')\n"
STAND_IN = Path(__file__).resolve().parents[1] / "helpers" / "stand_in_cloudflared.py"
CANARY = "canary-of-the-tunnel"


class Tunnel:
    """The variables of a tunnel with the stand-in, from a mirror below the host's folder."""

    def __init__(self, host: SiteHost) -> None:
        self.port = free_port()
        mirror = host.folder / "mirror"
        mirror.mkdir()
        shutil.copy(STAND_IN, mirror / "cloudflared-2026.9.3")
        checksum = hashlib.sha256(STAND_IN.read_bytes()).hexdigest()
        self.variables: dict[str, t.Any] = {
            "pyapps_tunnel": "cloudflared",
            "pyapps_public_url": "https://apps.example.com",
            "cloudflared_url": "file://%s/cloudflared-{version}" % mirror,
            "cloudflared_checksums": {"amd64": checksum, "arm64": checksum},
            "cloudflared_metrics_port": self.port,
            "cloudflared_credentials": json.dumps({"AccountTag": "a", "TunnelID": "by-id", "TunnelSecret": CANARY}),
        }

    def seen(self) -> dict[str, t.Any]:
        return t.cast(dict[str, t.Any], json.loads(get("127.0.0.1", self.port, "/seen", 10)[2]))


class Here(t.NamedTuple):
    """The host, its tunnel, and the names of its apps."""

    host: SiteHost
    tunnel: Tunnel
    diary: str
    other: str

    def play(self, name: str, *flags: str, **variables: t.Any) -> t.Any:
        return self.host.play("playbooks/%s.yml" % name, *flags, **{**self.tunnel.variables, **variables})

    def touched(self, name: str) -> dict[str, tuple[int, int]]:
        """Inode and time of change of everything of an app, but for what it writes itself."""
        app = Path(self.host.layout.app(name).path)
        paths = [path for path in [app, *app.rglob("*")] if "data" not in path.relative_to(app).parts]
        paths += Path(self.host.layout.programs).glob(name + ".*")
        return {str(path): (path.lstat().st_ino, path.lstat().st_ctime_ns) for path in paths}

    def rows(self) -> int:
        with contextlib.closing(sqlite3.connect(self.host.layout.app(self.diary).data + "/visits.db")) as database:
            return int(database.execute("SELECT count(*) FROM visits").fetchone()[0])

    def healthy(self, short: str) -> bool:
        try:
            return get("127.0.0.1", self.host.port, "/%s/_stcore/health" % short, 10)[::2] == (200, b"ok")
        except ProbeError:
            return False


@pytest.fixture(scope="module")
def here() -> t.Iterator[Here]:
    """The host of somebody whose machine speaks Turkish and whose folder has a space in its name."""
    with new_site_host("pyapps site ") as host:
        host.environment.update(turkish(host.folder))
        host.add_app("diary", REQUIREMENT, {"main.py": DIARY})
        host.add_app("other", REQUIREMENT, {"main.py": OTHER})
        tunnel = Tunnel(host)
        played = host.site(**tunnel.variables)
        assert played.code == 0, played.text
        assert CANARY not in played.text
        yield Here(host, tunnel, host.name("diary"), host.name("other"))
        shutil.rmtree(host.root / "var" / "backups", ignore_errors=True)  # no playbook deletes backups


def test_the_tunnel_runs_without_root_too(here: Here) -> None:
    """S0-98, S0-99."""
    seen, folder = here.tunnel.seen(), here.host.layout.etc + "/cloudflared"
    metrics = "127.0.0.1:%d" % here.tunnel.port
    program = here.host.layout.tools + "/cloudflared/bin/cloudflared"
    config = folder + "/config.yml"
    assert seen["argv"] == [program, "tunnel", "--no-autoupdate", "--metrics", metrics, "--config", config, "run"]
    assert seen["rules"] == [["apps.example.com", "http://127.0.0.1:%d" % here.host.port]]
    assert seen["tunnel"] == "by-id"
    assert seen["uid"] == here.host.root.stat().st_uid
    assert os.stat(folder + "/credentials.json").st_mode & 0o7777 == 0o600
    assert get("127.0.0.1", here.tunnel.port, "/ready", 10)[0] == 200


def test_a_run_again_changes_nothing(here: Here) -> None:
    again = here.host.site("--diff", "-vvv", **here.tunnel.variables)
    assert (again.code, again.changed) == (0, 0), again.text
    # The safety rules: a run without root says so, too.
    assert "note: without root all apps are one user, so none is protected from another" in again.text
    shown = again.text.replace(json.dumps(here.tunnel.variables["cloudflared_credentials"]), "")
    assert CANARY not in shown.replace(here.tunnel.variables["cloudflared_credentials"], "")


def test_one_apps_typo_stops_no_other(here: Here) -> None:
    """S0-02, and issue 13, points 12 and 23: a run for another app, and one for all that keeps the faulty one."""
    setup = here.host.apps / here.other / "setup.toml"
    right = setup.read_text()
    setup.write_text(right + "colour = 1\n")
    before = here.touched(here.other)
    try:
        alone = here.play("site", app=here.diary, pyapps_secrets={"left": {"env": {"A": "b"}}})
        kept = here.host.site(pyapps_invalid="keep", **here.tunnel.variables)
        misspelt = here.host.site(pyapps_frontt="caddy", pyapps_parallel="two", **here.tunnel.variables)
    finally:
        setup.write_text(right)
    assert alone.code == 0, alone.text
    assert "stays as it was applied: %s: streamlit.colour: " % setup in alone.text
    assert "note: pyapps_secrets: left: is no app: remove it" in alone.text
    assert kept.code == 2, kept.text
    assert "%s failed at step validate: %s: streamlit.colour: " % (here.other, setup) in kept.text
    assert "1 of 2 apps failed: %s (validate)" % here.other in kept.text
    assert kept.changed == 0
    assert here.touched(here.other) == before
    assert here.healthy("other")
    assert (misspelt.code, misspelt.tasks) == (2, 0), misspelt.text
    assert "pyapps_frontt: is not a variable of this collection: did you mean pyapps_front?" in misspelt.text
    assert 'pyapps_parallel: must be an integer (found: "two")' in misspelt.text
    assert "argument_spec" not in misspelt.text


def test_the_doctor_names_what_is_wrong_and_what_to_do(here: Here) -> None:
    """Everything at once, and the health of the apps below it."""
    names = {**here.tunnel.variables, "pyapps_public_url": ""}
    well = here.play("doctor", **names)
    assert (well.code, well.changed) == (0, 0), well.text
    assert "supervisord" in well.text
    assert "Streamlit 1.67." in well.text
    folder = Path(here.host.layout.app(here.diary).serving)
    folder.chmod(0o777)
    try:
        ill = here.play("doctor", **{**names, "pyapps_server_names": ["no-such-host.invalid"]})
    finally:
        folder.chmod(0o711)
    assert (ill.code, ill.changed) == (2, 0)
    for said in ("mode 777 of user", "Run the site playbook, which sets it right", "name no-such-host.invalid"):
        assert said in ill.text
    assert "2 problems, 0 warnings" in ill.text
    assert "health of localhost: healthy" in ill.text


def test_headers_that_a_visitor_could_forge_are_refused_behind_a_tunnel(here: Here) -> None:
    """C-13."""
    settings = here.host.apps / here.diary / "setup.toml"
    before = settings.read_text()
    option = '\n[streamlit.config.server]\ntrustedUserHeaders = \'{"X-User": "name"}\'\n'
    settings.write_text(before + option)
    try:
        played = here.play("site", "--check")
        assert played.code == 2
        assert "server.trustedUserHeaders of %s" % here.diary in played.text
    finally:
        settings.write_text(before)


def test_a_deploy_of_one_app_touches_no_other(here: Here) -> None:
    """S0-101: also an app that is new in the catalog, one that is gone from it, and one that has changed, stay."""
    for name, script in ((here.diary, DIARY), (here.other, OTHER)):
        (here.host.apps / name / "main.py").write_text(script.replace("version 1", "version 2"))
    new = here.host.add_app("third", REQUIREMENT, {"main.py": OTHER})
    before, pids, applied = here.touched(here.other), here.host.live_pids(), here.host.layout.catalog
    catalog = Path(applied).read_text()

    checked = here.play("deploy", "--check", app=here.diary)
    assert (checked.code, here.host.live_pids()) == (0, pids), checked.text
    played = here.play("deploy", app=here.diary)
    assert played.code == 0, played.text
    assert here.other not in played.text.split("apps on localhost")[1]
    after = here.host.live_pids()
    assert after[here.diary] != pids[here.diary]
    assert after[here.other] == pids[here.other]
    assert here.touched(here.other) == before
    assert not os.path.exists(here.host.layout.app(new.name).path)
    assert Path(applied).read_text() == catalog
    assert here.healthy("diary")
    assert here.healthy("other")
    assert get("127.0.0.1", here.host.port, "/third/", 10)[0] == 404

    again = here.play("deploy", app=here.diary)
    assert (again.code, again.changed) == (0, 0), again.text

    two = here.play("deploy", app="%s,%s" % (here.other, new.name))
    assert two.code == 0, two.text
    assert here.healthy("third")
    assert here.host.live_pids()[here.diary] == after[here.diary]
    shutil.rmtree(new)
    assert here.play("deploy", pyapps_delete_data=True).code == 0
    assert not here.healthy("third")


@pytest.mark.parametrize("playbook", ["deploy", "restart"])
def test_a_wrong_name_is_told_with_the_nearest_one(here: Here, playbook: str) -> None:
    """S0-101."""
    played = here.play(playbook, app=here.diary.replace("diary", "dairy"))
    assert played.code == 2
    assert "Did you mean %s?" % here.diary in " ".join(played.text.split())
    assert "Traceback" not in played.text


def test_a_restart_is_noticed_by_nobody_and_starts_no_other_app(here: Here) -> None:
    """S0-101."""
    before, wrong = here.host.live_pids(), []
    ended = threading.Event()

    def visit() -> None:
        while not ended.wait(0.05):
            if not here.healthy("diary"):
                wrong.append(time.monotonic())

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        checked = here.play("restart", "--check", app=here.diary)
        assert (checked.code, checked.changed, here.host.live_pids()) == (0, 1, before), checked.text
        played = here.play("restart", app=here.diary)
    finally:
        ended.set()
        visitor.join()
    assert (played.code, played.changed) == (0, 1), played.text
    after = here.host.live_pids()
    assert after[here.diary] != before[here.diary]
    assert after[here.other] == before[here.other]
    assert wrong == []
    everything = here.play("restart")
    assert everything.tasks == played.tasks
    assert not set(here.host.live_pids().values()) & set(after.values())


def test_logs_are_shown_by_the_name_of_the_app(here: Here) -> None:
    """S0-101."""
    played = here.play("logs", app=here.diary, lines=1)
    assert (played.code, played.changed) == (0, 0)
    assert "%s, out (%s/%s.out.log)" % (here.diary, here.host.layout.log, here.diary) in played.text
    assert "    | a visit" in played.text
    assert played.text.count("    | ") == 2
    assert here.other not in played.text


def test_data_is_saved_while_apps_run_and_comes_back(here: Here) -> None:
    """S0-101: the app's own SQLite database, with what is in its WAL."""
    backups, data = here.host.root / "var" / "backups" / "pyapps", Path(here.host.layout.app(here.diary).data)
    pids, rows = here.host.live_pids(), here.rows()
    assert rows > 0
    (data / "kept.txt").write_text("kept")
    played = here.play("backup")
    assert played.code == 0, played.text
    assert here.host.live_pids() == pids
    assert backups.stat().st_mode & 0o7777 == 0o700
    names = sorted(path.name.rsplit("-", 1)[0] for path in backups.iterdir())
    assert names == sorted(["catalog", here.diary, here.other])
    assert {path.stat().st_mode & 0o7777 for path in backups.iterdir()} == {0o600}

    assert here.play("restart", app=here.diary).code == 0
    assert here.rows() > rows
    (data / "kept.txt").unlink()
    (data / "new.txt").write_text("new")

    refused = here.play("restore", app=here.diary)
    assert refused.code == 2
    assert "Run again with -e stop=true" in " ".join(refused.text.split())
    assert (data / "new.txt").exists()

    others = here.host.live_pids()[here.other]
    restored = here.play("restore", app=here.diary, stop=True)
    assert restored.code == 0, restored.text
    assert here.rows() == rows
    assert (data / "kept.txt").read_text() == "kept"
    assert not (data / "new.txt").exists()
    assert data.stat().st_mode & 0o7777 == 0o750
    assert sorted(path.name for path in data.parent.iterdir() if path.name.startswith((".part", "data"))) == ["data"]
    assert here.healthy("diary")
    assert here.host.live_pids()[here.other] == others


def test_after_all_that_the_site_playbook_finds_nothing_to_correct(here: Here) -> None:
    again = here.play("site")
    assert (again.code, again.changed) == (0, 0), again.text


def test_the_applied_catalog_comes_back(here: Here) -> None:
    """A host whose catalog is damaged refuses every run; its backup mends that."""
    (copy,) = (here.host.root / "var" / "backups" / "pyapps").glob("catalog-*.json")
    catalog = Path(here.host.layout.catalog)
    text = catalog.read_text()
    catalog.write_text("damaged")
    played = here.play("restore", catalog=str(copy))
    assert played.code == 0, played.text
    assert catalog.read_text() == text


def test_a_new_app_is_made_and_served(here: Here) -> None:
    """S0-101."""
    name = here.host.name("fresh")
    played = here.play("new_app", app=name, title="A fresh one")
    assert played.code == 0, played.text
    again = here.play("new_app", app=name)
    assert again.code == 2
    assert "is there already" in " ".join(again.text.split())
    deployed = here.play("deploy", app=name)
    assert deployed.code == 0, deployed.text
    assert here.healthy(name)
