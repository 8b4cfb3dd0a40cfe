# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What knows Streamlit lies in ``_kinds/streamlit/``, so that another kind needs no change anywhere else."""

from __future__ import annotations

import re
from pathlib import Path

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
WORD = re.compile(r"streamlit|_stcore", re.IGNORECASE)
BY_DESIGN = (
    "module_utils/_kinds/",
    "module_utils/_migration/",
    "modules/streamlit_assets.py",
    "action/streamlit_assets.py",
)
"""The kinds themselves, with the rows of their registries; what reads a published repository of Streamlit apps; and the
faces of Streamlit's own step."""

TEXTS = """
action/app_table.py
doc_fragments/front.py
doc_fragments/host.py
module_utils/_catalog/secrets.py
module_utils/_catalog/secrets_given.py
module_utils/_catalog/setup_toml.py
module_utils/_entry/questions.py
module_utils/_ground/toml_writer.py
module_utils/_host/capacity.py
module_utils/_requirements/packages_txt.py
module_utils/_requirements/pipfile.py
module_utils/_requirements/poetry.py
module_utils/_requirements/project.py
module_utils/_requirements/reader.py
module_utils/_state/release_secrets.py
modules/drift_table.py
modules/environment_sbom.py
modules/environments.py
modules/image_layers.py
modules/new_app.py
modules/published_import.py
modules/releases.py
modules/run_plan.py
modules/setup_toml.py
"""
"""Here it stands only in words: documentation, comments, examples in messages, the name of the role."""

KNOWERS = """
action/run_plan.py
action/status_table.py
module_utils/_deploy/status.py
module_utils/_entry/asking.py
module_utils/_environments/run.py
module_utils/_health/doctor.py
module_utils/_model/result.py
module_utils/_releases/step.py
module_utils/_requirements/conda.py
module_utils/_requirements/line.py
modules/status_info.py
"""
"""These still know Streamlit. The list may only become shorter."""


def _with_the_word() -> set[str]:
    files = {str(path.relative_to(PLUGINS)): path for path in PLUGINS.rglob("*.py")}
    return {name for name, path in files.items() if not name.startswith(BY_DESIGN) and WORD.search(path.read_text())}


def test_nothing_new_knows_streamlit() -> None:
    assert _with_the_word() - set(TEXTS.split()) - set(KNOWERS.split()) == set()


def test_who_has_forgotten_it_leaves_the_lists() -> None:
    assert (set(TEXTS.split()) | set(KNOWERS.split())) - _with_the_word() == set()
    assert set(TEXTS.split()) & set(KNOWERS.split()) == set()
