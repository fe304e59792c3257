"""Reads reports that earlier runs have saved as JSON.

Whatever is wrong with a file is told at once, each thing with its place in it, and never with a value.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from keydeploy.errors import KeydeployError, Problem
from keydeploy.report import contradictions, data
from keydeploy.report.model import Made, Report, Verb
from keydeploy.report.visible import visible, visible_line
from keydeploy.schema import validator

_OTHERS = {
    "plan": "this is a saved plan; keydeploy show prints it",
    "lint": "this is what lint found; a report comes from plan, apply, rollback, drift or validate",
    "comparison": "this is a comparison of two reports; give the reports themselves",
    "rehearsal": "this is a rehearsal; its report stands in it as `report`",
    "status": "this is what status printed; a report comes from plan, apply, rollback, drift or validate",
}
"""What else keydeploy prints as JSON, by the name that each begins with."""
_EDITS = "to_stage"
_LARGEST = 2.0**53
"""Beyond it whole numbers are not exact everywhere (RFC 8259, section 6)."""
_HINT = "keydeploy drift INVENTORY --format json > FILE saves a report"
_CONTRADICTS = "it is cut, changed, or of a version that told less; keydeploy drift INVENTORY makes another one"
_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


class SavedReportError(KeydeployError):
    """A file that is no report; *problems* holds all that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...], *, hint: str = _HINT) -> None:
        super().__init__("; ".join(str(problem) for problem in problems), hint=hint)
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Saved:
    """A report, and when and by which version it was made."""

    report: Report
    made: Made
    tells_materials: bool = True
    """Whether it tells what is declared, and how long that lasts; the first reports did not."""


def read(name: str, content: bytes) -> Saved:
    """Read a report from *content*, the bytes of the file *name*; raises `SavedReportError`."""
    value = _parse(name, content)
    problems = tuple(dict.fromkeys(_problems(name, value)))
    if problems:
        raise SavedReportError(problems, hint=_hint(value))
    shown = _visible(value)
    report = data.from_json(shown)
    found = tuple(Problem(name, *each) for each in contradictions.contradictions(report, value["exit_code"]))
    if "declared" not in value and report.verb is Verb.VALIDATE and not report.problems:
        found = (Problem(name, "", "lacks declared, without which a report of validate tells nothing"),)
    if found:
        raise SavedReportError(found, hint=_CONTRADICTS)
    return Saved(report, data.made_of(shown), tells_materials=all("materials" in farm for farm in value["farms"]))


def _parse(name: str, content: bytes) -> Any:
    try:
        value = json.loads(content.decode("utf-8-sig"), parse_int=_number, parse_float=_number, parse_constant=_number)
    except json.JSONDecodeError as error:
        place = f"{name}:{error.lineno}:{error.colno}"
        raise SavedReportError((Problem(place, "", f"this is no JSON: {error.msg}"),)) from None
    except UnicodeError:
        raise SavedReportError((Problem(name, "", "this is no text in UTF-8"),)) from None
    except (RecursionError, ValueError):
        told = "this JSON has no measure: a number in it, or how deep it goes, is beyond all reports"
        raise SavedReportError((Problem(name, "", told),)) from None
    return value


def _number(text: str) -> int | float:
    """Read a number; raises `ValueError` for one that no report holds, such as NaN."""
    number = float(text)
    if not abs(number) < _LARGEST:
        raise ValueError
    return int(text) if text.lstrip("-").isdigit() else number


def _visible(value: Any, show: Callable[[str], str] = visible_line) -> Any:
    """Answer *value* with texts that cannot control a screen: nobody knows who has written the file.

    Each stays on one line, but for the edits of files, which are lines themselves.
    """
    match value:
        case str():
            return show(value)
        case list():
            return [_visible(each, show) for each in value]
        case dict():
            return {name: _visible(each, visible if name == _EDITS else show) for name, each in value.items()}
        case _:
            return value


def _hint(value: Any) -> str:
    if isinstance(value, dict) and _is_newer(value):
        return "use the keydeploy that made it, or a newer one"
    return _HINT


def _is_newer(value: dict[str, Any]) -> bool:
    version = value.get("report")
    return isinstance(version, int) and not isinstance(version, bool) and version > data.VERSION


def _problems(name: str, value: Any) -> Iterator[Problem]:
    if not isinstance(value, dict) or "report" not in value:
        known = next((told for kind, told in _OTHERS.items() if isinstance(value, dict) and kind in value), None)
        yield Problem(name, "", known or "this is no report of keydeploy: it does not say which version of one it is")
        return
    if _is_newer(value):
        told = f"this is a report of version {value['report']}; this keydeploy reads version {data.VERSION}"
        yield Problem(name, "report", told)
        return
    dated = validator("report").evolve(format_checker=Draft202012Validator.FORMAT_CHECKER)
    for error in sorted(dated.iter_errors(value), key=lambda each: [str(part) for part in each.absolute_path]):
        yield Problem(name, _address(error), _explain(error))
    if isinstance(value.get("time"), str) and not _is_time(value["time"]):
        yield Problem(name, "time", "expected a date with a time and an offset, such as 2026-11-21T12:00:00+00:00")


def _is_time(text: str) -> bool:
    try:
        found = datetime.fromisoformat(text)
        return found.tzinfo is not None and found.astimezone(UTC) is not None
    except (ValueError, OverflowError):  # before the first year, or after the last
        return False


def _address(error: ValidationError) -> str:
    """Answer where it is in the document, such as `farms[0].nodes[2].outcome`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path).lstrip(".")


def _explain(error: ValidationError) -> str:
    """Tell the rule that is broken; the messages of `jsonschema` quote the value."""
    rule: Any = error.validator_value
    names: Any = error.instance if isinstance(error.instance, dict) else {}
    rules: dict[str, Callable[[], str]] = {
        "required": lambda: f"lacks {', '.join(each for each in rule if each not in names)}",
        "additionalProperties": lambda: "holds names that a report does not have",
        "type": lambda: f"expected {' or '.join(_TYPES[each] for each in ([rule] if isinstance(rule, str) else rule))}",
        "enum": lambda: f"expected one of {', '.join(str(each) for each in rule)}",
        "const": lambda: f"expected {rule}",
        "format": lambda: f"expected a {rule}",
    }
    tell = rules.get(str(error.validator))
    return tell() if tell else "is of no kind that a report knows"
