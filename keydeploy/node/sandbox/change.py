"""What a run changes on a sandbox node: one place each, whatever it is."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

Content = bytes | None
"""What a place shows, or what is kept of it, in a form of its noun's own; None: nothing is there."""


class Change(ABC):
    """A place on the node that a run changes."""

    noun: ClassVar[str]
    """As in the names of the contract's operations."""
    is_effect: ClassVar[bool] = False
    """Has no state; happens behind the others, at the commit and when going back."""

    @abstractmethod
    def place(self) -> str:
        """Answer one name for the place, however a request spells it; no secret is in it."""

    @abstractmethod
    def target(self) -> dict[str, Any]:
        """Answer what the change is made of again when it comes from the journal; no secret is in it."""

    def title(self) -> str:
        """Answer the place for a person."""
        return " ".join(str(value) for value in self.target().values() if not isinstance(value, bool))

    @abstractmethod
    def show(self) -> Content:
        """Answer what is there now; changes nothing."""

    def same(self, shown: Content, kept: Content) -> bool:
        """Tell whether what is there is what was kept."""
        return shown == kept

    @property
    def word(self) -> str:
        """Answer the noun as people write it."""
        return self.noun.replace("_", " ")

    def to_keep(self, shown: Content, known: Content) -> Content:  # noqa: ARG002 - most show all that they hold
        """Answer what can be kept of what is shown, to go back to; *known* may hold what is not shown."""
        return shown

    def may_put(self, kept: Content) -> bool:  # noqa: ARG002 - most can put back whatever was kept
        """Tell whether what was *kept* is enough to put it back."""
        return True

    def tidy(self) -> None:  # noqa: B027 - most places have nothing beside them
        """Remove what a crash of `put` may have left beside the place."""

    @abstractmethod
    def put(self, kept: Content) -> None:
        """Let the place be as *kept*; to repeat it does no harm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """A change together with what a request says of it."""

    change: Change
    is_as_observed: Callable[[Content], bool]
    """Whether what is shown is what the request replaces."""
    before: Callable[[Content], Content]
    """What to keep of what is shown, to go back to."""
    after: Callable[[Content], Content]
    """What to put there, given what is shown."""
    early: bool = False
    """Put at once, because nothing reads it yet."""
