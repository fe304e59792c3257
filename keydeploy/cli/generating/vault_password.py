"""Which vault password new keys are encrypted with; without one nothing is made."""

import argparse


def vault_options(options: argparse.Namespace) -> list[str]:
    """Answer the options of `ansible-vault` that name the password; none where Ansible knows it by its own settings.

    Where nobody has named one, it is to be asked for. Raises `KeydeployError` where that needs a terminal, and there
    is none: `ansible-vault` would take the password from the text that it is to encrypt.
    """
    from keydeploy.errors import KeydeployError  # noqa: PLC0415

    given = vault_arguments(options)
    asks = options.ask_vault_pass or any(identity.endswith("@prompt") for identity in options.vault_id)
    if not given and not _is_configured():
        given, asks = ["--ask-vault-pass"], True
    if asks and not _has_terminal():
        raise KeydeployError(
            "there is no vault password to encrypt the new keys with, and no terminal to ask for one;"
            " nothing was written",
            hint="name a file that holds it: --vault-password-file FILE",
        )
    return given


def vault_arguments(options: argparse.Namespace) -> list[str]:
    """Answer the vault options as `ansible-vault` takes them."""
    return [
        *(part for value in options.vault_id for part in ("--vault-id", value)),
        *(part for value in options.vault_password_file for part in ("--vault-password-file", value)),
        *(["--ask-vault-pass"] if options.ask_vault_pass else []),
    ]


def _is_configured() -> bool:
    """Tell whether Ansible knows a vault password by its own settings: the environment, or an ansible.cfg."""
    import json  # noqa: PLC0415
    import subprocess  # noqa: PLC0415
    import sys  # noqa: PLC0415

    command = [sys.executable, "-m", "ansible", "config", "dump", "--only-changed", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    settings = json.loads(done.stdout) if done.returncode == 0 else []
    return any(each.get("name") in ("DEFAULT_VAULT_PASSWORD_FILE", "DEFAULT_VAULT_IDENTITY_LIST") for each in settings)


def _has_terminal() -> bool:
    from pathlib import Path  # noqa: PLC0415

    try:
        Path("/dev/tty").open("rb").close()
    except OSError:
        return False
    return True
