"""What is pinned is what pyproject.toml asks for, by hash alone; `make lock` mends what is told here."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from release.lock import Pin, read
from tests.packaging.published import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
DECLARED = {
    "test": PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["dev"],
    "supply": PROJECT["dependency-groups"]["supply"],
}
PINNED = {name: read(ROOT / f"requirements/{name}.lock") for name in DECLARED}
PYTHONS = ("3.11", "3.12", "3.13")


def pinned(lock: str, python: str) -> dict[str, Pin]:
    """Answer what *lock* installs on Linux with the version *python*, by name."""
    place = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
        "os_name": "posix",
    }
    pins = [pin for pin in PINNED[lock] if pin.requirement.marker is None or pin.requirement.marker.evaluate(place)]
    assert len({pin.name for pin in pins}) == len(pins), "two versions of one package"
    return {pin.name: pin for pin in pins}


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", DECLARED)
def test_every_package_that_is_asked_for_is_pinned_within_its_bounds(lock: str, python: str) -> None:
    pins = pinned(lock, python)
    for text in DECLARED[lock]:
        asked = Requirement(text)
        pin = pins.get(canonicalize_name(asked.name))
        assert pin is not None, f"make lock: {asked.name} is not in requirements/{lock}.lock"
        assert asked.specifier.contains(pin.version), f"make lock: {asked} is pinned to {pin.version}"


@pytest.mark.parametrize("lock", DECLARED)
def test_nothing_is_pinned_that_nobody_asks_for_any_more(lock: str) -> None:
    project = {pin.name for pin in PINNED[lock] if any("pyproject.toml" in who for who in pin.asked_for_by)}
    assert project == {canonicalize_name(Requirement(text).name) for text in DECLARED[lock]}, "make lock"
    names = {pin.name for pin in PINNED[lock]}
    for pin in PINNED[lock]:
        assert {who for who in pin.asked_for_by if "pyproject.toml" not in who} <= names, pin.name
        assert pin.asked_for_by, pin.name


@pytest.mark.parametrize("lock", DECLARED)
def test_every_pin_has_its_hashes_and_no_place_to_fetch_it_from(lock: str) -> None:
    assert [pin.name for pin in PINNED[lock] if not pin.hashes] == []
    text = (ROOT / f"requirements/{lock}.lock").read_text("utf-8")
    assert "://" not in text
    assert "index" not in text.partition("\n")[0]


def test_what_builds_the_packages_is_pinned_too() -> None:
    (builder,) = PROJECT["build-system"]["requires"]
    pin = pinned("test", "3.11")["hatchling"]
    assert Requirement(builder).specifier.contains(pin.version)


@pytest.mark.parametrize(
    "line",
    ["left @ file:///left.whl", "left>=1 \\\n    --hash=sha256:" + "0" * 64, "left==1 \\\n    --hash=md5:0", "-e ."],
)
def test_a_line_that_is_no_version_with_hashes_is_refused(line: str, tmp_path: Path) -> None:
    lock = tmp_path / "test.lock"
    lock.write_text(f"# made\n{line}\n")
    with pytest.raises(ValueError, match=r"left|-e"):
        read(lock)
