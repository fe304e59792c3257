"""A run as SARIF, for code scanning and its viewers: a result for each thing that is not as it must be.

A result tells where on which node it is, and where it is declared when that is known. What kept the run from telling
anything at all is a notification, and the run then counts as not carried out.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from keydeploy.lint.model import Rule, Severity
from keydeploy.report.cases import Case, Result, cases_of_farm, cases_of_run
from keydeploy.report.exit_code import ExitCode, exit_code
from keydeploy.report.model import Made, Report, Verb
from keydeploy.report.run_rules import RULES
from keydeploy.report.sarif import FINGERPRINT, is_on_a_drive, log, physical
from keydeploy.report.standing import State, not_reached
from keydeploy.report.visible import visible

_DRIFT = tuple(state.value for state in State if state.is_drift)
_OF_A_NODE = ("unknown", "unreachable")
"""What mostly holds for a whole node, and is then told of it once."""
_CARRIED_OUT = (ExitCode.FINE, ExitCode.CHANGES, ExitCode.POLICY)


def to_sarif(report: Report, made: Made) -> dict[str, Any]:
    """Answer *report*, which was *made* so, as a SARIF log."""
    found = list(_found(report))
    rules = list(dict.fromkeys(RULES[kind] for kind, _, _, _ in found))
    invocation = _invocation(report, made)
    written = log(f"keydeploy {report.verb.value}", rules, invocation, _results(found, rules, report), made.version)
    properties = {"run": report.run, "verb": report.verb.value, "check": report.check}
    specs = {farm.farm: {"spec": farm.spec, "verdict": farm.verdict.value} for farm in report.farms}
    written["runs"][0]["properties"] = {**properties, "farms": specs}
    return written


_Found = tuple[str, str | None, Case, str]
"""The kind, the farm, what it is about, and the message."""


def _found(report: Report) -> Iterator[_Found]:
    for case in cases_of_run(report):
        if case.kind in RULES:
            yield case.kind, None, case, case.text
    for farm in report.farms:
        whole, *others = cases_of_farm(farm, report.verb)
        found = dict.fromkeys((kind, farm.farm, each, message) for case in others for kind, each, message in _of(case))
        yield from found
        if whole.kind not in ("refused", *_OF_A_NODE) or not any(kind in _OF_A_NODE for kind, _, _, _ in found):
            yield from ((kind, farm.farm, each, message) for kind, each, message in _of(whole))


def _of(case: Case) -> Iterator[tuple[str, Case, str]]:
    """Yield the kinds of what there is to tell of *case*, each with what it is about, and its message.

    What holds for a whole node is about that node alone, so that each thing on it yields the same.
    """
    if case.result in (Result.FAILURE, Result.ERROR) and case.kind in RULES:
        if case.of_node:
            hints = [line for line in case.text.splitlines() if line.startswith("hint: ")]
            about = Case(name=case.node or case.name, result=case.result, node=case.node)
            yield case.kind, about, "\n".join((f"{about.name}: {case.message}", *hints))
        else:
            first, _, rest = case.text.partition("\n")
            text = rest if case.message.endswith(first) else case.text
            yield case.kind, case, f"{case.name}: {case.message}\n{text}".rstrip()
    yield from (("unwise", case, f"{case.name}: {warning}") for warning in case.warnings)


def _results(found: list[_Found], rules: list[Rule], report: Report) -> Iterator[dict[str, Any]]:
    seen: Counter[tuple[str, ...]] = Counter()
    for kind, farm, case, message in found:
        rule = RULES[kind]
        is_milder = case.result is Result.PASSED or (kind in _DRIFT and report.verb is not Verb.DRIFT)
        level = "warning" if is_milder and rule.severity is Severity.ERROR else rule.severity.value
        file = _parts(case.place)[0] if case.place else ""
        what = (rule.id, farm or "", case.node or "", case.address or "", file)
        number, seen[what] = seen[what], seen[what] + 1
        mark = hashlib.sha256("\0".join((*what, str(number))).encode("utf-8", "surrogatepass")).hexdigest()
        yield {
            "ruleId": rule.id,
            "ruleIndex": rules.index(rule),
            "level": level,
            "message": {"text": visible(message)},
            "locations": [_location(farm, case)],
            "partialFingerprints": {FINGERPRINT: mark},
        }


def _location(farm: str | None, case: Case) -> dict[str, Any]:
    """Answer where it is: on which node of which farm, and in which file as far as that is known."""
    names = [name for name in (farm, case.node, case.address) if name]
    location: dict[str, Any] = {
        "logicalLocations": [{"name": names[-1] if names else case.name, "fullyQualifiedName": "/".join(names)}]
    }
    if case.place:
        file, line, column = _parts(case.place)
        location["physicalLocation"] = physical(file, line=line, column=column)
    elif case.target and is_on_a_drive(case.target):
        location["physicalLocation"] = physical(case.target, node=case.node)
    return location


def _parts(place: str) -> tuple[str, int | None, int | None]:
    """Answer the file, the line and the column of *place*; a file's name may hold colons itself."""
    file, *numbers = place.rsplit(":", 2)
    if len(numbers) == 2 and all(number.isdecimal() for number in numbers):
        return file, max(1, int(numbers[0])), max(1, int(numbers[1]))
    return place, None, None


def _invocation(report: Report, made: Made) -> dict[str, Any]:
    code = exit_code(report)
    end = datetime.fromisoformat(made.time).astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {
        "executionSuccessful": code in _CARRIED_OUT,
        "exitCode": int(code),
        "endTimeUtc": end,
        "toolExecutionNotifications": list(_notifications(report)),
    }


def _notifications(report: Report) -> Iterator[dict[str, Any]]:
    """Yield what kept the run from looking, and what it did not look at."""
    run = next(cases_of_run(report))
    if run.result is Result.ERROR:
        hint = f"; {report.hint}" if report.hint else ""
        yield {"level": "error", "message": {"text": visible(run.message + hint)}}
    for farm in report.farms:
        for node in farm.not_looked_at:
            yield {"level": "warning", "message": {"text": visible(f"{farm.farm}/{node}: not looked at")}}
    if not report.failure and not report.interrupted and report.verb is not Verb.VALIDATE and not report.problems:
        for node in not_reached(report):
            yield {"level": "warning", "message": {"text": visible(f"{node}: not looked at")}}
    for note in report.notes:
        yield {"level": "note", "message": {"text": visible(note)}}
