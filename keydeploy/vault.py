"""Ansible's vault, through its own command."""

import subprocess
import sys
from collections.abc import Sequence

from keydeploy.errors import EngineError


def encrypt(clear: str, arguments: Sequence[str]) -> str:
    """Answer *clear* encrypted by `ansible-vault` with its own *arguments*; nothing in clear reaches a file or argv.

    Raises `EngineError` when no password is known.
    """
    command = [sys.executable, "-m", "ansible", "vault", "encrypt", *arguments, "--output", "-", "-"]
    done = subprocess.run(command, input=clear, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EngineError(
            "ansible-vault did not encrypt the key",
            hint="name the password with --vault-password-file, --vault-id or --ask-vault-pass",
        )
    return done.stdout
