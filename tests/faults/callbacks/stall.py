"""A callback that holds Ansible at the gate, before or after it has decided, so that a test can kill it just then.

`STALL_AT` says when: `before` (the task begins), `during` (its worker is about to start) or `after` (the decision is
there). It makes the file `STALL_MARKER` and goes on when somebody has removed it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: stall
type: notification
short_description: Holds Ansible at the gate
description: For the tests of keydeploy.
"""

_GATE = "keydeploy.core.gate"
_PATIENCE, _LOOK = 60.0, 0.05


class CallbackModule(CallbackBase):  # type: ignore[misc]
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "stall"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:  # noqa: ARG002
        self._stall("before", task)

    def v2_runner_on_start(self, host: Any, task: Any) -> None:  # noqa: ARG002
        self._stall("during", task)

    def v2_runner_on_ok(self, result: Any) -> None:
        self._stall("after", result.task)

    def _stall(self, when: str, task: Any) -> None:
        if task.action != _GATE or os.environ["STALL_AT"] != when:
            return
        marker = Path(os.environ["STALL_MARKER"])
        marker.touch()
        end = time.monotonic() + _PATIENCE
        while marker.exists() and time.monotonic() < end:
            time.sleep(_LOOK)
