"""Which registered results count: those of this run, of hosts that are still in the play, and that have a state."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pytest

from keydeploy.plan import Plan
from plugins.plugin_utils.run import OBSERVED, PLAN, Run

VALID = {
    "state": "valid",
    "run": "this",
    "problems": [],
    "farms": {"portal": {"members": ["web1", "web2"], "spec": ""}},
}
NOTHING_ELSE: Mapping[str, Any] = MappingProxyType({})
GOOD = {"state": "observed", "run": "this"}


class HostVars:
    """Ansible's `hostvars`, as far as a run looks at it."""

    def __init__(self, **hosts: dict[str, Any]) -> None:
        self._hosts = hosts

    def raw_get(self, host: str) -> dict[str, Any]:
        return self._hosts[host]


def run(
    answer: Any = None, *, hosts: Sequence[str] = ("web1", "web2"), variables: Mapping[str, Any] = NOTHING_ELSE
) -> Run:
    """Answer the run as web1 sees it, with the *answer* of web2 to the first step."""
    hostvars = HostVars(web2={OBSERVED: answer})
    known = {"inventory_hostname": "web1", "keydeploy_valid": VALID, "ansible_play_hosts": hosts, "hostvars": hostvars}
    return Run({**known, **variables})


def test_an_answer_of_this_run_counts() -> None:
    assert run(GOOD).answer(OBSERVED, "web2") == GOOD


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "text",
        {},
        {"changed": False, "skip_reason": "Conditional result was False"},
        {"failed": True, "msg": "before the action ran", "run": "this"},
        {"state": "observed", "run": "an earlier one"},
        {"state": "observed"},
    ],
)
def test_no_other_answer_counts(answer: Any) -> None:
    assert run(answer).answer(OBSERVED, "web2") == {}


def test_no_answer_counts_of_a_host_that_has_left_the_play() -> None:
    assert run(GOOD, hosts=("web1",)).answer(OBSERVED, "web2") == {}


def test_a_plan_of_another_run_is_none() -> None:
    farms = {"portal": Plan(farm="portal", spec="", nodes=()).to_json()}
    assert run(variables={PLAN: {"state": "planned", "run": "an earlier one", "farms": farms}}).plan("portal") is None
    assert run(variables={PLAN: {"state": "planned", "run": "this", "farms": farms}}).plan("portal") is not None


@pytest.mark.parametrize(
    ("valid", "why"),
    [
        ({"state": "valid"}, None),
        ({"state": "invalid"}, None),
        ({"state": "empty"}, "no host of the inventory declares the variable keydeploy"),
        ({"state": "failed", "cause": "no package"}, "the spec could not be checked: no package"),
        ({"changed": False}, "the spec was not checked; a condition or tag on the import may have skipped that"),
        (None, "the spec was not checked; a condition or tag on the import may have skipped that"),
    ],
)
def test_a_spec_that_was_not_checked_is_told(valid: Any, why: str | None) -> None:
    assert run(variables={"keydeploy_valid": valid}).unchecked == why
