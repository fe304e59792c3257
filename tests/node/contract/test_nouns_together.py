"""Nouns of several kinds in one run: they switch together, and go back together."""

from typing import Any

import pytest
from cryptography import x509

from keydeploy.node.contract import (
    BeginJournal,
    Commit,
    Confirm,
    ResumeLock,
    RollBack,
    StageBackup,
    StageContainer,
    Staging,
)
from tests.node.contract.asking import (
    LEASE,
    RUN,
    WEB_CONFIG,
    acquire,
    ask,
    done,
    journal_of,
    refusal,
    refused,
    replacing,
    roll_out,
    stage,
    standing,
    switch,
    unique,
)
from tests.node.contract.material import left_of, self_signed
from tests.node.contract.test_certificates import adding, removing, shown
from tests.node.contract.test_certificates import prepare as prepare_certificate
from tests.node.contract.test_containers import OTHER_ACCESS, container, creating, look, seen
from tests.node.contract.test_containers import prepare as prepare_container
from tests.node.contract.test_registry import changing, dword, holds
from tests.node.contract.test_registry import prepare as prepare_value
from tests.node.contract.under_test import NodeUnderTest

GRACE = 2.0


class Farm:
    """A node with one of each kind to be made, to be changed and to be removed."""

    def __init__(self, node: NodeUnderTest) -> None:
        self.node = node
        self.name = unique("together")
        self.key = f"HKLM\\SOFTWARE\\keydeploy-tests\\{self.name}"
        self.added, self.removed = self_signed("second"), self_signed("first")
        node.write(WEB_CONFIG, b"old")
        prepare_value(node, self.key, dword(1))
        prepare_container(node, self._container("access"))
        prepare_container(node, self._container("replaced"), exportable=True)
        prepare_certificate(node, self.removed, self._container("removed"))

    def changes(self) -> tuple[Staging, ...]:
        """Answer one run of all of them, the file in the middle."""
        access, replaced = self._container("access"), self._container("replaced")
        removed, added = self._container("removed"), self._container("added")
        return (
            creating(added, "second", early=True),
            adding(self.added, added, early=True),
            changing(self.key, dword(1), dword(2)),
            changing(self.key, None, dword(32), view=32),
            StageContainer(access, seen(self.node, access), container(None, sddl=OTHER_ACCESS)),
            replacing(WEB_CONFIG, b"old", b"new"),
            StageContainer(replaced, seen(self.node, replaced), container("second")),
            removing(self.removed, removed),
            StageContainer(removed, seen(self.node, removed), None),
        )

    def shows(self) -> tuple[Any, ...]:
        """Answer all that the run may change, but for the file."""
        containers = [look(self.node, self._container(each)) for each in ("access", "replaced", "removed", "added")]
        for each in containers:
            each.pop("unique_name")
        certificates = [shown(self.node, each, prove=True) for each in (self.added, self.removed)]
        values = [holds(self.node, self.key, view=view) for view in (64, 32)]
        return (*containers, *certificates, *values)

    def _container(self, what: str) -> str:
        return f"{self.name}-{what}"


@pytest.fixture
def farm(node: NodeUnderTest) -> Farm:
    return Farm(node)


def test_all_switch_and_all_go_back(farm: Farm) -> None:
    before = farm.shows()
    stage(farm.node, *farm.changes())
    switch(farm.node)
    after = farm.shows()
    assert [old == new for old, new in zip(before, after, strict=True)] == [False] * len(before)
    assert farm.node.read(WEB_CONFIG) == b"new"
    done(farm.node, RollBack())
    assert farm.shows() == before
    assert farm.node.read(WEB_CONFIG) == b"old"


def test_all_stay_when_the_run_is_confirmed(farm: Farm) -> None:
    stage(farm.node, *farm.changes())
    switch(farm.node)
    after = farm.shows()
    done(farm.node, Confirm())
    assert farm.shows() == after
    assert [place for place in left_of(farm.node.tree(), "first", "second") if not place.endswith(".before")] == []


def test_one_that_changed_since_it_was_staged_stops_them_all(farm: Farm) -> None:
    before = farm.shows()
    stage(farm.node, *farm.changes())
    staged = farm.shows()
    farm.node.write(WEB_CONFIG, b"somebody else's")
    assert refusal(farm.node, Commit(farm.node.clock(), GRACE)) == "changed"
    assert farm.shows() == staged
    done(farm.node, RollBack())
    assert farm.shows() == before


def test_one_that_changed_after_the_commit_is_left_and_the_others_go_back(farm: Farm) -> None:
    before = farm.shows()
    stage(farm.node, *farm.changes())
    switch(farm.node)
    farm.node.write(WEB_CONFIG, b"somebody else's")
    assert refusal(farm.node, RollBack()) == "changed"
    assert farm.shows() == before
    assert farm.node.read(WEB_CONFIG) == b"somebody else's"
    farm.node.write(WEB_CONFIG, b"old")
    done(farm.node, RollBack())
    assert farm.shows() == before
    assert journal_of(farm.node)["run"] is None


def with_a_failing_certificate(farm: Farm) -> tuple[Staging, ...]:
    """Answer the run with a certificate in its middle whose key is another one's, which shows at the switch alone."""
    certificate: x509.Certificate = self_signed("third")
    name = unique("failing")
    first, *others = farm.changes()
    return (first, *others[:5], creating(name, "second"), adding(certificate, name), *others[5:])


def test_a_switch_that_fails_in_the_middle_goes_back_for_all(farm: Farm) -> None:
    before = farm.shows()
    stage(farm.node, *with_a_failing_certificate(farm))
    assert refusal(farm.node, Commit(farm.node.clock(), GRACE)) == "key"
    assert journal_of(farm.node)["phase"] == "committing"
    assert refusal(farm.node, Commit(farm.node.clock(), GRACE)) == "key"
    done(farm.node, RollBack())
    assert farm.shows() == before
    assert farm.node.read(WEB_CONFIG) == b"old"


def test_another_operator_takes_a_failed_switch_back(farm: Farm) -> None:
    before = farm.shows()
    stage(farm.node, *with_a_failing_certificate(farm))
    assert refusal(farm.node, Commit(farm.node.clock(), GRACE)) == "key"
    farm.node.pass_time(2 * LEASE + GRACE)
    done(farm.node, ResumeLock("another@controller", LEASE), RollBack())
    assert farm.shows() == before


def test_a_refused_change_leaves_what_was_staged_before_it_to_be_taken_back(farm: Farm) -> None:
    before = farm.shows()
    wrong = changing(farm.key, dword(7), dword(8), value="Wrong")
    results = ask(farm.node, acquire(), BeginJournal(), *farm.changes(), wrong)
    assert results[-1]["error"]["code"] == "changed"
    done(farm.node, RollBack())
    assert farm.shows() == before


def test_beginning_again_takes_back_what_was_early_alone(farm: Farm) -> None:
    before = farm.shows()
    stage(farm.node, *farm.changes())
    assert farm.shows() != before
    done(farm.node, BeginJournal())
    assert farm.shows() == before
    stage(farm.node, *farm.changes())
    switch(farm.node)
    done(farm.node, RollBack())
    assert farm.shows() == before


# Twice, and the way back


def test_all_are_staged_once_when_the_request_comes_twice(farm: Farm) -> None:
    before = farm.shows()
    request = (acquire(), BeginJournal(), *farm.changes())
    first = ask(farm.node, *request, delivered="id")
    staged = farm.shows()
    assert ask(farm.node, *request, delivered="id") == first
    assert farm.shows() == staged
    switch(farm.node)
    after = farm.shows()
    assert ask(farm.node, *request, delivered="id") == first
    assert farm.shows() == after
    done(farm.node, RollBack())
    assert farm.shows() == before


def test_where_no_backup_is_kept_nothing_of_a_key_is_left(farm: Farm) -> None:
    stage(farm.node, *farm.changes())
    switch(farm.node)
    done(farm.node, Confirm(keep=0))
    assert left_of(farm.node.tree(), "first", "second") == []


def test_all_are_taken_back(farm: Farm) -> None:
    before = farm.shows()
    changes = farm.changes()
    roll_out(farm.node, *changes, run=RUN)
    after = farm.shows()
    assert standing(farm.node, RUN) == ["as_left"] * len(changes)
    stage(farm.node, StageBackup(RUN, False), run="undo")
    assert farm.shows() == after
    switch(farm.node, run="undo")
    assert (farm.shows(), farm.node.read(WEB_CONFIG)) == (before, b"old")
    done(farm.node, Confirm(), run="undo")
    assert standing(farm.node, RUN) == ["as_before"] * len(changes)


def test_one_that_somebody_has_changed_keeps_all_from_being_taken_back(farm: Farm) -> None:
    before = farm.shows()
    roll_out(farm.node, *farm.changes(), run=RUN)
    after = farm.shows()
    farm.node.write(WEB_CONFIG, b"somebody else's")
    assert standing(farm.node, RUN).count("changed") == 1
    assert refused(farm.node, StageBackup(RUN, False), run="undo") == "changed"
    done(farm.node, RollBack(), run="undo")
    assert (farm.shows(), farm.node.read(WEB_CONFIG)) == (after, b"somebody else's")
    roll_out(farm.node, StageBackup(RUN, True), run="forced")
    assert (farm.shows(), farm.node.read(WEB_CONFIG)) == (before, b"old")


def test_one_that_cannot_go_back_is_told_and_keeps_all_from_being_taken_back(farm: Farm) -> None:
    name = unique("lost")
    prepare_container(farm.node, name)
    lost = StageContainer(name, seen(farm.node, name), container("second"))
    roll_out(farm.node, *farm.changes(), lost, run=RUN)
    after = farm.shows()
    assert standing(farm.node, RUN).count("irreversible") == 1
    for force in (False, True):
        assert refused(farm.node, StageBackup(RUN, force), run="undo") == "irreversible"
    done(farm.node, RollBack(), run="undo")
    assert farm.shows() == after
