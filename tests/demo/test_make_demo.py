# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make demo`` from a clean clone on a bare Debian, step by step as a person does it.

The steps build on each other and stand in the order in which they are run.
"""

from __future__ import annotations

import re

from helpers.person import Person


def live_link(person: Person) -> str:
    """Which instance of app 1 is live."""
    return person.succeed("readlink '%s/srv/pyapps/apps/app_1/live'" % person.demo)


def changed(output: str) -> int:
    """How many tasks of a run reported a change."""
    return int(re.findall(r"changed=(\d+)", output)[-1])


def test_the_first_run_serves_both_apps_and_the_gallery(person: Person) -> None:
    """S0-61 to S0-65 without root: the table names every app and URL, and each answers."""
    person.succeed("touch /tmp/before-the-demo && sleep 1", user="root")
    output = person.succeed("make demo")
    for expected in ("app_1", "app_2", "http://localhost:8080/app-1/", "http://localhost:8080/app-2/"):
        assert expected in output
    assert person.get("/app-1/_stcore/health") == "ok"
    assert person.get("/app-2/_stcore/health") == "ok"
    gallery = person.get("/")
    assert "App 1" in gallery
    assert "App 2" in gallery


def test_the_front_listens_on_this_machine_only(person: Person) -> None:
    listeners = person.succeed("ss -Hltn")
    addresses = {line.split()[3].rpartition(":")[0] for line in listeners.splitlines()}
    assert addresses == {"127.0.0.1"}


def test_the_second_run_changes_nothing(person: Person) -> None:
    live = live_link(person)
    assert changed(person.succeed("make demo")) == 0
    assert live_link(person) == live


def test_the_status_is_the_table_again(person: Person) -> None:
    output = person.succeed("make demo-status")
    assert "http://localhost:8080/app-1/" in output
    assert changed(output) == 0


def test_an_edited_app_is_served_in_its_new_version(person: Person) -> None:
    live = live_link(person)
    person.succeed("echo 'st.write(\"second version\")' >> apps/app_1/app_1.py")
    assert changed(person.succeed("make demo")) > 0
    assert live_link(person) != live
    assert person.get("/app-1/_stcore/health") == "ok"


def test_a_broken_edit_is_refused_and_the_old_version_goes_on(person: Person) -> None:
    """C-09: the reason is in the table, the live instance is the same process as before."""
    live = live_link(person)
    person.succeed("sed -i '1i import no_such_module_of_mine' apps/app_1/app_1.py")
    done = person.run("make demo")
    assert done.returncode != 0
    output = done.stdout + done.stderr
    assert "app_1" in output
    assert "no_such_module_of_mine" in output
    assert live_link(person) == live
    assert person.get("/app-1/_stcore/health") == "ok"
    assert person.get("/app-2/_stcore/health") == "ok"
    person.succeed("git checkout --quiet apps")


def test_a_busy_port_is_an_error_that_names_its_holder(person: Person) -> None:
    """C-20, S1-12: pid and command; the holder lives on."""
    # Of root's demo, which runs as nobody, it must be nobody's: the kernel names no process of another user.
    user = "nobody" if person.user == "root" else person.user
    pid = person.succeed("cd /; nohup python3 -m http.server 18090 >/dev/null 2>&1 & echo $!", user=user).strip()
    done = person.run("make demo DEMO_DIR=/var/tmp/other DEMO_PORT=18090")
    output = done.stdout + done.stderr
    assert done.returncode != 0
    assert pid in output
    assert "http.server" in output
    person.succeed("kill " + pid, user="root")


def test_clean_asks_before_it_deletes_data(person: Person) -> None:
    person.succeed("echo precious > '%s/srv/pyapps/apps/app_1/data/visitors.txt'" % person.demo)
    done = person.run("make demo-clean", answer="n\n")
    assert done.returncode != 0
    assert "visitors.txt" in done.stdout
    assert person.get("/app-1/_stcore/health") == "ok"


def test_clean_leaves_no_trace(person: Person) -> None:
    """No process, no file outside the clone and none in it: caches of Ansible, pip and uv included."""
    person.succeed("make demo-clean FORCE=1")
    assert person.succeed("git status --porcelain --ignored") == ""
    processes = person.succeed("ps -eo args --no-headers")
    assert not re.search(r"supervisord|caddy|streamlit", processes), processes
    places = "/ -xdev ( -path /proc -o -path /sys -o -path /dev ) -prune -o".replace("(", r"\(").replace(")", r"\)")
    newer = person.succeed("find %s -newer /tmp/before-the-demo -not -type d -print" % places, user="root")
    outside = [path for path in newer.splitlines() if not path.startswith(person.clone + "/")]
    assert outside == []


def test_from_the_demo_to_a_home_host(person: Person) -> None:
    """S0-62: the README's next step, on the machine itself and without systemd (C-18); it needs root.

    A converged host costs at most 26 tasks.
    """
    play = 'env PATH="$PWD/.tools/demo/bin:$PATH" ansible-playbook {} -i inventories/home'
    if person.user != "root":
        done = person.run("make .tools/demo/.stamp && " + play.format("site.yml"))
        assert done.returncode != 0
        assert "Run as root (add --become)" in done.stdout
        return
    person.succeed("make .tools/demo/.stamp && " + play.format("site.yml -e pyapps_ca_bundle=$SSL_CERT_FILE"))
    assert person.get("/app-1/_stcore/health", port=80) == "ok"
    assert "App 2" in person.get("/", port=80)
    again = person.succeed(play.format("site.yml -e pyapps_ca_bundle=$SSL_CERT_FILE"))
    assert changed(again) == 0
    assert int(re.findall(r"\bok=(\d+)", again)[-1]) <= 26
    assert "http://localhost/app-1/" in person.succeed(play.format("playbooks/status.yml"))
