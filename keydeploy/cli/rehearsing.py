"""Copies nodes into a folder, rolls out there, tells how that went, and removes the folder."""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from keydeploy.cli import complain, running, screen
from keydeploy.cli.options import arguments
from keydeploy.cli.progress import progress
from keydeploy.cli.text import print_timings
from keydeploy.engine import Engine, Event
from keydeploy.errors import EngineError, KeydeployError
from keydeploy.rehearsal import Folder, faults, write_inventory
from keydeploy.rehearsal.faults import HostFault
from keydeploy.rehearsal.node import lay_out_silent, misbehave
from keydeploy.report.exit_code import ExitCode, exit_code
from keydeploy.report.model import Report, Verb, Verdict
from keydeploy.report.recorder import Recorder
from keydeploy.report.rehearsal import COPIED, UNREACHABLE, NodeCopy, Rehearsal

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
"""Which would end this process with the folder left behind; outside of a run they are as good as Ctrl-C."""
_LATE, _LATEST = 0.1, 5.0
"""Seconds in which a worker that was told to end may still write, and until nobody waits for it any more."""


@dataclass(slots=True)
class _Copying:
    """What the copying has told so far."""

    recorder: Recorder
    hint: str | None = None
    valid: dict[str, Any] = field(default_factory=dict)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)

    def record(self, event: Event) -> None:
        self.recorder.record(event)
        if event.kind == "result" and event.name == "validate":
            self.valid = event.result
        elif event.kind == "result" and event.name == "imitate" and event.host:
            self.results[event.host] = event.result

    def farms(self) -> dict[str, tuple[NodeCopy, ...]]:
        """Answer the copies of the nodes of each farm of which any was asked for."""
        farms: Mapping[str, Any] = self.valid.get("farms", {})
        found = {
            name: tuple(NodeCopy.of(member, self.results.get(member)) for member in farm["members"])
            for name, farm in farms.items()
        }
        return {name: copies for name, copies in found.items() if any(copy.node in self.results for copy in copies)}

    def missing(self, farm: str, copies: tuple[NodeCopy, ...]) -> tuple[NodeCopy, ...]:
        """Answer the nodes of which there must be a copy, and is none."""
        dispensable = self.valid["farms"][farm]["rollout"]["may_be_missing"]
        return tuple(
            copy
            for copy in copies
            if copy.state != COPIED and not (copy.state == UNREACHABLE and copy.node in dispensable)
        )


def run(options: argparse.Namespace) -> int:
    """Rehearse with *options*, print what there is to tell and answer the exit code."""
    wanted = faults.read(options.fault)
    with _folder() as folder:
        copying = _copy(options, folder)
        early = copying.recorder.report()
        if exit_code(early) is not ExitCode.FINE:
            _show(Rehearsal(not_rehearsed={}, report=early), options)
            running.conclude(early, copying.hint or copying.recorder.hint)
            return exit_code(early)
        rehearsal, hint = _rehearse(copying, wanted, folder, options)
    _show(rehearsal, options)
    if rehearsal.report is not None:
        _conclude(rehearsal.report, hint)
        if options.format != "json" and not options.quiet:
            running.remark(rehearsal.report)
    elif not rehearsal.not_rehearsed:
        complain("the limit leaves out every node that declares something", "check -l")
    return rehearsal.exit_code


def _copy(options: argparse.Namespace, folder: Folder) -> _Copying:
    messages = screen.standard_error(options)
    copying = _Copying(Recorder(Verb.VALIDATE))
    try:
        given = arguments(options)
        named = json.dumps({"keydeploy_rehearsal": str(folder.root)})
        engine = Engine("rehearse", replace(given, extra_vars=[*given.extra_vars, named]))
        with running.stopping(engine, copying.recorder, messages), progress(messages) as show:
            for event in engine.events():
                copying.record(event)
                show(event)
    except EngineError as error:
        copying.recorder.failure, copying.hint = error.message, error.hint
    return copying


def _rehearse(
    copying: _Copying, wanted: tuple[HostFault, ...], folder: Folder, options: argparse.Namespace
) -> tuple[Rehearsal, str | None]:
    """Roll out on the copies; answer how that went, and the hint that belongs to its failure."""
    farms = copying.farms()
    missing = {name: copying.missing(name, copies) for name, copies in farms.items()}
    ready = [copy for name, copies in farms.items() if not missing[name] for copy in copies]
    faults.check_hosts(wanted, [copy.node for copy in ready if copy.state == COPIED])
    for copy in ready:
        if copy.state != COPIED:
            lay_out_silent(folder.node(copy.node))
    for each in wanted:
        misbehave(folder.node(each.host), [each.fault])
    report, hint = None, None
    if ready:
        write_inventory(folder, [copy.node for copy in ready], copying.valid["undeclared"])
        with _nothing_else(folder):
            report, _, hint = running.carry_out(Verb.APPLY, _of_the_copies(options, folder))
        told = copying.recorder.report()  # of the real keys
        report = replace(report, policy=told.policy, notes=told.notes)
    rehearsal = Rehearsal(
        copies=tuple(copy for copies in farms.values() for copy in copies),
        not_rehearsed={name: nodes for name, nodes in missing.items() if nodes},
        faults=tuple(options.fault),
        report=report,
    )
    return rehearsal, hint


def _of_the_copies(options: argparse.Namespace, folder: Folder) -> argparse.Namespace:
    """Answer *options* for the inventory of the copies: what belongs to the other inventory is none of it."""
    own = {
        "inventory": str(folder.inventory),
        "more": [],
        "extra_vars": [],
        "disclosed_keys": [],
        "vault_id": [],
        "vault_password_file": [],
        "ask_vault_pass": False,
        "limit": None,
    }
    return argparse.Namespace(**{**vars(options), **own})


@contextmanager
def _nothing_else(folder: Folder) -> Iterator[None]:
    """Let Ansible read the inventory in *folder* alone: no plugin of the user's adds to what hosts of that name say."""
    own = {
        "ANSIBLE_INVENTORY_ENABLED": "yaml",
        "ANSIBLE_VARS_ENABLED": "host_group_vars",
        "ANSIBLE_VARS_PLUGINS": str(folder.root / "none"),
    }
    before = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _show(rehearsal: Rehearsal, options: argparse.Namespace) -> None:
    if options.format == "json":
        json.dump(rehearsal.to_json(datetime.now(UTC).isoformat(timespec="seconds")), sys.stdout, indent=2)
        sys.stdout.write("\n")
    elif screen.shows(options, rehearsal.exit_code):
        screen.write(screen.standard_output(options), rehearsal.lines(with_diff=options.diff))
        if rehearsal.report is not None:
            print_timings(rehearsal.report, options)


def _conclude(report: Report, hint: str | None) -> None:
    """Tell what a person has to know beside what was shown; *hint* belongs to the failure of *report*."""
    if report.interrupted:
        complain("interrupted; this was a rehearsal")
    elif report.failure is not None:
        complain(report.failure, hint)
    for farm in report.farms:
        if farm.verdict is Verdict.INCOMPLETE:
            complain(
                f"in this rehearsal, farm {farm.farm} may be split, or a node of it holds an unfinished run",
                "on the nodes, keydeploy apply would first bring such a run to its end",
            )


@contextmanager
def _folder() -> Iterator[Folder]:
    """Make the folder of a rehearsal, and remove it in the end, also where this process is told to stop."""
    previous = {number: signal.signal(number, signal.default_int_handler) for number in _SIGNALS}
    root: Path | None = None
    try:
        try:
            root = Path(tempfile.mkdtemp(prefix="keydeploy-rehearsal-"))
            folder = Folder(root)
            folder.begin()
        except OSError:
            told = f"no folder can be made in {tempfile.gettempdir()}"
            raise KeydeployError(told, hint="name another one by TMPDIR") from None
        yield folder
    finally:
        ignored = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, *_SIGNALS)}
        if root is not None:
            _remove(root)
        for number, handler in {**ignored, **previous}.items():
            signal.signal(number, handler)


def _remove(root: Path) -> None:
    """Remove *root*, also where a worker that was told to end writes into it once more."""
    end = time.monotonic() + _LATEST
    while True:
        shutil.rmtree(root, ignore_errors=True)
        time.sleep(_LATE)
        if not root.exists():
            return
        if time.monotonic() > end:
            complain(f"{root} could not be removed", "remove it; nothing in it is a secret of yours")
            return
