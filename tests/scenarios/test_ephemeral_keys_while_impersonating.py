"""The worker process dies: a key was made without a name while impersonating, and is freed by another account.

The remedy is a named container of the machine that the process's account and the callers may read, and nobody else.
"""

from tests.engine import beside
from tests.engine.beside import FULL, Held
from tests.engine.declaring import POOL, POOL_SID, container
from tests.engine.farm import QUICK
from tests.engine.hunting import leaks
from tests.engine.kinds import FOR_POOL
from tests.winrm.csharp import CSharpStand
from tests.winrm.server import Security

NODES = ("web1", "web2")
NAME = "PortalImpersonation"
CALLERS = "S-1-5-21-1004336348-1177238915-682003330-1105"
"""A group of the domain that the callers are in."""
READERS = {f"read {POOL_SID}", f"read {CALLERS}", "read Users"}


def test_the_pool_and_the_callers_may_use_the_key_exactly_as_declared(windows: CSharpStand) -> None:
    declared = container("portal", readers=[POOL, "BUILTIN\\Users", CALLERS])
    spec = {"machine_keys": {}, "applications": {}, "key_containers": {NAME: declared}}
    windows.add_farm("portal", *NODES, rollout={**QUICK, "margin": "2s"}, **spec)
    with windows.serve(Security(), *NODES):
        beside.hold(windows.somebody_at("web2"), NAME, "portal", sddl=FOR_POOL)
        planned = windows.keydeploy("plan")
        applied = windows.tell("apply")
        there = [beside.held(windows.somebody_at(node), NAME) for node in NODES]
        beside.let_use(windows.somebody_at("web1"), NAME, f"{FOR_POOL}(A;;GR;;;WD)")
        drift = windows.keydeploy("drift")
        mended = windows.tell("apply")
        again = [beside.held(windows.somebody_at(node), NAME) for node in NODES]

    assert planned.code == 2, planned.text
    assert f"key readers: Administrators, {POOL}, SYSTEM → add BUILTIN\\Users, add {CALLERS}" in planned.out
    assert (applied.code, there) == (0, [Held("portal", False, FULL | READERS)] * 2), applied.text
    assert drift.code == 2
    assert f"→ add BUILTIN\\Users, add {CALLERS}, remove Everyone" in drift.out
    assert (mended.code, again) == (0, there), mended.text
    assert leaks(windows, planned, applied, drift, mended) == []


def test_an_entry_that_denies_the_pool_its_key_is_taken_away(windows: CSharpStand) -> None:
    spec = {"machine_keys": {}, "applications": {}, "key_containers": {NAME: container("portal")}}
    windows.add_farm("portal", "web1", rollout={**QUICK, "margin": "2s"}, **spec)
    denying = f"D:(D;;GR;;;{POOL_SID})(A;;GA;;;SY)(A;;GA;;;BA)(A;;GR;;;{POOL_SID})"
    with windows.serve(Security(), "web1"):
        node = windows.somebody_at("web1")
        beside.hold(node, NAME, "portal", sddl=denying)
        planned = windows.keydeploy("plan")
        applied = windows.tell("apply")
        held = beside.held(node, NAME)

    assert f"remove what denies {POOL}" in planned.out
    assert (applied.code, held) == (0, Held("portal", False, FULL | {f"read {POOL_SID}"})), applied.text
