"""`keydeploy generate machine-key`: a pair of keys for `<machineKey>`."""

import argparse
from typing import Any

from keydeploy.cli.generating.printing import add_output, form_of, print_fields, today
from keydeploy.cli.options import verb

EXAMPLE = "keydeploy generate machine-key --name vault_portal --format vault > group_vars/portal/vault.yml"

_EXPLANATION = """

The validation key signs tickets, cookies and view state. It has 64 bytes (512 bits), the longest that every
algorithm takes in every mode:
  HMACSHA256              the default; .NET 4.0 and newer
  HMACSHA384, HMACSHA512  longer signatures in every cookie; HMACSHA256 has no weakness that they mend
  SHA1                    HMAC-SHA-1, all that .NET 2.0 to 3.5 offers that is not broken; not for anything newer
  AES, 3DES, MD5          unknown to Framework45; the first two sign with HMAC-SHA-1, MD5 is broken

The decryption key encrypts. It is the longest that the algorithm takes:
  AES   32 bytes, AES-256: the default; .NET 2.0 and newer
  3DES  24 bytes of which attacks leave 112 bits, blocks of 64 bits; NIST disallows it since 2024
  DES   8 bytes, 56 bits: broken for decades
  Auto  AES, said less clearly

The compatibility mode is the wire format, which all nodes and all applications that share tickets must agree on:
  Framework45                     the default; .NET 4.5 and newer; derives a key for each purpose
  Framework20SP2, Framework20SP1  the formats before, also on newer versions
  omit                            no such attribute, for applications older than .NET 4.5

Both keys are random bits of the operating system, all of which count: the key is declared as it is, without
IsolateApps or IsolateByAppId, each of which takes 32 bits from it in the modes before Framework45."""


def add(kinds: Any) -> None:
    """Add the kind."""
    parser = verb(kinds, "machine-key", "a pair of keys for <machineKey>", EXAMPLE)
    parser.description = f"{parser.description}{_EXPLANATION}"
    parser.add_argument("--validation", default="HMACSHA256", help="the algorithm that signs (default: %(default)s)")
    parser.add_argument("--decryption", default="AES", help="the algorithm that encrypts (default: %(default)s)")
    parser.add_argument(
        "--compatibility-mode", default="Framework45", metavar="MODE", help="or omit (default: %(default)s)"
    )
    add_output(parser)
    parser.set_defaults(run=_run, encrypted=EXAMPLE)


def _run(options: argparse.Namespace) -> int:
    """Print a new machine key."""
    import os  # noqa: PLC0415

    from keydeploy.keys import machine_key  # noqa: PLC0415
    from keydeploy.keys.variables import of_machine_key  # noqa: PLC0415

    form = form_of(options, in_clear="yaml")
    key = machine_key.generate(
        os.urandom,
        validation=options.validation,
        decryption=options.decryption,
        mode=options.compatibility_mode,
    )
    fields = of_machine_key(key, today())
    print_fields({options.name: fields} if options.name else fields, form, options)
    return 0
