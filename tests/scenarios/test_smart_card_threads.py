"""ERROR_INVALID_HANDLE of smart cards under many threads: a shorter transaction time-out makes it rarer.

The registry of Windows holds it, once for each provider, and for programs of 32 bits once more.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.engine import beside
from tests.engine.farm import QUICK, Stand
from tests.observation.farm import CSP, KSP, TIMEOUT
from tests.winrm.csharp import CSharpStand
from tests.winrm.server import Security

NODES = ("web1", "web2")
CAUTION = "wrong values here can keep people from logging on by card; try it with a card on one node first"


def values(stand: CSharpStand, name: str = TIMEOUT) -> list[tuple[Any, Any, Any]]:
    """Answer the value of the older provider in both views, and that of the newer one, on each node."""
    nodes = [stand.somebody_at(node) for node in NODES]
    return [
        (beside.value(node, CSP, name), beside.value(node, CSP, name, 32), beside.value(node, KSP, name))
        for node in nodes
    ]


def test_it_is_set_once_kept_seen_when_it_drifts_and_goes_back_to_absent_and_to_the_old_value(
    windows: CSharpStand,
) -> None:
    spec = {"machine_keys": {}, "applications": {}, "smart_cards": {"transaction_timeout": "100ms"}}
    windows.add_farm("portal", *NODES, rollout={**QUICK, "margin": "2s"}, **spec)
    with windows.serve(Security(), *NODES):
        beside.set_value(windows.somebody_at("web2"), CSP, TIMEOUT, 1500)
        beside.set_value(windows.somebody_at("web2"), KSP, "RequireOnCardPrivateKeyGen", 1)
        before, others = values(windows), values(windows, "RequireOnCardPrivateKeyGen")
        planned = windows.keydeploy("plan")
        applied, there = windows.tell("apply"), values(windows)
        again = windows.tell("apply")
        taken_back, back = windows.tell("rollback"), values(windows)
        once_more = windows.tell("apply")
        beside.set_value(windows.somebody_at("web1"), CSP, TIMEOUT, 9000, 32)
        drift = windows.keydeploy("drift")
        mended, at_last = windows.tell("apply"), values(windows)
        untouched = values(windows, "RequireOnCardPrivateKeyGen")

    assert before == [(None, None, None), (1500, None, None)]
    assert (planned.code, CAUTION in planned.out) == (2, True), planned.text
    assert f"{TIMEOUT}: 1500 → 100" in planned.out
    assert (applied.code, there) == (0, [(100, 100, 100)] * 2), applied.text
    assert (again.code, again.of("portal")["verdict"]) == (0, "in_order")
    assert (taken_back.code, back) == (0, before), taken_back.text
    assert (once_more.code, drift.code) == (0, 2)
    assert f"{TIMEOUT} (32-bit): 9000 → 100" in drift.out
    assert (mended.code, at_last) == (0, [(100, 100, 100)] * 2)
    assert untouched == others


@pytest.mark.parametrize("timeout", ["49ms", "60001ms", "2m", {"csp": "100ms", "ksp": "10ms"}])
def test_a_value_with_which_no_card_would_work_is_refused_before_any_contact(tmp_path: Path, timeout: Any) -> None:
    spec = {"machine_keys": {}, "applications": {}, "smart_cards": {"transaction_timeout": timeout}}
    stand = Stand(tmp_path).add_farm("portal", *NODES, **spec)
    ran = stand.keydeploy("apply")
    assert (ran.code, stand.calls("web1")) == (3, [])
    assert "smart_cards.transaction_timeout" in ran.out
    assert "expected a whole number of milliseconds from 50ms, which a card needs, to 1m" in ran.out
