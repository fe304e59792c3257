"""One application of the spec on one node: what differs, and the edits that would mend it."""

import re
from collections.abc import Iterator, Mapping, Sequence

from keydeploy import iis
from keydeploy.errors import DocumentError, KeyMaterialError
from keydeploy.iis import Runtime
from keydeploy.keys.machine_key import check_runtime
from keydeploy.observation.files import ROOT_FILES, Files, Key
from keydeploy.observation.model import FileChange, Subject
from keydeploy.spec.model import Application, Spec
from keydeploy.webconfig import machine_key, session_tokens
from keydeploy.webconfig.document import Document, empty_document
from keydeploy.webconfig.editor import Editor
from keydeploy.webconfig.effective import Level, effective_machine_key

_NOWHERE = "?"
"""The location of an application that is known by its file alone: no `<location>` above can name it."""

_VARIABLE = re.compile(r"%[^%\\/]+%")


class Sight:
    """One application of the spec on one node."""

    def __init__(self, spec: Spec, files: Files, name: str, application: Application) -> None:
        self._spec = spec
        self._files = files
        self._name = name
        self._application = application
        own = files.state("own", name)
        self.target = own.path if own else None

    def addresses(self) -> Iterator[str]:
        """Answer the addresses of what is declared for the application."""
        if self._application.machine_key is not None:
            yield f"applications.{self._name}.machine_key"
        if self._application.session_tokens is not None:
            yield f"applications.{self._name}.session_tokens"

    def compare(self) -> tuple[list[Subject], list[FileChange]]:
        """Answer what differs, and the edits for it; raises `DocumentError` where that cannot be told."""
        if self._application.machine_key is None:
            return [], []
        own, above = self._own(), list(self._above())
        editors: dict[Key, Editor] = {("own", self._name): Editor(own)}
        holder = web_config = editors["own", self._name]
        if machine_key.config_source(own):
            holder = editors["moved", "own", self._name] = Editor(self._moved(own))
        subjects = [self._machine_key(self._application.machine_key, own, holder, above)]
        if self._application.session_tokens is not None:
            differences = session_tokens.require_machine_key_handler(web_config, [level.document for level in above])
            address = f"applications.{self._name}.session_tokens"
            subjects.append(Subject(address=address, target=self.target, differences=differences))
        return subjects, list(self._changes(editors))

    def _machine_key(self, name: str, own: Document, holder: Editor, above: Sequence[Level]) -> Subject:
        wanted = self._spec.machine_keys[name]
        moved = holder.document if holder.document is not own else None
        level = Level(name=self._name, document=own, location="", external=moved)
        inherited = effective_machine_key(above)
        return Subject(
            address=f"applications.{self._name}.machine_key",
            target=self.target,
            differences=machine_key.require(holder, wanted, address=f"machine_keys.{name}", inherited=inherited),
            found=machine_key.fingerprint_of(effective_machine_key([*above, level])),
            wanted=wanted.fingerprint,
        )

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
            raise DocumentError(
                "the application's pool loads .NET 2.0, which has no system.identityModel sections",
                hint="set the pool to v4.0, or leave session_tokens out",
            )
        wanted = self._spec.machine_keys[self._application.machine_key or ""]
        try:
            check_runtime(wanted, runtime.version)
        except KeyMaterialError as error:
            raise DocumentError(error.message, hint=error.hint) from None

    def _moved(self, own: Document) -> Document:
        document = self._external(own, "own", self._name)
        if document is None or document.root.name != "machineKey":
            raise DocumentError(
                "configSource names no file that holds a machineKey", hint="create it, or remove configSource"
            )
        return document

    def _external(self, document: Document, *key: str) -> Document | None:
        """Answer the file that holds the machineKey of *document*; the node followed the first configSource only."""
        moved = [e for e in document.root.walk() if e.name == "machineKey" and e.get("configSource") is not None]
        if len(moved) > 1:
            document.refuse(
                moved[1], "a second machineKey stands in another file", hint="move one of them back into this file"
            )
        return self._files.document("moved", *key)

    def _above(self) -> Iterator[Level]:
        site, path = self._application.site, self._application.path
        known = site is not None and path is not None
        location = f"{site}{path}".rstrip("/") if known else _NOWHERE
        folder = self._runtime().folder
        for file, name in ROOT_FILES.items():
            document = self._files.document(folder, file)
            if document is not None:
                yield Level(name=name, document=document, location=location)
        for above in iis.ancestors(path) if path else ():
            document = self._files.above("above", self._name, above)
            if document is not None:
                yield Level(
                    name=f"{site}{above}".rstrip("/"),
                    document=document,
                    location=(path or "").lower().removeprefix(above.lower()).strip("/"),
                    external=self._external(document, "above", self._name, above),
                )

    def _runtime(self) -> Runtime:
        site, path = self._application.site, self._application.path
        if site is None or path is None:
            return Runtime()
        host = self._files.document("iis", "host")
        if host is None:
            raise DocumentError("IIS is not installed", hint="install it, or declare web_config")
        return iis.runtime_of(host, site, path)

    def _changes(self, editors: Mapping[Key, Editor]) -> Iterator[FileChange]:
        """Yield each file that decides about the application, also without edits: another one may want some."""
        for key, editor in editors.items():
            state = self._files.state(*key)
            if state is not None and state.path is not None:
                yield FileChange(
                    path=state.path, tag=state.tag, encoding=editor.document.encoding, edits=editor.edits()
                )
