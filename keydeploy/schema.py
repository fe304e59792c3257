"""The published schemas, as validators; they refer to one another by file name."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

_INSTALLED = Path(__file__).parent / "schemas"
_SOURCE_TREE = Path(__file__).parent.parent / "schemas"


@cache
def validator(name: str) -> Draft202012Validator:
    """Answer a validator for the schema *name*, such as `spec`."""
    return Draft202012Validator(_read(f"{name}.schema.json"), registry=_REGISTRY)


def _retrieve(file: str) -> Resource[Any]:
    return Resource.from_contents(_read(file))


_REGISTRY: Registry[Any] = Registry(retrieve=_retrieve)  # type: ignore[call-arg]


def _read(file: str) -> dict[str, Any]:
    folder = _INSTALLED if _INSTALLED.is_dir() else _SOURCE_TREE
    schema: dict[str, Any] = json.loads((folder / file).read_text("utf-8"))
    return schema
