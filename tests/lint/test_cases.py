"""Each case is a file or a folder, with a sibling that lists every finding: its place, its rule, how its text begins.

The files' first lines say why. `$validation_key` and the other names of `keys.KEYS` stand for made-up keys.
`on_farm` and `node` say what is known beside the files.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from keydeploy.lint.files import look
from keydeploy.lint.folders import assemble
from keydeploy.lint.model import Finding, Node
from keydeploy.lint.rules import check
from keydeploy.webconfig.document import parse
from tests.lint.keys import KEYS, filled_in

CASES = Path(__file__).with_name("cases")
NAMES = sorted(path.stem for path in CASES.glob("*.yml"))
SHORTEST_SECRET = 12


def sources(name: str) -> list[Path]:
    single = CASES / f"{name}.config"
    return [single] if single.exists() else sorted(path for path in (CASES / name).rglob("*") if path.is_file())


def expected(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CASES / f"{name}.yml").read_text("utf-8"))
    return loaded


def found(name: str, folder: Path) -> list[Finding]:
    """Answer the findings in the files of the case, laid out in *folder*."""
    case = expected(name)
    base = CASES if (CASES / f"{name}.config").exists() else CASES / name
    for source in sources(name):
        target = folder / source.relative_to(base)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(filled_in(source.read_text("utf-8")), "utf-8", newline="")
    if "node" in case:
        return on_node(folder / f"{name}.config", case)
    linted = look([folder], None, on_farm=case.get("on_farm", True))
    assert not linted.unread
    return [*linted.findings]


def on_node(file: Path, case: dict[str, Any]) -> list[Finding]:
    facts = dict(case["node"])
    for given, kind in (("thumbprints", frozenset), ("readable_containers", tuple)):
        if given in facts:
            facts[given] = kind(facts[given])
    [placed] = assemble(
        {str(file): parse(file.read_bytes())}, on_farm=case.get("on_farm", True), node=Node(name="web1", **facts)
    )
    return [*check(placed.application, None)]


@pytest.mark.parametrize("name", NAMES)
def test_every_fault_is_found_at_its_place_and_nothing_else(name: str, tmp_path: Path) -> None:
    told = sorted(line(finding, tmp_path) for finding in found(name, tmp_path))
    wanted = sorted(expected(name)["findings"])
    assert len(told) == len(wanted), "\n".join(told)
    for finding, start in zip(told, wanted, strict=True):
        assert finding == start or finding.startswith(f"{start}: "), "\n".join(told)


def line(finding: Finding, folder: Path) -> str:
    """Tell *finding* in one line; the file only where the case has several."""
    file = Path(finding.file).relative_to(folder).as_posix()
    named = "" if (CASES / file).exists() else f"{file}:"
    return f"{named}{finding.line}:{finding.column} {finding.rule.id}: {finding.text}"


@pytest.mark.parametrize("name", NAMES)
def test_no_finding_quotes_a_value(name: str, tmp_path: Path) -> None:
    told = "\n".join(repr(finding) for finding in found(name, tmp_path)).upper()
    assert not [key for key, value in KEYS.items() if value in told]
    assert "XK3-MADE-UP" not in told


def test_a_case_begins_with_why() -> None:
    for name in NAMES:
        assert any(source.read_text("utf-8").startswith("<!-- ") for source in sources(name)), name


def test_no_case_lacks_its_expectations() -> None:
    assert {path.stem for path in CASES.iterdir() if path.suffix != ".yml"} == set(NAMES)
