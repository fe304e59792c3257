"""What a person may type next: commands for the same inventory, and names of files as seen from here."""

import argparse
import shlex
from collections.abc import Collection, Sequence
from pathlib import Path


def again(command: str, options: argparse.Namespace, *more: str) -> str:
    """Answer the *command* for the inventory of *options*, with the same variables and passwords of the vault.

    A value that was given on the command line itself is left out: it may be a secret.
    """
    parts = [part for name in options.more for part in ("-i", name)]
    parts += [part for given in options.extra_vars if given.startswith("@") for part in ("-e", given)]
    parts += [part for name in options.vault_id for part in ("--vault-id", name)]
    parts += [part for name in options.vault_password_file for part in ("--vault-password-file", name)]
    parts += ["--ask-vault-pass"] if options.ask_vault_pass else []
    return shlex.join(["keydeploy", command, options.inventory, *parts, *more])


def only(members: Sequence[str], declared: Collection[str]) -> tuple[str, ...]:
    """Answer the option that leaves out all of *declared* but *members*; none where there are no others."""
    return ("-l", ",".join(members)) if set(declared) - set(members) else ()


def shown(name: str | Path) -> str:
    """Answer the name of a file, relative where it is below the working directory."""
    here, path = Path.cwd(), Path(name)
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(name)


def quoted(file: str | Path) -> str:
    """Answer the same for a shell."""
    return shlex.quote(shown(file))
