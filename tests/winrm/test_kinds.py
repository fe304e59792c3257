"""Each kind of material on a Windows node: all kinds at once in one farm, over the wire, under Wine.

What IIS' own parts answer is left out: there is no http.sys that keeps records of bindings.
"""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.engine.farm import QUICK, Ran
from tests.engine.hunting import leaks
from tests.engine.kinds import KINDS, Kind
from tests.node.windows import wine
from tests.winrm.csharp import CSharpStand, Somebody
from tests.winrm.server import Security

NODE = "web1"
LEFT_OUT = {"binding": "Wine's http.sys keeps no records of certificates"}
NAMES = tuple(name for name in KINDS if name not in LEFT_OUT)
_OF_KEYS = (
    "HKLM\\Software\\Microsoft\\SystemCertificates",
    "HKLM\\Software\\Microsoft\\Cryptography",
    "HKLM\\Software\\Wow6432Node\\Microsoft\\Cryptography",
    "HKLM\\System\\CurrentControlSet\\Control\\Cryptography",
)
_CONTAINERS = "HKLM\\Software\\Wine\\Crypto\\RSA"


@dataclass
class Story:
    """One node that goes through all steps with all kinds."""

    stand: CSharpStand
    kinds: Mapping[str, Kind]
    runs: dict[str, Ran] = field(default_factory=dict)
    shown: dict[tuple[str, str], Any] = field(default_factory=dict)
    """By kind and step."""
    moved: dict[str, list[str]] = field(default_factory=dict)
    """What was another in the registry or on the drive after a step."""
    calls: dict[str, int] = field(default_factory=dict)

    @property
    def node(self) -> Somebody:
        return self.stand.somebody_at(NODE)

    def look(self, step: str) -> None:
        for name, kind in self.kinds.items():
            self.shown[name, step] = kind.looks(self.node)

    def go(self, step: str, verb: str, *arguments: str) -> None:
        """Carry out *verb*, and note what the node shows then."""
        self._run(step, verb, *arguments)
        self.look(step)

    def _run(self, step: str, verb: str, *arguments: str) -> None:
        called = len(self.stand.seen_by(NODE).calls)
        self.runs[step] = self.stand.tell(verb, *arguments)
        self.calls[step] = len(self.stand.seen_by(NODE).calls) - called

    def only_look(self, step: str, verb: str, *arguments: str) -> None:
        """Carry out *verb*, and note all that was another afterwards."""
        before = held(self.stand)
        self._run(step, verb, *arguments)
        after = held(self.stand)
        self.look(step)
        self.moved[step] = [place for place in before.keys() | after.keys() if before.get(place) != after.get(place)]

    def differences(self, step: str) -> list[str]:
        (node,) = self.runs[step].of("portal")["nodes"]
        return [operation["address"] for operation in node["operations"] if operation["differences"]]


def held(stand: CSharpStand) -> dict[str, Any]:
    """Answer all of the node that a reading could have changed; of files also when they were written.

    Wine writes a container anew whenever it is closed, so that of those only the names count.
    """
    prefix = stand.node(NODE)
    drive = prefix / "drive_c"
    files = (file for file in drive.rglob("*") if file.is_file() and file.stat().st_nlink == 1)
    return {
        **{str(file.relative_to(drive)): (file.stat().st_mtime_ns, file.read_bytes()) for file in files},
        **{key: _query(prefix, key, "/s") for key in _OF_KEYS},
        _CONTAINERS: _query(prefix, _CONTAINERS),
    }


def _query(prefix: Path, *arguments: str) -> bytes:
    command = ["wine", "reg", "query", *arguments]
    return subprocess.run(command, env=wine.environment(prefix), capture_output=True, check=True, timeout=60).stdout


def declared(kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """Answer what all *kinds* declare together."""
    together: dict[str, Any] = {"machine_keys": {}, "applications": {}}
    for kind in kinds.values():
        _merge(together, kind.declares)
    return together


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, Mapping):
            _merge(into.setdefault(name, {}), value)
        else:
            assert into.get(name, value) == value
            into[name] = value


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, windows_dotnet: Path) -> Iterator[Story]:
    """Tell the story of all kinds."""
    kinds = {name: KINDS[name]() for name in NAMES}
    with CSharpStand(tmp_path_factory.mktemp("stand"), dotnet=windows_dotnet) as stand:
        stand.add_farm("portal", NODE, rollout={**QUICK, "margin": "2s"}, **declared(kinds))
        story = Story(stand, kinds)
        with stand.serve(Security(), NODE):
            for kind in kinds.values():
                kind.prepare(story.node)
            story.look("at first")
            story.runs["told"] = stand.keydeploy("plan")
            story.only_look("check", "apply", "--check")
            story.go("apply", "apply")
            story.only_look("again", "apply")
            story.go("rollback", "rollback")
            story.go("once more", "apply")
            for kind in kinds.values():
                kind.drift(story.node)
            story.look("drifted")
            story.go("drift", "drift")
            story.go("mended", "apply")
            yield story


@pytest.mark.parametrize("kind", NAMES)
def test_a_check_tells_it_in_words_and_leaves_the_node_as_it_is(story: Story, kind: str) -> None:
    told = story.runs["told"]
    assert story.shown[kind, "at first"] == story.kinds[kind].before
    assert (told.code, story.runs["check"].code, story.calls["check"]) == (2, 2, 1), told.text
    assert [words for words in story.kinds[kind].told if words not in told.out] == [], told.out
    assert story.shown[kind, "check"] == story.kinds[kind].before
    assert story.moved["check"] == []


@pytest.mark.parametrize("kind", NAMES)
def test_apply_does_it(story: Story, kind: str) -> None:
    assert (story.runs["apply"].code, story.calls["apply"]) == (0, 4), story.runs["apply"].text
    assert story.shown[kind, "apply"] == story.kinds[kind].after


def test_afterwards_there_is_nothing_to_do_which_takes_one_call_and_moves_nothing(story: Story) -> None:
    assert (story.runs["again"].code, story.calls["again"]) == (0, 1), story.runs["again"].text
    assert story.runs["again"].of("portal")["verdict"] == "in_order"
    assert story.moved["again"] == []


@pytest.mark.parametrize("kind", NAMES)
def test_a_roll_back_brings_what_was_there_before(story: Story, kind: str) -> None:
    assert story.runs["rollback"].code == 0, story.runs["rollback"].text
    assert story.shown[kind, "rollback"] == story.kinds[kind].before
    assert story.shown[kind, "once more"] == story.kinds[kind].after


@pytest.mark.parametrize("kind", NAMES)
def test_what_somebody_changes_is_seen_as_drift_and_mended_by_the_next_run(story: Story, kind: str) -> None:
    assert story.shown[kind, "drifted"] != story.kinds[kind].after
    assert (story.runs["drift"].code, story.runs["mended"].code) == (2, 0), story.runs["mended"].text
    assert story.shown[kind, "drift"] == story.shown[kind, "drifted"]
    assert story.shown[kind, "mended"] == story.kinds[kind].after


def test_no_secret_is_anywhere_else(story: Story) -> None:
    assert story.stand.is_at_rest(NODE)
    assert leaks(story.stand, *story.runs.values()) == []
