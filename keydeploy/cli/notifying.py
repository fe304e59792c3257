"""Calls for help: runs a command of the user's where a look for drift ends with anything but "in order".

The command is a line for `/bin/sh`, as people write it. The JSON report is its standard input; its environment has the
exit code, and what came of the run in a sentence. Neither holds a secret. Whatever becomes of the command, it is told,
and the exit code stays that of the look.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from keydeploy.cli import complain

if TYPE_CHECKING:
    from keydeploy.report.model import Report

LIMIT = 60.0
"""Seconds that the command may take."""
_PATIENCE = 5.0
"""Seconds that it has to end after it was told to."""


def look(options: argparse.Namespace) -> int:
    """Look for drift with *options*, call for help where their `on_drift` says how, and answer the exit code.

    A look that could not be made at all calls for help, too.
    """
    from keydeploy.cli import running  # noqa: PLC0415
    from keydeploy.errors import KeydeployError  # noqa: PLC0415
    from keydeploy.report.exit_code import ExitCode  # noqa: PLC0415
    from keydeploy.report.model import Verb  # noqa: PLC0415
    from keydeploy.report.recorder import Recorder  # noqa: PLC0415

    try:
        report, code = running.finished(Verb.DRIFT, options)
    except Exception as error:
        what = error.message if isinstance(error, KeydeployError) else f"internal error: {type(error).__name__}"
        notify(options.on_drift, Recorder(Verb.DRIFT, failure=what).report(), ExitCode.ERROR)
        raise
    notify(options.on_drift, report, code)
    return code


def notify(command: str | None, report: "Report", code: int, limit: float = LIMIT) -> None:
    """Run *command* where there is one and *code* is not 0; it learns of *report* and may take *limit* seconds."""
    from keydeploy.report import data  # noqa: PLC0415
    from keydeploy.report.model import Made  # noqa: PLC0415
    from keydeploy.report.summary import sentences  # noqa: PLC0415

    if command is None or code == 0:
        return
    made = Made(datetime.now(UTC).isoformat(timespec="seconds"))
    told = {"KEYDEPLOY_EXIT_CODE": str(int(code)), "KEYDEPLOY_SUMMARY": " ".join(sentences(report))}
    _run(command, told, json.dumps(data.to_json(report, made), indent=2) + "\n", limit)


def _run(command: str, told: dict[str, str], report: str, limit: float) -> None:
    try:
        child = subprocess.Popen(
            ["/bin/sh", "-c", command],
            env=os.environ | told,
            stdin=subprocess.PIPE,
            stdout=sys.stderr.fileno(),  # the standard output may be a document
            start_new_session=True,  # so that all that it starts can be ended
        )
    except OSError as error:
        complain(f"the command of --on-drift could not be started: {error.strerror}", _LOOK)
        return
    try:
        child.communicate(report.encode(), timeout=limit)
    except subprocess.TimeoutExpired:
        _end(child)
        complain(f"the command of --on-drift took longer than {limit:g} s and was ended", _LOOK)
        return
    except BaseException:
        _end(child)
        raise
    if child.returncode != 0:
        complain(f"the command of --on-drift ended with exit code {child.returncode}", _LOOK)


_LOOK = "run it by itself, with a saved report (drift --format json) as its standard input"


def _end(child: "subprocess.Popen[bytes]") -> None:
    """End *child* and all that it has started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with suppress(subprocess.TimeoutExpired):
            child.wait(_PATIENCE)
            if number is signal.SIGKILL:
                return
    child.wait()
