"""Looks at files here and at nodes through Ansible, and prints what rules found in both."""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.text import Text

from keydeploy.cli import complain, screen
from keydeploy.cli.lists import handed_on
from keydeploy.cli.options import arguments, disclosed_keys
from keydeploy.cli.progress import progress
from keydeploy.cli.running import complain_of_nothing_declared
from keydeploy.engine import Engine, Event
from keydeploy.errors import EngineError, KeydeployError, Problem
from keydeploy.lint import declared, raising
from keydeploy.lint.baseline import Baseline
from keydeploy.lint.codec import from_json
from keydeploy.lint.files import look
from keydeploy.lint.model import Finding, Linted
from keydeploy.lint.rules import RULES, private_key_file
from keydeploy.lint.walking import shown, walk
from keydeploy.report import lint_text
from keydeploy.report.exit_code import ExitCode
from keydeploy.report.lint import NOTHING, LintReport, NodeLooked, rule_to_json
from keydeploy.report.lint_sarif import to_sarif
from keydeploy.spec import Kind, Notice

_INVENTORIES = (".yml", ".yaml", ".ini", ".json", "")
_SCRIPTS = (".py", ".sh")
_LONGEST_KEY = 2**20
_NAMES_SHOWN = 6


@dataclass(slots=True)
class _Nodes:
    """What the nodes of the inventories told so far."""

    valid: dict[str, Any] = field(default_factory=dict)
    inspected: dict[str, dict[str, Any]] = field(default_factory=dict)
    compared: dict[str, Any] = field(default_factory=dict)

    def record(self, event: Event) -> None:
        """Take *event* in."""
        if event.kind != "result" or event.host is None:
            return
        if event.name == "validate":
            self.valid = event.result
        elif event.name == "compare":
            self.compared = event.result
        elif event.name == "inspect" and event.result.get("state") != "skipped":
            self.inspected[event.host] = event.result

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Answer the mistakes of the spec."""
        return tuple(Problem(**problem) for problem in self.valid.get("problems", ()))

    @property
    def notices(self) -> tuple[Notice, ...]:
        """Answer what policy has to say of the farms whose nodes were asked."""
        farms = [name for name, farm in self.valid.get("farms", {}).items() if {*farm["members"]} & {*self.inspected}]
        notices = (Notice.from_json(notice) for notice in self.valid.get("policy", ()))
        return tuple(notice for notice in notices if notice.farm in farms)

    def looked(self) -> tuple[NodeLooked, ...]:
        """Answer each node that was asked."""
        return tuple(NodeLooked.of(node, result) for node, result in sorted(self.inspected.items()))

    def linted(self) -> Iterator[Linted]:
        """Yield what was found on each node, and between nodes."""
        for _, result in sorted(self.inspected.items()):
            if result.get("state") == "inspected":
                yield replace(from_json(result["linted"]), unread={})
        if "linted" in self.compared:
            yield from_json(self.compared["linted"])
        yield declared.look(self.notices)
        yield Linted(findings=(), notes=(*self.valid.get("notes", ()), *self._not_asked()))

    def _not_asked(self) -> Iterator[str]:
        """Yield which nodes the limit leaves out of the farms that were looked at."""
        farms = [{*farm["members"]} for farm in self.valid.get("farms", {}).values()]
        left_out = sorted(node for farm in farms if farm & {*self.inspected} for node in farm - {*self.inspected})
        if left_out:
            names = ", ".join(left_out[:_NAMES_SHOWN]) + (", ..." if len(left_out) > _NAMES_SHOWN else "")
            count = f"{len(left_out)} node{'' if len(left_out) == 1 else 's'}"
            yield f"the limit leaves out {count} of the farm, which the others were not compared with: {names}"


def run(options: argparse.Namespace) -> int:
    """Lint as *options* say, print what there is to tell and answer the exit code."""
    if options.rules or options.rule is not None:
        return _explain(options)
    errors = raising.rules(options.errors)
    baseline = Baseline.read(Path(options.baseline)) if options.baseline else None
    files, inventories = _sorted_out(options)
    parts: list[Linted] = []
    nodes = _Nodes()
    disclosed = None
    is_empty = False
    if files:
        is_empty = next(walk(files), None) is None
        if is_empty and not options.offline:
            hint = "name a folder with .config files, or an inventory; with --offline it is no error"
            raise EngineError(NOTHING, hint=hint)
        disclosed = disclosed_keys(options)
        found = look(files, disclosed.keys, on_farm=not options.single)
        parts.append(replace(found, notes=(*found.notes, *disclosed.notes)))
    if inventories:
        with handed_on(disclosed, options) as given:
            _ask(nodes, given, inventories)
        parts += nodes.linted()
    report = LintReport(
        linted=raising.raised(_joined(parts), errors),
        nodes=nodes.looked(),
        problems=nodes.problems,
        baseline=baseline,
        strict=options.strict,
        asked=bool(inventories),
        named=frozenset(shown(file) for file in files if not file.is_dir()),
        is_empty=is_empty,
    )
    if options.write_baseline:
        _accept(report, options.write_baseline)
    else:
        _show(report, options)
    _complain_of(nodes, report)
    return int(_of_writing(report) if options.write_baseline else report.exit_code)


def _sorted_out(options: argparse.Namespace) -> tuple[list[Path], list[str]]:
    """Answer which files are looked at here, and which inventories are asked; raises `KeydeployError`."""
    files: list[Path] = []
    inventories: list[str] = list(options.more)
    if options.offline and inventories:
        raise EngineError("--offline asks no node, so -i has no meaning", hint="name the inventory without -i")
    for name in options.paths:
        path = Path(name)
        if not os.path.exists(path):  # noqa: PTH110
            hint = "name a folder, a .config file or an inventory; hosts with a comma go behind -i"
            raise EngineError(f"there is no {name}", hint=hint)
        if not options.offline and _is_inventory(path):
            inventories.append(name)
        else:
            files.append(path)
    if not files and not inventories:
        raise EngineError(NOTHING, hint="name a folder, a .config file or an inventory")
    return files, inventories


def _is_inventory(path: Path) -> bool:
    """Tell whether Ansible is to read *path*; a file whose name has no ending is nothing else, or a private key."""
    kind = path.suffix.lower()
    if not path.is_file() or (not kind and _is_private_key(path)):
        return False
    return kind in _INVENTORIES or (kind in _SCRIPTS and os.access(path, os.X_OK))


def _is_private_key(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return private_key_file.is_one(file.read(_LONGEST_KEY))
    except OSError:  # Whoever is to read it tells why it cannot be read.
        return False


def _ask(nodes: _Nodes, options: argparse.Namespace, inventories: Sequence[str]) -> None:
    """Ask all nodes of *inventories*; raises `EngineError`."""
    messages = screen.standard_error(options)
    given = arguments(argparse.Namespace(**{**vars(options), "inventory": None, "more": list(inventories)}))
    engine = Engine("lint", given)
    try:
        with progress(messages) as show:
            for event in engine.events():
                nodes.record(event)
                show(event)
    finally:
        engine.kill()
    if nodes.valid.get("state") not in ("valid", "invalid", "empty"):
        told = nodes.valid.get("cause") or "the run ended before the spec was checked"
        raise KeydeployError(told, hint=nodes.valid.get("hint") or "-v shows what Ansible says")
    if nodes.inspected and nodes.compared.get("state") != "compared":
        told = nodes.compared.get("cause") or "the run ended before the nodes were compared"
        raise KeydeployError(told, hint=nodes.compared.get("hint") or "-v shows what Ansible says")


def _joined(parts: Sequence[Linted]) -> Linted:
    findings: list[Finding] = [finding for part in parts for finding in part.findings]
    return Linted(
        findings=tuple(findings),
        suppressed=tuple(each for part in parts for each in part.suppressed),
        unread={file: reason for part in parts for file, reason in part.unread.items()},
        broken=frozenset(file for part in parts for file in part.broken),
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )


def _of_writing(report: LintReport) -> ExitCode:
    """Answer 0 where everything could be looked at, or what keeps a baseline from being written."""
    return replace(report, linted=replace(report.linted, findings=())).exit_code


def _accept(report: LintReport, file: str) -> None:
    """Write the baseline, unless something could not be looked at."""
    if _of_writing(report) is not ExitCode.FINE:
        complain(f"no baseline was written to {file}", "a baseline is written when everything could be looked at")
        return
    written = Baseline.of(report.linted.findings, Path(file).parent, report.baseline)
    written.write(Path(file))
    count = len(written.entries)
    told = f"{count} finding{'' if count == 1 else 's'} accepted in {file}; fill in why, and name it with --baseline"
    sys.stdout.write(f"{told}\n")


def _show(report: LintReport, options: argparse.Namespace) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if options.format == "text":
        if screen.shows(options, report.exit_code):
            _print(lint_text.lines(report), options)
        return
    json.dump(report.to_json(now) if options.format == "json" else to_sarif(report, now), sys.stdout, indent=2)
    sys.stdout.write("\n")


def _complain_of(nodes: _Nodes, report: LintReport) -> None:
    """Tell why no node was asked, where none was, and what declared keys could not be compared with."""
    missing = dict.fromkeys((each.text, each.hint) for each in nodes.notices if each.kind is Kind.NOT_CHECKED)
    for told, hint in missing:
        complain(told, hint)
    if nodes.problems:
        count = f"{len(nodes.problems)} problem{'' if len(nodes.problems) == 1 else 's'}"
        complain(f"the spec has {count}; no node was asked")
    elif report.looks_at_no_node and nodes.valid.get("farms"):
        complain("the limit leaves out every node that declares something", "check -l")
    elif report.looks_at_no_node:
        complain_of_nothing_declared()


def _explain(options: argparse.Namespace) -> int:
    """Print the table of rules, or one of them."""
    found = RULES if options.rule is None else (raising.rule(options.rule),)
    if options.format != "text":
        json.dump([rule_to_json(rule) for rule in found], sys.stdout, indent=2)
        sys.stdout.write("\n")
        return int(ExitCode.FINE)
    _print(lint_text.of_rules(found) if options.rule is None else lint_text.of_rule(found[0]), options)
    return int(ExitCode.FINE)


def _print(lines: Iterator[Text], options: argparse.Namespace) -> None:
    screen.write(screen.standard_output(options), lines)
