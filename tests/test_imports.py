"""Which module may import which: the picture of the tree, kept true."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "keydeploy"

ALLOWED = {
    # room: the rooms that it may import directly; what those import is open to it too
    "__init__": set(),
    "errors": set(),
    "secret": {"errors"},
    "edit": {"errors", "secret"},
    "access": {"edit"},
    "schema": set(),
    "yaml_text": set(),
    "new_files": {"errors"},
    "keys": {"secret", "errors", "yaml_text"},
    "disclosed": {"keys"},
    "spec": {"keys", "schema", "webconfig"},
    "webconfig": {"keys", "edit"},
    "node": {"edit", "secret", "errors"},
    "iis": {"webconfig", "node"},
    "observation": {"spec", "node", "webconfig", "iis", "access"},
    "checkup": {"iis", "node", "webconfig"},
    "lint": {"observation", "schema"},
    "plan": {"observation"},
    "rehearsal": {"observation"},
    "adoption": {"observation", "new_files"},
    "rotation": {"spec"},
    "render": {"plan", "spec", "node"},
    "saved_plan": {"plan", "schema", "__init__"},
    "rollout": {"plan", "spec"},
    "health": {"spec"},
    "explain": {"errors"},
    "inventory_files": set(),
    "engine": {"errors", "secret", "inventory_files"},
    "vault": {"errors", "secret"},
    "schedule": {"spec", "new_files", "__init__"},
    "starter": {"keys", "new_files"},
    "report": {
        *("adoption", "disclosed", "lint", "plan", "saved_plan", "checkup", "engine", "explain", "rotation"),
        "__init__",
    },
    "cli": {
        *("report", "disclosed", "engine", "vault", "node", "rehearsal", "rotation", "schedule", "starter"),
        "__init__",
    },
    "__main__": {"cli"},
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room(module: str) -> str:
    """Answer the room of `keydeploy.x.y`: `x`."""
    return module.split(".")[1] if "." in module else "__init__"


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            assert node.module is not None
            if node.module == "keydeploy":
                yield from (f"keydeploy.{name.name}" for name in node.names if name.name != "__version__")
            else:
                yield node.module


def reachable(name: str) -> set[str]:
    found = {name}
    for inner in ALLOWED[name]:
        found |= reachable(inner)
    return found


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_module_imports_only_what_its_room_may(file: Path) -> None:
    own = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
    allowed = reachable(own)
    used = {room(name) for name in imports(file) if name.split(".")[0] == "keydeploy"}
    assert used <= allowed, f"{own} imports {', '.join(sorted(used - allowed))}"


def test_every_room_has_a_row_in_the_table() -> None:
    rooms = {file.relative_to(PACKAGE).parts[0].removesuffix(".py") for file in modules()}
    assert rooms == set(ALLOWED)


def test_ansible_is_imported_by_plugins_alone() -> None:
    for file in modules():
        assert not any(name.split(".")[0] == "ansible" for name in imports(file)), file


def test_no_room_is_called_by_what_it_might_hold() -> None:
    vague = {"utils", "common", "helpers", "manager", "base"}
    assert not vague & {file.stem for file in modules()}
