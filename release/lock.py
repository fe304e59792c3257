"""Reads what requirements/*.lock pin: names, versions, where they hold, and the hashes of their files.

The format is that of pip's requirements files; https://pip.pypa.io/en/stable/reference/requirements-file-format/.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One version of a package."""

    name: str
    """As PyPI compares names: lower case, with hyphens."""
    version: str
    requirement: Requirement
    """With its marker: the Python versions and systems for which it is."""
    hashes: tuple[str, ...]
    """SHA-256 of each file that may be installed, in hex digits."""
    asked_for_by: frozenset[str]
    """The packages that need it; `keydeploy (pyproject.toml)` where the project itself does."""


def read(file: Path) -> tuple[Pin, ...]:
    """Answer what *file* pins.

    Raises `ValueError` at a line that is anything but a version with hashes: an address, an option, a folder.
    """
    return tuple(_pins(file.read_text("utf-8")))


def _pins(text: str) -> Iterator[Pin]:
    for block in re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip()):
        lines = [line.strip().removesuffix(" \\") for line in block.splitlines()]
        requirement = Requirement(lines[0])
        comments = [line.removeprefix("#").strip() for line in lines[1:] if line.startswith("#")]
        hashes = [line for line in lines[1:] if not line.startswith("#")]
        exact = re.fullmatch(r"==([^*,]+)", str(requirement.specifier))
        if (
            requirement.url
            or not exact
            or not all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each) for each in hashes)
        ):
            raise ValueError(f"{lines[0]}: no version with hashes")
        yield Pin(
            name=canonicalize_name(requirement.name),
            version=exact[1],
            requirement=requirement,
            hashes=tuple(each.removeprefix("--hash=sha256:") for each in hashes),
            asked_for_by=frozenset(each.removeprefix("via").strip() for each in comments) - {""},
        )
