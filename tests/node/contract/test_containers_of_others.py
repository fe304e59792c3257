"""Key containers that other tools have made: what they show, how ours take their place, and how they come back."""

import re

import pytest

from keydeploy.node.contract import Confirm, ListContainers, RollBack, StageBackup, StageContainer
from tests.node.contract.asking import RUN, done, refusal, roll_out, stage, standing, switch, unique
from tests.node.contract.material import public
from tests.node.contract.others import OthersContainer
from tests.node.contract.test_containers import (
    ABSENT,
    ACCESS,
    ADMINISTRATORS,
    OTHER_POOL,
    POOL,
    container,
    holds,
    look,
    seen,
)
from tests.node.contract.under_test import NodeUnderTest

USERS = "S-1-5-32-545"
DENYING = f"D:(D;;GR;;;{POOL})(A;;GA;;;SY)(A;;GA;;;BA)(A;;GR;;;{OTHER_POOL})"
INHERITED = f"D:AI(A;;GR;;;{POOL})(A;ID;GA;;;SY)(A;ID;GA;;;BA)(A;ID;GR;;;BU)"
DENYING_BY_INHERITANCE = f"D:AI(A;;GR;;;{POOL})(D;ID;GA;;;{OTHER_POOL})(A;ID;GA;;;SY)(A;ID;GA;;;BA)"
UNLIMITED = "D:NO_ACCESS_CONTROL"


@pytest.fixture
def name() -> str:
    """Answer the name of a container that does not exist yet."""
    return unique("others")


def granted(sddl: str) -> list[tuple[str, str]]:
    """Answer of each entry whether it allows (A) or denies (D), and whom."""
    entries = [entry.split(";") for entry in re.findall(r"\(([^()]*)\)", sddl)]
    return [(kind, {"BU": USERS}.get(account, account)) for kind, _, _, _, _, account in entries]


@pytest.mark.parametrize("provider_type", [1, 12, 24])
@pytest.mark.parametrize("key_number", [1, 2])
@pytest.mark.parametrize("exportable", [False, True])
def test_it_shows_what_its_key_is_for(
    node: NodeUnderTest, name: str, provider_type: int, key_number: int, exportable: bool
) -> None:
    others = OthersContainer(name=name, provider_type=provider_type, key_number=key_number, exportable=exportable)
    node.make_container(others)
    shown = look(node, name)
    assert (shown["state"], shown["key_number"], shown["exportable"]) == ("present", key_number, exportable)
    assert (shown["bits"], shown["sddl"] is None, shown["public_key"] is None) == (2048, False, False)
    assert [each["name"] for each in done(node, ListContainers(name))["containers"]] == [name]


@pytest.mark.parametrize("provider_type", [1, 12, 24])
@pytest.mark.parametrize("key_number", [1, 2])
def test_ours_takes_its_place_and_it_comes_back_with_all_that_it_was(
    node: NodeUnderTest, name: str, provider_type: int, key_number: int
) -> None:
    node.make_container(OthersContainer(name=name, provider_type=provider_type, key_number=key_number, sddl=DENYING))
    before = look(node, name)
    stage(node, StageContainer(name, seen(node, name), container("first")))
    switch(node)
    assert holds(node, name, "first")
    shown = look(node, name)
    assert (shown["provider_type"], shown["key_number"], shown["exportable"]) == (24, 1, False)
    assert granted(shown["sddl"]) == granted(ACCESS)
    done(node, RollBack())
    assert look(node, name) == before


@pytest.mark.parametrize("key_number", [1, 2])
def test_it_is_taken_back_from_the_backup_too(node: NodeUnderTest, name: str, key_number: int) -> None:
    node.make_container(OthersContainer(name=name, key_number=key_number, sddl=INHERITED))
    before = look(node, name)
    roll_out(node, StageContainer(name, seen(node, name), container("first")), run=RUN)
    assert standing(node, RUN) == ["as_left"]
    roll_out(node, StageBackup(RUN, False))
    assert (look(node, name), standing(node, RUN)) == (before, ["as_before"])


@pytest.mark.parametrize("key_number", [1, 2])
def test_one_that_is_deleted_comes_back_with_all_that_it_was(node: NodeUnderTest, name: str, key_number: int) -> None:
    node.make_container(OthersContainer(name=name, key_number=key_number, sddl=DENYING))
    before = look(node, name)
    stage(node, StageContainer(name, seen(node, name), None))
    switch(node)
    assert look(node, name) == ABSENT
    done(node, RollBack())
    assert look(node, name) == before


@pytest.mark.parametrize("key_number", [1, 2])
def test_a_key_that_cannot_be_exported_comes_back_where_it_is_given(
    node: NodeUnderTest, name: str, key_number: int
) -> None:
    others = OthersContainer(name=name, key_number=key_number, exportable=False, key="second", sddl=DENYING)
    node.make_container(others)
    before = look(node, name)
    previous = others.parts
    stage(node, StageContainer(name, seen(node, name), container("first"), previous))
    switch(node)
    assert holds(node, name, "first")
    done(node, RollBack())
    assert look(node, name) == before
    assert seen(node, name).public_key == public("second")


def test_a_key_that_cannot_be_exported_and_is_not_given_is_lost(node: NodeUnderTest, name: str) -> None:
    node.make_container(OthersContainer(name=name, exportable=False))
    stage(node, StageContainer(name, seen(node, name), container("first")))
    switch(node)
    assert refusal(node, RollBack()) == "irreversible"
    done(node, Confirm())
    assert holds(node, name, "first")


@pytest.mark.parametrize("sddl", [DENYING, INHERITED, DENYING_BY_INHERITANCE])
def test_entries_that_deny_or_are_inherited_are_shown(node: NodeUnderTest, name: str, sddl: str) -> None:
    node.make_container(OthersContainer(name=name, sddl=sddl))
    assert granted(look(node, name)["sddl"]) == granted(sddl)


@pytest.mark.parametrize("sddl", [DENYING, INHERITED, DENYING_BY_INHERITANCE, UNLIMITED])
def test_any_access_becomes_exactly_the_one_that_is_asked_for_and_comes_back(
    node: NodeUnderTest, name: str, sddl: str
) -> None:
    node.make_container(OthersContainer(name=name, sddl=sddl))
    before = look(node, name)
    stage(node, StageContainer(name, seen(node, name), container(None)))
    switch(node)
    assert granted(look(node, name)["sddl"]) == granted(ACCESS)
    done(node, RollBack())
    assert look(node, name) == before


@pytest.mark.parametrize("sddl", [DENYING, INHERITED, DENYING_BY_INHERITANCE, UNLIMITED, ADMINISTRATORS])
def test_what_was_observed_is_what_a_change_may_replace(node: NodeUnderTest, name: str, sddl: str) -> None:
    node.make_container(OthersContainer(name=name, sddl=sddl))
    for after in (container("first"), container(None), None):
        roll_out(node, StageContainer(name, seen(node, name), after))
    assert look(node, name) == ABSENT
