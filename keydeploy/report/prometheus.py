"""A run as Prometheus text, for the textfile collector of the node exporter.

What cannot be told is absent, never 0. When a farm was last seen to be as declared is carried over from the file that
is replaced, so that the age of the last proof grows while nothing can be proved.

Sources: Prometheus, "Text-based format" 0.0.4, and "Metric and label naming": base units, so seconds and not days.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from keydeploy.disclosed import NO_LIST
from keydeploy.report.exit_code import exit_code
from keydeploy.report.model import FarmReport, Made, Report, Verb, Verdict
from keydeploy.report.standing import Standing, State, standings
from keydeploy.report.visible import visible
from keydeploy.spec import Kind, Material

_VERIFIED = "keydeploy_farm_last_verified_timestamp_seconds"
HELP: Mapping[str, str] = {
    "keydeploy_up": "Whether the run could do its work: 0 where the spec is invalid, no node is declared, Ansible"
    " failed or somebody interrupted it.",
    "keydeploy_run_exit_code": "The exit code of the run.",
    "keydeploy_run_timestamp_seconds": "When the run ended.",
    "keydeploy_run_info": "What was run, by which version, and under which name.",
    "keydeploy_step_duration_seconds": "How long each step of the run took.",
    "keydeploy_spec_problems": "Mistakes of the spec, and declared keys that are refused by policy; absent where the"
    " spec was not checked.",
    "keydeploy_policy_findings": "What policy has to say of a farm, and what its nodes use although it must not be"
    " used; absent where that cannot be told.",
    "keydeploy_farm_verdict": "How the run ended for the farm: 1 for one of the verdicts; no proof, as members that the"
    " farm may do without may be out of reach.",
    "keydeploy_farm_drift": "Whether any node of the farm differs from what is declared; absent where that cannot be"
    " told.",
    _VERIFIED: "When every node of the farm was last seen to be as declared, by this run or an earlier one.",
    "keydeploy_node_state": "How the node stands: 1 for one of the states.",
    "keydeploy_node_drift": "Whether the node differs from what is declared; absent where that cannot be told.",
    "keydeploy_node_findings": "How many things on the node are not as declared, absent where something there cannot"
    " be told and none is known; and how many cannot be told.",
    "keydeploy_node_confirmed_run_info": "The run that was last confirmed on the node, as far as the node tells.",
    "keydeploy_key_created_timestamp_seconds": "0:00 UTC of the day on which a declared key was made; of a certificate,"
    " of its first valid day.",
    "keydeploy_key_due_timestamp_seconds": "0:00 UTC of the first day on which a declared key is overdue.",
    "keydeploy_certificate_expiry_timestamp_seconds": "0:00 UTC of the day on which a declared certificate expires.",
}
"""Every metric, in the order of the text; all are gauges."""

_LABEL = re.compile(rf'{_VERIFIED}\{{farm="((?:[^"\\]|\\.)*)"\}} ([0-9]{{1,12}})')
_STATES = ("in_order", "drift", "unreachable", "unknown", "not_looked_at")
_FINDINGS = (State.MISSING, State.CHANGED, State.EXTRA, State.UNKNOWN, State.UNREACHABLE)
_VIOLATION = "must_not_be_used"
_CERTIFICATES = "certificates."
_DAY = 24 * 60 * 60
"""Seconds; the day after the last one has no date."""


@dataclass(frozen=True, slots=True)
class _Sample:
    name: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


def render(report: Report, made: Made, *, record: str | None = None, before: str = "") -> str:
    """Answer *report*, which was *made* so, as text.

    *before* is the text of the file that is replaced. *record* names that file in what is told of the run as a whole,
    so that the files of several runs may lie in one folder.
    """
    samples = [
        *_of_run(report, made, {"record": record} if record is not None else {}),
        *_of_policy(report),
        *(sample for farm in report.farms for sample in _of_farm(farm, report.verb)),
        *_verified(report, made, dict(_earlier(before))),
    ]
    return "".join(_family(name, samples) for name in HELP)


def _of_run(report: Report, made: Made, own: Mapping[str, str]) -> Iterator[_Sample]:
    failed = report.failure is not None or report.interrupted or bool(report.problems) or report.looks_at_nothing
    yield _sample("keydeploy_up", not failed, own)
    yield _sample("keydeploy_run_exit_code", int(exit_code(report)), own)
    yield _sample("keydeploy_run_timestamp_seconds", _instant(made), own)
    told = {"verb": report.verb.value, "check": str(report.check).lower(), "version": made.version, "run": report.run}
    yield _sample("keydeploy_run_info", 1, {**own, **told})
    for step in report.timings:
        yield _sample("keydeploy_step_duration_seconds", step.seconds, {**own, "step": step.step})
    if report.failure is None and not report.interrupted:
        count = Counter("policy" if problem.policy else "spec" for problem in report.problems)
        yield from (
            _sample("keydeploy_spec_problems", count[kind], {**own, "kind": kind}) for kind in ("spec", "policy")
        )


def _of_policy(report: Report) -> Iterator[_Sample]:
    """Yield how much of each kind there is, 0 also, so that an alert can tell nothing from no word."""
    counts = Counter((notice.farm, notice.kind.value) for notice in report.shown_policy)
    looked_at = {farm.farm: farm for farm in report.farms if farm.verdict is not Verdict.NOT_LOOKED_AT}
    named = dict.fromkeys((*looked_at, *(farm for farm, _ in counts)))
    for name, farm in looked_at.items():
        plans = [node.plan for node in farm.nodes if node.plan is not None]
        counts[name, _VIOLATION] = sum(len(each.violations) for plan in plans for each in plan.operations)
    has_list = not any(note.startswith(NO_LIST) for note in report.notes)
    for name in named:
        untold = set() if has_list and not counts[name, Kind.NOT_CHECKED.value] else {Kind.DISCLOSED.value}
        if name not in looked_at or not _shows_what_is_used(looked_at[name], report.verb):
            untold.add(_VIOLATION)
        for kind in (*(kind.value for kind in Kind), _VIOLATION):
            if counts[name, kind] or kind not in untold:
                yield _sample("keydeploy_policy_findings", counts[name, kind], {"farm": name, "kind": kind})


def _shows_what_is_used(farm: FarmReport, verb: Verb) -> bool:
    """Tell whether all that is declared was seen on every member of *farm*."""
    return _compares(verb) and all(standing.state.is_told for standing in standings(farm))


def _of_farm(farm: FarmReport, verb: Verb) -> Iterator[_Sample]:
    own = {"farm": farm.farm}
    for verdict in Verdict:
        yield _sample("keydeploy_farm_verdict", verdict is farm.verdict, {**own, "verdict": verdict.value})
    found = standings(farm)
    yield from _drift("keydeploy_farm_drift", found, verb, own)
    for standing in found:
        yield from _of_node(standing, verb, {**own, "node": standing.node})
    for material in farm.materials:
        yield from _of_material(material, {**own, "address": material.address})


def _of_node(standing: Standing, verb: Verb, own: Mapping[str, str]) -> Iterator[_Sample]:
    kind = "unknown" if standing.state.is_told and not _compares(verb) else standing.state.kind
    yield from (_sample("keydeploy_node_state", state == kind, {**own, "state": state}) for state in _STATES)
    yield from _drift("keydeploy_node_drift", [standing], verb, own)
    if standing.report is not None and _compares(verb):
        counts = Counter(cell.state for cell in standing.cells)
        for state in _FINDINGS:
            if counts[state] or standing.state.is_told or (standing.cells and not state.is_drift):
                yield _sample("keydeploy_node_findings", counts[state], {**own, "kind": state.value})
    if standing.report is not None and standing.report.confirmed:
        yield _sample("keydeploy_node_confirmed_run_info", 1, {**own, "run": standing.report.confirmed})


def _drift(name: str, found: Iterable[Standing], verb: Verb, own: Mapping[str, str]) -> Iterator[_Sample]:
    """Yield 1 where anything has certainly drifted, and 0 where everything is certainly as declared."""
    standing = list(found)
    if not _compares(verb):
        return
    if any(each.drifts for each in standing):
        yield _sample(name, 1, own)
    elif standing and all(each.state is State.IN_ORDER for each in standing):
        yield _sample(name, 0, own)


def _compares(verb: Verb) -> bool:
    """Tell whether *verb* compares nodes with what is declared; a way back compares them with what was before."""
    return verb is not Verb.ROLLBACK


def _of_material(material: Material, own: Mapping[str, str]) -> Iterator[_Sample]:
    if material.created is not None:
        yield _sample("keydeploy_key_created_timestamp_seconds", _midnight(material.created), own)
    if material.due is not None and material.address.startswith(_CERTIFICATES):
        yield _sample("keydeploy_certificate_expiry_timestamp_seconds", _midnight(material.due), own)
    elif material.due is not None:
        yield _sample("keydeploy_key_due_timestamp_seconds", _midnight(material.due) + _DAY, own)


def _verified(report: Report, made: Made, earlier: Mapping[str, int]) -> Iterator[_Sample]:
    """Yield when each farm was last proved; of a run that tells of no farm, all that was known before."""
    known = dict(earlier) if not report.farms else {}
    for farm in report.farms:
        if _compares(report.verb) and all(each.state is State.IN_ORDER for each in standings(farm)):
            known[farm.farm] = max(_instant(made), earlier.get(farm.farm, 0))  # an old report may be told again
        elif farm.farm in earlier:
            known[farm.farm] = earlier[farm.farm]
    yield from (_sample(_VERIFIED, instant, {"farm": farm}) for farm, instant in known.items())


def _earlier(text: str) -> Iterator[tuple[str, int]]:
    """Yield the farms that the *text* of an earlier record tells of, with their instants; other lines do not matter."""
    for line in text.split("\n"):
        found = _LABEL.fullmatch(line)
        if found is not None:
            yield re.sub(r"\\(.)", lambda escaped: "\n" if escaped[1] == "n" else escaped[1], found[1]), int(found[2])


def _sample(name: str, value: float, labels: Mapping[str, str]) -> _Sample:
    return _Sample(name, value, tuple(labels.items()))


def _instant(made: Made) -> int:
    return int(datetime.fromisoformat(made.time).timestamp())


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())


def _family(name: str, samples: Iterable[_Sample]) -> str:
    lines = [f"{name}{_labels(sample)} {_number(sample.value)}\n" for sample in samples if sample.name == name]
    return f"# HELP {name} {HELP[name]}\n# TYPE {name} gauge\n{''.join(lines)}" if lines else ""


def _labels(sample: _Sample) -> str:
    told = ",".join(f'{label}="{_escaped(value)}"' for label, value in sample.labels)
    return f"{{{told}}}" if told else ""


def _escaped(text: str) -> str:
    shown = visible(text).replace("\r", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
    return shown.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
