"""Reports of every shape, as runs on nodes end, and the readings of the formats that are made of them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from keydeploy.edit import Difference, Edit, Literal, Reference
from keydeploy.errors import Problem
from keydeploy.observation import FileChange, Undo
from keydeploy.plan import Action, Cause, NodePlan, Operation, Reason
from keydeploy.report.model import FarmReport, Made, NodeReport, Report, Verb, Verdict
from keydeploy.report.timings import NodeTime, StepTime
from keydeploy.spec import Kind, Material, Notice

MADE = Made("2026-11-21T23:00:00+00:00", "1.2.3")
KEY = "applications.portal.machine_key"
WEB = "C:\\inetpub\\portal\\web.config"
OTHER = Difference("validationKey", "another key", "machine_keys.portal.validation_key")
ABSENT = Difference("certificate", "absent", "present")
HOSTILE = 'a"b\\c\nd<e>&\x1b[31m\x00\ud800\u202e\r'
"""What no name should hold, and what no record may be broken by."""

SAME = Operation(address=KEY, action=Action.NO_OP, target=WEB, found="sha256:1", wanted="sha256:1")
CHANGED = Operation(
    address=KEY,
    action=Action.UPDATE,
    target=WEB,
    differences=(OTHER,),
    found="sha256:2",
    wanted="sha256:1",
    impact=("restarts the application",),
)
MISSING = Operation(
    address="certificates.session", action=Action.CREATE, target=None, differences=(ABSENT,), readers=("Portal",)
)
EXTRA = Operation(address="certificates.(A1)", action=Action.DELETE, target=None, differences=(ABSENT,))
UNTOLD = Operation(address="certificates.session", action=Action.NO_OP, target=None, refusal="two of that subject")
EXPIRED = Operation(
    address="certificates.session",
    action=Action.NO_OP,
    target=None,
    violations=("it expired on 2026-11-01",),
    warnings=("SHA-1",),
)
SILENT = Reason(cause=Cause.UNREACHABLE, node="web2", text="no answer", hint="keydeploy doctor")

STAGED = FileChange(
    path=WEB, tag="ab", encoding="utf-8", edits=(Edit(3, 9, (Literal("x"), Reference("machine_keys.portal.x"))),)
)


def node(name: str, *operations: Operation, outcome: str | None = None, undoes: Undo | None = None) -> NodeReport:
    """Answer a node that has answered."""
    staged = (STAGED,) if any(each is CHANGED for each in operations) else ()
    plan = NodePlan(node=name, operations=operations, to_stage=staged, undoes=undoes)
    return NodeReport(node=name, plan=plan, outcome=outcome, confirmed="5c2d")


def silent(name: str, outcome: str | None = "refused") -> NodeReport:
    """Answer a node of which nothing is known."""
    return NodeReport(node=name, plan=None, outcome=outcome, reasons=("it gave no answer",), hint="look at it")


def farm(verdict: Verdict, *nodes: NodeReport, name: str = "portal", **more: Any) -> FarmReport:
    """Answer a farm."""
    materials = (
        Material(address="machine_keys.portal", created=date(2026, 1, 2), due=date(2027, 1, 2)),
        Material(
            address="certificates.session", created=date(2026, 1, 1), due=date(2026, 12, 1), fingerprint="sha256:3"
        ),
        Material(address="key_containers.Portal"),
    )
    fixed: dict[str, Any] = {"farm": name, "spec": "d1", "verdict": verdict, "nodes": nodes, "materials": materials}
    return FarmReport(**{**fixed, **more})


def run(verb: Verb, *farms: FarmReport, **more: Any) -> Report:
    """Answer a run that has looked at *farms*."""
    members = [name for each in farms for name in (*(node.node for node in each.nodes), *each.not_looked_at)]
    timings = (
        StepTime(step="validate", seconds=0.25),
        StepTime(step="observe", seconds=1.5, nodes=2, slowest=(NodeTime("web1", 1.25),)),
    )
    fixed: dict[str, Any] = {
        "verb": verb,
        "run": "5c2d",
        "declared": tuple(members),
        "farms": farms,
        "timings": timings,
    }
    return Report(**{**fixed, **more})


def notice(kind: Kind) -> Notice:
    """Answer what policy says."""
    place = "group_vars/all.yml:7:9" if kind is Kind.DISCLOSED else None
    return Notice(kind=kind, farm="portal", address="machine_keys.portal", text="told", hint="rotate it", place=place)


def of(verb: Verb, verdict: Verdict, *nodes: NodeReport, **more: Any) -> Report:
    """Answer a run over one farm."""
    return run(verb, farm(verdict, *nodes, **more))


_MISTAKE = Problem("inventory.yml:5:17", "machine_keys.portal.decryption_key", "30 hex digits")
_PUBLIC = Problem(None, "machine_keys.portal.validation_key", "publicly known", policy=True)
_SPLIT = Reason(cause=Cause.UNFINISHED, node="web1", text="run 5c2d is unfinished here", hint="apply")
_BUSY = Reason(cause=Cause.BUSY, node="web1", text="held by another run")
_REFUSED = Reason(cause=Cause.REFUSED, node="web1", text="certificates.session: two of that subject")

SHAPES: Mapping[str, Report] = {
    "in order": of(Verb.DRIFT, Verdict.IN_ORDER, node("web1", SAME, outcome="in_order"), node("web2", SAME)),
    "drifted": of(
        Verb.DRIFT, Verdict.PENDING, node("web1", CHANGED, MISSING, EXTRA, outcome="drift"), node("web2", SAME)
    ),
    "planned": of(Verb.PLAN, Verdict.PENDING, node("web1", CHANGED), node("web2", SAME)),
    "unreachable": of(Verb.DRIFT, Verdict.REFUSED, node("web1", CHANGED), silent("web2"), reasons=(SILENT,)),
    "all unreachable": of(Verb.DRIFT, Verdict.REFUSED, silent("web2"), reasons=(SILENT,)),
    "cannot tell": of(Verb.DRIFT, Verdict.REFUSED, node("web1", SAME, UNTOLD), reasons=(_REFUSED,)),
    "without one": of(Verb.DRIFT, Verdict.IN_ORDER, node("web1", SAME), silent("web2"), missing=(SILENT,)),
    "expired": of(Verb.DRIFT, Verdict.IN_ORDER, node("web1", SAME, EXPIRED)),
    "limited": of(Verb.DRIFT, Verdict.IN_ORDER, node("web1", SAME), not_looked_at=("web2",)),
    "left out": run(
        Verb.DRIFT,
        farm(Verdict.NOT_LOOKED_AT, not_looked_at=("web1",)),
        farm(Verdict.IN_ORDER, node("b1", SAME), name="shop"),
    ),
    "nothing asked": run(Verb.DRIFT, farm(Verdict.NOT_LOOKED_AT, not_looked_at=("web1",))),
    "nothing declared": run(Verb.DRIFT, skipped=("lonely",)),
    "applied": of(
        Verb.APPLY, Verdict.APPLIED, node("web1", CHANGED, outcome="applied"), node("web2", SAME, outcome="applied")
    ),
    "in waves": of(
        Verb.APPLY,
        Verdict.APPLIED,
        node("web1", CHANGED, outcome="applied"),
        node("web2", SAME, outcome="in_order"),
        waves=(("web1",),),
    ),
    "half-way": of(
        Verb.APPLY,
        Verdict.PARTLY,
        node("web1", CHANGED, outcome="applied"),
        node("web2", CHANGED, outcome="not_begun"),
        node("web3", CHANGED, outcome="left_out"),
        waves=(("web1", "web3"), ("web2",)),
    ),
    "rolled back": of(Verb.APPLY, Verdict.ROLLED_BACK, node("web1", CHANGED, outcome="unstaged"), reasons=(_BUSY,)),
    "refused": of(Verb.APPLY, Verdict.REFUSED, node("web1", CHANGED, outcome="refused"), reasons=(_BUSY,)),
    "split": of(
        Verb.APPLY,
        Verdict.INCOMPLETE,
        node("web1", CHANGED, outcome="applied"),
        node("web2", CHANGED, outcome="unreachable"),
        node("web3", CHANGED),
    ),
    "unfinished": of(Verb.DRIFT, Verdict.REFUSED, node("web1", SAME), reasons=(_SPLIT,)),
    "finished": of(Verb.APPLY, Verdict.FINISHED, node("web1", CHANGED, outcome="finished"), reasons=(_SPLIT,)),
    "checked": run(Verb.APPLY, farm(Verdict.PENDING, node("web1", CHANGED, outcome="pending")), check=True),
    "taken back": of(
        Verb.ROLLBACK, Verdict.APPLIED, node("web1", CHANGED, outcome="applied", undoes=Undo("5c2d", force=True))
    ),
    "taken back unfinished": of(
        Verb.ROLLBACK, Verdict.TAKEN_BACK, node("web1", outcome="finished", undoes=Undo(None)), reasons=(_SPLIT,)
    ),
    "valid": run(Verb.VALIDATE, declared=("web1",)),
    "invalid": run(Verb.DRIFT, problems=(_MISTAKE, _MISTAKE, _PUBLIC)),
    "refused by policy": run(Verb.APPLY, problems=(_PUBLIC,)),
    "failed": run(Verb.DRIFT, failure="Ansible ended with code 1 before the first step", hint="see it", timings=()),
    "interrupted": run(Verb.DRIFT, declared=("web1",), interrupted=True),
    "overdue": run(Verb.DRIFT, farm(Verdict.IN_ORDER, node("web1", SAME)), policy=tuple(notice(kind) for kind in Kind)),
    "overdue and applied": run(
        Verb.APPLY, farm(Verdict.APPLIED, node("web1", SAME, outcome="applied")), policy=(notice(Kind.OVERDUE),)
    ),
    "noted": run(Verb.DRIFT, farm(Verdict.IN_ORDER, node("web1", SAME)), notes=("there is no list",)),
    "nothing to hold": of(Verb.DRIFT, Verdict.IN_ORDER, node("web1")),
}
"""By what came of the run."""


def hostile() -> Report:
    """Answer a report whose names and texts would break out of any format."""
    bad = Operation(
        address=HOSTILE, action=Action.UPDATE, target=HOSTILE, differences=(Difference(HOSTILE, HOSTILE, HOSTILE),)
    )
    refused = Reason(cause=Cause.FAILED, node=HOSTILE, text=HOSTILE, hint=HOSTILE)
    told = Notice(kind=Kind.DUE, farm=HOSTILE, address=HOSTILE, text=HOSTILE, hint=HOSTILE, place=HOSTILE)
    found = farm(Verdict.REFUSED, node(HOSTILE, bad), silent("silent"), name=HOSTILE, reasons=(refused,), spec=HOSTILE)
    return run(Verb.DRIFT, found, policy=(told,), notes=(HOSTILE,), run=HOSTILE)
