"""Check the spec of every farm, once and before any contact."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..plugin_utils.run import ACCEPT_IRREVERSIBLE, COMPROMISED, LEAVE_CHANGED
from ..plugin_utils.step import Step
from ..plugin_utils.switches import is_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keydeploy.spec import Declaration, Policy

    from ..plugin_utils.disclosed import Lists

TO = "keydeploy_to"
"""The variable that names the run to take back; the one that was confirmed last when it is not set."""
FORCE = "keydeploy_force"
"""The variable that lets a run be taken back also where something has changed since."""
OPTIONS = (ACCEPT_IRREVERSIBLE, COMPROMISED, LEAVE_CHANGED)


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy.plan.undoing import SUFFIX  # noqa: PLC0415
        from keydeploy.spec import check, materials_of, sealed  # noqa: PLC0415

        from ..plugin_utils.declarations import declare, declared_by_play  # noqa: PLC0415
        from ..plugin_utils.node import SANDBOX  # noqa: PLC0415
        from ..plugin_utils.same_node import shared_folders  # noqa: PLC0415
        from ..plugin_utils.seal_key import KEY  # noqa: PLC0415

        hostvars = task_vars["hostvars"]
        found = {host: declare(self._templar, hostvars, host) for host in hostvars}
        declarations = [declaration for declaration in found.values() if declaration is not None]
        undo = self._undo(task_vars) if self._task.args.get("take_back") else None
        made = time.time()
        # What goes back to nodes is not what is declared, so no policy for that stands in the way.
        # Nor does one for a key that is to be replaced.
        is_past = undo or self._task.args.get("to_replace")
        lists = None if is_past else self._lists(task_vars, declarations, made)
        checked = check(declarations, None if lists is None else self._policy(lists, made))
        notes = () if lists is None else dict.fromkeys(note for each in lists.found.values() for note in each.notes)
        shared = shared_folders(self._templar, hostvars, [declaration.host for declaration in declarations])
        told = (*checked.problems, *declared_by_play(task_vars), *shared)
        by_host = {declaration.host: declaration for declaration in declarations}
        specs = () if told else (spec for members in checked.farms.values() for spec in members)
        seals = sealed(((by_host[spec.host], spec) for spec in specs), KEY)
        problems = [{"place": p.place, "address": p.address, "text": p.text, "policy": p.policy} for p in told]
        return {
            "state": "invalid" if problems else "valid" if declarations else "empty",
            "made": made,
            "run": uuid.uuid4().hex + (SUFFIX if undo else ""),
            "undo": undo,
            "options": {name: self._is_on(task_vars, name) for name in OPTIONS},
            "problems": problems,
            "notes": list(notes),
            "lists": self._left(lists),
            "policy": [notice.to_json() for notice in checked.notices],
            "warnings": [f"keydeploy: {each}" for each in (*notes, *checked.notices)],
            "farms": {
                name: {
                    "members": [spec.host for spec in specs],
                    "spec": specs[0].digest(),
                    "rollout": specs[0].rollout.shared(),
                    "materials": [material.to_json() for material in materials_of(specs[0])],
                }
                for name, specs in checked.farms.items()
                if not problems
            },
            "seals": seals.to_json(),
            "windows": any(SANDBOX not in hostvars.raw_get(each[0].host) for each in checked.farms.values()),
            "undeclared": [host for host in task_vars["ansible_play_hosts_all"] if found.get(host) is None],
        }

    def _lists(self, task_vars: dict[str, Any], declarations: Sequence[Declaration], now: float) -> Lists:
        """Answer the lists of disclosed keys; where nodes are not only looked at, raises `DisclosedKeysError`.

        Where the workers of nodes need them, also for hosts that declare no machine key.
        """
        from keydeploy.spec.names import attribute  # noqa: PLC0415

        from ..plugin_utils.disclosed import lists  # noqa: PLC0415

        hosts = [each.host for each in declarations if self._leaves or attribute(each.value, "spec", "machine_keys")]
        found = lists(self._templar, task_vars, hosts, now)
        if found.missing and not self._looks:
            raise next(iter(found.missing.values()))
        return found

    def _policy(self, lists: Lists, now: float) -> Policy:
        """Answer what the specs are held to *now*."""
        from keydeploy.spec import Policy  # noqa: PLC0415

        return Policy(
            today=datetime.fromtimestamp(now, UTC).date(),
            disclosed={host: each.keys for host, each in lists.found.items() if each.keys is not None},
            missing=lists.missing,
            refuses=not self._looks,
        )

    def _left(self, lists: Lists | None) -> dict[str, list[str]]:
        """Leave *lists* to the workers of nodes, where they need them; answer which file is for which hosts."""
        from ..plugin_utils.disclosed import leave  # noqa: PLC0415

        return leave(lists.found) if lists is not None and self._leaves else {}

    @property
    def _leaves(self) -> bool:
        """Tell whether the workers of nodes need the lists."""
        return bool(self._task.args.get("leaves_lists"))

    @property
    def _looks(self) -> bool:
        """Tell whether nodes are only looked at: what must not be used is told then, and they are looked at."""
        return bool(self._task.args.get("looks"))

    def _undo(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Answer which run is to be taken back."""
        run = self._templar.template(task_vars.get(TO))
        return {"run": str(run) if run else None, "force": self._is_on(task_vars, FORCE)}

    def _is_on(self, task_vars: dict[str, Any], name: str) -> bool:
        return is_on(name, self._templar.template(task_vars.get(name, False)))
