"""Tells the command line what happens, as one JSON line an event on an inherited pipe."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

from ..plugin_utils import frames

DOCUMENTATION = """
name: events
type: stdout
short_description: Feeds the keydeploy command line
description:
  - Writes the results of keydeploy's own actions to the file descriptor that C(KEYDEPLOY_EVENTS) names.
  - Set by the command line; not meant to be enabled by hand.
"""

_PREFIX = "keydeploy.core."


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "keydeploy.core.events"

    def __init__(self) -> None:
        super().__init__()
        self._descriptor = int(os.environ.get("KEYDEPLOY_EVENTS", "-1"))
        self._begun: dict[tuple[str, str], float] = {}
        """When each host was sent to work on a task."""

    def v2_playbook_on_play_start(self, play: Any) -> None:
        inventory = play.get_variable_manager()._inventory
        hosts = [host.name for host in inventory.get_hosts(play.hosts)] if inventory else []
        self._tell({"event": "play", "name": play.get_name(), "hosts": hosts})

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:  # noqa: ARG002
        self._tell({"event": "task", "name": task.get_name(), "action": task.action.removeprefix(_PREFIX)})

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        self._begun[host.name, task._uuid] = time.monotonic()

    def v2_runner_on_ok(self, result: Any) -> None:
        self._tell_result(result, "ok")
        if result.task.action == f"{_PREFIX}validate" and result.result.get("windows"):
            frames.prepare()  # here, because the workers of all nodes are forked from this process

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:  # noqa: ARG002
        self._tell_result(result, "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._tell_result(result, "unreachable")

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._tell_result(result, "skipped")

    def _tell_result(self, result: Any, status: str) -> None:
        action = result.task.action
        if not action.startswith(_PREFIX):
            return
        # A result without a state is Ansible's own: it may hold raw text, so nothing of it is passed on.
        own = {k: v for k, v in result.result.items() if not k.startswith("_")} if "state" in result.result else {}
        event = {"event": "result", "action": action.removeprefix(_PREFIX), "host": result.host.name}
        begun = self._begun.pop((result.host.name, result.task._uuid), None)
        seconds = None if begun is None else time.monotonic() - begun
        self._tell({**event, "status": status, "result": own, "seconds": seconds})

    def _tell(self, event: dict[str, Any]) -> None:
        if self._descriptor < 0:
            return
        line = (json.dumps({**event, "at": time.monotonic()}) + "\n").encode()
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
        except BrokenPipeError:  # the command line was killed; the run goes on to where it may stop
            self._descriptor = -1
