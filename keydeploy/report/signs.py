"""How a state looks: a tone, a symbol and words, so that nothing hangs on colour alone."""

from dataclasses import dataclass, replace

from keydeploy.observation import is_left_over
from keydeploy.plan import Action
from keydeploy.report.exit_code import ExitCode
from keydeploy.report.model import FarmReport, Verb, Verdict
from keydeploy.report.standing import Cell, State


@dataclass(frozen=True, slots=True)
class Sign:
    """One look; *tone* is a class of the style: fine, new, warn, bad, doubt, off or none."""

    tone: str
    symbol: str
    words: str


DASH = "\N{EN DASH}"
CROSS = "\N{MULTIPLICATION SIGN}"

IN_ORDER = Sign("fine", "✓", "as declared")
AS_BEFORE = Sign("fine", "=", "as before")
VERIFIED = Sign("new", "●", "changed and verified")
PUT_BACK = Sign("new", "●", "put back")
KEPT = Sign("off", "·", "not declared, left as it is")
NOT_ASKED = Sign("none", "\N{NO-BREAK SPACE}", "not declared here")
MUST_NOT_BE_USED = Sign("bad", "!", "must not be used")

_STATES = {
    State.IN_ORDER: IN_ORDER,
    State.NOT_LOOKED_AT: Sign("off", DASH, "not looked at"),
    State.EXTRA: Sign("warn", "+", "there, and must not be"),
    State.CHANGED: Sign("warn", "≠", "differs"),
    State.MISSING: Sign("warn", "∅", "missing"),
    State.UNKNOWN: Sign("doubt", "?", "cannot be told"),
    State.UNREACHABLE: Sign("bad", CROSS, "not reached"),
}
VERDICTS = {
    Verdict.IN_ORDER: Sign("fine", "✓", "in order"),
    Verdict.PENDING: Sign("warn", "≠", "changes pending"),
    Verdict.APPLIED: Sign("new", "●", "applied and verified"),
    Verdict.ROLLED_BACK: Sign("warn", "=", "not applied; as before"),
    Verdict.REFUSED: Sign("doubt", "?", "cannot be told"),
    Verdict.PARTLY: Sign("bad", "≠", "applied in part"),
    Verdict.INCOMPLETE: Sign("bad", "!", "may be split"),
    Verdict.FINISHED: Sign("doubt", "?", "an unfinished run was ended"),
    Verdict.TAKEN_BACK: Sign("new", "=", "the unfinished run was taken back"),
    Verdict.NOT_LOOKED_AT: Sign("off", DASH, "not looked at"),
}
EXIT_CODES = {
    ExitCode.FINE: "fine: nothing to do, or applied and verified",
    ExitCode.ERROR: "an error, or rolled back and verified, or something could not be told",
    ExitCode.CHANGES: "changes pending, or drift",
    ExitCode.SPEC: "the spec is invalid, or no node is declared",
    ExitCode.UNREACHABLE: "a node could not be reached",
    ExitCode.INCOMPLETE: "roll-out incomplete: the farm may be split, or an unfinished run was seen",
    ExitCode.POLICY: "policy: something must not be used",
    ExitCode.INTERRUPTED: "interrupted",
}


def sign_of_state(state: State) -> Sign:
    """Answer how *state* looks."""
    return _STATES[state]


def sign_of_cell(cell: Cell, verb: Verb, outcome: str | None) -> Sign:
    """Answer how *cell* looks after a run of *verb* that ended with *outcome* on its node."""
    found = _of_cell(cell, verb, outcome)
    operation = cell.operation
    if operation is None or not operation.violations or cell.state not in (State.IN_ORDER, State.CHANGED):
        return found
    told = MUST_NOT_BE_USED.words if cell.state is State.IN_ORDER else f"{found.words}, and {MUST_NOT_BE_USED.words}"
    return replace(MUST_NOT_BE_USED, words=told)


def sign_of_verdict(verdict: Verdict, verb: Verb, *, check: bool) -> Sign:
    """Answer how *verdict* looks at the end of a run of *verb*; *check* tells whether it only looked."""
    if verdict is Verdict.PENDING and verb is Verb.DRIFT:
        return Sign("warn", "≠", "drift")
    if verdict is Verdict.REFUSED and verb.changes and not check:
        return Sign("bad", "!", "refused; nothing was changed")
    if verb is Verb.ROLLBACK and verdict in (Verdict.IN_ORDER, Verdict.APPLIED):
        return replace(VERDICTS[verdict], words="nothing to take back" if verdict is Verdict.IN_ORDER else "taken back")
    return VERDICTS[verdict]


def sign_of_farm(farm: FarmReport, verb: Verb, *, check: bool) -> Sign:
    """Answer how *farm* looks: as its verdict, unless something in it must not be used or was not looked at."""
    found = sign_of_verdict(farm.verdict, verb, check=check)
    if found.tone not in ("fine", "new"):
        return found
    if any(node.plan is not None and node.plan.violations for node in farm.nodes):
        return replace(MUST_NOT_BE_USED, words=f"{found.words}, but something must not be used")
    if farm.missing or farm.not_looked_at:
        return Sign("doubt", "?", f"{found.words}, as far as it was looked at")
    return found


def _of_cell(cell: Cell, verb: Verb, outcome: str | None) -> Sign:
    operation = cell.operation
    if cell.state is not State.IN_ORDER or operation is None:
        return sign_of_state(cell.state)
    if operation.action is not Action.NO_OP and outcome == "applied":
        return PUT_BACK if verb is Verb.ROLLBACK else VERIFIED
    if is_left_over(operation.address):
        return KEPT
    return AS_BEFORE if verb is Verb.ROLLBACK else IN_ORDER
