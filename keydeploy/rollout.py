"""Decides whether a staged roll-out may go live, and whether what went live stays.

Pure: no clock, no files, no Ansible. Time is an argument, in seconds since 1970.

The rules:
1. Every member must have staged; otherwise all of them unstage.
2. No node's clock may have moved against the controller's by more than the limit between its two readings.
3. The instant of commit is now plus a margin; each node is told it in its own clock.
4. Every member must have committed, be healthy and need no further change; otherwise all of them go back.
5. What nodes may differ in goes in waves where the spec says so. Each wave keeps the rules above among its own nodes,
   but for as many failures as the spec tolerates; one more, and no further wave begins.
6. A member that the spec can do without is left out where it cannot be reached, before anything has gone live.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from statistics import median_high

from keydeploy.plan import Cause, Plan, Reason
from keydeploy.spec.model import Rollout

_ACCEPT = (
    "declare the key of before as previous_key, where there is such a place; otherwise apply --accept-irreversible"
    " does it all the same (variable keydeploy_accept_irreversible)"
)

_SILENT = "keydeploy status shows how the node stands, and keydeploy doctor whether it can be reached"
_UNLIKE = "somebody else changes it, too: look who has written there since, and keydeploy plan shows what differs"

_SPARE_MARGIN = 1.0
"""Seconds beyond what staging showed, for a controller that is busier than it was then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """How staging went on one node."""

    node: str
    problem: str | None = None
    """None when the node has staged."""
    cause: Cause = Cause.FAILED
    """Of the problem."""
    hint: str | None = None
    """The next step, where there is a problem."""
    began: float = 0.0
    """When the controller began to prepare the stage call, on its own clock."""
    first_took: float = 0.0
    took: float = 0.0
    """Seconds from beginning to prepare a call to its answer, while observing and while staging."""
    first_offset: float = 0.0
    offset: float = 0.0
    """The node's clock minus the controller's, read while observing and while staging: not less than this ..."""
    first_doubt: float = 0.0
    doubt: float = 0.0
    """... and more by at most this: the clock was read at some moment of the call, which may have waited long."""

    @property
    def moved(self) -> float:
        """Answer by how much the node's clock has moved in any case between the two readings."""
        forward = self.offset - (self.first_offset + self.first_doubt)
        backward = self.first_offset - (self.offset + self.doubt)
        return max(forward, backward, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Go, with each node's own instant; or undo, with the reasons."""

    go: bool
    instants: Mapping[str, float]
    """Of the nodes that go live; the others undo."""
    at: float | None = None
    """The same instant on the controller's clock; None where nothing goes live."""
    reasons: tuple[Reason, ...] = ()
    """Why not to go, or why some nodes are left out."""
    failed: int = 0
    """How many of these count as failures: not a member that may be missing and cannot be reached."""


class Outcome(Enum):
    """What is to be done after the commit."""

    CONFIRM = "confirm"
    BACK = "back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """How the commit went on one node."""

    node: str
    problem: str | None = None
    """None when the node switched in time and is healthy."""
    cause: Cause = Cause.FAILED
    """Of the problem."""
    hint: str | None = None
    """The next step, where there is a problem."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done after the commit, and why."""

    outcome: Outcome
    reasons: tuple[Reason, ...] = ()
    back: tuple[str, ...] = ()
    """The nodes that go back although the others confirm."""


def obstacles(left_out: Sequence[str], nodes: int, forks: int) -> tuple[Reason, ...]:
    """Answer what stands against a change before it starts: a farm cut by a limit, or too few *forks* for *nodes*.

    Nodes wait for the instant of commit inside their calls, so all of them must be under way at once.
    """
    found = []
    if left_out:
        text = f"the run leaves out {', '.join(left_out)}; a change is for the whole farm or for none"
        found.append(Reason(cause=Cause.LIMIT, text=text, hint="run it without a limit"))
    if forks < nodes:
        text = f"{nodes} nodes must wait for one instant, and Ansible works on {forks} at a time"
        found.append(Reason(cause=Cause.FORKS, text=text, hint=f"set forks = {nodes}, such as with -f {nodes}"))
    return tuple(found)


def objections(plan: Plan, *, accepted: bool) -> tuple[Reason, ...]:
    """Answer what of *plan* must not be done: what policy forbids, and what cannot be undone and is not *accepted*."""
    found = []
    for node in plan.nodes:
        for operation in node.operations:
            found += [
                Reason(cause=Cause.POLICY, node=node.node, text=f"{operation.address}: {text}")
                for text in operation.violations
            ]
            if operation.irreversible is not None and not accepted:
                text = f"{operation.address}: {operation.irreversible}"
                found.append(Reason(cause=Cause.IRREVERSIBLE, node=node.node, text=text, hint=_ACCEPT))
    return tuple(found)


def waves(plan: Plan, rollout: Rollout) -> tuple[tuple[str, ...], ...]:
    """Answer the nodes of each wave, none where all of *plan* goes live at one instant.

    A single change that nodes must not differ in takes all the others along: it restarts the applications anyway.
    """
    changing = [node for node in plan.nodes if node.changes]
    if rollout.waves is None or not all(node.may_go_in_waves for node in changing):
        return ()
    names = [node.node for node in changing]
    shares = [math.ceil(fraction * len(names)) for fraction in rollout.waves.fractions]
    ends = [0, *sorted({min(end, len(names)) for end in (rollout.waves.canary, *shares, len(names))})]
    return tuple(tuple(names[start:end]) for start, end in pairwise(ends) if start < end)


def decide(  # noqa: PLR0913 - what there is to weigh
    members: Sequence[str],
    staged: Sequence[Staged],
    rollout: Rollout,
    *,
    now: float,
    since: float,
    tolerated: int = 0,
) -> Decision:
    """Decide whether *members* go live; *staged* holds the answers of those that gave one.

    *since* is when staging began on any host of the run, in a farm or not: all of them queue together.
    As many as *tolerated* may have failed; they are left out, as is a member that cannot be reached and may be missing.
    """
    by_node = {answer.node: answer for answer in staged}
    against = [reason for member in members if (reason := _against(member, by_node.get(member), rollout))]
    failures = [reason for reason in against if not _is_missing(reason, rollout)]
    ready = [by_node[member] for member in members if member not in {reason.node for reason in against}]
    if len(failures) > tolerated or not ready:
        return Decision(go=False, instants={}, reasons=tuple(against), failed=len(failures))
    at = now + (rollout.margin if rollout.margin is not None else margin(ready, since))
    instants = {answer.node: at + max(answer.first_offset, answer.offset) for answer in ready}
    return Decision(go=True, instants=instants, at=at, reasons=tuple(against), failed=len(failures))


def stopped() -> Decision:
    """Answer the decision of a run that was told to stop."""
    reason = Reason(cause=Cause.FAILED, text="the run was interrupted")
    return Decision(go=False, instants={}, reasons=(reason,), failed=1)


def margin(staged: Sequence[Staged], since: float) -> float:
    """Answer how long the commit calls may take to reach every node, measured from the calls before.

    Twice the time in which the controller began all stage calls, and as long as a call takes whole, with its answer.
    Twice, because the commit calls that are under way wait for the instant, all at once, and the others go out
    beside them: over 150 nodes on a busy controller that took up to twice as long as for the stage calls. Each call
    was made twice; what the node and the way to it take is in both, what the other calls took of the controller in
    the one or the other. Nodes and ways may have become slower since the first: half of the second calls count whole.
    """
    last = max(answer.began for answer in staged)
    slowest = max(min(answer.first_took, answer.took) for answer in staged)
    usual = median_high(answer.took for answer in staged)
    return _SPARE_MARGIN + 2 * max(last - since, 0) + max(slowest, usual)


def judge(members: Sequence[str], committed: Sequence[Committed], after: Plan, *, tolerated: int = 0) -> Verdict:
    """Judge a commit by the nodes' answers and by the plan over their new observations.

    As many as *tolerated* may have failed; only they go back then.
    """
    by_node = {answer.node: answer for answer in committed}
    found = [*_doubts(members, by_node, after)]
    found.extend(reason for reason in after.reasons if reason.cause is not Cause.UNFINISHED)
    reasons = _one_for_each_node(found)
    failed = tuple(reason.node for reason in reasons if reason.node is not None)
    if len(reasons) > min(tolerated, len(members) - 1) or len(failed) < len(reasons):
        return Verdict(Outcome.BACK, reasons)
    return Verdict(Outcome.CONFIRM, reasons, failed)


class End(Enum):
    """How the run ends on one node."""

    CONFIRM = "confirm"
    TAKE_BACK = "take_back"
    UNSTAGED = "unstaged"
    """It holds nothing of the run any more."""
    MISSING = "missing"
    """It was left out and cannot be reached."""


def end_on(node: str, *, live: Sequence[str], back: Sequence[str] | None, committed: str | None) -> End:
    """Answer how the run ends on *node*.

    *live* are the nodes that were told an instant; *back* those that go back although the others confirm, None where
    nobody confirms; *committed* is the state that the node answered to the commit.
    """
    if node in live:
        return End.CONFIRM if back is not None and node not in back else End.TAKE_BACK
    if committed == "unstaged":
        return End.UNSTAGED
    return End.MISSING if live and committed == "unreachable" else End.TAKE_BACK


def _doubts(members: Sequence[str], answers: Mapping[str, Committed], after: Plan) -> Iterator[Reason]:
    for member in members:
        answer = answers.get(member)
        node = after.node(member)
        if answer is None:
            yield Reason(cause=Cause.FAILED, node=member, text="it gave no answer to the commit", hint=_SILENT)
        elif answer.problem is not None:
            yield Reason(cause=answer.cause, node=member, text=answer.problem, hint=answer.hint)
        elif node is not None and node.changes:
            text = "it is not as declared after the commit"
            yield Reason(cause=answer.cause, node=member, text=text, hint=_UNLIKE)


def _is_missing(reason: Reason, rollout: Rollout) -> bool:
    return reason.cause is Cause.UNREACHABLE and reason.node in rollout.may_be_missing


def _against(member: str, answer: Staged | None, rollout: Rollout) -> Reason | None:
    if answer is None:
        return Reason(cause=Cause.FAILED, node=member, text="it gave no answer to staging", hint=_SILENT)
    if answer.problem is not None:
        return Reason(cause=answer.cause, node=member, text=answer.problem, hint=answer.hint)
    moved = answer.moved
    if moved > rollout.clock_drift_limit:
        return Reason(
            cause=Cause.FAILED,
            node=member,
            text=f"its clock moved by {moved:.1f} s during the run",
            hint=f"the limit is rollout.clock_drift_limit, {rollout.clock_drift_limit:g} s",
        )
    return None


def _one_for_each_node(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    first: dict[str | None, Reason] = {}
    for reason in reasons:
        first.setdefault(reason.node, reason)
    return tuple(first.values())
