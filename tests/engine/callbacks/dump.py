"""A callback such as users have: it writes every result, whole, to the file that `DUMP_FILE` names."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: dump
type: notification
short_description: Writes every result to a file
description: For the tests of keydeploy.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "dump"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result: Any) -> None:
        self._write(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._write(result, "ignored" if ignore_errors else "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._write(result, "unreachable")

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._write(result, "skipped")

    def _write(self, result: Any, status: str) -> None:
        seen = {"action": result.task.action, "host": result.host.name, "status": status, "result": result.result}
        with Path(os.environ["DUMP_FILE"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(seen, default=repr) + "\n")
