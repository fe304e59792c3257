"""What lint found as text for a person: findings by file, each remedy once, what was left out, and the sum."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from rich.text import Text

from keydeploy.lint.model import Finding, Rule, Severity
from keydeploy.report.lint import LOOKED_AT, NOTHING, LintReport

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def lines(report: LintReport) -> Iterator[Text]:
    """Yield *report* line by line; what is the same on several nodes is one line."""
    for problem in report.problems:
        yield Text(str(problem))
    for _, group in groupby(_together(report.findings), key=lambda each: each[0].file):
        for finding, nodes in group:
            yield _line(finding, nodes)
        yield Text("")
    for rule in report.rules:
        yield Text.assemble((f"[{rule.id}]", _STYLES[rule.severity]), f" {rule.title}: {rule.remedy}")
    if report.rules:
        yield Text("")
    yield from _left_out(report)
    if not report.problems:
        yield Text(summary(report), style="bold")


def summary(report: LintReport) -> str:
    """Answer one sentence that says how it went; it counts what is shown."""
    shown = [finding for finding, _ in _together(report.findings)]
    counts = Counter(finding.rule.severity for finding in shown)
    told = [_number(counts[severity], severity.value) for severity in Severity if counts[severity]]
    where = f" in {_number(len({finding.file for finding in shown}), 'file')}" if shown else ""
    unread = len([*report.unread()])
    unknown = f"; {unread} could not be looked at, see above" if unread else ""
    accepted = len(report.accepted)
    more = f"; {_number(accepted, 'finding')} accepted" if accepted else ""
    return f"{_listed(told) if told else _of_nothing(report)}{where}{unknown}{more}{_of_nodes(report)}"


def _of_nothing(report: LintReport) -> str:
    if report.is_empty and not report.nodes:
        return NOTHING
    return "nothing found" if any(report.unread()) or report.looks_at_no_node else "nothing to complain about"


def _of_nodes(report: LintReport) -> str:
    if report.looks_at_no_node:
        return "; no node was looked at"
    count = len(report.nodes)
    looked = sum(node.state == LOOKED_AT for node in report.nodes)
    if looked < count:
        return f"; {looked} of {_number(count, 'node')} looked at"
    return f"; {_number(count, 'node')} looked at" if count else ""


def of_rule(rule: Rule) -> Iterator[Text]:
    """Yield line by line what there is to know of *rule*."""
    yield Text.assemble((rule.id, "bold"), ": ", (rule.severity.value, _STYLES[rule.severity]), f": {rule.title}")
    yield Text(f"why: {rule.reason}")
    yield Text(f"source: {rule.source}")
    yield Text(f"remedy: {rule.remedy}")


def of_rules(rules: Iterable[Rule]) -> Iterator[Text]:
    """Yield one line for each of *rules*."""
    table = list(rules)
    width = max(len(rule.id) for rule in table)
    for rule in table:
        severity = (rule.severity.value.ljust(len(Severity.WARNING.value)), _STYLES[rule.severity])
        yield Text.assemble(rule.id.ljust(width), "  ", severity, f"  {rule.title}")


def _together(findings: Sequence[tuple[Finding, str]]) -> list[tuple[Finding, tuple[str, ...]]]:
    """Answer each finding once, with the nodes on which it is the same."""
    nodes: dict[tuple[Any, ...], list[str]] = {}
    firsts: dict[tuple[Any, ...], Finding] = {}
    for finding, _ in findings:
        same = (finding.file, finding.line, finding.column, finding.rule.id, finding.text, finding.subject)
        firsts.setdefault(same, finding)
        nodes.setdefault(same, []).extend([finding.node] if finding.node else [])
    return [(finding, tuple(dict.fromkeys(nodes[same]))) for same, finding in firsts.items()]


def _line(finding: Finding, nodes: Sequence[str]) -> Text:
    place = ":".join(str(part) for part in (finding.file, finding.line, finding.column) if part is not None)
    on = f" (on {_listed(nodes)})" if nodes else ""
    severity = (finding.rule.severity.value, _STYLES[finding.rule.severity])
    rule = (f"[{finding.rule.id}]", "dim")
    return Text.assemble(f"{_printable(place)}: ", severity, f": {_printable(finding.text)} ", rule, on)


def _left_out(report: LintReport) -> Iterator[Text]:
    for node, file, reason in report.unread():
        where = f"{node}: {file}" if node else file
        yield Text(_printable(f"not looked at: {where}: {reason}"), style="yellow")
    for each in report.nodes:
        if each.state != LOOKED_AT:
            yield Text(f"{each.node}: {each.state}: {each.cause}", style="red")
            if each.hint:
                yield Text(f"  hint: {each.hint}")
    for entry in report.stale:
        told = f"the baseline accepts what is not found any more; remove it: {entry}"
        yield Text(_printable(told), style="yellow")
    silent = sum(not entry.reason.strip() for entry in report.baseline.entries) if report.baseline else 0
    if silent:
        yield Text(f"note: {_number(silent, 'finding')} in the baseline without a reason; fill it in")
    for note in report.linted.notes:
        yield Text(f"note: {note}")


def _printable(text: str) -> str:
    """Answer *text* without what would steer a terminal: names of files may come from somebody else's repository."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _number(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _listed(parts: Sequence[str]) -> str:
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last
