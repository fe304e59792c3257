"""An observation tells who may use each private key, by name, as the node shows it."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from keydeploy.plan import Action
from tests.explain import drifting
from tests.explain.drifting import declared
from tests.keys.authorities import NOW
from tests.observation.farm import Node, plan_of

CONTAINER, CERTIFICATE = "key_containers.PortalConfiguration", "certificates.session"
AS_DECLARED = ("Administrators", "IIS AppPool\\Portal", "SYSTEM")


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> list[Node]:
    """Answer a node as it is before the roll-out, and one as declared."""
    found = []
    for name in ("before", "after"):
        node = Node(tmp_path_factory.mktemp("nodes") / name, {"/portal": b"<configuration/>"})
        node.now = NOW
        found.append(node)
    spec = declared("web1", {"certificate": "session"})
    found[1].roll_out(spec, plan_of(spec, found[1].observe(spec)))
    return found


class Copy(Node):
    """A node that is as another one, and may be disturbed."""

    def __init__(self, other: Node, root: Path) -> None:
        shutil.copytree(other.root, root)
        self.root, self.now = root, other.now


def readers(node: Node) -> dict[str, tuple[str, ...]]:
    """Answer who may use what, as the plan for *node* tells it; nothing where nobody is told of."""
    spec = declared("web1", {"certificate": "session"})
    return {each.address: each.readers for each in plan_of(spec, node.observe(spec)).operations if each.readers}


def test_where_there_is_no_key_nobody_may_use_it(nodes: list[Node]) -> None:
    assert readers(nodes[0]) == {}


def test_a_key_is_told_with_all_its_readers(nodes: list[Node]) -> None:
    assert readers(nodes[1]) == {CONTAINER: AS_DECLARED, CERTIFICATE: AS_DECLARED}


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ("(A;;GA;;;SY)(A;;GA;;;BA)(A;;GR;;;WD)", ("Administrators", "Everyone", "SYSTEM")),
        ("(A;;GA;;;SY)", ("SYSTEM",)),
    ],
)
def test_it_tells_what_the_node_shows_and_not_what_is_declared(
    nodes: list[Node], tmp_path: Path, entries: str, expected: tuple[str, ...]
) -> None:
    node = Copy(nodes[1], tmp_path / "node")
    drifting.readers("PortalConfiguration", entries)(node)

    assert readers(node)[CONTAINER] == expected
    spec = declared("web1", {"certificate": "session"})
    operations = plan_of(spec, node.observe(spec)).operations
    assert next(each for each in operations if each.address == CONTAINER).action is Action.UPDATE


def test_who_may_use_a_key_is_no_change_of_the_plan(nodes: list[Node]) -> None:
    """A saved plan holds although somebody was let in that does not matter; what is to be done is compared alone."""
    spec = declared("web1", {"certificate": "session"})
    plan = plan_of(spec, nodes[1].observe(spec))
    others = replace(plan, operations=tuple(replace(each, readers=("somebody",)) for each in plan.operations))
    assert plan != others
    assert plan.is_as(others)
