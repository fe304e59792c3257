"""What other people's tools leave on a node."""

from dataclasses import dataclass

from keydeploy.node.contract import PrivateKey
from tests.node.contract.material import parts


@dataclass(frozen=True, slots=True, kw_only=True)
class OthersContainer:
    """A machine-wide container with a key of its own."""

    name: str
    provider_type: int = 1
    """1, as aspnet_regiis makes them; 12 or 24."""
    key_number: int = 1
    """2: for signatures only."""
    exportable: bool = True
    key: str | None = None
    """The name of a key of the suite's; None: a new one that nobody else has."""
    sddl: str | None = None
    """None: whatever access a new container has."""

    @property
    def parts(self) -> PrivateKey | None:
        """Answer the key, where the suite has it."""
        return None if self.key is None else parts(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class OthersLink:
    """The key that a certificate refers to."""

    container: str | None
    provider: str | None
    provider_type: int
    key_number: int = 1
    machine: bool = True
