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

from keydeploy.cli import complain, running
from keydeploy.cli.options import arguments
from keydeploy.cli.proposing import propose
from keydeploy.engine import Arguments
from keydeploy.errors import KeydeployError
from keydeploy.report import text
from keydeploy.report.exit_code import ExitCode, exit_code
from keydeploy.report.model import Report, Verb
from keydeploy.report.rotation import Outcome, Rotation, against, of_farms, outcome_of
from keydeploy.rotation import files
from keydeploy.rotation.files import Rewriting
from keydeploy.rotation.proposal import Proposal

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(options: argparse.Namespace) -> int:
    """Rotate as *options* say, print how that went and answer the exit code."""
    _check(options)
    day = datetime.now(UTC).date().isoformat()
    given = arguments(options)
    console = Console(no_color=options.no_color or None, highlight=False, soft_wrap=True)
    messages = Console(stderr=True, no_color=options.no_color or None, highlight=False, soft_wrap=True)
    proposal, before, hint = propose(options, given, day, messages)
    if proposal is None:
        _tell(before, options, console)
        _show(Rotation(outcome=Outcome.REFUSED, before=before, code=exit_code(before)), options, console)
        running.conclude(before, hint)
        return exit_code(before)
    if options.print:
        return _print_new(proposal, day, options)
    rotation = _planned(proposal, before)
    _plan(rotation, options, console)
    refused = _refused(rotation, proposal, before, options, console)
    if refused is not None:
        return _end(refused, options, console)
    if options.check:
        return _end(replace(rotation, outcome=Outcome.TOLD, code=ExitCode.CHANGES), options, console)
    if not options.yes and not _agrees(rotation):
        complain("not confirmed; nothing was changed")
        return _end(rotation, options, console)
    return _end(_carry_out(rotation, proposal, given, options, messages), options, console)


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


def _planned(proposal: Proposal, before: Report) -> Rotation:
    return Rotation(
        outcome=Outcome.REFUSED,
        keys=proposal.keys,
        members=proposal.members,
        files=tuple(_shown(each.file) for each in proposal.files),
        problems=proposal.problems,
        notes=tuple(_uncommitted(each.file for each in proposal.files)),
        before=before,
    )


def _plan(rotation: Rotation, options: argparse.Namespace, console: Console) -> None:
    """Say what is to be done, where a person reads it."""
    if options.format == "text":
        for line in rotation.plan():
            console.print(line)


def _refused(
    rotation: Rotation, proposal: Proposal, before: Report, options: argparse.Namespace, console: Console
) -> Rotation | None:
    """Answer why nothing can be rotated now, None where it can; it is told as well."""
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
    told = against(before, pending_too=options.with_pending) or _left_behind(proposal, before, options)
    if told is None:
        return None
    _tell(before, options, console)
    complain(f"{told[0]}; nothing was changed", told[1])
    code = exit_code(before)
    return replace(rotation, code=ExitCode.ERROR if code is ExitCode.FINE else code)


def _tell(before: Report, options: argparse.Namespace, console: Console) -> None:
    """Say how the farms stand, where a person reads it."""
    if options.format == "text":
        for line in text.lines(before):
            console.print(line)


def _left_behind(proposal: Proposal, before: Report, options: argparse.Namespace) -> tuple[str, str] | None:
    """Tell of an earlier rotation that was cut off; where its roll-out has come to its end since, clear up after it."""
    left = list(files.unfinished(proposal.files))
    if against(before, pending_too=False) is None:
        for _, kept in left if not options.check else ():
            kept.unlink(missing_ok=True)
        return None
    for file, kept in left:
        apply = _again("apply", options)
        return (
            f"a rotation was cut off after it had written {_shown(str(file))}",
            f"{apply} rolls out what is in that file now; mv {_quoted(kept)} {_quoted(file)} goes back to what was",
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
) -> Rotation:
    """Write the files, roll out, and put the files back where no node holds a new key."""
    rewriting = Rewriting(proposal.files)
    hosts = json.dumps({"keydeploy_hosts": list(proposal.members)})
    with _holding_back() as asked:
        rewriting.write()
        if asked():
            rewriting.put_back()
            report = Report(verb=Verb.APPLY, interrupted=True)
            return replace(rotation, outcome=Outcome.PUT_BACK, report=report)
        rolling = replace(given, extra_vars=[*given.extra_vars, hosts])
        found, _, hint = running.carry_out_as(Verb.APPLY, rolling, messages)
        report = of_farms(found, {key.farm for key in proposal.keys})
        ended = replace(rotation, outcome=outcome_of(report), report=report)
        left = _settle(ended.outcome, rewriting)
        names = {_shown(str(file)) for file in left}
        ended = replace(ended, files=tuple(file for file in ended.files if file not in names))
    running.conclude(report, hint)
    for file in left:
        complain(
            f"{_shown(str(file))} was changed by somebody else meanwhile, and is left so",
            f"what it held is kept as {_shown(str(files.kept(file)))}",
        )
    if ended.outcome is Outcome.KEPT:
        complain(
            "the files hold the new keys, and not every node does",
            f"{_again('apply', options)} brings the nodes to them; what the files held is kept beside them, encrypted,"
            " until the next rotation",
        )
    if options.compromised and ended.outcome is not Outcome.APPLIED:
        complain(
            "no backup was removed, because no change was confirmed", "old keys may still be in backups on the nodes"
        )
    return ended


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
        return
    for line in rotation.end():
        console.print(line)


def _print_new(proposal: Proposal, day: str, options: argparse.Namespace) -> int:
    """Print a successor of each key in clear, as it was asked for."""
    import os  # noqa: PLC0415

    from keydeploy.rotation.printing import successors  # noqa: PLC0415

    sys.stdout.write(successors(proposal.keys, day, os.urandom, form=options.format).reveal().decode())
    sys.stdout.flush()
    sys.stderr.write(
        "keydeploy: these keys are in clear, and nothing else was done; put them where the inventory reads them,"
        f" then {_again('apply', options)}\n"
    )
    return ExitCode.FINE


def _again(command: str, options: argparse.Namespace) -> str:
    """Answer the *command* for the same inventory, to be typed."""
    more = [part for name in options.more for part in ("-i", name)]
    vault = [part for name in options.vault_id for part in ("--vault-id", name)]
    vault += [part for name in options.vault_password_file for part in ("--vault-password-file", name)]
    asked = ["--ask-vault-pass"] if options.ask_vault_pass else []
    return shlex.join(["keydeploy", command, options.inventory, *more, *vault, *asked])


def _uncommitted(names: Iterator[str]) -> Iterator[str]:
    """Yield a note for each file that git knows in another state; where there is no git, nothing."""
    for name in names:
        file = Path(name)
        command = ["git", "-C", str(file.parent), "status", "--porcelain", "--", file.name]
        with suppress(OSError):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode == 0 and done.stdout.strip():
                yield f"{_shown(name)} has changes that are not committed to git; they stay"


def _shown(name: str) -> str:
    here = Path.cwd()
    return str(Path(name).relative_to(here)) if Path(name).is_relative_to(here) else name


def _quoted(file: Path) -> str:
    return shlex.quote(_shown(str(file)))
