"""Runs a verb's playbook and answers its report; what a person has to know beside it is told here."""

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from rich.console import Console

from keydeploy.cli import complain, recording, screen, signals, streams, tell
from keydeploy.cli.options import arguments
from keydeploy.cli.printing import print_report
from keydeploy.cli.progress import Waits, progress
from keydeploy.engine import Arguments, Engine
from keydeploy.errors import EngineError, KeydeployError
from keydeploy.plan import Plan
from keydeploy.report.exit_code import ExitCode, exit_code
from keydeploy.report.model import Made, Report, Verb, Verdict
from keydeploy.report.naming import named
from keydeploy.report.recorder import Recorder
from keydeploy.saved_plan import SavedPlan

_PASSES = 5
"""How often a run begins anew when another one is in its way; in each it waits for the other's lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run that has ended and whose records are written; nothing of it is printed yet."""

    report: Report
    plans: list[Plan]
    hint: str | None
    """What to do about the failure of the report."""
    made: Made
    is_written: bool
    """Whether all records that were asked for are there."""

    @property
    def code(self) -> int:
        """Answer the exit code: that of the report, unless all would be well and a record is missing."""
        code = exit_code(self.report)
        return code if self.is_written or code not in (ExitCode.FINE, ExitCode.CHANGES) else ExitCode.ERROR


def run(verb: Verb, options: argparse.Namespace) -> int:
    """Run *verb* with *options*, print its report and answer the exit code."""
    ended = carried_out(verb, options)
    show(ended, options)
    return ended.code


def carried_out(verb: Verb, options: argparse.Namespace) -> Ended:
    """Run *verb* with *options* and write its records, also where a signal arrives meanwhile."""
    wanted = recording.wanted(options)
    report, plans, hint = _carried_out(verb, options, wanted)
    report = replace(report, hint=hint if report.failure is not None else None)
    made = _made_now()
    with signals.held():
        is_written = recording.write(wanted, report, made)
    return Ended(report=report, plans=plans, hint=hint, made=made, is_written=is_written)


def show(ended: Ended, options: argparse.Namespace) -> None:
    """Print the report of *ended*, save its plans where that was asked for, and tell what is beside it."""
    report = ended.report
    print_report(report, ended.made, options)
    _save(ended.plans, report, getattr(options, "out", None))
    conclude(report, ended.hint)
    if options.format == "text" and not options.quiet:
        remark(report)
    if getattr(options, "compromised", False) and not any(farm.verdict is Verdict.APPLIED for farm in report.farms):
        complain(
            "no backup was removed, because no change was confirmed", "old keys may still be in backups on the nodes"
        )


def _carried_out(
    verb: Verb, options: argparse.Namespace, wanted: Sequence[recording.Wanted]
) -> tuple[Report, list[Plan], str | None]:
    """Carry *verb* out; where even that fails the records say so."""
    try:
        return carry_out(verb, options)
    except (Exception, KeyboardInterrupt) as error:
        stopped = isinstance(error, KeyboardInterrupt)
        told, hint = f"internal error: {type(error).__name__}", None
        if isinstance(error, KeydeployError):
            told, hint = error.message, error.hint
        failed = Recorder(verb, interrupted=stopped, failure="it had not begun" if stopped else told).report()
        recording.write(wanted, replace(failed, hint=hint), _made_now())
        raise


def _made_now() -> Made:
    return Made(datetime.now(UTC).isoformat(timespec="seconds"))


def carry_out(verb: Verb, options: argparse.Namespace) -> tuple[Report, list[Plan], str | None]:
    """Answer the report, the plans behind it, and the hint that belongs to its failure."""
    messages = screen.standard_error(options)
    try:
        given = arguments(options)
    except EngineError as error:
        return Recorder(verb, failure=error.message).report(), [], error.hint
    return carry_out_as(verb, given, messages)


def carry_out_as(verb: Verb, given: Arguments, messages: Console) -> tuple[Report, list[Plan], str | None]:
    """Answer the same where it is known already what the user says to Ansible, and who was asked for a password."""
    for _ in range(_PASSES):
        report, plans, hint = _pass(verb, given, messages)
        if not report.is_to_be_repeated or report.interrupted:
            break
        gave_way = any(farm.gave_way for farm in report.farms)
        what = "somebody else was faster" if gave_way else "a run that was left unfinished is brought to its end"
        screen.say(messages, f"{what}; starting over")
    return report, plans, hint


def _pass(verb: Verb, given: Arguments, messages: Console) -> tuple[Report, list[Plan], str | None]:
    """Go over the path once."""
    recorder = Recorder(verb, check=given.check)
    hint = None
    waits = Waits(messages)
    streams.let_go(sys.stderr)  # Ansible writes to it, too, when it is to be verbose
    try:
        engine = Engine(verb.value, given)
        with stopping(engine, recorder, messages), progress(messages) as show:
            for event in engine.events():
                recorder.record(event)
                show(event)
                if verb.changes and not given.check:
                    waits.record(event)
    except EngineError as error:
        recorder.failure, hint = error.message, error.hint
    return named(recorder.report(), given.inventories), recorder.plans, hint or recorder.hint


def _save(plans: list[Plan], report: Report, file: str | None) -> None:
    """Save *plans* to *file*, where one is named and the plans can be applied."""
    if file is None:
        return
    if exit_code(replace(report, policy=())) not in (ExitCode.FINE, ExitCode.CHANGES):  # a key may wait for this plan
        complain(f"no plan was saved to {file}", "a plan is saved when all nodes have answered and can be compared")
        return
    time = datetime.now(UTC).isoformat(timespec="seconds")
    SavedPlan(time=time, farms=tuple(plans)).write(Path(file))


def conclude(report: Report, hint: str | None) -> None:
    """Tell what a person has to know beside the report; *hint* belongs to its failure."""
    if report.is_refused_by_policy:
        complain("the spec declares what must not be used (policy); no node was contacted")
    elif report.problems:
        count = len(report.problems)
        complain(f"the spec has {count} problem{'' if count == 1 else 's'}; no node was contacted")
    elif report.interrupted:
        complain("interrupted")
    elif report.failure is not None:
        complain(report.failure, hint)
    elif report.looks_at_nothing and report.declared:
        complain("the limit leaves out every node that declares something", "check -l")
    elif report.looks_at_nothing:
        complain_of_nothing_declared()
    for told, lead in dict.fromkeys((notice.text, notice.hint) for notice in report.not_checked):
        complain(told, lead)
    for farm in report.farms:
        if farm.verdict is Verdict.INCOMPLETE:
            complain(
                f"farm {farm.farm} may be split, or a node of it holds an unfinished run",
                "keydeploy apply first brings unfinished runs to their end, when their lease has run out",
            )


def remark(report: Report) -> None:
    """Tell what was not looked at, or not with what is known today."""
    for note in report.notes:
        tell(f"keydeploy: note: {note}")


def complain_of_nothing_declared() -> None:
    """Tell that there is no node to work on."""
    complain(
        "no host of the inventory declares anything",
        "declare the variable keydeploy for the hosts of a farm; the README shows an inventory",
    )


@contextmanager
def stopping(engine: Engine, recorder: Recorder, messages: Console) -> Iterator[None]:
    """Stop a change at the next gate on the first SIGINT or SIGTERM and at once on the second; stop reading at once."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        if recorder.interrupted or not recorder.verb.changes:
            recorder.interrupted = True
            engine.kill()
            return
        recorder.interrupted = True
        engine.stop()
        what = (
            "the switch is decided and goes on to its end"
            if recorder.is_decided
            else "stopping before anything goes live"
        )
        screen.say(messages, f"{what}; once more to leave at once")

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        engine.kill()
