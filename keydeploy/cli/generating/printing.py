"""How new key material is printed: in clear or encrypted by Ansible's vault, under a name or without one."""

import argparse
from typing import TYPE_CHECKING

from keydeploy.cli.generating.vault_password import vault_arguments, vault_options
from keydeploy.cli.options import add_vault

if TYPE_CHECKING:
    from datetime import date

    from keydeploy.keys.variables import Fields
    from keydeploy.secret import Secret

_FORMS = {
    "yaml": "yaml",
    "json": "json",
    "vault": "vault (the YAML, encrypted by Ansible's vault, which a vault option implies)",
}


def add_output(parser: argparse.ArgumentParser, *, default: str = "yaml", **more: str) -> None:
    """Add what says how to print; *more* are further formats with what they are, *default* as the help tells it."""
    forms = {**_FORMS, **more}
    *first, last = (f"{form} ({text})" if form in more else text for form, text in forms.items())
    parser.add_argument("--name", help="put it under this name, to use it as a variable")
    parser.add_argument("--format", choices=tuple(forms), help=f"{', '.join(first)} or {last} (default: {default})")
    add_vault(parser)


def form_of(options: argparse.Namespace, *, in_clear: str) -> str:
    """Answer the format that *options* ask for, *in_clear* where they name none.

    Raises `KeydeployError` where they contradict each other; nothing has been made by then.
    """
    from keydeploy.errors import KeydeployError  # noqa: PLC0415

    if options.name is not None and not (options.name.isascii() and options.name.isidentifier()):
        raise KeydeployError(
            "--name is not the name of a variable",
            hint="letters, digits and underscores, and no digit first, such as vault_portal",
        )
    is_encrypted = bool(vault_arguments(options))
    form: str = options.format or ("vault" if is_encrypted else in_clear)
    if is_encrypted and form != "vault":
        raise KeydeployError(
            f"a vault option, and --format {form}, which is in clear", hint="leave out either of them, or use vault"
        )
    if options.name and form not in _FORMS:
        raise KeydeployError(f"--name has no place in {form}", hint="leave out either --name or --format")
    return form


def print_fields(fields: "Fields", form: str, options: argparse.Namespace) -> None:
    """Print *fields* in one of the formats that all kinds have."""
    from keydeploy.keys.variables import as_json, as_yaml  # noqa: PLC0415

    print_text(as_json(fields) if form == "json" else as_yaml(fields), form, options)


def print_text(clear: "Secret", form: str, options: argparse.Namespace) -> None:
    """Print *clear* as it is, or encrypted where *form* is the vault's; a terminal is told that it shows a secret."""
    import sys  # noqa: PLC0415

    from keydeploy.vault import encrypt  # noqa: PLC0415

    if form == "vault":
        sys.stdout.write(encrypt(clear, vault_options(options)))
        return
    if sys.stdout.isatty():
        note(f"this is a secret in clear; {options.encrypted} writes it encrypted")
    sys.stdout.write(clear.reveal().decode())


def note(text: str) -> None:
    """Tell *text* on the standard error, beside what is printed."""
    import sys  # noqa: PLC0415

    print(f"keydeploy: note: {text}", file=sys.stderr)  # noqa: T201


def today() -> "date":
    """Answer the day in UTC, which new keys are dated with."""
    from datetime import UTC, datetime  # noqa: PLC0415

    return datetime.now(UTC).date()
