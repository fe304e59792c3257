"""Encrypted sections in the likeness of others: opened with the declared keys, and encrypted with their stand-ins.

What a section says in clear stays in the process that talks to the node.
"""

from collections.abc import Callable
from dataclasses import dataclass

from keydeploy.keys.rsa_key import RsaKey
from keydeploy.observation.section_keys import SectionKeys
from keydeploy.rehearsal.allowed import CIPHER_VALUE, ENCRYPTED_KEY, Allowed
from keydeploy.rehearsal.configuration import Likeness, Sealed, imitate
from keydeploy.rehearsal.stand_in import StandIns
from keydeploy.secret import Secret
from keydeploy.spec.model import Spec
from keydeploy.webconfig.document import Document, Element, parse
from keydeploy.webconfig.protected import encrypt
from keydeploy.webconfig.sections import ProtectedSection


@dataclass(frozen=True, slots=True, repr=False)
class Sections:
    """Re-encrypts the sections that the keys of *spec* open."""

    spec: Spec
    made: StandIns
    allowed: Allowed
    key_of: Callable[[RsaKey], RsaKey]
    """Answers the stand-in of a key."""

    @property
    def likeness(self) -> Likeness:
        """Answer how files of a node of *spec* are imitated."""
        return Likeness(made=self.made, allowed=self.allowed, seal=self.seal)

    def seal(self, document: Document, element: Element, above: tuple[str, ...]) -> Sealed | None:
        """Answer the values of a section that says, in stand-ins, what *element* says; None where no key opens it."""
        try:
            opened = SectionKeys(self.spec).open(document, element)
        except ProtectedSection:
            return None
        if opened is None:
            return None
        container = self.spec.key_containers[opened.container]
        key = container.previous_key if opened.is_previous else container.private_key
        assert key is not None  # noqa: S101 - the section was opened with it
        inner = imitate(parse(opened.text.reveal()), self.likeness, above=above)
        made = encrypt(Secret(inner), opened.how.name, self.key_of(key), opened.how.algorithms, self.made.key)
        return _values(parse(made.text.encode()))


def _values(form: Document) -> Sealed:
    wrapped = next(element for element in form.root.walk() if element.name == ENCRYPTED_KEY)
    values = [element for element in form.root.walk() if element.name == CIPHER_VALUE]
    key = next(value for value in values if wrapped.start < value.start < wrapped.end)
    content = next(value for value in values if value is not key)
    return Sealed(key=_text(form, key), content=_text(form, content))


def _text(form: Document, element: Element) -> str:
    return form.text[element.content_start : element.content_end].strip()
