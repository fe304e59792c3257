"""Lets sections of a configuration file be encrypted as they are declared, and tells what differs.

Only ciphertexts go into edits, and differences are told in words. A section is left alone while it means what it
shall mean: encrypting it again would give other bytes.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from difflib import get_close_matches

from keydeploy.edit import Ciphertext, Difference
from keydeploy.errors import DocumentError
from keydeploy.observation.section_keys import Opened, SectionKeys
from keydeploy.secret import Secret
from keydeploy.spec.model import ProtectedSections
from keydeploy.webconfig import machine_key
from keydeploy.webconfig.document import Document, Element, parse
from keydeploy.webconfig.editor import Editor, Node
from keydeploy.webconfig.effective import MachineKeyState
from keydeploy.webconfig.protected import Algorithms, check_encryptable
from keydeploy.webconfig.providers import Providers, add_provider
from keydeploy.webconfig.sections import PROVIDER, ProtectedSection, every_section, is_encrypted, own_section

_ABSENT, _PRESENT = "absent", "present"
_USUAL = {"v2.0": Algorithms("3des", "rsa1_5")}
"""What a runtime is sure to read, where it is not the newest."""


class Protection:
    """What is declared to be encrypted in one configuration file."""

    def __init__(
        self,
        declared: ProtectedSections,
        keys: SectionKeys,
        web_config: Editor,
        upper: Sequence[Document],
        version: str,
    ) -> None:
        """Take over what is *declared* for the file of *web_config*.

        *upper* are the files above, from machine.config down; *version* is that of the runtime, such as `v4.0`.
        Raises `DocumentError` when the provider entries cannot be read.
        """
        self._declared = declared
        self._keys = keys
        self._web_config = web_config
        self._documents = [*upper, web_config.document]
        self._version = version
        self._usual = _USUAL.get(version, Algorithms())
        self._providers = Providers(self._documents)
        self._added: str | None = None
        self._seen: dict[str, tuple[Difference, ...]] = {}

    def covers(self, name: str) -> bool:
        """Tell whether the section at the path *name* is declared."""
        return name in self._declared.sections

    def require(
        self, name: str, holder: Editor, element: Element | None, text: Secret | None = None
    ) -> tuple[Difference, ...]:
        """Let the section at the path *name* be encrypted as declared, and answer in what it differs.

        It is *element* of *holder*, the web.config or the file that configSource names. *text* is what it shall
        say; None: what it says. A section that is not there and shall say nothing is left alone, and one that was
        required before is not looked at again. Raises `DocumentError`, among them `ProtectedSection` when no declared
        key opens the section.
        """
        if name not in self._seen:
            self._seen[name] = self._require(name, holder, element, text)
        return self._seen[name]

    def _require(
        self, name: str, holder: Editor, element: Element | None, text: Secret | None
    ) -> tuple[Difference, ...]:
        opened = self._keys.open(holder.document, element, self._declared.container) if element else None
        found = opened.text if opened else holder.document.outer(element) if element else None
        wanted = found if text is None else text
        if wanted is None:
            return ()
        check_encryptable(name, self._documents)
        algorithms = self._algorithms(opened)
        encryption = tuple(self._of_encryption(element, opened, algorithms))
        content = None
        if encryption or wanted != found:
            content = self._keys.encrypt(wanted, name, self._declared.container, algorithms)
        provider = self._provider(opened)
        _put(holder, name, element, provider, content)
        return (*encryption, *self._of_provider(element, opened, provider))

    def _algorithms(self, opened: Opened | None) -> Algorithms:
        present = opened.how.algorithms if opened else self._usual
        return Algorithms(self._declared.cipher or present.cipher, self._declared.key_wrap or present.key_wrap)

    def _of_encryption(
        self, element: Element | None, opened: Opened | None, wanted: Algorithms
    ) -> Iterator[Difference]:
        """Yield in what the section differs so that it is to be encrypted anew."""
        container = self._declared.container
        if opened is None:
            yield Difference("protection", "in clear" if element else _ABSENT, f"encrypted with {container}")
            return
        if opened.is_previous or opened.container != container:
            yield Difference("key", _another_key(opened), f"that of {container}")
        present = opened.how.algorithms
        if present.cipher != wanted.cipher:
            yield Difference("cipher", present.cipher, wanted.cipher)
        if present.key_wrap != wanted.key_wrap:
            yield Difference("key_wrap", present.key_wrap, wanted.key_wrap)

    def _of_provider(self, element: Element | None, opened: Opened | None, wanted: str) -> Iterator[Difference]:
        if opened is not None and opened.how.provider.lower() != wanted.lower():
            yield Difference("provider", "another provider", wanted)
        if opened is not None and element is not None and len(element.attributes) > 1:
            yield Difference(f"attributes beside {PROVIDER}", _PRESENT, _ABSENT)
        if self._added == wanted:
            yield Difference("provider entry", _ABSENT, _PRESENT)

    def _provider(self, opened: Opened | None) -> str:
        """Answer the name of the provider entry for the section; added to the web.config where none fits."""
        container, name = self._declared.container, self._declared.provider
        if name is None and opened is not None and self._providers.leads(opened.how.provider, container):
            return opened.how.provider
        name = name or self._providers.leading(container) or container
        if self._providers.leads(name, container) or self._added == name:
            return name
        if name in self._providers:
            raise DocumentError(
                f"the provider {name} is there and does not lead to the machine-wide container {container}",
                hint="declare another name as `provider`, or correct the entry by hand",
            )
        key_wrap = self._declared.key_wrap or self._usual.key_wrap
        add_provider(self._web_config, name, container, version=self._version, key_wrap=key_wrap)
        self._added = name
        return name


def unseen(document: Document, name: str) -> tuple[str, ...]:
    """Answer what a person should know where the section at the path *name* is not, or not all, in *document*.

    Raises `DocumentError` where *name* is misspelt.
    """
    found = [path for path, _ in every_section(document)]
    own = own_section(document, name)
    if own is None:
        similar = next(iter(get_close_matches(name.lower(), [path.lower() for path in found], n=1, cutoff=0.85)), None)
        if similar is not None and name not in found:
            meant = next(path for path in found if path.lower() == similar)
            raise DocumentError(f"the file has no section {name}, but {meant}", hint="correct the name, also its case")
        return ("the file has no such section, so nothing is encrypted",) if name not in found else ()
    others = (element for path, element in every_section(document) if path == name and element is not own)
    if any(not is_encrypted(element) for element in others):
        return ("a <location> of the file has such a section too, which stays in clear",)
    return ()


def rotate(keys: SectionKeys, editor: Editor, but_for: Collection[str]) -> Iterator[tuple[str, Difference]]:
    """Encrypt anew what a `previous_key` alone opens, and yield what it is and how it differs.

    The application's own sections at the paths *but_for* are left to others.
    """
    document = editor.document
    others = [own_section(document, name) for name in but_for]
    for path, element in every_section(document):
        if element in others or not is_encrypted(element):
            continue
        is_own = element is own_section(document, path)
        with suppress(ProtectedSection):  # by somebody else's key, and left alone
            opened = keys.open(document, element)
            if opened is not None and opened.is_previous:
                content = keys.encrypt(opened.text, path, opened.container, opened.how.algorithms)
                _put(editor, path, element, opened.how.provider, content)
                name = path if is_own else f"{path} ({document.place(element.start)})"
                yield name, Difference("key", _another_key(opened), f"that of {opened.container}")


def require_machine_key(
    keys: SectionKeys, holder: Editor, name: str, inherited: MachineKeyState | None, protection: Protection | None
) -> tuple[Difference, ...]:
    """Make the machineKey of *holder* say the declared key *name*, and answer in what it differs.

    It becomes encrypted where *protection* covers it, which then tells how that differed; a section that is
    encrypted stays so in any case, with its own provider. *inherited* and the errors are those of
    `machine_key.require`; `ProtectedSection` is raised when no declared key opens the section.
    """
    element = own_section(holder.document, machine_key.SECTION)
    opened = keys.open(holder.document, element) if element else None
    wanted, address = keys.spec.machine_keys[name], f"machine_keys.{name}"
    covered = protection is not None and protection.covers(machine_key.SECTION)
    if opened is None and not covered:
        return machine_key.require(holder, wanted, address=address, inherited=inherited)
    editor = Editor(parse(opened.text.reveal()) if opened else holder.document)
    differences = machine_key.require(editor, wanted, address=address, inherited=inherited)
    draft = keys.draft(editor)
    text = draft.outer(own_section(draft, machine_key.SECTION) or draft.root)
    if protection is not None and covered:
        protection.require(machine_key.SECTION, holder, element, text)
    elif element is not None and opened is not None:
        differences += tuple(_keep_encrypted(keys, holder, element, opened, text))
    return differences


def _keep_encrypted(
    keys: SectionKeys, holder: Editor, element: Element, opened: Opened, text: Secret
) -> Iterator[Difference]:
    """Encrypt *text* as the machineKey is encrypted now, where it says something else or its key is replaced."""
    if opened.is_previous:
        yield Difference("key of its encryption", _another_key(opened), f"that of {opened.container}")
    if opened.is_previous or text != opened.text:
        content = keys.encrypt(text, machine_key.SECTION, opened.container, opened.how.algorithms)
        _put(holder, machine_key.SECTION, element, opened.how.provider, content)


def _put(editor: Editor, name: str, element: Element | None, provider: str, content: Ciphertext | None) -> None:
    """Let the section *name* be encrypted by *provider*; *content* None leaves its ciphertext as it is."""
    node: Node = element or editor.ensure(editor.document.root, *name.split("/"))
    if content is not None:
        editor.fill(node, content)
    for attribute in element.attributes if element else ():
        if attribute.name != PROVIDER:
            editor.remove_attribute(node, attribute.name)
    present = element.get(PROVIDER) if element else None
    if present is None or present.lower() != provider.lower():
        editor.set_attribute(node, PROVIDER, provider)


def _another_key(opened: Opened) -> str:
    return f"another key ({'previous_key' if opened.is_previous else 'that'} of {opened.container})"
