"""`keydeploy generate`: make new key material."""

import argparse
from typing import Any

from keydeploy.cli.options import add_vault, verb


def add(commands: Any) -> None:
    """Add the verb."""
    parser = verb(
        commands,
        "generate",
        "make new key material and print it",
        "keydeploy generate machine-key --name vault_portal --format vault > group_vars/portal/vault.yml",
    )
    parser.add_argument("kind", choices=("machine-key",), help="what to make")
    parser.add_argument("--validation", default="HMACSHA256", help="the algorithm that signs (default: %(default)s)")
    parser.add_argument("--decryption", default="AES", help="the algorithm that encrypts (default: %(default)s)")
    parser.add_argument(
        "--compatibility-mode", default="Framework45", metavar="MODE", help="or omit (default: %(default)s)"
    )
    parser.add_argument("--name", help="put the key under this name, to use it as a variable")
    parser.add_argument(
        "--format",
        choices=("yaml", "vault"),
        help="yaml in clear, or encrypted by Ansible's vault, which a vault option implies (default: yaml)",
    )
    add_vault(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry it out."""
    import os  # noqa: PLC0415
    import sys  # noqa: PLC0415

    import yaml  # noqa: PLC0415

    from keydeploy.keys import machine_key  # noqa: PLC0415
    from keydeploy.vault import encrypt  # noqa: PLC0415

    key = machine_key.generate(
        os.urandom,
        validation=options.validation,
        decryption=options.decryption,
        mode=options.compatibility_mode,
    )
    value: dict[str, Any] = {
        "validation": key.validation,
        "decryption": key.decryption,
        "compatibility_mode": key.compatibility_mode or machine_key.OMIT,
        "validation_key": key.validation_key.reveal().decode(),
        "decryption_key": key.decryption_key.reveal().decode(),
    }
    clear = yaml.safe_dump({options.name: value} if options.name else value, sort_keys=False, width=1000)
    vault = _vault_arguments(options)
    if options.format == "vault" or (options.format is None and vault):
        sys.stdout.write(encrypt(clear, vault))
    else:
        sys.stdout.write(clear)
    return 0


def _vault_arguments(options: argparse.Namespace) -> list[str]:
    return [
        *(part for value in options.vault_id for part in ("--vault-id", value)),
        *(part for value in options.vault_password_file for part in ("--vault-password-file", value)),
        *(["--ask-vault-pass"] if options.ask_vault_pass else []),
    ]
