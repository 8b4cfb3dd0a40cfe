# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""uv: what it is told, where it may look, and what its complaints mean."""

from __future__ import annotations

import os
import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground import unprivileged as process
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import Layout
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.unprivileged import EnvironmentFailedError
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.names import CONSTRAINTS, OVERRIDES

_SYSTEM_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
_CREDENTIALS = re.compile(r"(?<=://)[^/\s?#]+@")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_NO_ANSWER = ("error sending request", "dns error", "failed to fetch", "connection broken by", "bad gateway")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_LABEL = re.compile(r"(error|cause|hint|Caused by): *")
_MARKS = "\u00d7\u2502\u2570\u256d\u2500\u25b6\u251c"  # what older versions draw around their complaints
_LONGEST_REASON = 600


def without_credentials(text: str) -> str:
    """The text without user names and passwords of URLs."""
    return _CREDENTIALS.sub("", text)


def secrets_of(urls: t.Iterable[str | None]) -> set[str]:
    """The passwords (or tokens) in URLs."""
    found = (_CREDENTIALS.search(url or "") for url in urls)
    return {match.group(0)[:-1].split(":", 1)[-1] for match in found if match}


@dataclass(frozen=True)
class Sources:
    """Where packages come from, and how they are reached.

    :ivar index_url: the index instead of PyPI
    :ivar extra_index_urls: further ones, asked first
    :ivar ca_bundle: certificates (PEM) to trust; None takes the host's
    :ivar proxy: URL of an HTTP proxy; None takes the run's http_proxy, https_proxy, no_proxy
    :ivar wheelhouse: a folder of wheels on this host; then nothing else is asked and no network is used
    :ivar python_mirror: where interpreters are fetched from (:mod:`_python_downloads`); None for where uv has them from
    """

    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    ca_bundle: str | None = None
    proxy: str | None = None
    wheelhouse: str | None = None
    python_mirror: str | None = None

    @classmethod
    def of(cls, given: t.Mapping[str, t.Any]) -> Sources:
        """Those that a module was given.

        :param given: its parameters; not every module has ``extra_index_urls`` and ``python_mirror``
        """
        return cls(
            index_url=given["index_url"],
            extra_index_urls=tuple(given.get("extra_index_urls") or ()),
            ca_bundle=given["ca_bundle"],
            proxy=given["proxy"],
            wheelhouse=given["wheelhouse"],
            python_mirror=given.get("python_mirror"),
        )

    def secrets(self) -> set[str]:
        """The passwords in its URLs, which no output may show."""
        return secrets_of([self.index_url, self.proxy, self.python_mirror, *self.extra_index_urls])

    def identity(self) -> list[t.Any]:
        """What of this can change a resolution; never a password."""
        urls = [without_credentials(url) for url in (self.index_url or "", *self.extra_index_urls)]
        return [urls, self.wheelhouse or ""]

    def network(self) -> dict[str, str]:
        """Environment variables for proxy and certificates; the host's own are respected."""
        found = {}
        for name in _PROXIES:
            for spelling in (name, name.upper()):
                if os.environ.get(spelling):
                    found[spelling] = os.environ[spelling]
        if self.proxy:
            for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
                found[name] = self.proxy
        if self.ca_bundle:
            found["SSL_CERT_FILE"] = self.ca_bundle
        else:
            found.update({name: os.environ[name] for name in _CERTIFICATES if os.environ.get(name)})
        return found

    def options(self) -> list[str]:
        return ["--no-index", "--find-links", self.wheelhouse] if self.wheelhouse else []


@dataclass(frozen=True)
class Confined:
    """What is different for a uv that may build packages, which runs their code.

    :ivar folder: all that it can write; its cache lies there, and is gone with it
    :ivar around: what goes in front of its command, to keep it apart
    :ivar indexes: the only URLs that it reaches, and which index each stands for; the first is the default
    :ivar log: file of what went wrong between those URLs and the indexes
    """

    folder: str
    around: tuple[str, ...]
    indexes: t.Mapping[str, str]
    log: str

    def environment(self) -> dict[str, str]:
        """What it is told differently. Code of packages can read it: nothing of proxies, certificates or passwords."""
        default, *more = [*self.indexes, ""]
        told = {"HOME": self.folder, "TMPDIR": self.folder, "UV_CACHE_DIR": os.path.join(self.folder, "cache")}
        told.update({"UV_DEFAULT_INDEX": default, "UV_INDEX": " ".join(more).strip()} if default else {})
        return told

    def as_outside(self, text: str) -> str:
        """A text of uv's with the URLs that people know."""
        for here, outside in self.indexes.items():
            text = text.replace(here, outside)
        return text

    def complaint(self) -> str:
        """What went wrong last between the sandbox and the indexes."""
        if not self.indexes:
            return ""
        with open(self.log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _LONGEST_REASON))
            lines = file.read().decode("utf-8", "replace").splitlines()
        return ": " + lines[-1] if lines else ""


@dataclass(frozen=True)
class Uv:
    """uv with everything it may know; nothing of the user's configuration leaks in.

    :ivar user: whom it runs as, None for ourselves
    :ivar confined: where it runs if it may build packages; None where it takes wheels only, and runs no code of theirs
    :ivar told: further environment variables
    """

    layout: Layout
    sources: Sources
    user: str | None
    confined: Confined | None = None
    told: t.Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Everything that uv is told by environment variables."""
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": self.layout.cache,
            "LC_ALL": "C.UTF-8",
            "NO_COLOR": "1",
            "UV_CACHE_DIR": self.layout.cache,
            "UV_NO_CONFIG": "1",
            "UV_NO_PROGRESS": "1",
            "UV_LINK_MODE": "hardlink",
            "UV_PYTHON_DOWNLOADS": "never",
        }
        if self.sources.wheelhouse:
            environment["UV_OFFLINE"] = "1"
        environment.update(self.confined.environment() if self.confined else self._network())
        environment.update(self.told)
        return environment

    def _network(self) -> dict[str, str]:
        environment = self.sources.network()
        # A company's authority is in the host's bundle; a bare container has none, and uv's own does.
        if os.path.exists(_SYSTEM_CERTIFICATES):
            environment.update({"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"})
        # URLs may hold passwords: other users read arguments, but not environments.
        if self.sources.index_url:
            environment["UV_DEFAULT_INDEX"] = self.sources.index_url
        if self.sources.extra_index_urls:
            environment["UV_INDEX"] = " ".join(self.sources.extra_index_urls)
        return environment

    def run(self, arguments: t.Sequence[str], cwd: str, seconds: float, doing: str) -> str:
        """Run one uv command.

        :param cwd: a folder that the build user may enter
        :param doing: completes "uv could not ..."
        :returns: its standard output
        :raises EnvironmentFailedError: it failed, or took longer than ``seconds``
        """
        try:
            outcome = process.run_program(
                [self.layout.uv, *arguments],
                self.environment(),
                cwd,
                seconds,
                self.user,
                around=self.confined.around if self.confined else (),
            )
        except OSError as error:
            raise EnvironmentFailedError("uv cannot be started (%s: %s)" % (self.layout.uv, error.strerror)) from None
        log = self._shown(outcome.last_lines())
        if outcome.seconds is not None:
            raise EnvironmentFailedError(
                "could not %s within %g s (the network is slow or gone?)" % (doing, outcome.seconds), log
            )
        if outcome.rc:
            cause = condense(self._shown(outcome.err)) or "uv ended with exit status %d" % outcome.rc
            cause += self.confined.complaint() if self.confined else ""
            raise EnvironmentFailedError("could not %s: %s%s" % (doing, cause, advice(outcome.err + cause)), log)
        return self._shown(outcome.out) if self.confined else outcome.out

    def _shown(self, text: str) -> str:
        return without_credentials(self.confined.as_outside(text) if self.confined else text)

    def resolve(self, entry: str, python: str, cwd: str, seconds: float) -> str:
        """Pin what a requirements.txt or pyproject.toml asks for, with hashes.

        :param cwd: the folder with the file, and perhaps with files of constraints and overrides
        :returns: the lock's text
        """
        command = ["pip", "compile", "--quiet", "--generate-hashes", *self._binary(), "--no-header"]
        for option, name in (("--constraint", CONSTRAINTS), ("--override", OVERRIDES)):
            if os.path.exists(os.path.join(cwd, name)):
                command += [option, name]
        return self.run(
            [*command, "--python", python, *self.sources.options(), entry],
            cwd,
            seconds,
            "resolve %s" % entry,
        )

    def _binary(self) -> list[str]:
        return [] if self.confined else ["--only-binary", ":all:"]

    def export(self, python: str, cwd: str, seconds: float) -> str:
        """The lock's text of the uv.lock in ``cwd``, as it is."""
        command = ["export", "--quiet", "--frozen", "--no-emit-project", "--no-dev", "--no-header"]
        command += ["--format", "requirements-txt", "--python", python]
        return self.run(command, cwd, seconds, "read uv.lock")

    def bill_of_materials(self, python: str, cwd: str, seconds: float) -> str:
        """What the ``pyproject.toml`` in ``cwd`` resolves to, as CycloneDX 1.5 (JSON)."""
        command = ["export", "--quiet", "--format", "cyclonedx1.5", "--no-emit-project", "--no-dev"]
        command += [] if self.confined else ["--no-build"]
        return self.run([*command, "--python", python, *self.sources.options()], cwd, seconds, "list the packages")

    def make_environment(
        self, path: str, python: str, lock: str, cwd: str, seconds: float, wheels: str | None = None
    ) -> None:
        """Make a virtual environment that works wherever it is moved to, with exactly what the lock says.

        :param wheels: a folder of further wheels
        """
        venv = ["venv", "--quiet", "--relocatable", "--no-project", "--python", python, path]
        self.run(venv, cwd, seconds, "make a virtual environment of %s" % python)
        sync = ["pip", "sync", "--quiet", "--require-hashes", *self._binary(), "--allow-empty-requirements"]
        sync += ["--find-links", wheels] if wheels else []
        sync += ["--python", os.path.join(path, "bin", "python"), *self.sources.options(), lock]
        self.run(sync, cwd, seconds, "install the packages")

    def list_pythons(self, cwd: str, seconds: float) -> str:
        """The interpreters that can be fetched for this machine, as JSON."""
        command = ["python", "list", "--only-downloads", "--all-versions", "--output-format", "json"]
        return self.run(command, cwd, seconds, "list the versions of Python")

    def install_python(self, key: str, folder: str, cwd: str, seconds: float) -> None:
        """Fetch one interpreter, check its hash, and unpack it below a folder.

        :param key: its name as :meth:`list_pythons` has it
        """
        self.run(["python", "install", "--install-dir", folder, key], cwd, seconds, "fetch Python")

    def forget(self, packages: t.Iterable[str], cwd: str, seconds: float) -> None:
        """Remove packages from the cache, so that they are fetched anew."""
        self.run(["cache", "clean", "--quiet", *packages], cwd, seconds, "clean uv's cache")


def condense(error: str) -> str:
    """uv's complaint as one line: without its marks, its folding and its line breaks."""
    text = ""
    lines = error.splitlines()
    # Before that it tells what it does.
    first = next((number for number, line in enumerate(lines) if line.startswith("error:")), 0)
    for raw in lines[first:]:
        line = raw.strip().strip(_MARKS).strip()
        if not line or set(line) <= set("^~") or line.startswith("warning:"):
            continue
        label = _LABEL.match(line)
        line = line[label.end() :] if label else line
        if label and text and text[-1] not in ".:,;":
            text += "." if label.group(1) == "hint" else ":"
        text += (" " if text else "") + line
    return text if len(text) <= _LONGEST_REASON else text[:_LONGEST_REASON].rsplit(" ", 1)[0] + " …"


def advice(error: str) -> str:
    """What to do about the causes that are the host's, not the app's: behind what uv or pip has said."""
    lowered = error.lower()
    if "os error 28" in lowered or "no space left" in lowered:
        return ". The disk is full: make room and run again."
    if "certificate" in lowered or "unknownissuer" in lowered:
        return ". The index's certificate is not trusted here: give the CA bundle (pyapps_ca_bundle)."
    if any(sign in lowered for sign in _NO_ANSWER):
        return ". Is the network up, and are index URL and proxy right?"
    if "building from source is disabled" in lowered or "no usable wheels" in lowered:
        return (
            ". Only wheels are installed: choose a version that has one, put one into a wheelhouse, or let it be built "
            "from source ([environment] allow_build = true)."
        )
    return ""
