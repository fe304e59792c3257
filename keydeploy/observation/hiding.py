"""Who does not see the machine key of a runtime's files on one node, because a file below has one of its own.

ASP.NET merges the attributes of `<machineKey>` from machine.config down, and what is nearest to the application
counts. Source: System.Configuration `BaseConfigurationRecord`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from keydeploy import iis
from keydeploy.errors import DocumentError
from keydeploy.iis import Runtime
from keydeploy.observation.files import Files, Key
from keydeploy.spec.model import Application, Spec
from keydeploy.webconfig import machine_key
from keydeploy.webconfig.document import Document
from keydeploy.webconfig.sections import is_encrypted, sections

_MACHINE_KEY = tuple(machine_key.SECTION.split("/"))
_RENDERED = ("validation", "decryption", "compatibilityMode", "validationKey", "decryptionKey")


@dataclass(frozen=True, slots=True, repr=False)
class Hiding:
    """The files below those of one runtime."""

    spec: Spec
    files: Files
    runtime: Runtime

    def from_all(self) -> Iterator[str]:
        """Yield, in words, what root web.config hides of the machine key in machine.config."""
        yield from self._said("", (self.runtime.folder, "web.config"), "")

    def from_applications(self) -> Iterator[str]:
        """Yield, in words, what is hidden of the machine key from which application of the spec."""
        for name, application in self.spec.applications.items():
            if self._loads(application):
                yield from self._from_one(name, application)

    def _loads(self, application: Application) -> bool:
        """Tell whether *application* runs in this runtime; one that IIS does not know says so elsewhere."""
        if application.site is None or application.path is None:
            return self.runtime == Runtime()
        try:
            host = self.files.document("iis", "host")
            return host is not None and iis.runtime_of(host, application.site, application.path) == self.runtime
        except DocumentError:
            return False

    def _from_one(self, name: str, application: Application) -> Iterator[str]:
        if application.machine_key is not None:
            machine = self.spec.machine
            if machine is None or application.machine_key != machine.machine_key:
                yield f"for applications.{name} the declared machine_keys.{application.machine_key} hides this one"
            return
        path, whom = application.path or "/", f"for applications.{name} "
        for above in iis.ancestors(path):
            below = path.lower().removeprefix(above.lower()).strip("/")
            yield from self._said(whom, ("above", name, above), below)
        yield from self._said(whom, ("own", name), "")

    def _said(self, whom: str, key: Key, location: str) -> Iterator[str]:
        """Yield what the file *key* says for the application at *location* below it."""
        try:
            document, state = self.files.document(*key), self.files.state(*key)
            hidden = [*_set(document, location)] if document is not None else []
        except DocumentError as error:
            yield f"{whom}another machineKey may hide this one: {error.message}"
            return
        if hidden and state is not None:
            yield f"{whom}the machineKey of {state.path} hides {', '.join(dict.fromkeys(hidden))} of this one"


def _set(document: Document, location: str) -> Iterator[str]:
    """Yield the attributes that the machineKey sections of *document* set for the application at *location*."""
    for section in sections(document, _MACHINE_KEY, location):
        if section.inherited or section.distance == 0:
            element = section.element
            if is_encrypted(element) or element.get("configSource") is not None:
                yield "all or a part"
            yield from (name for name in _RENDERED if element.get(name) is not None)
