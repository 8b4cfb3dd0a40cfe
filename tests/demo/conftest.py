# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person at a bare Debian with a clean clone, in a container."""

from __future__ import annotations

import os
import secrets
import subprocess
import typing as t
from pathlib import Path

import pytest
from helpers.person import Person

CA_BUNDLE = "/etc/ssl/certs/pyapps-test-ca.pem"


def _docker(*words: str | Path) -> None:
    subprocess.run(["docker", *words], check=True, capture_output=True)


@pytest.fixture(scope="module", params=[("bookworm", "visitor"), ("trixie", "root")], ids="-".join)
def person(
    request: pytest.FixtureRequest, checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> t.Iterator[Person]:
    """An ordinary user on bookworm, root on trixie, each with a clean clone of what is committed."""
    suite, user = request.param
    subprocess.run([checkout / "tests" / "images" / "make_base", suite], check=True)
    clone = tmp_path_factory.mktemp("clone") / "pyapps"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", checkout, clone], check=True)
    person = Person("pyapps-demo-" + secrets.token_hex(4), user, "/root" if user == "root" else "/home/" + user)
    bundle = os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
    environment = [word for name in ("SSL_CERT_FILE", "PIP_CERT") for word in ("--env", name + "=" + CA_BUNDLE)]
    mount = "--volume=%s:%s:ro" % (bundle, CA_BUNDLE)
    _docker(
        "run",
        "--detach",
        "--init",
        "--name",
        person.container,
        mount,
        *environment,
        "pyapps-test-base:" + suite,
        "sleep",
        "infinity",
    )
    try:
        if user != "root":
            _docker("exec", person.container, "useradd", "--create-home", user)
        _docker("exec", person.container, "mkdir", "-p", os.path.dirname(person.clone))
        _docker("cp", clone, person.container + ":" + person.clone)
        _docker("exec", person.container, "chown", "-R", user + ":", person.home)
        yield person
    finally:
        _docker("rm", "--force", "--volumes", person.container)
