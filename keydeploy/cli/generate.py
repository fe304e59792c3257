"""`keydeploy generate`: make new key material and print it."""

from typing import Any

from keydeploy.cli.generating import certificate, container_key, machine_key
from keydeploy.cli.options import verb

_KINDS = (machine_key, container_key, certificate)


def add(commands: Any) -> None:
    """Add the verb."""
    examples = "\n  ".join(kind.EXAMPLE for kind in _KINDS)
    parser = verb(commands, "generate", "make new key material and print it", examples)
    kinds = parser.add_subparsers(title="kinds", metavar="KIND", required=True, parser_class=type(parser))
    for kind in _KINDS:
        kind.add(kinds)
