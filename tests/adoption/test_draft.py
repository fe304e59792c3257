"""A declaration shrinks to what is true of a node, or that is told."""

from pathlib import Path
from typing import Any

import pytest

from keydeploy.adoption import draft
from keydeploy.adoption.draft import settle
from keydeploy.errors import KeydeployError
from keydeploy.node.contract import Response
from tests.adoption.farms import Node, adopt
from tests.engine import beside
from tests.engine.beside import SandboxAtWork
from tests.engine.declaring import pem

ANSWERED = Response([])


def declared(*names: str) -> dict[str, Any]:
    """Answer a declaration of containers, of which the application's sections need the first."""
    sections = {"container": names[0], "sections": ["appSettings"]}
    return {
        "key_containers": {name: {"private_key": ""} for name in names},
        "applications": {"a": {"site": "Default Web Site", "path": "/", "protected_sections": sections}},
    }


@pytest.mark.parametrize(
    ("address", "left"),
    [
        ("key_containers.A.B", ["A"]),
        ("key_containers.A.B.private_key", ["A"]),
        ("key_containers.A", ["A.B"]),
        ("key_containers.A.private_key", ["A.B"]),
    ],
)
def test_the_container_that_an_address_names_is_taken_and_no_other(
    monkeypatch: pytest.MonkeyPatch, address: str, left: list[str]
) -> None:
    rounds = iter([{address: "wrong"}, {}])
    monkeypatch.setattr(draft, "_wrong", lambda *_: next(rounds))
    value = declared("A", "A.B")

    assert settle(value, "web1", ANSWERED) == {address: "wrong"}
    assert list(value["key_containers"]) == left
    assert ("protected_sections" in value["applications"]["a"]) == ("A" in left)


def test_of_two_containers_that_were_brought_the_one_that_a_node_does_not_have_so_is_left_out(tmp_path: Path) -> None:
    node = Node(tmp_path / "web1", {"/": None})
    beside.hold(SandboxAtWork(node.root), "A", "portal")
    beside.hold(SandboxAtWork(node.root), "A.B", "others")
    adopted = adopt({"web1": node}, {"A": pem("portal"), "A.B": pem("portal")})

    assert list(adopted.value["key_containers"]) == ["A"]


def test_what_cannot_be_taken_out_is_told_and_does_not_go_on_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draft, "_wrong", lambda *_: {"key_containers.C": "wrong"})

    with pytest.raises(KeydeployError, match=r"^key_containers\.C cannot be adopted$"):
        settle(declared("A"), "web1", ANSWERED)
