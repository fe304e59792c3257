"""Holds bills of materials against the schema of CycloneDX, with the library that the format's authors keep.

It runs in the environment of requirements/supply.lock, which has the library.
"""

import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator


def main() -> None:
    """Fail at the first of the files on the command line that is not valid, and say why."""
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    for name in sys.argv[1:]:
        if wrong := validator.validate_str(Path(name).read_text("utf-8")):
            sys.exit(f"{name}: {wrong}")


if __name__ == "__main__":
    main()
