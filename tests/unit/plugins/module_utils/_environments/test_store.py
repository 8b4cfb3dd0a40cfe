# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what apps ask for to environments that are there; uv is a stand-in, all else is real."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.lock import Request
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.store import Store
from ansible_collections.selfhost.pyapps.plugins.module_utils._environments.wish import Wish
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import files, unprivileged
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError
from helpers.environment_host import Host, app
from helpers.stand_in_uv import StandInUv


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    monkeypatch.setattr(unprivileged, "build_user", lambda: None)
    monkeypatch.setattr(files, "sync_file_system", lambda path: None)
    return Host(str(tmp_path / "root"))


@pytest.fixture
def uv(host: Host, tmp_path: Path) -> StandInUv:
    return StandInUv(host.layout.uv, tmp_path, {"alpha": "1.0", "beta": "1.0", "broken": "1.0", "streamlit": "1.41.0"})


def meet(host: Host, *apps: dict[str, t.Any], **changes: t.Any) -> list[Wish]:
    """What becomes of the apps' wishes."""
    for folder in (host.layout.envs, host.layout.locks, host.layout.srv + "/pool", host.layout.cache):
        os.makedirs(folder, exist_ok=True)
    requests = [Request.of_app(each, "streamlit" if each["kind"] == "streamlit" else "") for each in apps]
    return Store(host.layout, host.settings(**changes), host.said.append).meet(requests)


def names(host: Host, wish: Wish) -> list[str]:
    """The packages that an app's environment holds."""
    site = Path(host.layout.envs) / str(wish.environment) / "lib" / "python3" / "site-packages"
    return sorted(path.stem for path in site.glob("*.py"))


def test_an_environment_is_resolved_and_built_once(host: Host, uv: StandInUv) -> None:
    """S0-23: what is there is not asked for again."""
    (first,) = meet(host, app("one", "alpha\n"))
    assert uv.calls() == ["pip compile", "venv", "pip sync"]
    assert (first.failure, first.built, first.changed) == (None, True, True)
    assert names(host, first) == ["alpha"]
    assert first.record["packages"] == {"alpha": "1.0"}
    (second,) = meet(host, app("one", "alpha\n"))
    assert uv.calls() == []
    assert (second.environment, second.built, second.changed) == (first.environment, False, False)
    assert second.record == first.record


def test_the_record_says_what_an_environment_stands_on(host: Host, uv: StandInUv) -> None:
    (wish,) = meet(host, app("one", "alpha\n"))
    assert wish.record["environment"] == wish.environment
    assert wish.record["interpreter"] == wish.chosen.path
    assert wish.record["python"] == wish.chosen.number
    assert wish.record["platform"] == wish.chosen.platform


def test_wishes_come_back_in_the_order_of_the_requests(host: Host, uv: StandInUv) -> None:
    wishes = meet(host, app("two", "beta\n"), app("one", "alpha\n"), app("three", "beta\n"))
    assert [wish.request.name for wish in wishes] == ["two", "one", "three"]
    assert [names(host, wish) for wish in wishes] == [["beta"], ["alpha"], ["beta"]]


def test_equal_requirements_are_one_environment_and_people_read_for_whom(host: Host, uv: StandInUv) -> None:
    one, two = meet(host, app("one", "alpha\n"), app("two", "alpha\n"))
    assert one.environment == two.environment
    assert uv.calls() == ["pip compile", "venv", "pip sync"]
    assert host.said[0] == "one, two: resolving requirements.txt"
    assert host.said[-1] == "one, two: environment %s is ready" % one.environment
    assert [wish.built for wish in (one, two)] == [True, True]


def test_two_ways_to_ask_for_the_same_packages_share_the_environment(host: Host, uv: StandInUv) -> None:
    one, two = meet(host, app("one", "alpha\n"), app("two", "alpha==1.0\n"))
    assert one.inputs != two.inputs
    assert one.environment == two.environment
    assert sorted(uv.calls()) == ["pip compile", "pip compile", "pip sync", "venv"]


def test_a_lock_stays_until_an_upgrade_is_wanted(host: Host, uv: StandInUv) -> None:
    (first,) = meet(host, app("one", "alpha\n"))
    uv.has({"alpha": "2.0"})
    (again,) = meet(host, app("one", "alpha\n"))
    assert again.environment == first.environment
    (upgraded,) = meet(host, app("one", "alpha\n"), upgrade=True)
    assert upgraded.environment != first.environment
    assert upgraded.changed
    assert (str(upgraded.before).split()[0], str(upgraded.lock).split()[0]) == ("alpha==1.0", "alpha==2.0")
    assert upgraded.record["packages"] == {"alpha": "2.0"}
    (kept,) = meet(host, app("one", "alpha\n"))
    assert (kept.environment, kept.changed) == (upgraded.environment, False)


def test_a_new_owner_of_a_known_lock_is_a_change_but_builds_nothing(host: Host, uv: StandInUv) -> None:
    meet(host, app("one", "alpha\n"))
    uv.calls()
    (two,) = meet(host, app("two", "alpha\n"))
    assert (two.built, two.changed, two.before) == (False, True, None)
    assert uv.calls() == []
    link = Path(host.layout.locks) / "apps" / "two.txt"
    assert os.readlink(link) == "../%s.txt" % two.inputs
    assert link.read_text() == two.lock


def test_a_lock_that_is_no_list_of_pins_is_made_anew(host: Host, uv: StandInUv) -> None:
    (first,) = meet(host, app("one", "alpha\n"))
    lock = Path(host.layout.locks) / (first.inputs + ".txt")
    lock.write_text("alpha\n")
    uv.calls()
    (again,) = meet(host, app("one", "alpha\n"))
    assert uv.calls() == ["pip compile"]
    assert again.changed
    assert lock.read_text() == first.lock


def test_an_environment_that_is_gone_is_built_again_from_its_lock(host: Host, uv: StandInUv) -> None:
    (first,) = meet(host, app("one", "alpha\n"))
    uv.calls()
    (Path(host.layout.envs) / str(first.environment)).rename(Path(host.root) / "gone")
    (again,) = meet(host, app("one", "alpha\n"))
    assert uv.calls() == ["venv", "pip sync"]
    assert (again.environment, again.built, again.changed) == (first.environment, True, True)


def test_a_rebuild_fetches_packages_anew(host: Host, uv: StandInUv) -> None:
    (first,) = meet(host, app("one", "alpha\nbeta\n"))
    uv.calls()
    (again,) = meet(host, app("one", "alpha\nbeta\n"), rebuild=True)
    assert uv.calls() == ["cache clean", "venv", "pip sync"]
    assert "forgetting 2 packages, to fetch them anew" in host.said
    assert (again.environment, again.built, again.changed) == (first.environment, True, True)


def test_check_mode_writes_nothing_and_says_what_it_can(host: Host, uv: StandInUv) -> None:
    (unknown,) = meet(host, app("one", "alpha\n"), check=True)
    assert (unknown.lock, unknown.environment, unknown.changed) == (None, None, True)
    (first,) = meet(host, app("one", "alpha\n"))
    (same,) = meet(host, app("one", "alpha\n"), check=True)
    assert (same.environment, same.changed) == (first.environment, False)
    uv.calls()
    (rebuilt,) = meet(host, app("one", "alpha\n"), check=True, rebuild=True)
    assert (rebuilt.built, rebuilt.changed) == (True, True)
    (other,) = meet(host, app("two", "alpha\n"), check=True)
    assert other.changed
    assert not (Path(host.layout.locks) / "apps" / "two.txt").is_symlink()
    assert uv.calls() == []


def test_what_can_not_be_resolved_fails_those_who_ask_for_it_alone(host: Host, uv: StandInUv) -> None:
    one, two, three = meet(host, app("one", "gamma\n"), app("two", "alpha\n"), app("three", "gamma\n"))
    for wish in (one, three):
        assert wish.failure is not None
        assert "gamma was not found in the index" in wish.failure.reason
        assert wish.environment is None
    assert two.failure is None
    assert names(host, two) == ["alpha"]
    assert "one, three: failed: " in "\n".join(host.said)
    assert not (Path(host.layout.locks) / "apps" / "one.txt").is_symlink()


def test_what_can_not_be_installed_leaves_no_lock_so_that_it_is_tried_again(host: Host, uv: StandInUv) -> None:
    (wish,) = meet(host, app("one", "broken\n"))
    assert wish.failure is not None
    assert "cannot be unpacked" in wish.failure.reason
    assert os.listdir(host.layout.locks) == []
    assert os.listdir(host.layout.envs) == []


def test_a_streamlit_app_has_to_ask_for_streamlit(host: Host, uv: StandInUv) -> None:
    one, two = meet(host, app("one", "alpha\n", kind="streamlit"), app("two", "streamlit\n", kind="streamlit"))
    assert one.failure is not None
    assert one.failure.reason == (
        'streamlit is not among what requirements.txt asks for: add a line such as "streamlit"'
    )
    assert two.failure is None
    assert two.record["packages"] == {"streamlit": "1.41.0"}


def test_an_app_s_own_lock_is_taken_as_it_is(host: Host, uv: StandInUv) -> None:
    texts = {"pyproject.toml": "", "uv.lock": "alpha==0.9\n"}
    (wish,) = meet(host, app("one", "", files=texts, entry="pyproject.toml"))
    assert uv.calls() == ["export", "venv", "pip sync"]
    assert wish.record["packages"] == {"alpha": "0.9"}
    assert host.said[0] == "one: resolving uv.lock"


def test_a_python_that_is_not_here_is_the_failure_of_one_app(host: Host, uv: StandInUv) -> None:
    one, two = meet(host, app("one", "alpha\n", python="3.99"), app("two", "alpha\n"))
    assert one.failure is not None
    assert "3.99" in one.failure.reason
    assert one.interpreter is None
    assert two.failure is None


def test_conditions_on_python_are_obeyed(host: Host, uv: StandInUv) -> None:
    one, two = meet(
        host,
        app("one", "alpha\n", requires_python=[">=3.99"]),
        app("two", "alpha\n", requires_python=[">=3.9"]),
    )
    assert one.failure is not None
    assert ">=3.99" in one.failure.reason
    assert two.failure is None


def test_the_hosts_default_python_can_be_one_that_is_not_here(host: Host, uv: StandInUv) -> None:
    (wish,) = meet(host, app("one", "alpha\n"), python="3.98")
    assert wish.failure is not None
    assert "3.98" in wish.failure.reason


def test_check_mode_does_not_fetch_a_python(host: Host, uv: StandInUv) -> None:
    for changes in ({"app": app("one", "alpha\n", python="3.99")}, {"app": app("one", "alpha\n"), "python": "3.99"}):
        wanted = t.cast("dict[str, t.Any]", changes.pop("app"))
        (wish,) = meet(host, wanted, python_downloads=True, check=True, **changes)
        assert (wish.failure, wish.interpreter, wish.environment, wish.changed) == (None, None, None, True)
    assert uv.calls() == []


def test_without_uv_the_text_says_what_to_do(host: Host) -> None:
    with pytest.raises(LookupError, match=r"uv is not installed at .*: run the module selfhost\.pyapps\.uv first"):
        meet(host, app("one", "alpha\n"))


@pytest.mark.parametrize("path", ["../evil", "/evil", "a/../../evil", "/", ""])
def test_a_path_that_leads_out_of_the_apps_folder_is_refused(host: Host, uv: StandInUv, path: str) -> None:
    (wish,) = meet(host, app("one", "", files={"requirements.txt": "alpha\n", path: "x"}))
    assert wish.failure is not None
    assert "is not a path inside the app's folder" in wish.failure.reason


def test_files_in_folders_are_there_when_uv_reads(host: Host, uv: StandInUv) -> None:
    (wish,) = meet(host, app("one", "", files={"parts/base.txt": "beta\n"}, entry="parts/base.txt"))
    assert wish.failure is None
    assert names(host, wish) == ["beta"]


def test_a_disk_that_fails_is_the_failure_of_who_needs_it(
    host: Host, uv: StandInUv, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.mkdir

    def mkdir(path: str, mode: int = 0o777, **options: t.Any) -> None:
        if path.endswith("files"):
            raise OSError(28, "No space left on device", path)
        real(path, mode, **options)

    monkeypatch.setattr(os, "mkdir", mkdir)
    (wish,) = meet(host, app("one", "alpha\n"))
    assert wish.failure is not None
    assert "No space left on device" in wish.failure.reason


def test_what_brings_its_lock_is_resolved_without_a_place_for_builds(
    host: Host, uv: StandInUv, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock is only read; a package whose code may run while it is built has a place of its own."""
    places: list[str] = []

    def no_place(store: Store, request: Request) -> t.Any:
        places.append(request.name)
        raise EnvironmentFailedError("no place")

    monkeypatch.setattr(Store, "_sandbox", no_place)
    locked = {"pyproject.toml": "", "uv.lock": "alpha==0.9\n"}
    wishes = meet(
        host,
        app("locked", "", files=locked, entry="pyproject.toml", allow_build=True),
        app("open", "alpha\n", allow_build=True),
        app("plain", "alpha\n"),
    )
    assert [wish.lock is not None for wish in wishes] == [True, False, True]
    assert sorted(places) == ["locked", "open"], "only its build has asked for one"
