"""Which files of a node decide about the spec, and what was read of them."""

import re
from collections.abc import Mapping

from keydeploy import iis
from keydeploy.edit import apply, fill_in
from keydeploy.errors import DocumentError, NodeError
from keydeploy.node.contract import FileState, Location, Pointer, Step
from keydeploy.node.paths import canonical
from keydeploy.observation.model import FileChange
from keydeploy.secret import Secret
from keydeploy.spec.model import Spec
from keydeploy.webconfig import machine_key
from keydeploy.webconfig.document import Document, parse

_SHARE = re.compile(r"[\\/]{2}")

_ANY_KEY = Secret(b"00")

Key = tuple[str, ...]
"""Names one file: `("own", "portal")` is the web.config of the application `portal`."""

ROOT_FILES = {"machine.config": "machine.config", "web.config": "root web.config"}
"""The files of a runtime's folder, and what messages call them."""


def locations(spec: Spec) -> dict[Key, Location]:
    """Answer every file that decides about the spec's applications, by the key under which it is asked for."""
    found: dict[Key, Location] = {}
    if not spec.applications:
        return found
    for runtime in iis.RUNTIMES:
        for file in ROOT_FILES:
            found[runtime.folder, file] = f"{runtime.folder}\\{file}"
    if any(application.site for application in spec.applications.values()):
        found["iis", "redirection"] = iis.REDIRECTION
        found["iis", "host"] = iis.APPLICATION_HOST
    for name, application in spec.applications.items():
        files: dict[Key, Location] = {}
        if application.site is None or application.path is None:
            files["own", name] = application.web_config or ""
        else:
            files["own", name] = iis.web_config(application.site, application.path)
            for above in iis.ancestors(application.path):
                files["above", name, above] = iis.web_config(application.site, above)
        for key, location in files.items():
            found[key] = location
            found[moved(key, machine_key.SECTION)] = _moved(location, "machineKey")
        for section in application.protected_sections.sections if application.protected_sections else ():
            key = "own", name
            found.setdefault(moved(key, section), _moved(files[key], *section.split("/")))
    return found


def moved(key: Key, section: str) -> Key:
    """Answer the key of the file that configSource of *section* names in the file *key*."""
    return ("moved", *key) if section == machine_key.SECTION else ("moved", *key, section)


def _moved(file: Location, *path: str) -> Pointer:
    return Pointer(file=file, walk=tuple(Step(name) for name in path), attribute="configSource")


class Files:
    """What was read, parsed when it is asked for, and once."""

    def __init__(self, asked: Mapping[Key, Location], states: Mapping[Key, FileState | NodeError]) -> None:
        self._asked = asked
        self._states = states
        self._amended: dict[str, Document] = {}
        self._documents: dict[Key, Document | None] = {}

    def state(self, *key: str) -> FileState | None:
        """Answer the file *key* as it was read; None where it was not asked for or could not be read."""
        state = self._states.get(key)
        return state if isinstance(state, FileState) else None

    def amend(self, change: FileChange) -> None:
        """Let applications below see the file of *change* as it will be; where keys stand does not matter to them."""
        splices = [fill_in(edit, change.encoding, lambda _: _ANY_KEY) for edit in change.edits]
        states = (state for state in self._states.values() if isinstance(state, FileState))
        content = next(state.content for state in states if state.path == change.path)
        self._amended[canonical(change.path)] = parse(apply(content.reveal() if content else b"", splices))

    def above(self, *key: str) -> Document | None:
        """Answer the file *key* of a level above, as it will be after this run; raises what `document` raises."""
        state = self.state(*key)
        amended = self._amended.get(canonical(state.path)) if state is not None and state.path is not None else None
        return amended or self.document(*key)

    def document(self, *key: str) -> Document | None:
        """Answer the file *key*, None when it does not exist.

        Raises `DocumentError`, which names its path, when it cannot be read or lies on a share.
        """
        if key not in self._documents:
            self._documents[key] = self._parse(key)
        return self._documents[key]

    def _parse(self, key: Key) -> Document | None:
        state = self._states.get(key)
        if state is None:
            return None
        if isinstance(state, NodeError):
            asked = self._asked[key]
            name = asked if isinstance(asked, str) else "the file that IIS or configSource names"
            raise DocumentError(f"{name} cannot be read: {state.message}", hint=state.hint)
        if state.path is not None and _SHARE.match(state.path):
            raise DocumentError(
                f"{state.path} lies on a share, so two nodes would edit one file", hint="give each node a local copy"
            )
        if "reparse_point" in state.attributes:
            raise DocumentError(
                f"{state.path} is a link, which a switch would replace", hint="declare the file behind it"
            )
        if state.content is None:
            return None
        try:
            return parse(state.content.reveal())
        except DocumentError as error:
            raise DocumentError(f"{state.path}: {error.message}", hint=error.hint) from None
