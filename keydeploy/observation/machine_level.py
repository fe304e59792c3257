"""The configuration files of .NET itself on one node: what they hold for all applications.

Every runtime has its own files, for 32 and for 64 bits, v2.0 and v4.0. All that are installed are kept equal: no
application shall get another key because its pool is switched. Source: System.Web `MachineKeySection`, whose
allowDefinition is MachineToApplication; System.Configuration merges root web.config over machine.config.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from keydeploy import iis
from keydeploy.edit import Difference
from keydeploy.errors import DocumentError, KeyMaterialError
from keydeploy.iis import Runtime
from keydeploy.keys.machine_key import check_runtime
from keydeploy.node.contract import Location
from keydeploy.observation.files import ROOT_FILES, Files, Key
from keydeploy.observation.hiding import Hiding
from keydeploy.observation.model import FileChange, Subject
from keydeploy.observation.protection import Protection, require_machine_key
from keydeploy.observation.section_keys import SectionKeys
from keydeploy.spec.model import Machine, Spec
from keydeploy.webconfig import machine_key
from keydeploy.webconfig.document import Document, Element, empty_document
from keydeploy.webconfig.editor import Editor
from keydeploy.webconfig.effective import Level, effective_machine_key
from keydeploy.webconfig.sections import own_section

_MACHINE_CONFIG, _ROOT_WEB_CONFIG = ROOT_FILES
_FILES = {"machine_config": _MACHINE_CONFIG, "root_web_config": _ROOT_WEB_CONFIG}
_BELOW = "?"
"""The location of root web.config in machine.config: below it, and nothing that a `<location>` could name."""

_RESTARTS = "restarts every application of the node; those without a key of their own refuse tickets of before"


def locations(machine: Machine) -> dict[Key, Location]:
    """Answer the files that decide about *machine*, by the keys under which `files.locations` asks for them too."""
    return {(runtime.folder, file): _path(runtime, file) for runtime in _declared(machine) for file in ROOT_FILES}


def observe(spec: Spec, files: Files) -> tuple[list[Subject], list[FileChange]]:
    """Compare the files of all runtimes that are installed and declared; answer what differs and mends it.

    *files* hold `locations`, and those of the applications of *spec*, which may have keys that hide this one; from
    now on they show to applications what the files of the runtimes will be.
    """
    machine = spec.machine
    if machine is None:
        return [], []
    places = [_Place(spec, machine, files, runtime) for runtime in _declared(machine)]
    seen = [place.look() for place in places if place.is_installed()]
    changes = [change for _, change in seen if change is not None]
    for change in changes:
        files.amend(change)
    return [subject for subjects, _ in seen for subject in subjects] if seen else _nowhere(machine), changes


def _nowhere(machine: Machine) -> list[Subject]:
    refusal = "the node has no machine.config of a declared runtime; install .NET, or leave machine out"
    return [Subject(address=address, target=None, refusal=refusal) for address in _addresses(machine)]


def _addresses(machine: Machine) -> Iterator[str]:
    """Yield the addresses of what is declared, without the runtime."""
    if machine.machine_key is not None:
        yield "machine.machine_key"
    for section in machine.protected_sections.sections if machine.protected_sections else ():
        yield f"machine.protected_sections.{section}"


def _declared(machine: Machine) -> list[Runtime]:
    return [each for each in iis.RUNTIMES if machine.runtimes is None or each.version in machine.runtimes]


def _path(runtime: Runtime, file: str) -> str:
    return f"{runtime.folder}\\{file}"


@dataclass(frozen=True, slots=True, repr=False)
class _Place:
    """The file of one runtime in which it shall stand."""

    spec: Spec
    machine: Machine
    files: Files
    runtime: Runtime

    @property
    def file(self) -> str:
        """Answer its name."""
        return _FILES[self.machine.level]

    @property
    def target(self) -> str:
        """Answer its path, as the node resolved it where that is known."""
        state = self.files.state(self.runtime.folder, self.file)
        return state.path if state and state.path else _path(self.runtime, self.file)

    def is_installed(self) -> bool:
        """Tell whether the node has the runtime, or may have it: its machine.config cannot be read."""
        try:
            return self.files.document(self.runtime.folder, _MACHINE_CONFIG) is not None
        except DocumentError:
            return True

    def look(self) -> tuple[list[Subject], FileChange | None]:
        """Answer what differs and the change that mends it; what stands against one holds for all in the file."""
        try:
            return self._compare()
        except DocumentError as error:
            refusal = error.told
            return [replace(self._subject(address), refusal=refusal) for address in _addresses(self.machine)], None

    def _subject(self, address: str, differences: tuple[Difference, ...] = ()) -> Subject:
        bits = "Framework" if self.runtime.is_32_bit else "Framework64"
        return Subject(
            address=f"{address}.{bits}.{self.runtime.version}",
            target=self.target,
            differences=differences,
            impact=(_RESTARTS,) if differences else (),
        )

    def _compare(self) -> tuple[list[Subject], FileChange | None]:
        above, keys = list(self._above()), SectionKeys(self.spec)
        editor = Editor(self.files.document(self.runtime.folder, self.file) or empty_document())
        protection = self._protection(keys, editor, above)
        subjects: list[Subject] = []
        if self.machine.machine_key is not None:
            subjects.append(self._machine_key(self.machine.machine_key, editor, above, keys, protection))
        if self.machine.protected_sections is not None and protection is not None:
            for section in self.machine.protected_sections.sections:
                differences = protection.require(section, editor, _in_this_file(editor.document, section))
                subjects.append(self._subject(f"machine.protected_sections.{section}", differences))
        return subjects, self._change(editor)

    def _protection(self, keys: SectionKeys, editor: Editor, above: Sequence[Level]) -> Protection | None:
        declared = self.machine.protected_sections
        if declared is None:
            return None
        return Protection(declared, keys, editor, [level.document for level in above], self.runtime.version)

    def _machine_key(
        self, name: str, editor: Editor, above: Sequence[Level], keys: SectionKeys, protection: Protection | None
    ) -> Subject:
        self._check_runtime(name)
        inherited = effective_machine_key(above, keys.document)
        level = Level(name=ROOT_FILES[self.file], document=editor.document, location="")
        subject = self._subject("machine.machine_key", require_machine_key(keys, editor, name, inherited, protection))
        return replace(
            subject,
            found=machine_key.fingerprint_of(effective_machine_key([*above, level], keys.document)),
            wanted=self.spec.machine_keys[name].fingerprint,
            warnings=tuple(self._warnings()),
        )

    def _check_runtime(self, name: str) -> None:
        try:
            check_runtime(self.spec.machine_keys[name], self.runtime.version)
        except KeyMaterialError:
            raise DocumentError(
                ".NET 2.0 knows neither HMAC algorithms by name nor Framework45, so its applications could not start",
                hint="declare runtimes: [v4.0], or a key of SHA1 with compatibility_mode Framework20SP2 or omit",
            ) from None

    def _above(self) -> Iterator[Level]:
        if self.file == _ROOT_WEB_CONFIG:
            document = self.files.document(self.runtime.folder, _MACHINE_CONFIG)
            if document is not None:
                yield Level(name=ROOT_FILES[_MACHINE_CONFIG], document=document, location=_BELOW)

    def _change(self, editor: Editor) -> FileChange | None:
        state, edits = self.files.state(self.runtime.folder, self.file), editor.edits()
        if state is None or state.path is None or not edits:
            return None
        return FileChange(path=state.path, tag=state.tag, encoding=editor.document.encoding, edits=edits)

    def _warnings(self) -> Iterator[str]:
        """Yield who will not see the machine key."""
        hiding = Hiding(self.spec, self.files, self.runtime)
        if self.file == _MACHINE_CONFIG:
            yield from hiding.from_all()
        yield from hiding.from_applications()


def _in_this_file(document: Document, name: str) -> Element | None:
    element = own_section(document, name)
    if element is not None and element.get("configSource") is not None:
        document.refuse(
            element,
            f"{name} stands in another file (configSource), which is not edited",
            hint="move the section back into this file",
        )
    return element
