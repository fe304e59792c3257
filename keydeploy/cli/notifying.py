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

from keydeploy.cli import complain, signals, streams

if TYPE_CHECKING:
    from keydeploy.report.model import Report

LIMIT = 60.0
"""Seconds that the command may take."""
_PATIENCE = 5.0
"""Seconds that it has to end after it was told to."""
_LONGEST = 4096
"""Bytes of the sentences in the environment; Linux takes 128 KiB in one variable, and the report has all of it."""
_CUT = b" ..."


def look(options: argparse.Namespace) -> int:
    """Look for drift with *options*, call for help where their `on_drift` says how, and answer the exit code.

    A look that was interrupted or could not be made at all calls for help, too. What is printed comes last: whoever
    is called does not wait for a reader, and hears of it when there is none.
    """
    from keydeploy.cli import running  # noqa: PLC0415
    from keydeploy.errors import KeydeployError  # noqa: PLC0415
    from keydeploy.report.exit_code import ExitCode  # noqa: PLC0415
    from keydeploy.report.model import Verb  # noqa: PLC0415
    from keydeploy.report.recorder import Recorder  # noqa: PLC0415

    with signals.interrupting():
        try:
            ended = running.carried_out(Verb.DRIFT, options)
        except KeyboardInterrupt:
            notify(options.on_drift, Recorder(Verb.DRIFT, interrupted=True).report(), ExitCode.INTERRUPTED)
            raise
        except Exception as error:
            what = error.message if isinstance(error, KeydeployError) else f"internal error: {type(error).__name__}"
            notify(options.on_drift, Recorder(Verb.DRIFT, failure=what).report(), ExitCode.ERROR)
            raise
        notify(options.on_drift, ended.report, ended.code)
        running.show(ended, options)
        failure = streams.lost(sys.stdout)
        if failure is not None and ended.code == 0:  # nobody was called yet, and the exit code will be another
            what = f"the report could not be written to the standard output: {failure.strerror}"
            notify(options.on_drift, Recorder(Verb.DRIFT, failure=what).report(), ExitCode.ERROR)
    return ended.code


def notify(command: str | None, report: "Report", code: int, limit: float = LIMIT) -> None:
    """Run *command* where there is one and *code* is not 0; it learns of *report* and may take *limit* seconds.

    A signal does not keep it from its end: the first one is let pass, a later one ends the command and nothing else.
    """
    from keydeploy.report import data  # noqa: PLC0415
    from keydeploy.report.model import Made  # noqa: PLC0415
    from keydeploy.report.summary import sentences  # noqa: PLC0415

    if command is None or code == 0:
        return
    made = Made(datetime.now(UTC).isoformat(timespec="seconds"))
    told = {b"KEYDEPLOY_EXIT_CODE": b"%d" % code, b"KEYDEPLOY_SUMMARY": _as_variable(" ".join(sentences(report)))}
    with signals.held():
        _run(command, told, json.dumps(data.to_json(report, made), indent=2) + "\n", limit)


def _as_variable(text: str) -> bytes:
    """Answer *text* in UTF-8 as a variable can hold it: without NUL, and cut where it is longer than most can bear."""
    value = text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace")
    if len(value) <= _LONGEST:
        return value
    return value[: _LONGEST - len(_CUT)].decode(errors="ignore").encode() + _CUT


def _run(command: str, told: dict[bytes, bytes], report: str, limit: float) -> None:
    streams.let_go(sys.stderr)
    try:
        child = subprocess.Popen(
            ["/bin/sh", "-c", command],
            env=os.environb | told,
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
    except KeyboardInterrupt:
        _end(child)
        complain("the command of --on-drift was ended, because a second signal asked for it", _LOOK)
        return
    except BaseException:
        _end(child)
        raise
    if child.returncode != 0:
        complain(f"the command of --on-drift ended with exit code {child.returncode}", _LOOK)


_LOOK = "run it by itself, with a saved report (drift --format json) as its standard input"


def _end(child: "subprocess.Popen[bytes]") -> None:
    """End *child* and all that it has started, apart from what has left for a session of its own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with suppress(subprocess.TimeoutExpired):
            child.wait(_PATIENCE)
            if number is signal.SIGKILL:
                return
    child.wait()
