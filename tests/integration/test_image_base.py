# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an image is made from, with this machine's Docker and a real registry: pinned, kept, and moved on request."""

from __future__ import annotations

import http.client
import io
import re
import secrets
import subprocess
import tarfile
import typing as t
from pathlib import Path

import pytest
from helpers.containers import wait_for
from helpers.image_role import ImageRole
from helpers.processes import free_port

REGISTRY = "/usr/bin/docker-registry"
SHOWN = ("_image_base_from", "_image_base_full", "_image_base_digest")


def docker(*words: str | Path, data: bytes | None = None) -> str:
    """What docker prints."""
    done = subprocess.run(["docker", *words], check=False, capture_output=True, timeout=120, input=data)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def tiny(text: str) -> bytes:
    """A file system with one file, as ``docker import`` takes it."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo("text")
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text.encode()))
    return archive.getvalue()


class Registry:
    """A registry on a port of 127.0.0.1, which Docker trusts without TLS.

    :ivar repository: a name in it
    """

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self._folder = folder
        self.repository = "127.0.0.1:%d/pyapps-tiny-%s" % (self._port, secrets.token_hex(3))
        self.start()

    def start(self) -> None:
        settings = self._folder / "registry.yml"
        settings.write_text(
            "version: 0.1\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: '127.0.0.1:%d'}\n"
            % (self._folder / "registry", self._port)
        )
        log = (self._folder / "registry.log").open("ab")
        with log:
            self._process = subprocess.Popen([REGISTRY, "serve", settings], stdout=log, stderr=log)
        wait_for("the registry answers", self._answers)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            connection.request("GET", "/v2/")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)

    def push(self, text: str) -> str:
        """Let the tag ``1`` mean an image with this text, which the engine has not got then; its digest."""
        name = self.repository + ":1"
        docker("import", "-", name, data=tiny(text))
        pushed = re.search(r"digest: (sha256:[0-9a-f]{64})", docker("push", name))
        assert pushed
        docker("rmi", name)
        return pushed.group(1)

    def forget(self) -> None:
        """Remove its images from the engine."""
        names = docker("images", "--no-trunc", "--format", "{{.ID}}", self.repository).split()
        if names:
            docker("rmi", "--force", *names)


@pytest.fixture
def registry(tmp_path: Path) -> t.Iterator[Registry]:
    made = Registry(tmp_path)
    try:
        yield made
    finally:
        made.stop()
        made.forget()


@pytest.fixture
def role(tmp_path: Path) -> ImageRole:
    return ImageRole(tmp_path, SHOWN)


def test_what_the_name_means_is_kept_until_an_upgrade(role: ImageRole, registry: Registry) -> None:
    """Design rule 6: the same base tomorrow, whatever its name means then."""
    name = registry.repository + ":1"
    first = registry.push("first")
    played = role.play("base", image_base=name)
    assert played.code == 0
    pinned = {
        "_image_base_from": "%s@%s" % (registry.repository, first),
        "_image_base_full": name,
        "_image_base_digest": first,
    }
    assert role.found() == pinned

    # The tag has moved, here too; and where no registry answers nothing can be pulled.
    second = registry.push("second")
    docker("pull", name)
    registry.stop()
    played = role.play("base", image_base=name)
    assert (played.code, played.changed) == (0, 0)
    assert role.found() == pinned
    dockerfile = ("FROM %s\n" % role.found()["_image_base_from"]).encode()
    assert docker("build", "--quiet", "-", data=dockerfile).startswith("sha256:")

    registry.start()
    played = role.play("base", image_base=name, image_upgrade=True)
    assert (played.code, played.changed) == (0, 1)
    assert role.found()["_image_base_digest"] == second
    assert role.play("base", image_base=name, image_upgrade=True).changed == 0
    assert role.play("base", image_base=name).changed == 0
    assert role.found()["_image_base_digest"] == second


def test_an_upgrade_pulls_what_the_engine_has_under_the_same_name(role: ImageRole, registry: Registry) -> None:
    name = registry.repository + ":1"
    registry.push("first")
    assert role.play("base", image_base=name).code == 0
    second = registry.push("second")
    played = role.play("base", image_base=name, image_upgrade=True)
    assert played.code == 0
    assert role.found()["_image_base_digest"] == second


def test_a_pinned_base_that_was_pruned_is_pulled_again(role: ImageRole, registry: Registry) -> None:
    """By its digest: the name means something else by now."""
    first = registry.push("first")
    assert role.play("base", image_base=registry.repository + ":1").code == 0
    registry.push("second")
    registry.forget()
    assert role.play("base", image_base=registry.repository + ":1").code == 0
    assert role.found()["_image_base_digest"] == first
    assert first in docker("images", "--digests", registry.repository)


def test_another_name_is_another_base(role: ImageRole, registry: Registry) -> None:
    first = registry.push("first")
    assert role.play("base", image_base=registry.repository + ":1").code == 0
    docker("tag", "%s@%s" % (registry.repository, first), registry.repository + ":2")
    docker("push", registry.repository + ":2")
    assert role.play("base", image_base=registry.repository + ":2").code == 0
    assert role.found()["_image_base_full"] == registry.repository + ":2"
    assert '"name": "%s:2"' % registry.repository in (role.image / "base.json").read_text()


def test_a_digest_that_a_person_gives_is_taken_as_it_is(role: ImageRole, registry: Registry) -> None:
    given = "%s@%s" % (registry.repository, registry.push("first"))
    assert role.play("base", image_base=given).code == 0
    assert role.found()["_image_base_from"] == given
    registry.stop()
    assert role.play("base", image_base=given, image_upgrade=True).changed == 0
    assert not (role.image / "base.json").exists()
    registry.start()


def test_an_image_of_this_machine_is_used_by_its_name(role: ImageRole) -> None:
    """It has no digest that anybody could pull, so nothing is pulled, not even by an upgrade."""
    name = "pyapps-test-imported-%s:1" % secrets.token_hex(3)
    docker("import", "-", name, data=tiny("local"))
    try:
        for upgrade in (False, True):
            assert role.play("base", image_base=name, image_upgrade=upgrade).code == 0
            assert (role.found()["_image_base_from"], role.found()["_image_base_digest"]) == (name, "")
    finally:
        docker("rmi", name)


def test_a_base_that_is_nowhere_is_refused(role: ImageRole, registry: Registry) -> None:
    """Design rule 2: name, cause, and what to do."""
    name = registry.repository + "-nowhere:1"
    played = role.play("base", image_base=name)
    assert played.code == 2
    said = " ".join(played.text.split())
    assert 'image_base is "%s"' % name in said.replace('\\"', '"')
    assert "is not on this engine, and cannot be pulled" in said
    assert "docker login" in said
    assert not (role.image / "base.json").exists()


def test_check_mode_pulls_nothing(role: ImageRole, registry: Registry) -> None:
    registry.push("first")
    played = role.play("base", "--check", image_base=registry.repository + ":1")
    assert played.code == 0
    assert played.changed > 0
    assert docker("images", "--quiet", registry.repository) == ""
    assert not role.image.exists()
