"""What a node shows, seen against the spec: which respects differ, and the edits that would mend them.

`questions` tells what to ask a node; `observe` reduces its answer. Both run in the worker that talks
to the node. An `Observation` holds no secret and no content of a file, so it may leave the worker.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from keydeploy import iis
from keydeploy.edit import Difference, Edit
from keydeploy.errors import DocumentError
from keydeploy.iis import Runtime
from keydeploy.node.contract import FileState, Location, Pointer, ReadFile, ReadJournal, ReadSystem, Response, Step
from keydeploy.spec.model import Application, Spec
from keydeploy.webconfig import machine_key, session_tokens
from keydeploy.webconfig.document import Document, empty_document, parse
from keydeploy.webconfig.editor import Editor
from keydeploy.webconfig.effective import Level, effective_machine_key

Key = tuple[str, ...]
"""Names one question: `("own", "portal")` is the web.config of the application `portal`."""

_ROOT_FILES = {"machine.config": "machine.config", "web.config": "root web.config"}
"""The files of a runtime's folder, and what messages call them."""

_NOWHERE = "?"
"""The location of an application that is known by its file alone: no `<location>` above can name it."""

_SLASHES = re.compile(r"[\\/]+")
_SHARE = re.compile(r"[\\/]{2}")
_VARIABLE = re.compile(r"%[^%\\/]+%")

_SHARED_FILE = "another application of the spec needs other edits in the same file; declare one of them"

Reading = ReadJournal | ReadFile | ReadSystem


class State(Enum):
    """How asking a node went."""

    OBSERVED = "observed"
    UNREACHABLE = "unreachable"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """The edits that mend one file; *tag* names the content they are for, None when there is no file yet."""

    path: str
    tag: str | None
    encoding: str
    edits: tuple[Edit, ...]

    def to_json(self) -> dict[str, Any]:
        """Answer the change as JSON values."""
        edits = [edit.to_json() for edit in self.edits]
        return {"path": self.path, "tag": self.tag, "encoding": self.encoding, "edits": edits}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "FileChange":
        """Read what `to_json` wrote."""
        edits = tuple(Edit.from_json(edit) for edit in value["edits"])
        return cls(path=value["path"], tag=value["tag"], encoding=value["encoding"], edits=edits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One declared thing on one node."""

    address: str
    target: str | None
    differences: tuple[Difference, ...] = ()
    refusal: str | None = None
    """Why it could not be compared, with the next step."""
    found: str | None = None
    """The fingerprint of the key in effect, where there is an explicit one."""
    wanted: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Answer the subject as JSON values."""
        return {
            "address": self.address,
            "target": self.target,
            "differences": [[d.name, d.found, d.wanted] for d in self.differences],
            "refusal": self.refusal,
            "found": self.found,
            "wanted": self.wanted,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Subject":
        """Read what `to_json` wrote."""
        differences = tuple(Difference(*difference) for difference in value["differences"])
        return cls(**{**value, "differences": differences})


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One node against the spec."""

    node: str
    state: State
    cause: str | None = None
    """Why there is nothing to see, in words of ours."""
    hint: str | None = None
    spec: str | None = None
    """The digest of the spec that the node was compared with."""
    clock: float = 0.0
    """The node's own time, in seconds since 1970."""
    unfinished: str | None = None
    """A run that began on the node and did not end."""
    subjects: tuple[Subject, ...] = ()
    files: tuple[FileChange, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Answer the observation as JSON values."""
        return {
            "node": self.node,
            "state": self.state.value,
            "cause": self.cause,
            "hint": self.hint,
            "spec": self.spec,
            "clock": self.clock,
            "unfinished": self.unfinished,
            "subjects": [subject.to_json() for subject in self.subjects],
            "files": [file.to_json() for file in self.files],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Observation":
        """Read what `to_json` wrote."""
        return cls(
            **{
                **value,
                "state": State(value["state"]),
                "subjects": tuple(Subject.from_json(subject) for subject in value["subjects"]),
                "files": tuple(FileChange.from_json(file) for file in value["files"]),
            }
        )


def questions(spec: Spec) -> tuple[Reading, ...]:
    """Answer all that a node must be asked about *spec*, in one request; `observe` knows the order."""
    return (ReadJournal(), *(ReadFile(location) for location in _locations(spec).values()), ReadSystem())


def observe(spec: Spec, response: Response) -> Observation:
    """Reduce a node's *response* to `questions(spec)`; raises `NodeError` when the node could not answer."""
    response.raise_for_error()
    files = _Files(dict(zip(_locations(spec), response.files(), strict=True)))
    subjects: list[Subject] = []
    changes: dict[str, FileChange] = {}
    for name, application in spec.applications.items():
        seen, mending = _look(_Sight(spec, files, name, application))
        if any(_conflict(change, changes) for change in mending):
            seen = [replace(subject, refusal=_SHARED_FILE) for subject in seen]
        else:
            for change in mending:
                changes.setdefault(_name_of(change.path), change)
        subjects.extend(seen)
    return Observation(
        node=spec.host,
        state=State.OBSERVED,
        spec=spec.digest(),
        clock=response.system().clock,
        unfinished=response.journal().run,
        subjects=tuple(subjects),
        files=tuple(change for change in changes.values() if change.edits),
    )


def _locations(spec: Spec) -> dict[Key, Location]:
    """Answer every file that decides about the spec's applications, by the name that `_Sight` asks for it."""
    locations: dict[Key, Location] = {}
    if not spec.applications:
        return locations
    for runtime in iis.RUNTIMES:
        for file in _ROOT_FILES:
            locations[runtime.folder, file] = f"{runtime.folder}\\{file}"
    if any(application.site for application in spec.applications.values()):
        locations["iis", "redirection"] = iis.REDIRECTION
        locations["iis", "host"] = iis.APPLICATION_HOST
    for name, application in spec.applications.items():
        files: dict[Key, Location] = {}
        if application.site is None or application.path is None:
            files["own", name] = application.web_config or ""
        else:
            files["own", name] = iis.web_config(application.site, application.path)
            for above in iis.ancestors(application.path):
                files["above", name, above] = iis.web_config(application.site, above)
        for key, location in files.items():
            locations[key] = location
            locations["moved", *key] = _moved_machine_key(location)
    return locations


def _moved_machine_key(file: Location) -> Pointer:
    return Pointer(file=file, walk=(Step("machineKey"),), attribute="configSource")


def _look(sight: "_Sight") -> tuple[list[Subject], list[FileChange]]:
    """Compare one application; what stands against it holds for all that is declared for it."""
    try:
        return sight.compare()
    except DocumentError as error:
        refusal = f"{error.message}; {error.hint}" if error.hint else error.message
        return [Subject(address=address, target=sight.target, refusal=refusal) for address in sight.addresses()], []


def _conflict(change: FileChange, changes: Mapping[str, FileChange]) -> bool:
    return changes.get(_name_of(change.path), change).edits != change.edits


def _name_of(path: str) -> str:
    """Answer one name for all spellings of a full Windows path."""
    return _SLASHES.sub(r"\\", path).lower()


class _Files:
    """What was read, parsed when it is asked for, and once."""

    def __init__(self, states: Mapping[Key, FileState]) -> None:
        self._states = states
        self._documents: dict[Key, Document | None] = {}

    def __getitem__(self, key: Key) -> FileState:
        return self._states[key]

    def document(self, *key: str) -> Document | None:
        """Answer the file *key*, None when it does not exist; raises `DocumentError` that names its path."""
        if key not in self._documents:
            self._documents[key] = self._parse(key)
        return self._documents[key]

    def _parse(self, key: Key) -> Document | None:
        state = self._states.get(key)
        if state is None or state.content is None:
            return None
        try:
            return parse(state.content.reveal())
        except DocumentError as error:
            raise DocumentError(f"{state.path}: {error.message}", hint=error.hint) from None


class _Sight:
    """One application of the spec on one node."""

    def __init__(self, spec: Spec, files: _Files, name: str, application: Application) -> None:
        self._spec = spec
        self._files = files
        self._name = name
        self._application = application
        self.target = files["own", name].path

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
        self._runtime()
        if self.target is None:
            raise DocumentError("the application has no folder", hint="check its physicalPath in IIS")
        if _VARIABLE.search(self.target):
            raise DocumentError(
                "the path of the application uses an environment variable that the node does not know",
                hint="write the path in full",
            )
        if _SHARE.match(self.target):
            raise DocumentError(
                "the application lies on a share, so two nodes would edit one file",
                hint="give each node a local copy",
            )
        return self._files.document("own", self._name) or empty_document()

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
        for file, name in _ROOT_FILES.items():
            document = self._files.document(folder, file)
            if document is not None:
                yield Level(name=name, document=document, location=location)
        for above in iis.ancestors(path) if path else ():
            document = self._files.document("above", self._name, above)
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
            state = self._files[key]
            if state.path is not None:
                yield FileChange(
                    path=state.path, tag=state.tag, encoding=editor.document.encoding, edits=editor.edits()
                )
