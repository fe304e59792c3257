"""Orders what the observations of a farm say into a plan.

Pure: nothing is compared with a node again, and the order of the observations does not matter.
"""

from collections.abc import Sequence

from keydeploy.observation import Observation, State, Subject
from keydeploy.plan.model import Action, Cause, Farm, Finish, NodePlan, Operation, Plan, Reason


def plan(farm: Farm, observations: Sequence[Observation], not_looked_at: Sequence[str] = ()) -> Plan:
    """Answer what is to be done on *farm*; the order of *observations* does not matter.

    A member without an observation is a reason not to go on, unless it is in *not_looked_at*.
    """
    by_node = {observation.node: observation for observation in observations}
    silent = [member for member in farm.members if member not in by_node and member not in not_looked_at]
    reasons = [
        Reason(cause=Cause.FAILED, node=member, text="it gave no answer", hint="keydeploy doctor examines it")
        for member in silent
    ]
    missing: list[Reason] = []
    nodes: list[NodePlan] = []
    for member in farm.members:
        if member in not_looked_at or member in silent:
            continue
        observation = by_node[member]
        found = _reasons(observation, farm)
        is_missing = observation.state is State.UNREACHABLE and member in farm.dispensable
        (missing if is_missing else reasons).extend(found)
        if observation.state is State.OBSERVED:
            nodes.append(node_plan(observation))
    confirmed = {each.confirmed for each in observations}
    in_doubt = any(each.switched and each.unfinished not in confirmed for each in observations)
    if missing and (in_doubt or not nodes):  # one of them may have confirmed; and a farm cannot do without all nodes
        reasons.extend(missing)
        missing = []
    return Plan(
        farm=farm.name,
        spec=farm.spec,
        nodes=tuple(nodes),
        reasons=tuple(sorted(reasons, key=lambda reason: farm.members.index(reason.node or ""))),
        not_looked_at=tuple(sorted(not_looked_at)),
        finishes=_finishes([by_node[node.node] for node in nodes]),
        missing=tuple(missing),
    )


def _finishes(observations: Sequence[Observation]) -> tuple[Finish, ...]:
    """Answer how unfinished runs end: forward when a member has confirmed the run already, otherwise back.

    A node on which nothing of it has switched goes back in any case: what was staged there is in nobody's way.
    """
    confirmed = {observation.confirmed for observation in observations}
    return tuple(
        Finish(observation.node, observation.unfinished, observation.switched and observation.unfinished in confirmed)
        for observation in sorted(observations, key=lambda each: each.node)
        if observation.unfinished is not None
    )


def _reasons(observation: Observation, farm: Farm) -> list[Reason]:
    node = observation.node
    if observation.state is not State.OBSERVED:
        cause = Cause.UNREACHABLE if observation.state is State.UNREACHABLE else Cause.FAILED
        text = observation.cause or "it gave no answer"
        return [Reason(cause=cause, node=node, text=text, hint=observation.hint)]
    reasons = []
    if observation.spec != farm.spec:
        reasons.append(
            Reason(
                cause=Cause.SPEC,
                node=node,
                text="its spec resolved to other values the second time",
                hint="a lookup that answers something new each time cannot be deployed",
            )
        )
    if observation.unfinished:
        reasons.append(
            Reason(
                cause=Cause.UNFINISHED,
                node=node,
                text=f"run {observation.unfinished} is unfinished here; the lock: {observation.holder or 'free'}",
                hint="keydeploy apply brings it to its end, once its lease has run out",
            )
        )
    reasons.extend(
        Reason(cause=Cause.REFUSED, node=node, text=f"{subject.address}: {subject.refusal}")
        for subject in observation.subjects
        if subject.refusal
    )
    return reasons


def node_plan(observation: Observation) -> NodePlan:
    """Answer what would mend one node."""
    return NodePlan(
        node=observation.node,
        operations=tuple(_operation(subject) for subject in observation.subjects),
        to_stage=observation.to_stage,
    )


def _operation(subject: Subject) -> Operation:
    return Operation(
        address=subject.address,
        action=_action(subject),
        target=subject.target,
        differences=subject.differences,
        refusal=subject.refusal,
        found=subject.found,
        wanted=subject.wanted,
        in_waves=subject.in_waves,
        irreversible=subject.irreversible,
        impact=subject.impact if subject.differences else (),
        warnings=subject.warnings,
        violations=subject.violations,
        readers=subject.readers,
    )


def _action(subject: Subject) -> Action:
    if subject.refusal or not subject.differences:
        return Action.NO_OP
    if subject.vanishes:
        return Action.DELETE
    nothing_there = all(difference.found == "absent" for difference in subject.differences)
    return Action.CREATE if nothing_there else Action.UPDATE
