"""Ansible's vault, through its own command."""

import re
import subprocess
import sys
from collections.abc import Sequence

from keydeploy.errors import EngineError
from keydeploy.secret import Secret

_NAME_ONE = "name the password with --vault-password-file, --vault-id or --ask-vault-pass"
_CAUSES = (
    (
        "ault password (client )?script",
        "the program that tells the vault password fails",
        "run it by itself to see why",
    ),
    (
        "are available to encrypt",
        "several vault passwords are named, and one encrypts",
        "name one alone, or let ANSIBLE_VAULT_ENCRYPT_IDENTITY name its identity (keydeploy adopt: --encrypt-vault-id)",
    ),
    (
        "Did not find a match for --encrypt-vault-id",
        "the vault identity that is to encrypt is not among those that are named",
        "name it by --vault-id as well",
    ),
    ("was not found", "the file with the vault password is not there", "check the path that names it"),
    ("can not be a directory", "what is named as the file with the vault password is a folder", "name the file in it"),
    ("Could not read vault password file", "the file with the vault password cannot be read", "check who may read it"),
    ("Invalid vault password was provided", "the vault password is empty", "put one into the file, in its first line"),
    ("Passwords do not match", "the two vault passwords that were typed differ", "run it again"),
)
"""What `ansible-vault` of ansible-core 2.19 writes, and what it means. Its own text may quote what a program wrote."""
_FILE = re.compile(r"vault password file (?:provided )?'?(.+?)'? (?:was not found|can not be a directory)")


def encrypt(clear: Secret, arguments: Sequence[str]) -> str:
    """Answer *clear* encrypted by `ansible-vault` with its own *arguments*; nothing in clear reaches a file or argv.

    Raises `EngineError` when it knows no password to encrypt with, or several.
    """
    command = [sys.executable, "-m", "ansible", "vault", "encrypt", *arguments, "--output", "-", "-"]
    done = subprocess.run(command, input=clear.reveal(), capture_output=True, check=False)
    if done.returncode != 0:
        raise _told(done.stderr.decode(errors="replace"), arguments)
    return done.stdout.decode()


def _told(output: str, arguments: Sequence[str]) -> EngineError:
    """Answer why it did not encrypt, in words of our own; a path is told where *arguments* name it."""
    for sign, cause, hint in _CAUSES:
        if re.search(sign, output):
            named = _named(output, arguments)
            return EngineError(f"ansible-vault did not encrypt: {cause}{f': {named}' if named else ''}", hint=hint)
    return EngineError("ansible-vault did not encrypt the key", hint=_NAME_ONE)


def _named(output: str, arguments: Sequence[str]) -> str | None:
    found = _FILE.search(output)
    sources = [argument.rpartition("@")[2].removeprefix("~") for argument in arguments]
    return next((source for source in sources if found and source and found[1].endswith(source)), None)
