"""Opens texts of Ansible's vault with the passwords that Ansible was given, and seals others like them.

The vault of a run is inside ansible-core, which has no public way to it: see docs/rotation.md, "What it relies on".
"""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleError

from keydeploy.rotation.keeping import Seal
from keydeploy.secret import Secret

_HEADER_WITH_LABEL = 4
"""Parts of the first line, `$ANSIBLE_VAULT;1.2;AES256;LABEL`, where it names a vault identity."""


class AnsibleVault:
    """The vault of a run; nothing of it leaves the process."""

    def __init__(self, loader: Any) -> None:
        self._vault = loader._vault  # the loader has no public name for it, in 2.19 as in 2.21

    def open(self, sealed: str) -> tuple[Secret, Seal] | None:
        """Answer what *sealed* holds and what seals another text with its password and label; None where none opens."""
        try:
            clear, _, password = self._vault.decrypt_and_get_vault_id(sealed)
        except AnsibleError:  # its message may quote
            return None
        head = sealed.split("\n", 1)[0].strip().split(";")
        label = head[3].strip() if len(head) >= _HEADER_WITH_LABEL else None

        def seal(text: Secret) -> str:
            written: bytes = self._vault.encrypt(text.reveal(), secret=password, vault_id=label)
            return written.decode()

        return Secret(clear), seal
