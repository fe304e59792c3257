"""What the steps before this one found out, read from their registered results.

A result counts only when it is of this run and of a host that is still in the play; one without a
state says nothing.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keydeploy.observation import Observation, Undo
    from keydeploy.plan import Cause, Farm, NodePlan, Plan, Reason
    from keydeploy.rollout import Committed, Staged
    from keydeploy.spec import Notice, Rollout, Seals, Spec
    from keydeploy.spec.model import Backups

COMPROMISED = "keydeploy_compromised"
"""The variable that lets no backup outlive the run: what they hold is known to others."""
LEAVE_CHANGED = "keydeploy_leave_changed"
"""The variable that lets an unfinished run end also where somebody has changed what it had put in place."""

ACCEPT_IRREVERSIBLE = "keydeploy_accept_irreversible"
"""The variable that lets a run take away keys that cannot be put back."""

NOT_DRAINED = "it could not be taken out of the load balancer"
NOT_LET_IN = "it could not be let into the load balancer again"
LEFT_OUT = "left_out"
"""The state of a node that is still out of the load balancer."""
ANEW = "a lookup that answers something new each time cannot be deployed"
"""What is to be known where a spec resolves to other values than it did."""

VALID = "keydeploy_valid"
OBSERVED = "keydeploy_observed"
PLAN = "keydeploy_plan"
STAGED = "keydeploy_staged"
GATE = "keydeploy_gate"
COMMITTED = "keydeploy_committed"
VERDICT = "keydeploy_verdict"
DRAINED = "keydeploy_drained"
ENDED = "keydeploy_ended"
LET_IN = "keydeploy_let_in"
WAVE = "keydeploy_wave"
"""The number of the wave that the play works on, from 0; not set where all nodes change at one instant."""

_NO_ANSWER: dict[str, Any] = {
    "state": "failed",
    "cause": "it gave no answer",
    "hint": "a condition left it out, or a connection variable of it cannot be resolved; see ansible-inventory --host",
}
"""What a host without a result of its own stands for: Ansible says why on its output, and may quote secrets there."""


class Run:
    """One pass of the path, as the variables of a task show it."""

    def __init__(self, task_vars: dict[str, Any]) -> None:
        self._vars = task_vars
        self._plans: dict[str | None, Plan | None] = {}
        self._changes: dict[str | None, bool] = {}
        self.host: str = task_vars["inventory_hostname"]
        self.wave: int | None = int(task_vars[WAVE]) if WAVE in task_vars else None
        valid = task_vars.get(VALID) or {}
        self.name: str = valid.get("run") or ""
        self.problems: list[dict[str, Any]] = valid.get("problems", [])
        self.farms: dict[str, dict[str, Any]] = valid.get("farms", {}) if valid.get("state") == "valid" else {}
        self.unchecked: str | None = _why_unchecked(valid)
        """Why there is no checked spec, apart from `problems`; None when there is one."""

    @property
    def seals(self) -> Seals:
        """Answer what of the spec has been checked."""
        from keydeploy.spec import Seals  # noqa: PLC0415

        return Seals.from_json(self.step(VALID)["seals"])

    def at(self, host: str) -> Run:
        """Answer the same run as *host* sees it."""
        seen = copy(self)
        seen.host = host
        return seen

    @property
    def undo(self) -> Undo | None:
        """Answer what the run is to take back, None when it is to bring the nodes to what is declared."""
        from keydeploy.observation import Undo  # noqa: PLC0415

        undo = self.step(VALID).get("undo")
        return Undo(**undo) if undo else None

    def option(self, name: str) -> bool:
        """Tell whether the run was asked for the option *name*."""
        return bool(self.step(VALID).get("options", {}).get(name))

    def notices(self, farm: str | None) -> list[Notice]:
        """Answer what policy has to say of what *farm* declares."""
        from keydeploy.spec import Notice  # noqa: PLC0415

        notices = (Notice.from_json(value) for value in self.step(VALID).get("policy", []))
        return [notice for notice in notices if notice.farm == farm]

    @property
    def farm(self) -> str | None:
        """Answer the farm of this host, None when it declares none or the spec is invalid."""
        return next((name for name, farm in self.farms.items() if self.host in farm["members"]), None)

    def all_farms(self) -> list[Farm]:
        """Answer the farms of the inventory."""
        from keydeploy.plan import Farm  # noqa: PLC0415

        return [
            Farm(
                name=name,
                spec=farm["spec"],
                members=tuple(farm["members"]),
                dispensable=frozenset(farm["rollout"]["may_be_missing"]),
            )
            for name, farm in self.farms.items()
        ]

    def rollout(self, farm: str) -> Rollout:
        """Answer how *farm* switches."""
        from keydeploy.spec import Rollout  # noqa: PLC0415

        return Rollout.of_shared(self.farms[farm]["rollout"])

    def plan_of(self, farm: Farm, name: str, left_out: Iterable[str] = ()) -> Plan:
        """Plan *farm* by what its nodes showed in the step *name*."""
        from keydeploy.plan import plan, plan_undo  # noqa: PLC0415

        seen = self.observations(name, farm.members)
        return plan_undo(farm, seen, self.undo, tuple(left_out)) if self.undo else plan(farm, seen, tuple(left_out))

    def members(self, farm: str | None) -> tuple[str, ...]:
        """Answer the nodes of *farm* that change now, together or in this wave."""
        plan = self.plan_to_apply(farm)
        if plan is None:
            return ()
        return tuple(node.node for node in plan.nodes) if self.wave is None else plan.waves[self.wave]

    def node_to_change(self) -> NodePlan | None:
        """Answer what is to be done on this host now, None where it takes no part."""
        plan = self.plan_to_apply(self.farm)
        return plan.node(self.host) if plan is not None and self.host in self.members(self.farm) else None

    def is_done(self, hook: str) -> bool:
        """Tell whether the load balancer was told of this host in the step *hook*, by a call or by the user's tasks."""
        answer = self.answer(hook, self.host)
        if answer.get("state") == "tasks":
            answer = self.answer(f"{hook}_by_tasks", self.host)
        return answer.get("state") == "done"

    def is_in_waves(self, farm: str | None) -> bool:
        """Tell whether *farm* changes wave by wave."""
        plan = self.plan(farm)
        return plan is not None and bool(plan.waves)

    def backups(self, farm: str) -> Backups:
        """Answer which backups nodes of *farm* keep when this run is confirmed."""
        backups = self.rollout(farm).backups
        return replace(backups, keep=0) if self.option(COMPROMISED) else backups

    def tolerated(self, farm: str) -> int:
        """Answer how many nodes of *farm* may still fail."""
        waves = self.rollout(farm).waves
        return 0 if self.wave is None or waves is None else max(0, waves.tolerate - self.failed(farm))

    def is_stopped(self, farm: str | None) -> bool:
        """Tell whether an earlier wave of *farm* was the last one."""
        verdict, plan = self.verdict(farm), self.plan(farm)
        before = [node for wave in plan.waves[: self.wave] for node in wave] if plan is not None else []
        if any(self.answer(ENDED, node).get("state") in (None, LEFT_OUT) for node in before):
            return True
        if before and verdict.get("wave") not in (self.wave, (self.wave or 0) - 1):
            return True  # the wave before has no verdict
        return bool(verdict.get("stop")) and self.wave != verdict.get("wave")

    def failed(self, farm: str) -> int:
        """Answer how many nodes of *farm* have failed in the waves before."""
        verdict = self.verdict(farm)
        return int(verdict["failed"]) if verdict and verdict["wave"] != self.wave else 0

    def step(self, name: str) -> dict[str, Any]:
        """Answer the result of the run-once step *name*, empty when it has none."""
        return self._own(self._vars.get(name))

    def answer(self, name: str, host: str) -> dict[str, Any]:
        """Answer the result of *host* in the step *name*, empty when it has none."""
        if host not in self._vars.get("ansible_play_hosts", ()):
            return {}
        variables = self._vars if host == self.host else self._vars["hostvars"].raw_get(host)
        return self._own(variables.get(name))

    def plan(self, farm: str | None) -> Plan | None:
        """Answer the plan of *farm*, None when there is none; it is read once."""
        from keydeploy.plan import Plan  # noqa: PLC0415

        if farm not in self._plans:
            value = self.step(PLAN).get("farms", {}).get(farm)
            self._plans[farm] = Plan.from_json(value) if value else None
        return self._plans[farm]

    def changes(self, farm: str | None) -> bool:
        """Tell whether anything is to be done on *farm*; all its nodes are looked through once."""
        if farm not in self._changes:
            plan = self.plan(farm)
            self._changes[farm] = plan is not None and plan.changes
        return self._changes[farm]

    def obstacles(self, farm: str | None) -> list[Reason]:
        """Answer what stands against a change of *farm* in this run."""
        from keydeploy.plan import Reason  # noqa: PLC0415

        return [Reason.from_json(value) for value in self.step(PLAN).get("obstacles", {}).get(farm, [])]

    def plan_to_apply(self, farm: str | None) -> Plan | None:
        """Answer the plan of *farm* when there is something to do now and nothing stands against it."""
        plan = self.plan(farm)
        if plan is None or not plan.may_apply or self.obstacles(farm):
            return None
        if self.wave is None:
            return None if plan.waves else plan
        return plan if self.wave < len(plan.waves) and not self.is_stopped(farm) else None

    def decision(self, farm: str | None) -> dict[str, Any]:
        """Answer what the gate decided for *farm*, empty when it decided nothing."""
        return dict(self.step(GATE).get("farms", {}).get(farm, {}))

    def is_to_be_judged(self, farm: str) -> bool:
        """Tell whether nodes of *farm* have been told to go live, or a wave has been stopped before that."""
        decision = self.decision(farm)
        return bool(decision) and (decision["go"] or self.wave is not None)

    def verdict(self, farm: str | None) -> dict[str, Any]:
        """Answer the verdict on *farm*, empty when there is none."""
        return dict(self.step(VERDICT).get("farms", {}).get(farm, {}))

    def observations(self, name: str, members: Iterable[str]) -> list[Observation]:
        """Answer what *members* showed in the step *name*; one that failed or is silent shows its cause."""
        from keydeploy.observation import Observation, State  # noqa: PLC0415

        found = []
        for member in members:
            answer = self.answer(name, member) or _NO_ANSWER
            if "observation" in answer:
                found.append(Observation.from_json(answer["observation"]))
            else:
                state = State.UNREACHABLE if answer["state"] == "unreachable" else State.FAILED
                cause, hint = answer.get("cause"), answer.get("hint")
                found.append(Observation(node=member, state=state, cause=cause, hint=hint))
        return found

    def staged(self, members: Iterable[str]) -> list[Staged]:
        """Answer how staging went on those of *members* that answered."""
        from keydeploy.rollout import Staged  # noqa: PLC0415

        found = []
        for member in members:
            answer, observed = self.answer(STAGED, member), self.answer(OBSERVED, member)
            if answer.get("state") == "staged" and "offset" in observed:
                found.append(
                    Staged(
                        node=member,
                        began=answer["began"],
                        first_took=observed["took"],
                        took=answer["took"],
                        first_offset=observed["offset"],
                        offset=answer["offset"],
                        first_doubt=observed["doubt"],
                        doubt=answer["doubt"],
                    )
                )
            elif answer:
                found.append(Staged(node=member, problem=_problem(answer), cause=_cause(answer), hint=_hint(answer)))
        return found

    def staging_began(self) -> float:
        """Answer when staging began on the first host of the play, on the controller's clock."""
        begun = (self.answer(STAGED, host).get("began") for host in self._vars.get("ansible_play_hosts", ()))
        return min((time for time in begun if time is not None), default=0.0)

    def plan_to_finish(self, farm: str | None) -> Plan | None:
        """Answer the plan of *farm* when unfinished runs are all that stands against it."""
        from keydeploy.plan import Cause  # noqa: PLC0415

        plan = self.plan(farm)
        of_the_change = (Cause.POLICY, Cause.IRREVERSIBLE)  # to end a run is another matter
        in_the_way = any(reason.cause not in of_the_change for reason in self.obstacles(farm))
        return plan if plan is not None and plan.may_finish and not in_the_way else None

    def committed(self, members: Iterable[str]) -> list[Committed]:
        """Answer how the commit went on those of *members* that answered."""
        from keydeploy.rollout import Committed  # noqa: PLC0415

        answers = ((member, self.answer(COMMITTED, member)) for member in members)
        return [
            Committed(node=member, problem=_problem(answer), cause=_cause(answer), hint=_hint(answer))
            for member, answer in answers
            if answer
        ]

    def _own(self, result: Any) -> dict[str, Any]:
        """Answer *result* when it is a result of this run; one that failed before it had a run says nothing."""
        known = isinstance(result, dict) and "state" in result and result.get("run") == self.name
        return result if known else {}


def _why_unchecked(valid: dict[str, Any]) -> str | None:
    match valid.get("state"):
        case "valid" | "invalid":
            return None
        case "empty":
            return "no host of the inventory declares the variable keydeploy"
        case None:
            return "the spec was not checked; a condition or tag on the import may have skipped that"
        case _:
            return f"the spec could not be checked: {valid.get('cause')}"


def _problem(answer: dict[str, Any]) -> str | None:
    """Tell what is wrong with the answer of a change, None when it went well."""
    if answer["state"] in ("staged", "committed"):
        return answer.get("unhealthy")
    return answer.get("cause") or "it did not carry out the step"


def _hint(answer: dict[str, Any]) -> str | None:
    """Answer the next step where `_problem` tells of one."""
    from keydeploy.health import UNHEALTHY  # noqa: PLC0415

    return UNHEALTHY if answer.get("unhealthy") else answer.get("hint")


def _cause(answer: dict[str, Any]) -> Cause:
    from keydeploy.plan import Cause  # noqa: PLC0415

    if answer.get("busy"):
        return Cause.BUSY
    return Cause.UNREACHABLE if answer["state"] == "unreachable" else Cause.FAILED


def spec_of(templar: Any, run: Run, task_vars: dict[str, Any]) -> Spec:
    """Resolve the spec of this host once more; raises `NodeError` when it is another than was checked."""
    from keydeploy.errors import NodeError  # noqa: PLC0415
    from keydeploy.spec import load_sealed  # noqa: PLC0415

    from .declarations import declare  # noqa: PLC0415
    from .seal_key import KEY  # noqa: PLC0415

    declaration = declare(templar, task_vars["hostvars"], run.host)
    if declaration is None:
        raise NodeError("request", "the host no longer declares anything", hint=ANEW)
    spec = load_sealed(declaration, run.seals, KEY)
    if spec.digest() != run.farms[spec.farm]["spec"]:
        raise NodeError(
            "request",
            "the spec resolved to other values than when it was checked",
            hint=ANEW,
        )
    return spec
