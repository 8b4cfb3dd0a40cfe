# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A preview in its app's turn: when there can be one, making it reachable, and where."""

from __future__ import annotations

import os
import typing as t
from dataclasses import replace

from ansible_collections.selfhost.pyapps.plugins.module_utils._catalog.deploy_settings import DeploySettings
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.gate import GateError
from ansible_collections.selfhost.pyapps.plugins.module_utils._deploy.run import PREVIEW
from ansible_collections.selfhost.pyapps.plugins.module_utils._ground.layout import AppLayout, Layout, pin_path
from ansible_collections.selfhost.pyapps.plugins.module_utils._kinds.pages import page_of
from ansible_collections.selfhost.pyapps.plugins.module_utils._managers.supervisor.rpc import Supervisor
from ansible_collections.selfhost.pyapps.plugins.module_utils._model.result import Result
from ansible_collections.selfhost.pyapps.plugins.module_utils._state import (
    preview as _preview,
    retire as _retire,
    serving as _serving,
)
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_record import InstanceRecord
from ansible_collections.selfhost.pyapps.plugins.module_utils._state.instance_state import Live


def check(live: Live | None, deploy: DeploySettings) -> None:
    """:raises GateError: a preview of this app cannot be"""
    if live is None:
        raise GateError("preview", "it has never been live, so the front does not know it: deploy it first")
    if deploy.in_place:
        raise GateError("preview", "it may not run twice ([deploy] strategy), and a preview runs beside it")


def show(
    layout: Layout,
    entry: t.Mapping[str, t.Any],
    assets: str | None,
    record: InstanceRecord,
    page: str | None,
    supervisor: Supervisor,
    in_public: bool,
) -> InstanceRecord:
    """Make an instance reachable below its pin, for who knows its name; earlier previews of the app end.

    :param entry: the app's entry of the catalog
    :param assets: the name of its release's assets
    :param page: the HTML of its pinned page
    :param in_public: on the public host too
    """
    app = layout.app(record.app)
    earlier = _preview.previews(app)
    preview = _preview.begin(app, record, DeploySettings.of(entry).preview_timeout)
    shown = page_of(layout, entry, assets, record.instance, record.port, preview=True)
    names = [_serving.PREVIEW, *([_serving.PREVIEW_IN_PUBLIC] if in_public else [])]
    _serving.make_marker(app, preview, page, dict.fromkeys(names, shown) if shown else None)
    for other in earlier:
        _retire.retire(layout, app, other.instance, supervisor)
    return preview


def told(result: Result, app: AppLayout, entry: t.Mapping[str, t.Any], preview: InstanceRecord) -> Result:
    """An app's result, which says where its preview is."""
    path = None
    if os.path.exists(os.path.join(app.marker(preview.instance, preview.port), _serving.PREVIEW)):
        path = pin_path(entry["base_path"], preview.instance, preview.port) + "/"
    return replace(result, note=PREVIEW, preview=path, preview_until=preview.preview_until, preview_port=preview.port)


def end_all(layout: Layout, app: AppLayout, supervisor: Supervisor, say: t.Callable[[str], None]) -> None:
    """End the previews of an app, of which another release went live: they are out of date."""
    for record in _preview.previews(app):
        say("ends the preview of release %s" % record.release)
        _retire.retire(layout, app, record.instance, supervisor)
