"""The law of rehearsals: what is planned for the copy of a node is what is planned for the node."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from keydeploy.node import layout
from tests.engine.beside import SandboxAtWork
from tests.engine.farm import DECRYPTION_KEY, OTHER_KEYS, VALIDATION_KEY
from tests.engine.kinds import KINDS
from tests.observation import farm
from tests.observation.farm import planted_in
from tests.observation.test_cases import CASES, prepared
from tests.rehearsal.copying import Copy, folder_in
from tests.webconfig.documents import STYLES, Style, Tree, configurations, written


def declared(kind: str) -> dict[str, Any]:
    """Answer what *kind* declares, its machine keys resolved."""
    found = dict(KINDS[kind]().declares)
    if "machine_keys" in found:
        found["machine_keys"] = {"portal": {"validation_key": VALIDATION_KEY, "decryption_key": DECRYPTION_KEY}}
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_of_every_kind_is_planned_for_as_its_node(kind: str, tmp_path: Path) -> None:
    layout.create(tmp_path / "web1", {"/portal": OTHER_KEYS})
    KINDS[kind]().prepare(SandboxAtWork(tmp_path / "web1"))
    copy = Copy(folder_in(tmp_path), tmp_path / "web1", declared(kind))

    assert copy.copied.unlike == ()
    assert copy.plan_of_the_copy() == copy.plan_of_the_original()


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("any") / "web1"
    layout.create(root, {"/portal": None})
    return root


@settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=[*HealthCheck])
@given(configurations(), STYLES)
def test_a_copy_is_planned_for_as_a_node_with_whatever_web_config(node: Path, tree: Tree, style: Style) -> None:
    (node / "C/inetpub/portal/web.config").write_bytes(written(tree, style))
    application = {**farm.PORTAL, "session_tokens": {"machine_key": "portal"}}
    keys = {"portal": {"validation_key": VALIDATION_KEY, "decryption_key": DECRYPTION_KEY}}
    with TemporaryDirectory() as place:
        copy = Copy(folder_in(Path(place)), node, {"machine_keys": keys, "applications": {"portal": application}})

        assert copy.copied.unlike == ()
        assert copy.plan_of_the_copy() == copy.plan_of_the_original()


@pytest.mark.parametrize("case", [pytest.param(path, id=path.stem) for path in CASES])
def test_a_copy_is_planned_for_as_a_node_of_any_form(case: Path, tmp_path: Path) -> None:
    value = yaml.safe_load(case.read_text("utf-8"))
    node = prepared(value, tmp_path / "web1")
    declares = {name: value[name] for name in ("smart_cards",) if name in value}
    keys = {
        "portal": {"validation_key": farm.VALIDATION_KEY, "decryption_key": farm.DECRYPTION_KEY},
        "other": {"validation_key": farm.DECRYPTION_KEY, "decryption_key": farm.VALIDATION_KEY},
    }
    applications = value.get("declares", {"portal": farm.PORTAL})
    copy = Copy(
        folder_in(tmp_path), node.root, {"machine_keys": keys, "applications": applications, **declares}, now=node.now
    )

    assert copy.copied.unlike == ()
    assert copy.plan_of_the_copy() == copy.plan_of_the_original()
    copies = (file.read_bytes() for file in copy.folder.root.rglob("*") if file.is_file())
    assert [planted_in(content) for content in copies if planted_in(content)] == []
