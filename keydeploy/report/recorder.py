"""Puts the report of a run together from the events of its playbook."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from keydeploy.engine import Event
from keydeploy.errors import Problem
from keydeploy.plan import Plan, Reason
from keydeploy.report.model import TAKEN_BACK, FarmReport, NodeReport, Report, Verb, Verdict
from keydeploy.report.timings import Stopwatch
from keydeploy.spec import Material, Notice


@dataclass(slots=True)
class Recorder:
    """Takes events in and answers the report."""

    verb: Verb
    check: bool = False
    interrupted: bool = False
    failure: str | None = None
    """Why there are no events, or no more."""
    _plays_for_nobody: bool = False
    _staging: bool = False
    _decided: bool = False
    _steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    _last: dict[str, tuple[str | None, dict[str, Any]]] = field(default_factory=dict)
    _confirmed: dict[str, str | None] = field(default_factory=dict)
    _stopwatch: Stopwatch = field(default_factory=Stopwatch)

    def record(self, event: Event) -> None:
        """Take *event* in."""
        self._stopwatch.record(event)
        if event.kind == "play":
            self._plays_for_nobody = not event.hosts
        if event.kind == "task" and event.name in ("pause", "stage"):
            self._staging, self._decided = True, False
        if event.kind != "result" or event.host is None:
            return
        if event.name in ("gate", "verdict"):  # of each wave anew, and each tells of its own farms
            farms = {**self._steps.get(event.name, {}).get("farms", {}), **event.result.get("farms", {})}
            self._steps[event.name] = {**event.result, "farms": farms}
            self._decided = any(farm.get("go") for farm in event.result.get("farms", {}).values()) or self._decided
        elif event.name in ("validate", "plan"):
            self._steps[event.name] = event.result
        elif event.name == "observe":
            self._confirmed[event.host] = event.result.get("observation", {}).get("confirmed")
        elif event.name in ("conclude", "show", "drift"):
            self._last[event.host] = (event.status, event.result)

    @property
    def is_decided(self) -> bool:
        """Tell whether the gate has let something go live that is not at its end."""
        return self._decided

    @property
    def hint(self) -> str | None:
        """Answer the next step where a run-once step failed."""
        return next((step.get("hint") for step in self._steps.values() if step.get("state") == "failed"), None)

    @property
    def plans(self) -> list[Plan]:
        """Answer the plans of all farms, none before they are made."""
        return [Plan.from_json(value) for value in self._steps.get("plan", {}).get("farms", {}).values()]

    def report(self) -> Report:
        """Answer what the events so far tell."""
        valid, planned = self._steps.get("validate", {}), self._steps.get("plan", {})
        problems = tuple(Problem(**problem) for problem in valid.get("problems", ()))
        plans = self.plans
        declared = [member for farm in valid.get("farms", {}).values() for member in farm["members"]]
        failure = self.failure
        is_empty = not valid and self._plays_for_nobody  # an inventory without hosts declares nothing
        if failure is None and not is_empty and valid.get("state") not in ("valid", "invalid", "empty"):
            failure = valid.get("cause") or "the run ended before the spec was checked"
        elif failure is None and self.verb is not Verb.VALIDATE and declared and not plans:
            failure = planned.get("cause") or "the run ended before it had a plan"
        return Report(
            verb=self.verb,
            check=self.check,
            run=self._run,
            problems=problems,
            declared=tuple(declared),
            skipped=tuple(valid.get("undeclared", ())),
            farms=tuple(self._farm(plan) for plan in plans),
            failure=failure,
            interrupted=self.interrupted,
            policy=tuple(Notice.from_json(notice) for notice in valid.get("policy", ())),
            notes=tuple(valid.get("notes", ())),
            timings=self._stopwatch.times(),
        )

    def _farm(self, plan: Plan) -> FarmReport:
        members = self._farms[plan.farm]["members"]
        nodes = tuple(self._node(member, plan) for member in members if member not in plan.not_looked_at)
        obstacles = self._reasons("plan", "obstacles", plan.farm) if self.verb.changes and plan.changes else []
        decided = self._step_of("gate", plan.farm)
        judged = self._step_of("verdict", plan.farm)
        reasons = [*plan.reasons, *obstacles, *_reasons((judged or decided).get("reasons", ()))]
        return FarmReport(
            farm=plan.farm,
            spec=plan.spec,
            verdict=self._verdict(plan, nodes, refused=bool(plan.reasons or obstacles)),
            nodes=nodes,
            reasons=tuple(dict.fromkeys(reasons)),
            not_looked_at=plan.not_looked_at,
            missing=plan.missing,
            waves=plan.waves,
            materials=tuple(Material.from_json(each) for each in self._farms[plan.farm]["materials"]),
        )

    @property
    def _farms(self) -> dict[str, Any]:
        return dict(self._steps["validate"]["farms"])

    def _verdict(self, plan: Plan, nodes: tuple[NodeReport, ...], *, refused: bool) -> Verdict:
        outcomes = {node.outcome for node in nodes}
        if not nodes:
            return Verdict.NOT_LOOKED_AT
        if plan.finishes:
            return self._end_of_another(plan, outcomes - {None} if plan.missing else outcomes)
        if refused or not plan.changes:
            return Verdict.REFUSED if refused else Verdict.IN_ORDER
        if not self.verb.changes or self.check:
            return Verdict.PENDING
        if not self._staging:
            return Verdict.REFUSED
        reached = {node.outcome for node in nodes if node.node not in {reason.node for reason in plan.missing}}
        return _end(reached - {"missing"}, in_waves=bool(plan.waves))

    def _end_of_another(self, plan: Plan, outcomes: set[str | None]) -> Verdict:
        """Answer the verdict where an unfinished run was to be ended first."""
        if not plan.may_finish or not outcomes or not outcomes <= {"finished", "ended"}:
            return Verdict.INCOMPLETE
        took_back = self.verb is Verb.ROLLBACK and not self._names_a_run and "ended" not in outcomes
        if took_back and not any(finish.forward for finish in plan.finishes):
            return Verdict.TAKEN_BACK
        return Verdict.FINISHED

    @property
    def _run(self) -> str:
        return self._steps.get("validate", {}).get("run") or ""

    @property
    def _names_a_run(self) -> bool:
        """Tell whether the way back is that of a certain run."""
        return bool((self._steps.get("validate", {}).get("undo") or {}).get("run"))

    def _node(self, node: str, plan: Plan) -> NodeReport:
        status, result = self._last.get(node, (None, {}))
        outcome = result.get("state") or ("failed" if status in ("failed", "unreachable") else None)
        cause = [result["cause"]] if result.get("cause") else []
        planned = plan.node(node)
        if planned is not None and planned.undoes is not None and plan.finishes:
            # The unfinished run is ended alone; what the way back of an earlier one would do is no part of this.
            planned = replace(planned, operations=(), to_stage=())
        return NodeReport(
            node=node,
            plan=planned,
            outcome=outcome,
            reasons=tuple(cause),
            hint=result.get("hint") if cause else None,
            confirmed=self._run if outcome == "applied" else self._confirmed.get(node),
        )

    def _step_of(self, step: str, farm: str) -> dict[str, Any]:
        return dict(self._steps.get(step, {}).get("farms", {}).get(farm, {}))

    def _reasons(self, step: str, name: str, farm: str) -> list[Reason]:
        return _reasons(self._steps.get(step, {}).get(name, {}).get(farm, ()))


def _end(outcomes: set[str | None], *, in_waves: bool) -> Verdict:
    """Answer the verdict on a farm of which some node may have staged; nodes that answer nothing may still hold it."""
    if outcomes <= ({"applied", "in_order"} if in_waves else {"applied"}):
        return Verdict.APPLIED
    if in_waves and outcomes <= {"applied", "in_order", "not_begun", "left_out", *TAKEN_BACK}:
        return Verdict.PARTLY if outcomes & {"applied", "left_out"} else Verdict.ROLLED_BACK
    return Verdict.ROLLED_BACK if outcomes <= TAKEN_BACK else Verdict.INCOMPLETE


def _reasons(values: Iterable[Mapping[str, Any]]) -> list[Reason]:
    return [Reason.from_json(value) for value in values]
