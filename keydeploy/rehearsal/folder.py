"""The folder of a rehearsal: only its owner may look into it, and nothing in it is worth much to anybody else.

key              under which stand-ins are derived
shelf/           keys and certificates that were made
declared/HOST    what each host declares, in stand-ins
nodes/HOST       the copy of each node
inventory.yml    to rehearse with
"""

import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from keydeploy.errors import KeydeployError
from keydeploy.node.sandbox.files import write_file
from keydeploy.rehearsal.shelf import Shelf
from keydeploy.rehearsal.stand_in import StandIns
from keydeploy.secret import Secret

_KEY_LENGTH = 32
_FOR_THE_OWNER = 0o077


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that is there and nobody else may enter."""

    root: Path

    def begin(self) -> None:
        """Make what a rehearsal needs, in a folder that is empty."""
        for name in ("shelf", "declared", "nodes"):
            (self.root / name).mkdir(mode=0o700)
        write_file(self.root / "key", secrets.token_bytes(_KEY_LENGTH))

    def stand_ins(self) -> StandIns:
        """Answer what derives stand-ins; raises `KeydeployError` where this is no folder of a rehearsal."""
        try:
            key = (self.root / "key").read_bytes()
            is_open = self.root.stat().st_mode & _FOR_THE_OWNER
        except OSError:
            key, is_open = b"", 0
        if len(key) != _KEY_LENGTH or is_open:
            raise KeydeployError(
                "keydeploy_rehearsal names no folder that keydeploy rehearse has made", hint="use keydeploy rehearse"
            )
        return StandIns(Secret(key))

    @property
    def shelf(self) -> Shelf:
        """Answer where keys and certificates are kept."""
        return Shelf(self.root / "shelf")

    @property
    def inventory(self) -> Path:
        """Answer the inventory of the copies."""
        return self.root / "inventory.yml"

    def declared(self, host: str) -> Path:
        """Answer the file with what *host* declares."""
        return self.root / "declared" / _name(host)

    def node(self, host: str) -> Path:
        """Answer the folder of the copy of the node of *host*."""
        return self.root / "nodes" / _name(host)


def _name(host: str) -> str:
    """Answer the name of a file for *host*, which may be called as no file can be."""
    return quote(host, safe="").replace(".", "%2E", int(host.startswith(".")))
