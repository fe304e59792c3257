"""The configuration files of a node in the likeness of another's, each at its path."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from keydeploy import iis
from keydeploy.errors import DocumentError, NodeError
from keydeploy.node import paths
from keydeploy.node.contract import FileState, Location, Pointer, ReadFile
from keydeploy.node.sandbox.faults import Fault
from keydeploy.node.sandbox.files import create_folder, write_file
from keydeploy.rehearsal.answers import Answers
from keydeploy.rehearsal.configuration import Likeness, imitate
from keydeploy.rehearsal.refused import refused_as
from keydeploy.webconfig.document import Attribute, Document, Element, parse


def write_files(answers: Answers, likeness: Likeness, root: Path) -> Iterator[Fault]:
    """Write the files of the node in the folder *root*, and yield how it has to misbehave."""
    states = {question.at: state for question, state in answers.all_to(ReadFile, FileState)}
    written: set[str] = set()
    for at, state in states.items():
        place = place_of(root, state.path)
        if place is None or state.path is None or paths.canonical(state.path) in written:
            continue
        written.add(paths.canonical(state.path))
        create_folder(place.parent)  # also where there is no file: one may be created
        if state.content is not None:
            folders = _folders(states) if at == iis.APPLICATION_HOST else {}
            write_file(place, _imitated(state.content.reveal(), likeness, folders))
        if "reparse_point" in state.attributes:  # sandboxes have none; this is refused as well
            yield Fault(at=ReadFile.do, do="denied", path=state.path, write=1)


def place_of(root: Path, path: str | None) -> Path | None:
    """Answer where a file lies below *root*, None where it does not lie on the node itself."""
    if path is None or paths.is_on_a_share(path):
        return None
    try:
        return paths.locate(root, path)
    except NodeError:
        return None


def _imitated(content: bytes, likeness: Likeness, folders: Mapping[Pointer, str]) -> bytes:
    try:
        document = parse(content)
    except DocumentError:
        return refused_as(content) or b""
    return imitate(document, likeness, fixed=dict(_fixed(document, folders)))


def _folders(states: Mapping[Location, FileState]) -> dict[Pointer, str]:
    """Answer the folders of applications as the node has resolved them, by what points to them."""
    return {
        at: paths.parent(state.path)
        for at, state in states.items()
        if isinstance(at, Pointer) and at.file == iis.APPLICATION_HOST and state.path is not None
    }


def _fixed(host: Document, folders: Mapping[Pointer, str]) -> Iterator[tuple[Attribute, str]]:
    """Yield the attributes of *host* that would lead elsewhere here: by variables that only the node knows."""
    for pointer, folder in folders.items():
        attribute = _pointed(host.root, pointer)
        if attribute is None or paths.is_on_a_share(folder) or "%" in folder:
            continue
        here = paths.join(paths.parent(iis.APPLICATION_HOST), paths.expand(attribute.value))
        if paths.canonical(here) != paths.canonical(folder):
            yield attribute, folder


def _pointed(root: Element, pointer: Pointer) -> Attribute | None:
    """Answer the attribute that *pointer* means, as a node finds it."""
    elements = [root]
    for step in pointer.walk:
        elements = [
            found
            for element in elements
            for found in element.walk()
            if found.name == step.element
            and (step.attribute is None or (found.get(step.attribute) or "").lower() == (step.value or "").lower())
        ]
    attributes = (each for element in elements for each in element.attributes if each.name == pointer.attribute)
    return next(attributes, None)
