"""Carries a rotation out: asks Ansible where keys are kept, writes the files, rolls out, and settles the files."""

import argparse
import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from rich.console import Console

from keydeploy.cli import complain, running, screen
from keydeploy.cli.again import again, only, quoted, shown
from keydeploy.cli.options import arguments
from keydeploy.cli.proposing import propose
from keydeploy.cli.settling import settle
from keydeploy.engine import Arguments
from keydeploy.errors import KeydeployError
from keydeploy.report import text
from keydeploy.report.exit_code import ExitCode, exit_code
from keydeploy.report.fitness import against, shows_pending
from keydeploy.report.model import Report, Verb
from keydeploy.report.rotation import Commands, Outcome, Rotation, Written, of_farms, outcome_of
from keydeploy.rotation import files
from keydeploy.rotation.files import Rewriting
from keydeploy.rotation.proposal import Proposal

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(options: argparse.Namespace) -> int:
    """Rotate as *options* say, print how that went and answer the exit code."""
    _check(options)
    day = datetime.now(UTC).date().isoformat()
    given = arguments(options)
    console = screen.standard_output(options)
    messages = screen.standard_error(options)
    proposal, before, hint = propose(options, given, day, messages)
    if proposal is None:
        _tell(before, options, console)
        _show(Rotation(outcome=Outcome.REFUSED, before=before, code=exit_code(before)), options, console)
        running.conclude(before, hint)
        return exit_code(before)
    if options.print:
        return _print_new(proposal, day, options)
    rotation = _planned(proposal, before, options)
    _plan(rotation, options, console)
    refused = _refused(rotation, proposal, options, console)
    if refused is not None:
        return _end(refused, options, console)
    if shows_pending(before):
        _tell(before, options, console)
    if options.check:
        return _end(replace(rotation, outcome=Outcome.TOLD, code=ExitCode.CHANGES), options, console)
    if not options.yes and not _agrees(rotation):
        complain("not confirmed; nothing was changed")
        return _end(rotation, options, console)
    ended, left, hint = _carry_out(rotation, proposal, given, options, messages)
    code = _end(ended, options, console)
    settle(ended, left, hint, options)
    return code


def _check(options: argparse.Namespace) -> None:
    """Raise `KeydeployError` where *options* contradict each other, or nobody could answer a question."""
    if options.pfx and options.pem:
        raise KeydeployError("--pfx and --pem both name the certificate", hint="give one of them")
    if options.pfx_password_file and not (options.pfx or options.pem):
        raise KeydeployError("--pfx-password-file opens nothing", hint="give --pfx FILE or --pem FILE, too")
    if options.print and (options.pfx or options.pem):
        raise KeydeployError("--print makes keys, and a certificate is given", hint="leave out one of them")
    asks = not (options.yes or options.check or options.print)
    if asks and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise KeydeployError(
            "rotate asks before it changes anything, and there is no terminal",
            hint="look with --check, then run it with --yes",
        )


def _planned(proposal: Proposal, before: Report, options: argparse.Namespace) -> Rotation:
    limit = only(proposal.members, before.declared)
    names = [each.file for each in proposal.files]
    return Rotation(
        outcome=Outcome.REFUSED,
        keys=proposal.keys,
        members=proposal.members,
        files=tuple(Written(file=shown(each.file), contents=each.contents) for each in proposal.files),
        problems=proposal.problems,
        notes=tuple(_uncommitted(names)),
        before=before,
        accepted=options.accept_irreversible,
        compromised=options.compromised,
        commands=Commands(
            apply=again("apply", options, *limit),
            rollback=again("rollback", options, *limit),
            checkout=shlex.join(["git", "checkout", "--", *map(shown, names)]),
        ),
    )


def _plan(rotation: Rotation, options: argparse.Namespace, console: Console) -> None:
    """Say what is to be done, where a person reads it: who is asked must know what."""
    if options.format == "text" and not (options.quiet and options.yes):
        screen.write(console, rotation.plan())


def _refused(rotation: Rotation, proposal: Proposal, options: argparse.Namespace, console: Console) -> Rotation | None:
    """Answer why nothing can be rotated now, None where it can; it is told as well."""
    before = rotation.before
    assert before is not None  # noqa: S101 - the nodes were looked at
    if proposal.problems:
        count = len(proposal.problems)
        complain(
            f"{count} value{'' if count == 1 else 's'} cannot be replaced where {'it is' if count == 1 else 'they are'}"
            " kept; nothing was changed",
            "keydeploy rotate --print makes keys for another secret store",
        )
        return rotation
    if before.failure is not None or before.interrupted:
        running.conclude(before, None)
        return replace(rotation, code=exit_code(before))
    told = against(before, pending_too=options.with_pending) or _left_behind(rotation, proposal, options)
    if told is None:
        return None
    _tell(before, options, console)
    complain(f"{told[0]}; nothing was changed", told[1])
    code = exit_code(before)
    return replace(rotation, code=ExitCode.ERROR if code is ExitCode.FINE else code)


def _tell(before: Report, options: argparse.Namespace, console: Console) -> None:
    """Say how the farms stand, where a person reads it."""
    if options.format == "text":
        screen.write(console, text.lines(before))


def _left_behind(rotation: Rotation, proposal: Proposal, options: argparse.Namespace) -> tuple[str, str] | None:
    """Tell of an earlier rotation that was cut off; where its roll-out has come to its end since, clear up after it."""
    left = list(files.unfinished(proposal.files))
    if rotation.before is not None and against(rotation.before, pending_too=False) is None:
        for _, kept in left if not options.check else ():
            kept.unlink(missing_ok=True)
        return None
    for file, kept in left:
        return (
            f"a rotation was cut off after it had written {shown(file)}",
            f"{rotation.commands.apply} rolls out what is in that file now;"
            f" mv {quoted(kept)} {quoted(file)} goes back to what was",
        )
    return None


def _agrees(rotation: Rotation) -> bool:
    """Ask whether to go on."""
    count = len(rotation.members)
    sys.stderr.write(f"replace on {count} node{'' if count == 1 else 's'} at one instant? type yes: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() == "yes"


def _carry_out(
    rotation: Rotation, proposal: Proposal, given: Arguments, options: argparse.Namespace, messages: Console
) -> tuple[Rotation, Sequence[Path], str | None]:
    """Write the files, roll out, and put the files back where no node holds a new key.

    Answer also the files that somebody else has changed, and the hint that belongs to a failure of the roll-out.
    """
    rewriting = Rewriting(proposal.files)
    hosts = json.dumps({"keydeploy_hosts": list(proposal.members)})
    rolling = replace(given, extra_vars=[*given.extra_vars, hosts])
    farms = {key.farm for key in proposal.keys}
    with _holding_back() as asked:
        rewriting.write()
        if asked():
            report = Report(verb=Verb.APPLY, interrupted=True)
            return replace(rotation, outcome=Outcome.PUT_BACK, report=report), rewriting.put_back(), None
        found, _, hint = running.carry_out_as(Verb.APPLY, rolling, messages)
        report = of_farms(found, farms)
        ended = replace(rotation, outcome=outcome_of(report), report=report)
        left = _settle(ended.outcome, rewriting)
    names = {shown(file) for file in left}
    ended = replace(ended, files=tuple(each for each in ended.files if each.file not in names))
    if ended.outcome is Outcome.APPLIED and not report.interrupted and _is_to_be_cleaned(proposal, options):
        removed, _, of_removal = running.carry_out_as(Verb.APPLY, rolling, messages)
        return replace(ended, removal=of_farms(removed, farms)), left, hint or of_removal
    return ended, left, hint


def _is_to_be_cleaned(proposal: Proposal, options: argparse.Namespace) -> bool:
    """Tell whether a second run is to take away what the first has superseded; it changes nothing else on a node."""
    superseded = any(key.remains is not None and key.remains.is_replaced for key in proposal.keys)
    return bool(options.accept_irreversible) and superseded


def _settle(outcome: Outcome, rewriting: Rewriting) -> Sequence[Path]:
    """Bring the files to where the nodes are; answer those that somebody else has changed."""
    match outcome:
        case Outcome.APPLIED:
            rewriting.forget()
            return ()
        case Outcome.PUT_BACK:
            return rewriting.put_back()
        case _:
            return ()


@contextmanager
def _holding_back() -> Iterator[Callable[[], bool]]:
    """Note signals that would end this process while the files are ahead of the nodes; a run has an end of its own."""
    noted: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        noted.append(number)

    previous = {number: signal.signal(number, note) for number in _SIGNALS}
    try:
        yield lambda: bool(noted)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _end(rotation: Rotation, options: argparse.Namespace, console: Console) -> int:
    _show(rotation, options, console)
    return rotation.exit_code


def _show(rotation: Rotation, options: argparse.Namespace, console: Console) -> None:
    if options.format == "json":
        json.dump(rotation.to_json(datetime.now(UTC).isoformat(timespec="seconds")), sys.stdout, indent=2)
        sys.stdout.write("\n")
        sys.stdout.flush()
    elif screen.shows(options, rotation.exit_code):
        screen.write(console, rotation.end())


def _print_new(proposal: Proposal, day: str, options: argparse.Namespace) -> int:
    """Print a successor of each key in clear, as it was asked for."""
    import os  # noqa: PLC0415

    from keydeploy.rotation.printing import successors  # noqa: PLC0415

    sys.stdout.write(successors(proposal.keys, day, os.urandom, form=options.format).reveal().decode())
    sys.stdout.flush()
    sys.stderr.write(
        "keydeploy: these keys are in clear, and nothing else was done; put them where the inventory reads them,"
        f" then {again('apply', options)}\n"
    )
    return ExitCode.FINE


def _uncommitted(names: Sequence[str]) -> Iterator[str]:
    """Yield a note for each file that git knows in another state; where there is no git, nothing."""
    for name in names:
        file = Path(name)
        command = ["git", "-C", str(file.parent), "status", "--porcelain", "--", file.name]
        with suppress(OSError):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode == 0 and done.stdout.strip():
                yield f"{shown(name)} has changes that are not committed to git; they stay"
