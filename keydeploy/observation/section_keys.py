"""The keys of a spec's containers, with which sections of configuration files are read and encrypted.

What a section says in clear stays in the process that talks to the node.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from keydeploy.edit import Ciphertext, apply, fill_in
from keydeploy.errors import DocumentError
from keydeploy.keys.rsa_key import RsaKey
from keydeploy.secret import Secret
from keydeploy.spec.model import Spec
from keydeploy.webconfig.document import Document, Element, parse
from keydeploy.webconfig.editor import Editor
from keydeploy.webconfig.protected import Algorithms, Protected, decrypt, encrypt, protected
from keydeploy.webconfig.sections import ProtectedSection


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Opened:
    """An encrypted section that a declared key opens."""

    how: Protected
    text: Secret
    """The section's element in clear, in UTF-8."""
    container: str
    is_previous: bool
    """Whether the key is the one before the container's declared one."""


class SectionKeys:
    """The keys of a spec's containers, and the secrets that may stand in what they encrypt."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    def open(self, document: Document, element: Element, preferred: str | None = None) -> Opened | None:
        """Answer what the section *element* says, None when it stands in clear.

        The keys of the container *preferred* are tried first. Raises `ProtectedSection` when no declared key
        opens it.
        """
        how = protected(document, element)
        if how is None:
            return None
        for container, key, is_previous in self._keys(preferred):
            text = decrypt(how, key)
            if text is not None:
                return Opened(how=how, text=text, container=container, is_previous=is_previous)
        raise ProtectedSection(
            f"{document.place(element.start)}: {element.name} is encrypted with a key that is not declared",
            hint="declare it as the previous_key of its container, or decrypt the section on the node"
            " (aspnet_regiis -pd)",
        )

    def replaced(self) -> bool:
        """Tell whether a key takes the place of another that is known."""
        return any(each.previous_key and each.private_key for each in self.spec.key_containers.values())

    def document(self, document: Document, element: Element) -> Document:
        """Answer the encrypted section *element* in clear, as a document of its own; raises what `open` raises."""
        opened = self.open(document, element)
        return parse((opened.text if opened else document.outer(element)).reveal())

    def encrypt(self, text: Secret, name: str, container: str, algorithms: Algorithms) -> Ciphertext:
        """Encrypt the element *text* of the section *name*; raises `DocumentError`."""
        key = self.spec.key_containers[container].private_key
        tag_key = self.spec.tag_key()
        if key is None or tag_key is None:
            raise DocumentError(f"the container {container} has no key", hint="declare its private_key")
        return encrypt(text, name, key, algorithms, tag_key)

    def draft(self, editor: Editor) -> Document:
        """Answer the document of *editor* as its edits would make it, with the spec's secrets filled in."""
        declared = self.spec.secrets()
        document = editor.document
        splices = [fill_in(edit, document.encoding, declared.__getitem__) for edit in editor.edits()]
        return parse(apply(document.content, splices)) if splices else document

    def _keys(self, preferred: str | None) -> Iterator[tuple[str, RsaKey, bool]]:
        for name in sorted(self.spec.key_containers, key=lambda name: name != preferred):
            container = self.spec.key_containers[name]
            if container.private_key is not None:
                yield name, container.private_key, False
            if container.previous_key is not None:
                yield name, container.previous_key, True
