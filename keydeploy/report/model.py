"""What a run found and did, as a value without secrets: its records and its exit code are made from it alone."""

from dataclasses import dataclass
from enum import Enum

from keydeploy import __version__
from keydeploy.errors import Problem
from keydeploy.plan import Cause, NodePlan, Reason
from keydeploy.report.timings import StepTime
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
    hint: str | None = None
    """The next step after such a failure."""
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
