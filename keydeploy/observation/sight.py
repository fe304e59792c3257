"""One application of the spec on one node: what differs, and the edits that would mend it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from keydeploy import iis
from keydeploy.edit import Difference
from keydeploy.errors import DocumentError, KeyMaterialError
from keydeploy.iis import Runtime
from keydeploy.keys.machine_key import check_runtime
from keydeploy.observation import levels
from keydeploy.observation.files import Files, Key, moved
from keydeploy.observation.model import FileChange, Subject
from keydeploy.observation.protection import Protection, require_machine_key, rotate, unseen
from keydeploy.observation.section_keys import SectionKeys
from keydeploy.spec.model import Application, Spec
from keydeploy.webconfig import machine_key, session_tokens
from keydeploy.webconfig.document import Document, Element, empty_document
from keydeploy.webconfig.editor import Editor
from keydeploy.webconfig.effective import Level, effective_machine_key
from keydeploy.webconfig.sections import config_source, own_section
from keydeploy.webconfig.service_certificate import renews_reference, require_certificate, uses_wif_4_5

_NO_WIF = "the application's pool loads .NET 2.0, which has no system.identityModel sections"

_RESTARTS = "restarts the application"
_KEY = "forms tickets, session cookies and view state of before are refused: people sign in again"
_TOKENS = "session cookies of before are refused: people sign in again"
_CODE = (
    "people cannot sign in, or each node reads its own cookies alone, until the application protects them by the"
    " certificate in its own code: docs/keys-and-certificates.md has it"
)

_VARIABLE = re.compile(r"%[^%\\/]+%")


class Sight:
    """One application of the spec on one node."""

    def __init__(self, spec: Spec, files: Files, name: str, application: Application) -> None:
        self._spec = spec
        self._files = files
        self._name = name
        self._application = application
        self._keys = SectionKeys(spec)
        own = files.state("own", name)
        self.target = own.path if own else None

    def addresses(self) -> Iterator[str]:
        """Answer the addresses of what is declared for the application."""
        declared = self._application
        if declared.machine_key is not None:
            yield f"applications.{self._name}.machine_key"
        if declared.session_tokens is not None or declared.session_certificate is not None:
            yield f"applications.{self._name}.session_tokens"
        yield from map(self._address_of, self._protected_sections())

    def compare(self) -> tuple[list[Subject], list[FileChange]]:
        """Answer what differs, and the edits for it; raises `DocumentError` where that cannot be told."""
        if not any(self.addresses()) and not self._keys.replaced():
            return [], []
        own, above = self._own(), list(self._above())
        upper = [level.document for level in above]
        editors: dict[Key, Editor] = {("own", self._name): Editor(own)}
        web_config = editors["own", self._name]
        protection = self._protection(web_config, upper)
        subjects: list[Subject] = []
        if self._application.machine_key is not None:
            subjects.append(self._machine_key(self._application.machine_key, editors, above, protection))
        if self._application.session_tokens is not None or self._application.session_certificate is not None:
            differences = self._session_tokens(web_config, upper)
            by_certificate = self._application.session_certificate is not None
            code = (_CODE,) if by_certificate and not renews_reference(differences) else ()
            address = f"applications.{self._name}.session_tokens"
            subjects.append(self._subject(address, differences, _TOKENS, *code))
        for section in self._protected_sections():
            if protection is not None:
                holder, element = self._holder(editors, section)
                subject = self._subject(self._address_of(section), protection.require(section, holder, element))
                subjects.append(replace(subject, warnings=self._unseen(section, own, holder)))
        subjects += self._rotated(web_config)
        return subjects, list(self._changes(editors))

    def _unseen(self, section: str, own: Document, holder: Editor) -> tuple[str, ...]:
        """Answer what the declaration of *section* does not reach in the application's own file."""
        if holder.document is not own or (section == machine_key.SECTION and self._application.machine_key is not None):
            return ()
        return unseen(own, section)

    def _rotated(self, web_config: Editor) -> Iterator[Subject]:
        """Yield the sections beside the declared ones that would be unreadable with the container's new key."""
        others = (machine_key.SECTION,) if self._application.machine_key is not None else ()
        for path, difference in rotate(self._keys, web_config, (*self._protected_sections(), *others)):
            yield self._subject(self._address_of(path), (difference,))

    def _session_tokens(self, web_config: Editor, upper: Sequence[Document]) -> tuple[Difference, ...]:
        certificate = self._application.session_certificate
        if certificate is None:
            return session_tokens.require_machine_key_handler(web_config, upper)
        if self._runtime().version == "v2.0" and uses_wif_4_5(web_config.document, upper):
            raise DocumentError(_NO_WIF, hint="set the pool to v4.0, register WIF 3.5, or leave session_tokens out")
        return require_certificate(web_config, upper, self._spec.certificates[certificate].thumbprint)

    def _subject(self, address: str, differences: tuple[Difference, ...], *impact: str) -> Subject:
        impact = (*impact, _RESTARTS) if differences else ()
        return Subject(address=address, target=self.target, differences=differences, impact=impact)

    def _protected_sections(self) -> tuple[str, ...]:
        declared = self._application.protected_sections
        return declared.sections if declared else ()

    def _address_of(self, section: str) -> str:
        return f"applications.{self._name}.protected_sections.{section}"

    def _machine_key(
        self, name: str, editors: dict[Key, Editor], above: Sequence[Level], protection: Protection | None
    ) -> Subject:
        own = editors["own", self._name].document
        holder, _ = self._holder(editors, machine_key.SECTION)
        external = holder.document if holder.document is not own else None
        level = Level(name=self._name, document=own, location="", external=external)
        opener = self._keys.document
        inherited = effective_machine_key(above, opener)
        subject = self._subject(
            f"applications.{self._name}.machine_key",
            require_machine_key(self._keys, holder, name, inherited, protection),
            _KEY,
        )
        return replace(
            subject,
            found=machine_key.fingerprint_of(effective_machine_key([*above, level], opener)),
            wanted=self._spec.machine_keys[name].fingerprint,
        )

    def _protection(self, web_config: Editor, upper: Sequence[Document]) -> Protection | None:
        declared = self._application.protected_sections
        if declared is None:
            return None
        return Protection(declared, self._keys, web_config, upper, self._runtime().version)

    def _holder(self, editors: dict[Key, Editor], section: str) -> tuple[Editor, Element | None]:
        """Answer the editor of the file that holds *section*, and the section: in web.config, or where it is moved."""
        web_config = editors["own", self._name]
        element = own_section(web_config.document, section)
        if element is None or config_source(web_config.document, element) is None:
            return web_config, element
        key = moved(("own", self._name), section)
        if key not in editors:
            editors[key] = Editor(self._moved(web_config.document, section))
        return editors[key], editors[key].document.root

    def _own(self) -> Document:
        if self._application.site is not None:
            redirection = self._files.document("iis", "redirection")
            if redirection is not None:
                iis.refuse_shared_configuration(redirection)
        self._check_runtime(self._runtime())
        own = self._files.document("own", self._name)
        if self.target is None:
            raise DocumentError("the application has no folder", hint="check its physicalPath in IIS")
        if _VARIABLE.search(self.target):
            raise DocumentError(
                "the path of the application uses an environment variable that the node does not know",
                hint="write the path in full",
            )
        return own or empty_document()

    def _check_runtime(self, runtime: Runtime) -> None:
        if self._application.session_tokens is not None and runtime.version == "v2.0":
            raise DocumentError(_NO_WIF, hint="set the pool to v4.0, or leave session_tokens out")
        if self._application.machine_key is None:
            return
        try:
            check_runtime(self._spec.machine_keys[self._application.machine_key], runtime.version)
        except KeyMaterialError as error:
            raise DocumentError(error.message, hint=error.hint) from None

    def _moved(self, own: Document, section: str) -> Document:
        name = section.rpartition("/")[2]
        document = levels.external(self._files, own, section, ("own", self._name))
        if document is None or document.root.name != name:
            raise DocumentError(
                f"configSource names no file that holds a {name}", hint="create it, or remove configSource"
            )
        return document

    def _above(self) -> Iterator[Level]:
        return (level for _, level in levels.above(self._files, self._name, self._application))

    def _runtime(self) -> Runtime:
        return levels.runtime(self._files, self._application)

    def _changes(self, editors: Mapping[Key, Editor]) -> Iterator[FileChange]:
        """Yield each file that decides about the application, also without edits: another one may want some."""
        for key, editor in editors.items():
            state = self._files.state(*key)
            if state is not None and state.path is not None:
                yield FileChange(
                    path=state.path, tag=state.tag, encoding=editor.document.encoding, edits=editor.edits()
                )
