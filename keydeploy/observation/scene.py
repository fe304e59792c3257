"""All that one node showed, for those who compare a part of it with the spec."""

from dataclasses import dataclass

from keydeploy.node.contract import Response
from keydeploy.observation.accounts import Accounts
from keydeploy.observation.files import Files
from keydeploy.observation.pools import Pools
from keydeploy.spec.model import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is declared, and what the node answered."""

    spec: Spec
    response: Response
    files: Files
    accounts: Accounts
    pools: Pools
    now: float
    """The node's own time, in seconds since 1970."""
