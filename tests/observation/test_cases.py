"""A node seen against a spec, one case file each.

`declares` are the applications, `smart_cards` is declared beside them; the node has the applications of `sandbox` and
its `files` with what `replace` changes, where `$equal` stands for the attributes of the declared machine key and `$old`
for another one, and in its `registry`, by view, the time-outs of the providers `csp` and `ksp`. `seen` tells for each
address the names of the differences, also with what was found and is wanted, or a pattern of the refusal; `changed`
which places are changed.
For every case hold: no secret is in the observation, it survives JSON, and once rolled out nothing is left to do.
"""

import json
import re
from pathlib import Path
from string import Template
from typing import Any

import pytest
import yaml

from keydeploy.observation import Observation
from tests.observation.farm import (
    CSP,
    EQUAL,
    KSP,
    OLD,
    PASSWORD,
    PORTAL,
    TIMEOUT,
    Node,
    plan_of,
    planted_in,
    spec_of,
)

KEYS = {"csp": CSP, "ksp": KSP}
CASES = sorted(Path(__file__).with_name("cases").glob("*.yml"))


def prepared(case: dict[str, Any], root: Path) -> Node:
    node = Node(root, dict.fromkeys(case.get("sandbox", ["/portal"])))
    for path, text in case.get("files", {}).items():
        node.write(path, Template(text).substitute(equal=EQUAL, old=OLD, password=PASSWORD))
    for path, old, new in case.get("replace", []):
        node.replace(path, old, Template(new).safe_substitute(equal=EQUAL, old=OLD))
    for path in case.get("remove", []):
        node.file(path).unlink()
    if "registry" in case:
        node.write_registry(
            {
                str(view): {KEYS[provider]: {TIMEOUT: value} for provider, value in held.items()}
                for view, held in case["registry"].items()
            }
        )
    return node


@pytest.mark.parametrize("case", [pytest.param(path, id=path.stem) for path in CASES])
def test_a_node_is_seen_as_the_case_tells(case: Path, tmp_path: Path) -> None:
    value = yaml.safe_load(case.read_text("utf-8"))
    others = {"smart_cards": value["smart_cards"]} if "smart_cards" in value else {}
    spec = spec_of(value.get("declares", {"portal": PORTAL}), **others)
    node = prepared(value, tmp_path / "web1")
    observation = node.observe(spec)
    assert {subject.address for subject in observation.subjects} == set(value["seen"]), value["why"]
    for subject in observation.subjects:
        expected = value["seen"][subject.address]
        if isinstance(expected, str):
            assert re.search(expected, subject.refusal or "it was not refused"), value["why"]
        else:
            assert subject.refusal is None, value["why"]
            found = {each.name: f"{each.found} → {each.wanted}" for each in subject.differences}
            assert (found if isinstance(expected, dict) else [*found]) == expected, value["why"]
    places = [Template(place).substitute(KEYS) for place in value.get("changed", [])]
    assert [change.place for change in observation.to_stage] == places, value["why"]
    text = json.dumps(observation.to_json())
    assert planted_in(text) == []
    assert Observation.from_json(json.loads(text)) == observation
    if not any(subject.refusal for subject in observation.subjects):
        after = node.roll_out(spec, plan_of(spec, observation))
        assert [(subject.address, subject.differences) for subject in after.subjects if subject.differences] == []
        assert after.to_stage == ()
