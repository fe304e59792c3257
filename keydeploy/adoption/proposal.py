"""What is proposed to be declared for a farm, where its nodes differ, and what could not be read; without a secret."""

from collections.abc import Mapping
from dataclasses import dataclass

from keydeploy.adoption.model import KeyFacts, MachineFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Camp:
    """Nodes that are alike in one respect."""

    nodes: tuple[str, ...]
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A respect in which nodes differ."""

    about: str
    """Its address in the spec."""
    camps: tuple[Camp, ...]
    """The one that is proposed first."""
    is_tied: bool
    """Whether another camp has as many nodes, so that the order of the nodes decided."""
    why_not: str | None = None
    """Why the proposal is not declared, only written as a comment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedKey:
    """A machine key, by the name that it gets."""

    name: str
    variable: str
    """The variable of the vault that holds its secrets."""
    facts: KeyFacts
    holder: str
    """A node that has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedApplication:
    """An application, by the name that it gets."""

    name: str
    site: str
    path: str
    machine_key: str | None = None
    offered_key: str | None = None
    """A machine key that is written as a comment: declaring it would change files."""
    uses_handler: bool = False
    container: str | None = None
    sections: tuple[str, ...] = ()
    app_pool: Mapping[str, bool]
    comments: tuple[str, ...] = ()
    is_everywhere: bool = True
    """Whether IIS has it on all nodes; otherwise it is written as a comment."""

    @property
    def declares(self) -> bool:
        """Tell whether there is anything to declare of it."""
        return self.is_everywhere and bool(self.machine_key or self.container or self.app_pool)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedContainer:
    """A key container whose key was brought."""

    name: str
    variable: str
    readers: tuple[str, ...]
    exportable: bool
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A key container or a certificate whose key Windows does not give away."""

    name: str
    """Of the container, or the thumbprint of the certificate."""
    facts: tuple[str, ...]
    readers: tuple[str, ...] = ()
    exportable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """All of it."""

    nodes: tuple[str, ...]
    keys: tuple[ProposedKey, ...] = ()
    applications: tuple[ProposedApplication, ...] = ()
    machine: MachineFacts | None = None
    machine_key: str | None = None
    timeouts: Mapping[str, int]
    """Of smart cards, in milliseconds."""
    containers: tuple[ProposedContainer, ...] = ()
    unread_containers: tuple[Unread, ...] = ()
    unread_certificates: tuple[Unread, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    told: tuple[str, ...] = ()

    @property
    def declares(self) -> bool:
        """Tell whether there is anything to declare at all."""
        of_applications = any(each.declares for each in self.applications)
        return of_applications or bool(self.keys or self.machine or self.timeouts or self.containers)
