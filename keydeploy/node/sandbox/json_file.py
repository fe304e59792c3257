"""Small JSON files beside the drives of a sandbox node: read without a trace, written in one step."""

import json
from pathlib import Path
from typing import Any

from keydeploy.node.sandbox.files import read_file, write_file


def read_json(file: Path) -> Any:
    """Answer what *file* holds, None where there is none."""
    return json.loads(read_file(file)) if file.is_file() else None


def write_json(file: Path, value: object) -> None:
    """Put *value* into *file*, which only its owner reads, so that there is no moment without it."""
    temporary = _temporary(file)
    write_file(temporary, (json.dumps(value, indent=2) + "\n").encode())
    temporary.replace(file)


def discard_new(file: Path) -> None:
    """Remove what a crash of `write_json` may have left beside *file*."""
    _temporary(file).unlink(missing_ok=True)


def _temporary(file: Path) -> Path:
    return file.with_suffix(".new")
