"""The published JSON Schemas, as they lie beside the package or in the source tree."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

_INSTALLED = Path(__file__).parent / "schemas"
_SOURCE_TREE = Path(__file__).parent.parent / "schemas"


@cache
def validator(name: str) -> Draft202012Validator:
    """Answer a validator for the schema *name*, such as `spec`."""
    folder = _INSTALLED if _INSTALLED.is_dir() else _SOURCE_TREE
    schema: dict[str, Any] = json.loads((folder / f"{name}.schema.json").read_text("utf-8"))
    return Draft202012Validator(schema)
