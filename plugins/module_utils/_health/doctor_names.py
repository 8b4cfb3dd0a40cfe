# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a doctor sees of a host's public names: do they resolve, and how long is the certificate good?"""

from __future__ import annotations

import socket
import ssl
import time
import urllib.parse

from ansible_collections.selfhost.pyapps.plugins.module_utils._health.doctor import OK, PROBLEM, WARNING, Finding

SOON = 14
"""Days: a certificate that ends earlier should have been renewed by now."""
_TIMEOUT = 10.0
_DAY = 24 * 3600


def names(public_url: str, server_names: list[str]) -> list[Finding]:
    """Each public name, and the certificate behind the public URL.

    :param public_url: where people open the host; empty when it has no name of its own
    :param server_names: further names that the front answers to; those with a ``*`` cannot be asked for
    """
    url = urllib.parse.urlsplit(public_url)
    wanted = [name for name in [url.hostname or "", *server_names] if name and "*" not in name]
    found = [resolves(name) for name in dict.fromkeys(wanted)]
    if url.scheme == "https" and url.hostname:
        found.append(certificate(url.hostname, url.port or 443))
    return found


def resolves(name: str) -> Finding:
    """Whether a name has an address, as this host sees it."""
    try:
        addresses = {str(entry[4][0]) for entry in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        advice = "Add an A or AAAA record for it, or the tunnel's CNAME, where your domain is managed."
        return Finding("name " + name, PROBLEM, "has no address: %s" % error, advice)
    return Finding("name " + name, OK, ", ".join(sorted(addresses)))


def certificate(host: str, port: int, context: ssl.SSLContext | None = None) -> Finding:
    """How long the certificate of a public URL is good.

    :param context: whom to trust; None means whom this host trusts
    """
    check = "certificate of %s" % (host if port == 443 else "%s:%d" % (host, port))
    try:
        trust = context or ssl.create_default_context()
        connection = socket.create_connection((host, port), _TIMEOUT)
        with connection, trust.wrap_socket(connection, server_hostname=host) as secured:
            given = secured.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        advice = "Renew it, or let the proxy or tunnel in front send its whole chain."
        return Finding(check, PROBLEM, "is not good: %s" % error.verify_message, advice)
    except (OSError, UnicodeError) as error:
        advice = "Is the proxy or the tunnel in front up, and does a firewall let it through?"
        return Finding(check, PROBLEM, "nobody answers: %s" % error, advice)
    days = (ssl.cert_time_to_seconds(str(given["notAfter"])) - time.time()) / _DAY
    text = "good until %s (%d days)" % (given["notAfter"], days)
    if days >= SOON:
        return Finding(check, OK, text)
    return Finding(check, WARNING, text, "Find out why it was not renewed: the day after it ends nobody gets in.")
