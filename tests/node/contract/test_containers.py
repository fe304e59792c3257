"""Key containers: what they show, how their keys and their access are replaced, and what can go back."""

import base64
import re
from dataclasses import replace
from typing import Any

import pytest

from keydeploy.node.contract import (
    BeginJournal,
    Commit,
    Confirm,
    Container,
    ListContainers,
    PrivateKey,
    ReadContainer,
    RollBack,
    SeenContainer,
    StageBackup,
    StageContainer,
)
from keydeploy.secret import Secret
from tests.node.contract.asking import (
    RUN,
    acquire,
    ask,
    backup_of,
    done,
    journal_of,
    refusal,
    refused,
    roll_out,
    stage,
    standing,
    switch,
    unique,
)
from tests.node.contract.material import left_of, parts, public, shown_of
from tests.node.contract.under_test import OWN_FOLDER, NodeUnderTest

POOL = "S-1-5-82-3006700770-424185619-1745488364-794895919-4004696415"
OTHER_POOL = "S-1-5-82-1036420768-1044797643-1061213386-2937092688-4282445334"
ADMINISTRATORS = "D:P(A;;FA;;;SY)(A;;FA;;;BA)"
ACCESS = f"{ADMINISTRATORS}(A;;GR;;;{POOL})"
OTHER_ACCESS = f"{ADMINISTRATORS}(A;;GR;;;{OTHER_POOL})"
GRACE = 2.0
NOTHING = {
    "provider": None,
    "provider_type": None,
    "key_number": None,
    "bits": None,
    "exportable": None,
    "unique_name": None,
    "sddl": None,
    "public_key": None,
}
ABSENT = {"state": "absent", **NOTHING}


@pytest.fixture
def name() -> str:
    """Answer the name of a container that does not exist yet."""
    return unique("container")


def container(key: str | None, *, sddl: str = ACCESS, exportable: bool = False, provider_type: int = 24) -> Container:
    held = None if key is None else parts(key)
    return Container(key=held, provider_type=provider_type, exportable=exportable, sddl=sddl)


def creating(name: str, key: str = "first", *, exportable: bool = False, early: bool = False) -> StageContainer:
    return StageContainer(name, None, container(key, exportable=exportable), early=early)


def look(node: NodeUnderTest, name: str) -> dict[str, Any]:
    return done(node, ReadContainer(name), run="looking")


def names(node: NodeUnderTest, prefix: str) -> list[str]:
    return [each["name"] for each in done(node, ListContainers(prefix), run="looking")["containers"]]


def seen(node: NodeUnderTest, name: str) -> SeenContainer:
    """Answer what the container shows, as a request names it."""
    shown = look(node, name)
    numbers = {part: base64.b64decode(number) for part, number in shown["public_key"].items()}
    return SeenContainer(public_key=replace(public("first"), **numbers), sddl=shown["sddl"])


def readers(sddl: str) -> set[str]:
    """Answer who has access: the last part of each entry."""
    return {entry.rpartition(";")[2] for entry in re.findall(r"\(([^()]*)\)", sddl)}


def holds(node: NodeUnderTest, name: str, key: str) -> bool:
    return look(node, name)["state"] == "present" and seen(node, name).public_key == public(key)


def prepare(node: NodeUnderTest, name: str, key: str = "first", *, exportable: bool = False) -> SeenContainer:
    """Let the container be there, as if it had been there always, and answer what it shows."""
    roll_out(node, creating(name, key, exportable=exportable))
    return seen(node, name)


# Reading


def test_an_absent_container_is_an_answer(node: NodeUnderTest, name: str) -> None:
    assert look(node, name) == ABSENT


def test_a_container_shows_its_key_but_for_the_private_part(node: NodeUnderTest, name: str) -> None:
    prepare(node, name)
    shown = look(node, name)
    assert (shown["state"], shown["provider_type"], shown["key_number"], shown["bits"]) == ("present", 24, 1, 2048)
    assert shown["provider"] == "Microsoft Enhanced RSA and AES Cryptographic Provider"
    assert shown["unique_name"]
    assert holds(node, name, "first")
    assert not shown_of(str(shown), "first")


@pytest.mark.parametrize("exportable", [False, True])
def test_a_container_tells_whether_its_key_can_be_exported(node: NodeUnderTest, name: str, exportable: bool) -> None:
    prepare(node, name, exportable=exportable)
    assert look(node, name)["exportable"] is exportable


def test_a_container_is_found_whatever_the_case_of_its_name(node: NodeUnderTest, name: str) -> None:
    prepare(node, name)
    assert look(node, name.upper())["state"] == "present"


def test_containers_are_listed_by_the_beginning_of_their_names(node: NodeUnderTest, name: str) -> None:
    for each in (f"{name}-b", f"{name}-a"):
        prepare(node, each)
    assert names(node, name) == [f"{name}-a", f"{name}-b"]
    assert names(node, f"{name}-b") == [f"{name}-b"]
    assert names(node, f"{name}-c") == []


def test_a_listed_container_shows_what_it_shows_by_its_name(node: NodeUnderTest, name: str) -> None:
    prepare(node, name)
    (listed,) = done(node, ListContainers(name), run="looking")["containers"]
    assert listed == {"name": name, "state": look(node, name)}


def test_looking_makes_no_container(node: NodeUnderTest, name: str) -> None:
    before = node.tree()
    for _ in range(2):
        assert look(node, name) == ABSENT
        assert names(node, name) == []
    assert node.tree() == before


def test_a_container_without_a_name_is_none(node: NodeUnderTest) -> None:
    assert refusal(node, ReadContainer("")) == "request"
    assert refused(node, creating("")) == "request"


# Staging


def test_staging_makes_no_container(node: NodeUnderTest, name: str) -> None:
    stage(node, creating(name))
    assert look(node, name) == ABSENT
    assert names(node, name) == []


def test_a_container_that_exists_is_not_made_again(node: NodeUnderTest, name: str) -> None:
    prepare(node, name)
    assert refused(node, creating(name, "second")) == "changed"
    assert holds(node, name, "first")


def test_a_container_with_another_key_than_the_observed_one_is_left(node: NodeUnderTest, name: str) -> None:
    observed = prepare(node, name)
    wrong = replace(observed, public_key=public("second"))
    for after in (container("third"), container(None, sddl=OTHER_ACCESS), None):
        assert refused(node, StageContainer(name, wrong, after)) == "changed"


def test_a_container_with_another_access_than_the_observed_one_is_left(node: NodeUnderTest, name: str) -> None:
    observed = prepare(node, name)
    wrong = replace(observed, sddl=OTHER_ACCESS)
    assert refused(node, StageContainer(name, wrong, container("second"))) == "changed"


def test_a_container_that_has_gone_is_left(node: NodeUnderTest, name: str) -> None:
    gone = SeenContainer(public_key=public("first"), sddl=ACCESS)
    for after in (container("second"), container(None), None):
        assert refused(node, StageContainer(name, gone, after)) == "changed"


def test_an_absent_container_has_no_access_to_change(node: NodeUnderTest, name: str) -> None:
    assert refused(node, StageContainer(name, None, container(None))) == "changed"


@pytest.mark.parametrize("provider_type", [0, 3, 13, 25])
def test_only_providers_of_rsa_keys_are_supported(node: NodeUnderTest, name: str, provider_type: int) -> None:
    change = StageContainer(name, None, container("first", provider_type=provider_type))
    assert refused(node, change) == "unsupported"


@pytest.mark.parametrize("sddl", ["", "everybody", "O:BA", "D:(A;;GR"])
def test_an_access_that_is_none_is_refused_when_it_is_staged(node: NodeUnderTest, name: str, sddl: str) -> None:
    assert refused(node, StageContainer(name, None, container("first", sddl=sddl))) == "request"


def _one_more(part: Secret) -> Secret:
    length = len(part.reveal())
    return Secret(((int.from_bytes(part.reveal()) + 2) % (1 << 8 * length)).to_bytes(length))


def _longer(part: Secret) -> Secret:
    return Secret(b"\0" + part.reveal())


def damaged() -> dict[str, PrivateKey]:
    key, other = parts("first"), parts("second")
    inconsistent = {part: replace(key, **{part: _one_more(getattr(key, part))}) for part in ("d", "p", "q", "modulus")}
    return {
        **inconsistent,
        "exponents": replace(key, dp=_one_more(key.dp), dq=_one_more(key.dq)),
        "coefficient": replace(key, inverse_q=_one_more(key.inverse_q)),
        "two keys": replace(key, modulus=other.modulus),
        "a longer modulus": replace(key, modulus=_longer(key.modulus)),
        "a longer half": replace(key, p=_longer(key.p)),
        "an empty part": replace(key, d=Secret(b"")),
        "nothing": replace(key, **dict.fromkeys(("modulus", "d", "p", "q", "dp", "dq", "inverse_q"), Secret(b""))),
    }


@pytest.mark.parametrize("why", damaged())
def test_a_damaged_key_is_refused_without_telling_of_it(node: NodeUnderTest, name: str, why: str) -> None:
    after = replace(container("first"), key=damaged()[why])
    results = ask(node, acquire(), BeginJournal(), StageContainer(name, None, after))
    assert results[-1]["error"]["code"] == "key"
    assert not shown_of(str(results), "first", "second")
    assert name not in str(results)
    assert look(node, name) == ABSENT


def test_a_previous_key_must_be_the_one_in_the_container(node: NodeUnderTest, name: str) -> None:
    observed = prepare(node, name)
    assert refused(node, StageContainer(name, observed, container("second"), parts("third"))) == "key"
    assert refused(node, StageContainer(unique("container"), None, container("second"), parts("third"))) == "key"


def test_an_error_names_no_container(node: NodeUnderTest, name: str) -> None:
    prepare(node, name)
    (*_, result) = ask(node, acquire(), BeginJournal(), creating(name))
    assert name not in str(result["error"])


def test_the_journal_holds_nothing_of_a_key(node: NodeUnderTest, name: str) -> None:
    observed = prepare(node, name, exportable=True)
    stage(node, StageContainer(name, observed, container("second")))
    journal = node.read(f"{OWN_FOLDER}\\journal.json")
    assert journal is not None
    assert b"staged" in journal
    assert left_of({"journal": journal}, "first", "second") == []


# Switching and going back


@pytest.mark.parametrize("provider_type", [24, 12, 1])
def test_a_container_is_made_and_goes_again(node: NodeUnderTest, name: str, provider_type: int) -> None:
    stage(node, StageContainer(name, None, container("first", provider_type=provider_type)))
    switch(node)
    assert holds(node, name, "first")
    done(node, RollBack())
    assert look(node, name) == ABSENT
    assert names(node, name) == []


@pytest.mark.parametrize("exportable", [False, True])
def test_a_replaced_key_is_the_new_one(node: NodeUnderTest, name: str, exportable: bool) -> None:
    observed = prepare(node, name, exportable=not exportable)
    roll_out(node, StageContainer(name, observed, container("second", exportable=exportable), parts("first")))
    assert holds(node, name, "second")
    assert look(node, name)["exportable"] is exportable


def test_an_exportable_key_goes_back_by_itself(node: NodeUnderTest, name: str) -> None:
    observed = prepare(node, name, exportable=True)
    stage(node, StageContainer(name, observed, container("second", sddl=OTHER_ACCESS)))
    switch(node)
    done(node, RollBack())
    assert seen(node, name) == observed
    assert look(node, name)["exportable"] is True


def test_a_key_that_is_not_exportable_goes_back_when_it_was_given(node: NodeUnderTest, name: str) -> None:
    observed = prepare(node, name)
    stage(node, StageContainer(name, observed, container("second", sddl=OTHER_ACCESS), parts("first")))
    switch(node)
    done(node, RollBack())
    assert seen(node, name) == observed
    assert look(node, name)["exportable"] is False


def test_a_key_that_is_not_exportable_and_was_not_given_is_lost(node: NodeUnderTest, name: str) -> None:
    observed = prepare(node, name)
    stage(node, StageContainer(name, observed, container("second")))
    switch(node)
    assert refusal(node, RollBack()) == "irreversible"
    assert holds(node, name, "second")
    assert journal_of(node)["run"] is not None


def test_before_the_switch_nothing_is_lost(node: NodeUnderTest, name: str) -> None:
    observed = prepare(node, name)
    stage(node, StageContainer(name, observed, container("second")))
    done(node, RollBack())
    assert seen(node, name) == observed


@pytest.mark.parametrize("order", [1, -1])
def test_where_a_key_cannot_go_back_nothing_does(node: NodeUnderTest, name: str, order: int) -> None:
    observed, other = prepare(node, name), f"{name}-other"
    stage(node, *(StageContainer(name, observed, container("second")), creating(other))[::order])
    switch(node)
    assert refusal(node, RollBack()) == "irreversible"
    assert holds(node, name, "second")
    assert look(node, other)["state"] == "present"


def test_a_run_that_cannot_go_back_can_still_be_confirmed(node: NodeUnderTest, name: str) -> None:
    observed = prepare(node, name)
    stage(node, StageContainer(name, observed, container("second")))
    switch(node)
    assert refusal(node, RollBack()) == "irreversible"
    done(node, Confirm())
    assert holds(node, name, "second")
    assert journal_of(node)["run"] is None


def test_a_deleted_container_comes_back_with_its_key(node: NodeUnderTest, name: str) -> None:
    observed = prepare(node, name, exportable=True)
    stage(node, StageContainer(name, observed, None))
    switch(node)
    assert look(node, name) == ABSENT
    assert names(node, name) == []
    done(node, RollBack())
    assert seen(node, name) == observed


def test_a_deleted_container_comes_back_with_the_key_that_was_given(node: NodeUnderTest, name: str) -> None:
    observed = prepare(node, name)
    stage(node, StageContainer(name, observed, None, parts("first")))
    switch(node)
    done(node, RollBack())
    assert seen(node, name) == observed
    assert look(node, name)["exportable"] is False


def test_a_deleted_container_whose_key_nobody_knows_is_lost(node: NodeUnderTest, name: str) -> None:
    observed = prepare(node, name)
    stage(node, StageContainer(name, observed, None))
    switch(node)
    assert refusal(node, RollBack()) == "irreversible"
    assert look(node, name) == ABSENT


def test_the_same_key_can_be_put_again(node: NodeUnderTest, name: str) -> None:
    observed = prepare(node, name)
    stage(node, StageContainer(name, observed, container("first", sddl=OTHER_ACCESS, exportable=True)))
    switch(node)
    assert holds(node, name, "first")
    assert look(node, name)["exportable"] is True
    done(node, RollBack())
    assert seen(node, name) == observed


def test_a_repeated_commit_leaves_the_container_alone(node: NodeUnderTest, name: str) -> None:
    observed = prepare(node, name)
    stage(node, StageContainer(name, observed, container("second"), parts("first")))
    commit = Commit(node.clock(), GRACE)
    assert done(node, commit) == done(node, commit)
    assert holds(node, name, "second")


# Access


def test_a_container_has_exactly_the_access_that_was_asked_for(node: NodeUnderTest, name: str) -> None:
    prepare(node, name)
    assert readers(look(node, name)["sddl"]) == {"SY", "BA", POOL}


def test_the_access_changes_and_the_key_stays(node: NodeUnderTest, name: str) -> None:
    observed = prepare(node, name)
    stage(node, StageContainer(name, observed, container(None, sddl=OTHER_ACCESS)))
    switch(node)
    assert holds(node, name, "first")
    assert look(node, name)["exportable"] is False
    assert readers(look(node, name)["sddl"]) == {"SY", "BA", OTHER_POOL}
    done(node, RollBack())
    assert seen(node, name) == observed


def test_access_that_was_given_to_more_is_taken_back_exactly(node: NodeUnderTest, name: str) -> None:
    observed = prepare(node, name)
    roll_out(node, StageContainer(name, observed, container(None, sddl=f"{ACCESS}(A;;GR;;;{OTHER_POOL})")))
    assert readers(look(node, name)["sddl"]) == {"SY", "BA", POOL, OTHER_POOL}
    roll_out(node, StageContainer(name, seen(node, name), container(None)))
    assert seen(node, name) == observed


# Early


def test_an_early_container_is_made_when_it_is_staged(node: NodeUnderTest, name: str) -> None:
    stage(node, creating(name, early=True))
    assert holds(node, name, "first")
    assert readers(look(node, name)["sddl"]) == {"SY", "BA", POOL}
    switch(node)
    done(node, Confirm())
    assert holds(node, name, "first")


@pytest.mark.parametrize("is_committed", [False, True])
def test_an_early_container_goes_when_the_run_goes_back(node: NodeUnderTest, name: str, is_committed: bool) -> None:
    stage(node, creating(name, early=True))
    if is_committed:
        switch(node)
    done(node, RollBack())
    assert look(node, name) == ABSENT


def test_an_early_container_goes_when_the_run_begins_again(node: NodeUnderTest, name: str) -> None:
    stage(node, creating(name, early=True))
    done(node, BeginJournal())
    assert look(node, name) == ABSENT
    stage(node, creating(name, "second", early=True))
    assert holds(node, name, "second")


# What is left


@pytest.mark.parametrize("exportable", [False, True])
def test_nothing_of_a_key_is_left_once_the_run_is_confirmed(node: NodeUnderTest, name: str, exportable: bool) -> None:
    observed = prepare(node, name, exportable=exportable)
    roll_out(node, StageContainer(name, observed, container("second"), parts("first")))
    assert [place for place in left_of(node.tree(), "first", "second") if not place.endswith(".before")] == []


@pytest.mark.parametrize("is_committed", [False, True])
def test_nothing_of_a_key_is_left_once_the_run_has_gone_back(
    node: NodeUnderTest, name: str, is_committed: bool
) -> None:
    observed = prepare(node, name, exportable=True)
    stage(node, StageContainer(name, observed, container("second")), creating(f"{name}-early", "third", early=True))
    if is_committed:
        switch(node)
    done(node, RollBack())
    assert left_of(node.tree(), "first", "second", "third") == []


@pytest.mark.parametrize("confirm", [Confirm(keep=0), Confirm(expire=0.0)], ids=["count", "age"])
def test_nothing_of_a_key_is_left_where_no_backup_is_kept(node: NodeUnderTest, name: str, confirm: Confirm) -> None:
    observed = prepare(node, name, exportable=True)
    stage(node, StageContainer(name, observed, container("second")))
    switch(node)
    done(node, confirm)
    assert left_of(node.tree(), "first", "second") == []


def test_a_roll_back_that_leaves_what_has_changed_does_not_leave_a_lost_key(node: NodeUnderTest, name: str) -> None:
    observed = prepare(node, name)
    stage(node, StageContainer(name, observed, container("second")))
    switch(node)
    assert refusal(node, RollBack(leave=True)) == "irreversible"
    assert journal_of(node)["run"] is not None


# Twice


def test_an_early_container_of_a_request_that_comes_twice_is_made_once(node: NodeUnderTest, name: str) -> None:
    request = (acquire(), BeginJournal(), creating(name, early=True))
    first = ask(node, *request, delivered="id")
    before = seen(node, name)
    assert ask(node, *request, delivered="id") == first
    assert seen(node, name) == before
    switch(node)
    assert ask(node, *request, delivered="id") == first
    done(node, RollBack())
    assert look(node, name) == ABSENT


def test_a_container_of_a_request_that_comes_again_after_the_switch_is_left(node: NodeUnderTest, name: str) -> None:
    observed = prepare(node, name)
    request = (acquire(), BeginJournal(), StageContainer(name, observed, container("second"), parts("first")))
    done(node, *request, delivered="id")
    switch(node)
    done(node, *request, delivered="id")
    assert holds(node, name, "second")
    done(node, RollBack())
    assert seen(node, name) == observed


# Against a backup, and the way back


def test_a_container_stands_against_its_backup(node: NodeUnderTest, name: str) -> None:
    observed = prepare(node, name, exportable=True)
    roll_out(node, StageContainer(name, observed, container("second")), run=RUN)
    assert backup_of(node, RUN)["places"] == [{"noun": "container", "place": name, "state": "as_left"}]
    roll_out(node, StageContainer(name, seen(node, name), container(None, sddl=OTHER_ACCESS)))
    assert standing(node, RUN) == ["changed"]
    roll_out(node, StageContainer(name, seen(node, name), container("first", exportable=True)))
    assert standing(node, RUN) == ["as_before"]


def test_a_lost_key_is_told_as_irreversible_until_somebody_has_brought_it(node: NodeUnderTest, name: str) -> None:
    observed = prepare(node, name)
    roll_out(node, StageContainer(name, observed, container("second", sddl=OTHER_ACCESS)), run=RUN)
    assert standing(node, RUN) == ["irreversible"]
    for force in (False, True):
        assert refused(node, StageBackup(RUN, force), run="undo") == "irreversible"
    done(node, RollBack(), run="undo")
    roll_out(node, StageContainer(name, seen(node, name), container("first", sddl=OTHER_ACCESS)))
    assert standing(node, RUN) == ["changed"]
    roll_out(node, StageBackup(RUN, True))
    assert (seen(node, name), standing(node, RUN)) == (observed, ["as_before"])


@pytest.mark.parametrize("exportable", [False, True])
def test_a_replaced_key_is_taken_back_where_it_was_kept(node: NodeUnderTest, name: str, exportable: bool) -> None:
    observed = prepare(node, name, exportable=exportable)
    previous = None if exportable else parts("first")
    roll_out(node, StageContainer(name, observed, container("second", sddl=OTHER_ACCESS), previous), run=RUN)
    assert standing(node, RUN) == ["as_left"]
    roll_out(node, StageBackup(RUN, False))
    assert seen(node, name) == observed
    assert look(node, name)["exportable"] is exportable
    assert standing(node, RUN) == ["as_before"]


@pytest.mark.parametrize("previous", [None, "first"])
def test_a_deleted_container_is_taken_back_where_its_key_was_kept(
    node: NodeUnderTest, name: str, previous: str | None
) -> None:
    observed = prepare(node, name, exportable=previous is None)
    roll_out(node, StageContainer(name, observed, None, parts(previous) if previous else None), run=RUN)
    roll_out(node, StageBackup(RUN, False))
    assert seen(node, name) == observed
    assert look(node, name)["exportable"] is (previous is None)


def test_a_container_that_was_made_goes_when_its_run_is_taken_back(node: NodeUnderTest, name: str) -> None:
    roll_out(node, creating(name, exportable=True), run=RUN)
    stage(node, StageBackup(RUN, False), run="undo")
    switch(node, run="undo")
    assert look(node, name) == ABSENT
    done(node, RollBack(), run="undo")
    assert holds(node, name, "first")


def test_access_is_taken_back_and_given_again_though_nobody_knows_the_key(node: NodeUnderTest, name: str) -> None:
    observed = prepare(node, name)
    roll_out(node, StageContainer(name, observed, container(None, sddl=OTHER_ACCESS)), run=RUN)
    changed = seen(node, name)
    stage(node, StageBackup(RUN, False), run="undo")
    switch(node, run="undo")
    assert seen(node, name) == observed
    done(node, RollBack(), run="undo")
    assert seen(node, name) == changed


@pytest.mark.parametrize("exportable", [False, True])
def test_a_key_that_stays_is_kept_when_its_run_is_taken_back(node: NodeUnderTest, name: str, exportable: bool) -> None:
    observed = prepare(node, name, exportable=exportable)
    again = container("first", sddl=OTHER_ACCESS, exportable=not exportable)
    roll_out(node, StageContainer(name, observed, again), run=RUN)
    changed = seen(node, name)
    stage(node, StageBackup(RUN, False), run="undo")
    switch(node, run="undo")
    assert (seen(node, name), look(node, name)["exportable"]) == (observed, exportable)
    done(node, RollBack(), run="undo")
    assert (seen(node, name), look(node, name)["exportable"]) == (changed, not exportable)


def test_a_new_key_that_is_not_exportable_is_lost_when_its_run_is_taken_back(node: NodeUnderTest, name: str) -> None:
    observed = prepare(node, name, exportable=True)
    roll_out(node, StageContainer(name, observed, container("second")), run=RUN)
    stage(node, StageBackup(RUN, False), run="undo")
    switch(node, run="undo")
    assert refusal(node, RollBack(), run="undo") == "irreversible"
    done(node, Confirm(), run="undo")
    assert seen(node, name) == observed
    assert standing(node, "undo") == ["irreversible"]
