"""Each kind of material: what a check tells and leaves alone, what apply does once, what drifts, and the way back."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.engine.beside import SandboxAtWork
from tests.engine.farm import QUICK, Ran, Stand, tree
from tests.engine.hunting import leaks
from tests.engine.kinds import KINDS, Kind

NAMES = tuple(KINDS)


@dataclass
class Story:
    """Farms of one node each, one for each kind, which go through all steps in the same runs."""

    stand: Stand
    kinds: dict[str, Kind]
    runs: dict[str, Ran] = field(default_factory=dict)
    shown: dict[tuple[str, str], Any] = field(default_factory=dict)
    """By kind and step."""
    moved: dict[tuple[str, str], bool] = field(default_factory=dict)
    """Whether anything on the node was another afterwards, by kind and step."""
    calls: dict[tuple[str, str], int] = field(default_factory=dict)

    def node(self, kind: str) -> SandboxAtWork:
        return SandboxAtWork(self.stand.node(_host(kind)))

    def go(self, step: str, verb: str, *arguments: str) -> None:
        """Carry out *verb*, and note what happened to the nodes."""
        before = {kind: tree(self.stand.node(_host(kind))) for kind in self.kinds}
        for kind in self.kinds:
            self.stand.calls(_host(kind))
        self.runs[step] = self.stand.tell(verb, *arguments)
        for kind, kind_ in self.kinds.items():
            self.calls[kind, step] = len(self.stand.calls(_host(kind)))
            self.moved[kind, step] = tree(self.stand.node(_host(kind))) != before[kind]
            self.shown[kind, step] = kind_.looks(self.node(kind))

    def verdict(self, kind: str, step: str) -> str:
        return str(self.runs[step].of(_host(kind))["verdict"])

    def differences(self, kind: str, step: str) -> list[Any]:
        (node,) = self.runs[step].of(_host(kind))["nodes"]
        return [difference for operation in node["operations"] for difference in operation["differences"]]


def _host(kind: str) -> str:
    return kind.replace(" ", "-")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Tell the story of every kind."""
    stand = Stand(tmp_path_factory.mktemp("stand"))
    story = Story(stand, {name: kind() for name, kind in KINDS.items()})
    for name, kind in story.kinds.items():
        nothing: dict[str, Any] = {"machine_keys": {}, "applications": {}}
        stand.add_farm(_host(name), _host(name), rollout=QUICK, **(nothing | dict(kind.declares)))
        kind.prepare(story.node(name))
        story.shown[name, "at first"] = kind.looks(story.node(name))
    story.runs["told"] = stand.keydeploy("plan")
    story.go("plan", "plan")
    story.go("check", "apply", "--check")
    story.go("apply", "apply")
    story.go("again", "apply")
    story.go("drift of nothing", "drift")
    story.go("rollback", "rollback")
    story.go("once more", "apply")
    for name, kind in story.kinds.items():
        kind.drift(story.node(name))
        story.shown[name, "drifted"] = kind.looks(story.node(name))
    story.go("drift", "drift")
    story.go("mended", "apply")
    return story


@pytest.mark.parametrize("kind", NAMES)
def test_a_check_tells_what_would_be_done_and_leaves_the_node_as_it_is(story: Story, kind: str) -> None:
    assert story.shown[kind, "at first"] == story.kinds[kind].before
    assert (story.runs["plan"].code, story.runs["check"].code) == (2, 2), story.runs["told"].text
    for step in ("plan", "check"):
        assert story.verdict(kind, step) == "pending", story.runs["told"].text
        assert story.differences(kind, step)
        assert (story.moved[kind, step], story.calls[kind, step]) == (False, 1)


@pytest.mark.parametrize("kind", NAMES)
def test_a_plan_tells_it_in_words(story: Story, kind: str) -> None:
    told = _section(story.runs["told"].out, _host(kind))
    assert [words for words in story.kinds[kind].told if words not in told] == [], told


@pytest.mark.parametrize("kind", NAMES)
def test_apply_does_it_with_four_calls(story: Story, kind: str) -> None:
    assert story.verdict(kind, "apply") == "applied", story.runs["apply"].out
    assert story.calls[kind, "apply"] == 4
    assert story.shown[kind, "apply"] == story.kinds[kind].after


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("step", ["again", "drift of nothing"])
def test_afterwards_there_is_nothing_to_do_which_takes_one_call_and_moves_nothing(
    story: Story, kind: str, step: str
) -> None:
    assert story.runs[step].code == 0
    assert story.verdict(kind, step) == "in_order"
    assert (story.moved[kind, step], story.calls[kind, step]) == (False, 1)


@pytest.mark.parametrize("kind", NAMES)
def test_a_roll_back_brings_what_was_there_before(story: Story, kind: str) -> None:
    assert story.verdict(kind, "rollback") == "applied", story.runs["rollback"].out
    assert story.shown[kind, "rollback"] == story.kinds[kind].before
    assert story.shown[kind, "once more"] == story.kinds[kind].after


@pytest.mark.parametrize("kind", NAMES)
def test_what_somebody_changes_is_seen_as_drift_and_mended_by_the_next_run(story: Story, kind: str) -> None:
    assert story.shown[kind, "drifted"] != story.kinds[kind].after
    assert (story.runs["drift"].code, story.verdict(kind, "drift")) == (2, "pending")
    assert story.differences(kind, "drift")
    assert story.moved[kind, "drift"] is False
    assert story.verdict(kind, "mended") == "applied", story.runs["mended"].out
    assert story.shown[kind, "mended"] == story.kinds[kind].after


def test_all_nodes_are_at_rest_and_no_secret_is_anywhere_else(story: Story) -> None:
    assert all(story.stand.is_at_rest(_host(kind)) for kind in NAMES)
    assert leaks(story.stand, *story.runs.values()) == []


def _section(text: str, farm: str) -> str:
    """Answer what *text* tells of *farm*."""
    found: Sequence[str] = re.split(r"^(?=farm )", text, flags=re.MULTILINE)
    return next(section for section in found if section.startswith(f"farm {farm}:"))
