"""What the last step of a playbook says of a host, where that is all that a person sees of it."""

import pytest

from keydeploy.plan import Cause, Reason
from plugins.plugin_utils.last_step import CANNOT_TELL, REFUSALS, refusal
from plugins.plugin_utils.standing import because


def test_a_refusal_tells_why_and_what_to_do_once_each() -> None:
    forks = Reason(cause=Cause.FORKS, text="4 nodes must wait", hint="set forks = 4")
    limit = Reason(cause=Cause.LIMIT, text="it leaves out web2", hint="run it without a limit")
    busy = Reason(cause=Cause.BUSY, text="another run holds it", node="web1", hint="set forks = 4")
    told = refusal({"state": "refused", **because([forks, limit, busy])}, "refused")
    assert told == (
        "refused: 4 nodes must wait; it leaves out web2; web1: another run holds it"
        "; hint: set forks = 4; hint: run it without a limit"
    )


def test_reasons_without_a_hint_leave_no_room_for_one() -> None:
    assert because([Reason(cause=Cause.FAILED, text="it failed", node="web1")]) == {"reasons": ["web1: it failed"]}


def test_where_nothing_was_to_be_changed_a_refusal_is_that_it_cannot_be_told() -> None:
    assert refusal({"state": "refused", "reasons": ["web1: no answer"]}, CANNOT_TELL) == "cannot tell: web1: no answer"


def test_drift_tells_what_differs_and_how_much_more_there_is() -> None:
    assert (
        refusal({"state": "drift", "differs": ["a: 1 → 2", "b: create"]}, CANNOT_TELL) == "drift: a: 1 → 2; b: create"
    )
    assert refusal({"state": "drift", "differs": list("abcde")}, CANNOT_TELL) == "drift: a; b; c; and 2 more"


def test_a_cause_comes_with_its_hint() -> None:
    result = {"state": "unreachable", "cause": "the port is closed", "hint": "start WinRM", "reasons": []}
    assert refusal(result, "refused") == "unreachable: the port is closed; hint: start WinRM"


@pytest.mark.parametrize("state", ["in_order", "pending", "skipped", "applied", "waits"])
def test_what_is_no_refusal_does_not_fail(state: str) -> None:
    assert refusal({"state": state, "reasons": ["a wave goes first"]}, "refused") is None


@pytest.mark.parametrize("state", REFUSALS)
def test_every_refusal_says_something(state: str) -> None:
    assert (refusal({"state": state}, "refused") or "").endswith(": the node is not as declared")
