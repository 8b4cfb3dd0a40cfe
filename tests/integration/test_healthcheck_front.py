# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``pyapps healthcheck`` says of apps as visitors see them: through the front."""

from __future__ import annotations

import json
from pathlib import Path

from ansible_collections.selfhost.pyapps.plugins.module_utils._health import settings as _health_settings
from helpers.checked_host import CheckedHost
from helpers.supervisord import wait_for


def test_a_front_that_is_gone_or_somebody_elses(checked: CheckedHost) -> None:
    """S0-81, S0-82: nobody on its port; somebody who says 200 to everything there."""
    front = _health_settings.front_address("nginx", 1, "127.0.0.1", ())
    checked.configure(front=front)
    code, said = checked.ask()
    assert code == 1
    assert said["nginx"] == "nothing listens on port 1"
    assert "Unable to reach http://localhost:1/one/" in said[checked.apps[0]]


def test_a_foreign_page_that_the_front_lets_in_is_told(checked: CheckedHost) -> None:
    """C-01, S0-87: an app that lets anybody in, and a front whose rule against foreign pages is gone."""
    name = checked.add_app("open")
    assert checked.host.deploy().results[name]["note"] == "live"
    # The gate has let no such app in, so it is opened afterwards.
    release = Path(checked.host.layout.app(name).release(checked.host.wanted[name]["release"]))
    with (release / "code" / ".streamlit" / "config.toml").open("a") as config:
        config.write("enableCORS = false\nenableXsrfProtection = false\n")
    assert checked.host.supervisor.stop(checked.program(name), 60)
    checked.host.supervisor.start(checked.program(name))
    checked.front.apps[name] = checked.host.apps[name]
    checked.front.write()
    checked.front.reload()
    wait_for(lambda: checked.ask() == (0, {}), 60, "the front refuses for the app")
    site = checked.host.root / "etc" / "nginx" / "sites-enabled" / "pyapps.conf"
    text = site.read_text()
    assert "if ($pyapps_refused) { return 403; }" in text
    site.write_text(text.replace("if ($pyapps_refused) { return 403; }", ""))
    checked.front.reload()
    wait_for(lambda: checked.ask()[0] == 1, 20, "the front is reloaded")
    _code, said = checked.ask()
    assert list(said) == [name], "the other apps refuse for themselves"
    assert "the front lets a WebSocket from the foreign page https://foreign.invalid in" in said[name]
    site.write_text(text)
    checked.front.reload()


def test_a_wrong_health_body_and_a_refused_page_of_its_own_are_told(checked: CheckedHost) -> None:
    """C-01, S0-87: status 200 with another body; directly and through the front (the app's base path is not routed)."""
    name = checked.apps[1]
    release = Path(checked.host.layout.app(name).release(checked.host.wanted[name]["release"])) / "release.json"
    text = release.read_text()
    entry = json.loads(text)
    entry["settings"]["base_path"] = "/nowhere"
    release.write_text(json.dumps(entry))
    code, said = checked.ask()
    release.write_text(text)
    assert code == 1
    assert "instead of 200 'ok'" in said[name]
    site = checked.host.root / "etc" / "nginx" / "sites-enabled" / "pyapps.conf"
    text = site.read_text()
    site.write_text(
        text.replace(
            'location ~ "^/two/_stcore/stream$" {',
            'location ~ "^/two/_stcore/health" { return 200 "OK"; }\nlocation ~ "^/two/_stcore/stream$" {\nreturn 400;',
        )
    )
    checked.front.reload()
    wait_for(lambda: checked.ask()[0] == 1, 20, "the front is reloaded")
    _code, said = checked.ask()
    site.write_text(text)
    checked.front.reload()
    assert "Unable to reach http://localhost:%d/two/: the front answers 200 'OK'" % checked.front.port in said[name]
    assert "a WebSocket from http://localhost:%d is refused by the front with 400" % checked.front.port in said[name]
    assert "the front answers 400 to a WebSocket from the foreign page" in said[name]
