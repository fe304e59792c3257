"""Accounts of a sandbox node: those of every Windows, the pools of its IIS, and what `accounts.json` names.

    {"CONTOSO\\\\portal": "S-1-5-21-1004336348-1177238915-682003330-1105"}

Names are found whatever their case.
"""

import hashlib
import re
from pathlib import Path

from keydeploy.errors import NodeError
from keydeploy.node.contract import AccountState, ReadAccount
from keydeploy.node.sandbox.app_pools import AppPools
from keydeploy.node.sandbox.json_file import read_json

_SID = re.compile(r"s-1(-\d+)+", re.IGNORECASE)
_POOL = "iis apppool\\"
_BUILT_IN = {"administrators": "S-1-5-32-544", "users": "S-1-5-32-545", "iis_iusrs": "S-1-5-32-568"}
_AUTHORITY = {
    "authenticated users": "S-1-5-11",
    "system": "S-1-5-18",
    "local service": "S-1-5-19",
    "network service": "S-1-5-20",
}
_WELL_KNOWN = {
    "everyone": "S-1-1-0",
    **_BUILT_IN,
    **{f"builtin\\{name}": sid for name, sid in _BUILT_IN.items()},
    **_AUTHORITY,
    **{f"nt authority\\{name}": sid for name, sid in _AUTHORITY.items()},
}
"""Source: Microsoft, "Well-known SIDs"."""


class Accounts:
    """The accounts of the node in the folder *root*, with those of its *pools*."""

    def __init__(self, root: Path, pools: AppPools) -> None:
        self._file = root / "accounts.json"
        self._pools = pools

    def read(self, operation: ReadAccount) -> AccountState:
        """Answer the security identifier of an account."""
        if not operation.name:
            raise NodeError("request", "an account's name is empty")
        return AccountState(sid=self._sid(operation.name.lower()))

    def _sid(self, name: str) -> str | None:
        if _SID.fullmatch(name):
            return name.upper()
        if name.startswith(_POOL):
            return self._sid_of_pool(name.removeprefix(_POOL))
        own = {each.lower(): sid for each, sid in (read_json(self._file) or {}).items()}
        return own.get(name, _WELL_KNOWN.get(name))

    def _sid_of_pool(self, pool: str) -> str | None:
        try:
            pools = self._pools.list_all().app_pools
        except NodeError:  # without IIS there are none
            return None
        return virtual_sid(pool) if pool in {each.name.lower() for each in pools} else None


def virtual_sid(pool: str) -> str:
    """Answer the security identifier of the account under which IIS runs *pool*.

    Source: computed so, `DefaultAppPool` has the identifier that Microsoft publishes for it.
    """
    digest = hashlib.sha1(pool.lower().encode("utf-16-le"), usedforsecurity=False).digest()
    parts = (str(int.from_bytes(digest[start : start + 4], "little")) for start in range(0, 20, 4))
    return f"S-1-5-82-{'-'.join(parts)}"
