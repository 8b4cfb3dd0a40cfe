# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One line of an app's requirements: what it asks for, or why it is refused."""

from __future__ import annotations

import re

from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.problems import show
from ansible_collections.selfhost.pyapps.plugins.module_utils._requirements.grammar import (
    Requirement,
    RequirementError,
    parse_requirement,
)

INDEX_ONLY = "a package of an index, such as streamlit==1.41.*"
MOST_FAULTS = 20
"""How many are told of one file; more say nothing new."""

_LONGEST_SHOWN = 80
_LONGEST_LOOKED_AT = 2000
_INDEX_OPTION = re.compile(r"-i|--index-url|--extra-index-url|--no-index")
_FIND_LINKS = re.compile(r"-f|--find-links")
_TRUSTED_HOST = re.compile(r"--trusted-host")
_PRE = re.compile(r"--pre(?![a-z])")
_A_PATH = "is a path: only packages of an index are taken"
_EDITABLE = re.compile(r"-e|--editable")
# A name may end in this, too, but nobody means the package "requirements-txt".
_FILE = re.compile(r"\.(?:whl|zip|tgz|tar\.[a-z0-9]+|txt)[ \t]*(?:\Z|[\[;])")


def read_line(line: str) -> Requirement:
    """What a logical line asks for.

    :raises RequirementError: why it is not taken, in words for who wrote it
    """
    if "${" in line:
        raise RequirementError("reads an environment variable, which would differ from host to host: write the value")
    if line.startswith("-"):
        raise RequirementError(_option_fault(line))
    try:
        if _FILE.search(line):
            raise RequirementError(_A_PATH)
        requirement = parse_requirement(line)
    except RequirementError as error:
        raise RequirementError(_guess(line) or str(error)) from None
    return checked(requirement)


def checked(requirement: Requirement) -> Requirement:
    """The same.

    :raises RequirementError: it is a package that does not do here
    """
    if requirement.name == "streamlit-nightly":
        raise RequirementError(
            "is a nightly build of Streamlit, which nobody can install again tomorrow: write streamlit"
        )
    return requirement


def shown(line: str) -> str:
    """A line as an error shows it: short, and without the password of a URL."""
    without_password = re.sub(r"//[^/@\s]*@", "//***@", line[:_LONGEST_LOOKED_AT])
    return show(without_password[:_LONGEST_SHOWN])


def _option_fault(line: str) -> str:
    if _INDEX_OPTION.match(line):
        return "names an index, which belongs to the host: set pyapps_index_url or pyapps_extra_index_urls"
    if _FIND_LINKS.match(line):
        return (
            "names a place for packages, which belongs to the host: set pyapps_wheelhouse (a folder of wheels) or"
            " pyapps_extra_index_urls"
        )
    if _TRUSTED_HOST.match(line):
        return "turns off a check of certificates: remove it, and set pyapps_ca_bundle if the index has its own"
    if _PRE.match(line):
        return (
            "takes unfinished versions of every package: remove it, and name one where you want it, such as"
            " streamlit>=1.50.0rc1"
        )
    if _EDITABLE.match(line):
        return "is an editable installation: put the code into the app's folder, or publish the package"
    return "is an option that is not taken from an app"


def _guess(line: str) -> str:
    """What somebody may have meant who wrote this."""
    asked = line[:_LONGEST_LOOKED_AT].split(";")[0]
    if "://" in asked or "@" in asked:
        return "is a URL or a repository: only packages of an index are taken"
    if "/" in asked or "\\" in asked or asked.startswith("."):
        return _A_PATH
    return ""
