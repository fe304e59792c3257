"""CryptographicException under load: opening a named container that is missing creates it, in two steps.

Of many threads that open it at once some fail because it has just come into being, and some get a key that another
thread's replaces; after that nobody can read what was encrypted with it.
"""

from pathlib import Path

from tests.engine import beside
from tests.engine.beside import Held
from tests.engine.declaring import container
from tests.engine.farm import QUICK
from tests.engine.hunting import leaks
from tests.engine.kinds import USED_BY_POOL
from tests.node.contract.material import public
from tests.node.windows.stress import load, load_of_beginners
from tests.winrm.csharp import CSharpStand
from tests.winrm.server import Security

NODES = ("web1", "web2")
NAME = "PortalConfiguration"
EXISTS = "0x8009000F"
"""NTE_EXISTS."""


def test_an_application_fails_under_load_and_not_once_when_the_container_was_rolled_out(
    windows: CSharpStand, windows_dotnet: Path
) -> None:
    spec = {"machine_keys": {}, "applications": {}, "key_containers": {NAME: container("portal")}}
    windows.add_farm("portal", *NODES, rollout={**QUICK, "margin": "2s"}, **spec)
    with windows.serve(Security(), *NODES):
        before = load_of_beginners(windows_dotnet, windows.node("web1"), NAME)
        missing = windows.keydeploy("drift")
        applied = windows.tell("apply")
        after = [load(windows_dotnet, windows.node(node), NAME) for node in NODES]
        held = [beside.held(windows.somebody_at(node), NAME) for node in NODES]
        in_order = windows.tell("drift")

    assert before.failures[EXISTS] > 0
    assert before.split > 0
    assert (missing.code, missing.out.count("key: absent → sha256:")) == (2, 1)  # the same on both nodes
    assert applied.code == 0, applied.text
    assert [(dict(found.failures), found.split) for found in after] == [({}, 0)] * 2
    assert {key for found in after for key in found.keys} == {public("portal").modulus}
    assert held == [Held("portal", False, USED_BY_POOL)] * 2
    assert in_order.code == 0, in_order.text
    assert leaks(windows, missing, applied, in_order) == []
