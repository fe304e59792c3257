"""Lists what the wheel needs, and what the tests ran with: two bills of materials in CycloneDX' JSON.

cyclonedx-py reads the environment in which the locked versions are installed, with their licences. What needs what, and
the hashes of the files, come from requirements/test.lock; what else is installed is left out. The wheel's own hash is
there too.
Source of the format: https://cyclonedx.org/docs/1.6/json/
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

import keydeploy
from keydeploy.errors import KeydeployError
from release.build import ROOT, epoch
from release.lock import Pin, read

TOOLS = ROOT / ".cache/supply/bin"
PROJECT = "root-component"
"""How cyclonedx-py refers to the project itself."""

Bom = dict[str, Any]


def main() -> None:
    """Write both lists beside the wheel, each checked against the schema of its format."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outdir", type=Path, default=ROOT / "dist", help="where the wheel lies; default: dist")
    folder = parser.parse_args().outdir
    try:
        wheel = wheel_of(keydeploy.__version__, folder)
    except KeydeployError as error:
        sys.exit(f"sbom: error: {error}\nsbom: hint: {error.hint}")
    whole = seen(Path(sys.executable).parent, epoch(ROOT, os.environ))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    pins = read(ROOT / "requirements/test.lock")
    needed = {
        "runtime": project["dependencies"],
        "tests": project["dependencies"] + project["optional-dependencies"]["dev"],
    }
    files = []
    for name, requirements in needed.items():
        bom = restrict(whole, {canonicalize_name(Requirement(text).name) for text in requirements}, pins)
        file = folder / f"{wheel.name.partition('-py')[0]}-{name}.cdx.json"
        file.write_text(json.dumps(identify(bom, wheel), indent=2, sort_keys=True) + "\n", "utf-8")
        files.append(file)
    check(*(file.resolve() for file in files))
    print(*files, sep="\n")


def wheel_of(version: str, folder: Path) -> Path:
    """Answer the wheel of *version* in *folder*, where those of other versions may lie too.

    Raises `KeydeployError` where there is none.
    """
    for wheel in folder.glob("keydeploy-*.whl"):
        if parse_wheel_filename(wheel.name)[1] == Version(version):
            return wheel
    raise KeydeployError(f"{folder}: no wheel of keydeploy {version}", hint="make build, of a commit of that version")


def seen(environment: Path, time: int) -> Bom:
    """Answer what is installed in *environment*, the folder of its Python, as of *time* in seconds since 1970."""
    done = subprocess.run(
        [
            TOOLS / "cyclonedx-py", "environment", environment / "python", "--pyproject", ROOT / "pyproject.toml",
            "--output-reproducible", "--no-validate", "--spec-version", "1.6", "--output-format", "JSON",
        ],
        env=os.environ | {"SOURCE_DATE_EPOCH": str(time)}, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    bom: Bom = json.loads(done.stdout)
    return bom


def restrict(bom: Bom, direct: Iterable[str], pins: Iterable[Pin]) -> Bom:
    """Answer *bom* with what the project needs when it needs the packages named *direct*, and with nothing else.

    *pins* tell what needs what, and the hashes of the files from which each component may have been installed.
    Raises `ValueError` where a component is missing, or of another version than its pin.
    """
    here = {pin.name: pin for pin in pins if pin.requirement.marker is None or pin.requirement.marker.evaluate()}
    kept, left = set(direct), list(direct)
    while left:
        parent = left.pop()
        new = {pin.name for pin in here.values() if parent in pin.asked_for_by} - kept
        kept |= new
        left += new
    components: dict[str, Bom] = {canonicalize_name(component["name"]): component for component in bom["components"]}
    for name in sorted(kept):
        if name not in components or components[name]["version"] != here[name].version:
            raise ValueError(
                f"{name} {here[name].version} is locked, and not what is installed: remove .venv, then make sbom"
            )
    refs = {name: str(components[name]["bom-ref"]) for name in sorted(kept)}
    needs = {ref: [refs[each] for each in refs if name in here[each].asked_for_by] for name, ref in refs.items()}
    needs[PROJECT] = [refs[name] for name in sorted(direct)]
    return bom | {
        "components": [_with_hashes(components[name], here[name]) for name in sorted(kept)],
        "dependencies": [{"ref": ref, "dependsOn": needs[ref]} for ref in sorted(needs)],
    }


def _with_hashes(component: Bom, pin: Pin) -> Bom:
    hashes = [{"alg": "SHA-256", "content": content} for content in pin.hashes]
    files = {"type": "distribution", "url": component["purl"], "comment": "requirements/test.lock", "hashes": hashes}
    return component | {"externalReferences": [*component.get("externalReferences", ()), files]}


def identify(bom: Bom, wheel: Path) -> Bom:
    """Answer *bom* as that of *wheel*, with its version and its hash."""
    _, version, _, _ = parse_wheel_filename(wheel.name)
    root: Bom = bom["metadata"]["component"]
    identity = {
        "version": str(version),
        "purl": f"pkg:pypi/{root['name']}@{version}",
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(wheel.read_bytes()).hexdigest()}],
    }
    return bom | {"metadata": bom["metadata"] | {"component": root | identity}}


def check(*files: Path) -> None:
    """Fail unless *files* keep to the schema of their format."""
    subprocess.run([TOOLS / "python", "-m", "release.valid", *files], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
