"""The accounts that may use keys on one node: their SIDs, and what to call them."""

from collections.abc import Iterable
from contextlib import suppress

from keydeploy.access import Names, known_sid, pool_account, pool_sid
from keydeploy.errors import DocumentError, NodeError
from keydeploy.node.contract import AccountState, ReadAccount, Response
from keydeploy.observation.pools import Pools
from keydeploy.spec.model import Spec


def questions(spec: Spec) -> tuple[ReadAccount, ...]:
    """Answer which accounts a node must be asked about: those whose SIDs it alone knows."""
    return tuple(ReadAccount(name) for name in spec.readers() if known_sid(name) is None)


class Accounts:
    """What one node calls the accounts of the spec."""

    def __init__(self, spec: Spec, response: Response, pools: Pools) -> None:
        self._response = response
        by_sid = {pool_sid(pool.name): pool_account(pool.name) for pool in pools.all()}
        for name in spec.readers():
            with suppress(NodeError):  # which is told where the SID is needed
                sid = self._sid(name)
                if sid is not None and sid != name.upper():  # a SID tells a person less than a well-known name
                    by_sid[sid] = name
        self.names = Names(by_sid=by_sid)

    def sids(self, readers: Iterable[str]) -> frozenset[str]:
        """Answer the SIDs of *readers*.

        Raises `DocumentError` for an account that the node does not know, and `NodeError` where it cannot tell.
        """
        return frozenset(self._known(name) for name in readers)

    def _known(self, name: str) -> str:
        sid = self._sid(name)
        if sid is None:
            raise DocumentError(f"the node knows no account {name}", hint="check the name, or declare its SID")
        return sid

    def _sid(self, name: str) -> str | None:
        return known_sid(name) or self._response.to(ReadAccount(name), AccountState).sid
