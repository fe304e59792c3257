"""What a run found and did, put together from the events of its playbook.

A value without secrets: the text and JSON reports, and the exit code, are made from it alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from keydeploy import __version__
from keydeploy.engine import Event
from keydeploy.errors import Problem
from keydeploy.plan import Cause, NodePlan, Plan, Reason
from keydeploy.report.timings import StepTime, Stopwatch
from keydeploy.spec import Kind, Material, Notice

TAKEN_BACK = {"unstaged", "rolled_back"}
"""The outcomes of a node that shows what it did before and holds nothing of the run."""


class Verb(Enum):
    """What the run was asked for."""

    VALIDATE = "validate"
    PLAN = "plan"
    APPLY = "apply"
    ROLLBACK = "rollback"
    DRIFT = "drift"

    @property
    def changes(self) -> bool:
        """Tell whether the verb changes nodes."""
        return self in (Verb.APPLY, Verb.ROLLBACK)


class Verdict(Enum):
    """How a farm stands at the end of a run."""

    IN_ORDER = "in_order"
    """Every node is as declared, and nothing was done."""
    PENDING = "pending"
    """Changes would be made, or drift was found."""
    APPLIED = "applied"
    ROLLED_BACK = "rolled_back"
    """A change was taken back, or never went live; every node shows what it did before."""
    REFUSED = "refused"
    """Nothing was changed, or the state cannot be told; the reasons say why."""
    PARTLY = "partly"
    """Some nodes have changed, in waves, and the others show what they did before."""
    INCOMPLETE = "incomplete"
    """The farm may be split, or a node holds an unfinished run."""
    FINISHED = "finished"
    """An unfinished run was brought to its end, and nothing else was done."""
    TAKEN_BACK = "taken_back"
    """The run to take back was unfinished, and has ended with every node as before it."""
    NOT_LOOKED_AT = "not_looked_at"
    """The run was told to leave all of its nodes out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeReport:
    """One node: what was planned for it and how the run ended there."""

    node: str
    plan: NodePlan | None
    outcome: str | None
    """The state that the last step answered, such as `applied`; None when it gave none."""
    reasons: tuple[str, ...] = ()
    hint: str | None = None
    """The next step, where there is one."""
    confirmed: str | None = None
    """The run that was confirmed there last, as far as the node tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FarmReport:
    """One farm."""

    farm: str
    spec: str
    verdict: Verdict
    nodes: tuple[NodeReport, ...]
    reasons: tuple[Reason, ...] = ()
    not_looked_at: tuple[str, ...] = ()
    missing: tuple[Reason, ...] = ()
    """Members that cannot be reached, and that the spec lets the farm do without."""
    waves: tuple[tuple[str, ...], ...] = ()
    materials: tuple[Material, ...] = ()
    """What is declared, and how long it lasts; the same for every node."""

    @property
    def gave_way(self) -> bool:
        """Tell whether nothing but another run stood against the change."""
        busy = bool(self.reasons) and all(reason.cause is Cause.BUSY for reason in self.reasons)
        return busy and self.verdict is Verdict.ROLLED_BACK


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole run."""

    verb: Verb
    check: bool = False
    """It was a change that was only looked at."""
    run: str = ""
    problems: tuple[Problem, ...] = ()
    """The mistakes of the spec; with any of them nothing was contacted."""
    declared: tuple[str, ...] = ()
    """Hosts that belong to a farm; empty also when the spec is invalid."""
    skipped: tuple[str, ...] = ()
    """Hosts that declare nothing."""
    farms: tuple[FarmReport, ...] = ()
    failure: str | None = None
    """Why the run ended before it could tell anything."""
    interrupted: bool = False
    policy: tuple[Notice, ...] = ()
    """What policy has to say of the declared keys; empty where the spec is invalid."""
    notes: tuple[str, ...] = ()
    """What was not looked at, or not with what is known today."""
    timings: tuple[StepTime, ...] = ()
    """How long the steps took, in their order; of a run that began anew those of its last pass."""

    @property
    def is_refused_by_policy(self) -> bool:
        """Tell whether nothing but policy is against the spec."""
        return bool(self.problems) and all(problem.policy for problem in self.problems)

    @property
    def shown_policy(self) -> tuple[Notice, ...]:
        """Answer what policy has to say of the farms that were looked at; of all where only the spec was."""
        left_out = [farm.farm for farm in self.farms if farm.verdict is Verdict.NOT_LOOKED_AT]
        return tuple(notice for notice in self.policy if notice.farm not in left_out)

    @property
    def is_against_policy(self) -> bool:
        """Tell whether a look finds a key overdue, or publicly known; a change may be what replaces an overdue key."""
        against = (Kind.OVERDUE, Kind.DISCLOSED)
        looks = self.verb in (Verb.PLAN, Verb.DRIFT) or (self.verb is Verb.APPLY and self.check)
        return looks and any(notice.kind in against for notice in self.shown_policy)

    @property
    def not_checked(self) -> tuple[Notice, ...]:
        """Answer what policy could not be asked about."""
        return tuple(notice for notice in self.shown_policy if notice.kind is Kind.NOT_CHECKED)

    @property
    def looks_at_nothing(self) -> bool:
        """Tell whether no declared node is left to look at."""
        farms = self.farms
        return not self.declared or (bool(farms) and all(farm.verdict is Verdict.NOT_LOOKED_AT for farm in farms))

    @property
    def is_to_be_repeated(self) -> bool:
        """Tell whether the same can be tried once more: a run was in the way, and has ended or given up."""
        failed = (Verdict.ROLLED_BACK, Verdict.PARTLY)
        if any(farm.verdict in failed and not farm.gave_way for farm in self.farms):
            return False  # that farm would be changed once more, and its failure not be told
        return any(farm.verdict is Verdict.FINISHED or farm.gave_way for farm in self.farms)


@dataclass(frozen=True, slots=True)
class Made:
    """When a report was made (*time*, RFC 3339 in UTC), and by which *version* of keydeploy."""

    time: str
    version: str = __version__


@dataclass(slots=True)
class Recorder:
    """Takes events in and answers the report."""

    verb: Verb
    check: bool = False
    interrupted: bool = False
    failure: str | None = None
    """Why there are no events, or no more."""
    _staging: bool = False
    _decided: bool = False
    _steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    _last: dict[str, tuple[str | None, dict[str, Any]]] = field(default_factory=dict)
    _confirmed: dict[str, str | None] = field(default_factory=dict)
    _stopwatch: Stopwatch = field(default_factory=Stopwatch)

    def record(self, event: Event) -> None:
        """Take *event* in."""
        self._stopwatch.record(event)
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
        if failure is None and valid.get("state") not in ("valid", "invalid", "empty"):
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
        return NodeReport(
            node=node,
            plan=plan.node(node),
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
