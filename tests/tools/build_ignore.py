# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes `build_ignore` of galaxy.yml: patterns that match everything but what goes into the archive.

`manifest` would name what goes in, but needs the package distlib where somebody builds, or installs from git.
`build_ignore` only knows what stays out, so the top-level names that go in are turned into patterns for all others:
each differs from every name that goes in at some first character.

Use: python tests/tools/build_ignore.py
"""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path

INSIDE = (
    *("CHANGELOG.rst", "LICENSE", "README.md", "SECURITY.md"),
    *("changelogs", "docs", "meta", "playbooks", "plugins", "roles", "schemas"),
)
"""Files and folders of the checkout that go into the archive."""
ANYWHERE = (
    *("*/.*", "*/data/*", "*/files/*", "*.bak", "*.cfg", "*.conf", "*.crt", "*.csv", "*.db", "*.env", "*.gz", "*.ini"),
    *("*.key", "*.log", "*.orig", "*.pem", "*.rej", "*.sqlite*", "*.swp", "*.toml", "*.zip", "*~"),
    *("[!s]*.json", "*password*.txt", "*id_rsa*", "*id_ed25519*"),
)
"""Patterns of what stays out in whichever folder: `*` also matches slashes."""
_BLOCK = re.compile(r"^build_ignore: \[\n.*?^\]\n", re.DOTALL | re.MULTILINE)


def others(names: tuple[str, ...]) -> list[str]:
    """Patterns that together match every path, except these names and what is below them."""
    found = []
    for prefix in sorted({name[:length] for name in names for length in range(len(name) + 1)}):
        following = "".join(sorted({name[len(prefix)] for name in names if name != prefix and name.startswith(prefix)}))
        if prefix in names:
            found.append("%s[!/%s]*" % (prefix, following))
            continue
        if prefix:
            found.append(prefix)
        found.append("%s[!%s]*" % (prefix, following))
    return found


def block() -> str:
    """The lines of galaxy.yml."""
    words = ", ".join('"%s"' % pattern for pattern in [*others(INSIDE), *ANYWHERE])
    lines = textwrap.wrap(words, 116, break_long_words=False, break_on_hyphens=False)
    return "build_ignore: [\n%s\n]\n" % "\n".join("  " + line for line in lines)


def main() -> int:
    path = Path(__file__).resolve().parents[2] / "galaxy.yml"
    path.write_text(_BLOCK.sub(lambda _match: block(), path.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
