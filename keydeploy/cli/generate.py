"""`keydeploy generate`: make new key material, a function for each kind."""

import argparse
from typing import Any

from keydeploy.cli.options import add_vault, verb

_MACHINE_KEY = "keydeploy generate machine-key --name vault_portal --format vault > group_vars/portal/vault.yml"
_CONTAINER_KEY = "keydeploy generate container-key --name vault_portal_key --format vault > group_vars/portal/key.yml"
_DEFAULT_BITS = 2048


def add(commands: Any) -> None:
    """Add the verb."""
    parser = verb(commands, "generate", "make new key material and print it", f"{_MACHINE_KEY}\n  {_CONTAINER_KEY}")
    kinds = parser.add_subparsers(title="kinds", metavar="KIND", required=True, parser_class=type(parser))
    _add_machine_key(kinds)
    _add_container_key(kinds)


def _add_machine_key(kinds: Any) -> None:
    parser = verb(kinds, "machine-key", "a pair of keys for <machineKey>", _MACHINE_KEY)
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
    parser.set_defaults(run=_machine_key)


def _add_container_key(kinds: Any) -> None:
    parser = verb(
        kinds,
        "container-key",
        "an RSA key for a key container",
        f"{_CONTAINER_KEY}\n  keydeploy generate container-key --format xml > key.xml  # for aspnet_regiis -pi",
    )
    parser.add_argument(
        "--bits", type=int, default=_DEFAULT_BITS, help="the length, a multiple of 8 (default: %(default)s)"
    )
    parser.add_argument("--name", help="put the key under this name, to use it as a variable")
    parser.add_argument(
        "--format",
        choices=("yaml", "vault", "xml", "pem"),
        help="yaml (a variable in clear), vault (encrypted by Ansible's vault, which a vault option implies), "
        "xml (RSAKeyValue for aspnet_regiis) or pem (default: yaml with a name, else pem)",
    )
    add_vault(parser)
    parser.set_defaults(run=_container_key)


def _machine_key(options: argparse.Namespace) -> int:
    """Print a new machine key."""
    import os  # noqa: PLC0415

    import yaml  # noqa: PLC0415

    from keydeploy.keys import machine_key  # noqa: PLC0415

    form = _form(options, in_clear="yaml")
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
    return _write(clear, form, options)


def _container_key(options: argparse.Namespace) -> int:
    """Print a new RSA key."""
    from textwrap import indent  # noqa: PLC0415

    from keydeploy.errors import KeydeployError  # noqa: PLC0415
    from keydeploy.keys import rsa_key  # noqa: PLC0415

    form = _form(options, in_clear="yaml" if options.name else "pem")
    if options.name and form in ("xml", "pem"):
        raise KeydeployError(f"--name has no place in {form}", hint="leave out either --name or --format")
    if form == "yaml" and not options.name:
        raise KeydeployError("yaml needs the name of a variable", hint="add --name, such as --name vault_portal_key")
    key = rsa_key.generate(options.bits)
    clear = (rsa_key.to_xml(key) if form == "xml" else rsa_key.to_pem(key)).reveal().decode().strip() + "\n"
    return _write(f"{options.name}: |\n{indent(clear, '  ')}" if options.name else clear, form, options)


def _form(options: argparse.Namespace, *, in_clear: str) -> str:
    """Answer the format that *options* ask for; raises `KeydeployError` where they contradict each other."""
    from keydeploy.errors import KeydeployError  # noqa: PLC0415

    if options.name is not None and not (options.name.isascii() and options.name.isidentifier()):
        raise KeydeployError(
            "--name is not the name of a variable",
            hint="letters, digits and underscores, and no digit first, such as vault_portal",
        )
    is_encrypted = bool(_vault_arguments(options))
    form: str = options.format or ("vault" if is_encrypted else in_clear)
    if is_encrypted and form != "vault":
        raise KeydeployError(
            f"a vault option, and --format {form}, which is in clear", hint="leave out either of them, or use vault"
        )
    return form


def _write(clear: str, form: str, options: argparse.Namespace) -> int:
    import sys  # noqa: PLC0415

    from keydeploy.vault import encrypt  # noqa: PLC0415

    sys.stdout.write(encrypt(clear, _vault_arguments(options)) if form == "vault" else clear)
    return 0


def _vault_arguments(options: argparse.Namespace) -> list[str]:
    return [
        *(part for value in options.vault_id for part in ("--vault-id", value)),
        *(part for value in options.vault_password_file for part in ("--vault-password-file", value)),
        *(["--ask-vault-pass"] if options.ask_vault_pass else []),
    ]
