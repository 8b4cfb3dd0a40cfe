# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Public names and certificates, with a real TLS server."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.selfhost.pyapps.plugins.module_utils._health import doctor_names as _doctor_names
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def make_certificate(folder: Path, days: int) -> Path:
    """A certificate of localhost that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=30))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    form = serialization.PrivateFormat.PKCS8
    private = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@contextlib.contextmanager
def tls_server(certificate: Path) -> t.Iterator[int]:
    """A server that shakes hands and says nothing; gives its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _address = server.accept()
                with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True):
                    pass

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        yield server.getsockname()[1]


@pytest.mark.parametrize(("days", "state"), [(60, "ok"), (5, "warning")])
def test_a_certificate_says_how_long_it_is_good(tmp_path: Path, days: int, state: str) -> None:
    pem = make_certificate(tmp_path, days)
    with tls_server(pem) as port:
        found = _doctor_names.certificate("localhost", port, ssl.create_default_context(cafile=str(pem)))
    assert (found.check, found.state) == ("certificate of localhost:%d" % port, state)
    assert "(%d days)" % (days - 1) in found.found
    assert bool(found.advice) is (state != "ok")


@pytest.mark.parametrize(("days", "said"), [(-1, "expired"), (60, "self-signed")])
def test_a_certificate_that_nobody_trusts_is_a_problem(tmp_path: Path, days: int, said: str) -> None:
    pem = make_certificate(tmp_path, days)
    context = ssl.create_default_context(cafile=str(pem)) if days < 0 else None
    with tls_server(pem) as port:
        found = _doctor_names.certificate("localhost", port, context)
    assert found.state == "problem"
    assert said in found.found.replace("self signed", "self-signed")


def test_a_public_url_where_nobody_answers_is_a_problem() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    found = _doctor_names.names("https://localhost:%d/" % port, [])
    assert [finding.state for finding in found] == ["ok", "problem"]
    assert found[1].found.startswith("nobody answers")


def test_names_resolve_or_are_a_problem_each() -> None:
    found = _doctor_names.names("http://localhost", ["localhost", "*.example.com", "no-such-host.invalid"])
    assert [(finding.check, finding.state) for finding in found] == [
        ("name localhost", "ok"),
        ("name no-such-host.invalid", "problem"),
    ]
    assert "127.0.0.1" in found[0].found
    assert "CNAME" in found[1].advice
    assert _doctor_names.names("", []) == []
