# Copyright (c) 2026 The selfhost.pyapps founders
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks of our roles that call given modules, with their arguments as a run of the role would give them."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass

from ansible.parsing.dataloader import DataLoader

ROLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "roles")
COLLECTION = "selfhost.pyapps."
IMPORT = "ansible.builtin.import_tasks"

Values = dict[str, t.Any]


@dataclass(frozen=True)
class Call:
    """One task of a role that calls a module of ours.

    :param module: its name without the collection's
    """

    module: str
    arguments: Values


class RoleTasks:
    """Reads the tasks of one role, and templates what they say.

    :param role: its name
    :param templar: of the action plugin that asks
    :param variables: of the host
    :param modules: names of the modules that are looked for
    """

    def __init__(self, role: str, templar: t.Any, variables: Values, modules: t.Container[str]) -> None:
        self._loader, self._modules = DataLoader(), modules
        self._folder = os.path.join(ROLES, role)
        self._variables = {**self._read("defaults/main.yml", {}), **variables, **self._read("vars/main.yml", {})}
        self._templar = templar

    def calls(self, answered: t.Callable[[str], Values]) -> t.Iterator[Call]:
        """The calls of the role's main entry point, in their order, as far as their conditions hold.

        :param answered: the module's name in; what stands for its answer in the arguments of later tasks out
        :raises AnsibleError: an argument or a condition needs what only the run itself finds out
        """
        yield from self._calls("main.yml", answered)

    def _calls(self, file: str, answered: t.Callable[[str], Values]) -> t.Iterator[Call]:
        for task in self._read(os.path.join("tasks", file), []):
            if IMPORT in task:
                if self._holds(task):
                    yield from self._calls(task[IMPORT], answered)
                continue
            called = [key.removeprefix(COLLECTION) for key in task if key.startswith(COLLECTION)]
            if not called or called[0] not in self._modules or not self._holds(task):
                continue
            yield Call(called[0], self._now().template(task[COLLECTION + called[0]]))
            if "register" in task:
                self._variables[task["register"]] = answered(called[0])

    def _holds(self, task: Values) -> bool:
        conditions = task.get("when", [])
        conditions = conditions if isinstance(conditions, list) else [conditions]
        return all(self._now().evaluate_conditional(condition) for condition in conditions)

    def _now(self) -> t.Any:
        return self._templar.copy_with_new_env(available_variables=self._variables)

    def _read(self, file: str, default: t.Any) -> t.Any:
        path = os.path.join(self._folder, file)
        if not os.path.exists(path):
            return default
        return self._loader.load_from_file(path, trusted_as_template=True) or default
