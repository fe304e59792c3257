"""The bills of materials: what the wheel needs, with licences and hashes, and what the tests ran with."""

import hashlib
import json
import re
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import keydeploy
from keydeploy.errors import KeydeployError
from release.lock import Pin, read
from release.sbom import PROJECT, restrict, wheel_of
from tests.conftest import missing
from tests.packaging.published import ROOT, Published, run

COMPATIBLE = {
    "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "GPL-3.0-or-later", "ISC", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0",
    "License :: OSI Approved :: BSD License",
    "License :: OSI Approved :: Apache Software License",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)",
}  # fmt: skip
"""With GPL-3.0-or-later: https://www.gnu.org/licenses/license-list.html"""

Bom = dict[str, Any]


@pytest.fixture(scope="module")
def boms(published: Published, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bom]:
    """Make the lists, which the makers of their format find valid, and read them."""
    if not (ROOT / ".cache/supply/.installed").exists():
        missing("CycloneDX' tools (make supply)")
    folder = tmp_path_factory.mktemp("sbom")
    shutil.copy(published.wheel, folder)
    (folder / "keydeploy-0.0.1-py3-none-any.whl").touch()  # of an earlier release, which dist/ keeps
    run(sys.executable, "-m", "release.sbom", "--outdir", folder, cwd=ROOT)
    found = {file.name: json.loads(file.read_text("utf-8")) for file in folder.glob("*.cdx.json")}
    return {name.removesuffix(".cdx.json").rpartition("-")[2]: bom for name, bom in found.items()}


def licences_of(component: Bom) -> set[str]:
    """Answer the names of the licences of *component*; of several in one expression, each."""
    found = [
        entry.get("expression") or entry["license"].get("id") or entry["license"]["name"]
        for entry in component["licenses"]
    ]
    return {name for text in found for name in ([text] if "::" in text else re.split(r" (?:OR|AND) ", text))}


def test_the_wheel_needs_what_the_project_declares_and_what_that_needs(boms: dict[str, Bom]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    components = {
        component["bom-ref"]: canonicalize_name(component["name"]) for component in boms["runtime"]["components"]
    }
    (direct,) = (entry["dependsOn"] for entry in boms["runtime"]["dependencies"] if entry["ref"] == PROJECT)
    declared = {canonicalize_name(Requirement(text).name) for text in project["dependencies"]}
    assert {components[ref] for ref in direct} == declared
    assert {"cffi", "markupsafe"} <= set(components.values())  # needed by what is needed
    assert not {"pytest", "mypy"} & set(components.values())
    whole = {canonicalize_name(component["name"]) for component in boms["tests"]["components"]}
    assert set(components.values()) | {"pytest", "mypy"} <= whole


def test_every_component_has_the_version_and_the_hashes_of_the_lock(boms: dict[str, Bom]) -> None:
    pins = {(pin.name, pin.version): set(pin.hashes) for pin in read(ROOT / "requirements/test.lock")}
    for component in boms["tests"]["components"]:
        (files,) = (
            each for each in component["externalReferences"] if each["type"] == "distribution" and "hashes" in each
        )
        key = canonicalize_name(component["name"]), component["version"]
        assert {each["content"] for each in files["hashes"]} == pins[key], component["name"]


def test_every_licence_of_what_the_wheel_needs_goes_with_that_of_keydeploy(boms: dict[str, Bom]) -> None:
    root = boms["runtime"]["metadata"]["component"]
    assert root["licenses"][0]["license"]["id"] == "GPL-3.0-or-later"
    licences = {component["name"]: licences_of(component) for component in boms["runtime"]["components"]}
    assert {name: found for name, found in licences.items() if not found or found - COMPATIBLE} == {}
    page = (ROOT / "docs/supply-chain.md").read_text("utf-8")
    assert [name for name in licences if f"| {canonicalize_name(name)} |" not in page] == []


def test_the_list_is_that_of_the_wheel_and_the_same_each_time(boms: dict[str, Bom], published: Published) -> None:
    for bom in boms.values():
        root = bom["metadata"]["component"]
        assert (root["name"], root["version"]) == ("keydeploy", keydeploy.__version__)
        assert root["hashes"] == [
            {"alg": "SHA-256", "content": hashlib.sha256(published.wheel.read_bytes()).hexdigest()}
        ]
        assert "serialNumber" not in bom  # which would be random
        assert str(Path.home()) not in json.dumps(bom)


def pin(name: str, version: str, *asked_for_by: str, marker: str | None = None) -> Pin:
    requirement = Requirement(f"{name}=={version}")
    requirement.marker = marker and Marker(marker)  # type: ignore[assignment]
    return Pin(
        name=name, version=version, requirement=requirement, hashes=("0" * 64,), asked_for_by=frozenset(asked_for_by)
    )


def installed(**versions: str) -> Bom:
    components = [
        {"bom-ref": f"{name}=={version}", "name": name, "version": version, "purl": f"pkg:pypi/{name}@{version}"}
        for name, version in versions.items()
    ]
    return {"components": components, "dependencies": []}


def test_what_nobody_needs_is_left_out_and_so_is_what_another_system_needs() -> None:
    pins = [
        pin("near", "1"),
        pin("far", "2", "near"),
        pin("other", "3"),
        pin("there", "4", "near", marker="os_name == 'nt'"),
    ]
    bom = restrict(installed(near="1", far="2", other="3", stray="9"), {"near"}, pins)
    assert [component["name"] for component in bom["components"]] == ["far", "near"]
    assert {"ref": "near==1", "dependsOn": ["far==2"]} in bom["dependencies"]


@pytest.mark.parametrize("versions", [{}, {"near": "2"}], ids=["missing", "another version"])
def test_an_environment_that_is_not_the_locked_one_is_refused(versions: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="near 1 is locked, and not what is installed"):
        restrict(installed(**versions), {"near"}, [pin("near", "1")])


def test_of_several_versions_it_is_the_wheel_of_the_current_one(tmp_path: Path) -> None:
    for version in ("0.1.0", "0.10.0", "0.2.0rc1"):
        (tmp_path / f"keydeploy-{version}-py3-none-any.whl").touch()
    assert wheel_of("0.1.0", tmp_path).name == "keydeploy-0.1.0-py3-none-any.whl"
    assert wheel_of("0.2.0-rc1", tmp_path).name == "keydeploy-0.2.0rc1-py3-none-any.whl"
    with pytest.raises(KeydeployError, match=r"no wheel of keydeploy 0\.1$"):
        wheel_of("0.1", tmp_path / "empty")
