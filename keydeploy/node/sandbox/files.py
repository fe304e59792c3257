"""Files of a sandbox node: found as Windows finds them, read without a trace, replaced in one step."""

import os
import shutil
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from keydeploy import edit
from keydeploy.errors import NodeError
from keydeploy.node import paths
from keydeploy.node.contract import FileState, Location, Pointer, ReadFile, StageFile
from keydeploy.node.sandbox.change import Change, Content, Staging
from keydeploy.secret import Secret


class Files:
    """The drives of the node in the folder *root*."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, operation: ReadFile, tag_key: Secret) -> FileState:
        """Answer a file with its tag under *tag_key*."""
        path = self._follow(operation.at)
        content = None if path is None else self.content(path)
        secret = None if content is None else Secret(content)
        return FileState(path=path, content=secret, tag=secret.tag(tag_key) if secret else None)

    def content(self, path: str) -> Content:
        """Read a file without touching its time of access; None when there is none, or the path is not local."""
        if paths.is_on_a_share(path):
            return None
        file = self.locate(path)
        return read_file(file) if file.is_file() else None

    def locate(self, path: str) -> Path:
        """Answer where the file at the Windows *path* lies; raises `NodeError` where it is no full local path."""
        return paths.locate(self._root, path)

    def stage(self, operation: StageFile, tag_key: Secret) -> Staging:
        """Prepare the edits of a file; raises `NodeError` where no file can be."""
        change = FileChange(self, paths.expand(operation.path))
        change.require_a_place()
        return Staging(
            change=change,
            is_as_observed=lambda shown: (None if shown is None else Secret(shown).tag(tag_key)) == operation.tag,
            before=lambda shown: shown,
            after=lambda shown: edit.apply(shown or b"", operation.splices),
        )

    def of(self, target: dict[str, Any]) -> "FileChange":
        """Answer the change of the file that the journal names."""
        return FileChange(self, target["path"])

    def _follow(self, location: Location) -> str | None:
        if isinstance(location, str):
            return paths.expand(location)
        file = self._follow(location.file)
        content = None if file is None else self.content(file)
        if file is None or content is None:
            return None
        target = _attribute(content, location)
        if target is None:
            return None
        path = paths.join(paths.parent(file), paths.expand(target))
        return paths.join(path, location.append) if location.append else path


class FileChange(Change):
    """The file at a full Windows path."""

    noun = "file"

    def __init__(self, files: Files, path: str) -> None:
        self._files = files
        self._path = path

    def require_a_place(self) -> None:
        """Raise `NodeError` where the path is a folder's or leads into none."""
        file = self._files.locate(self._path)
        if file.is_dir() or not file.parent.is_dir():
            raise NodeError("path", "the path is a folder's, or the folder of the file does not exist")

    def place(self) -> str:
        return f"file {paths.canonical(self._path)}"

    def target(self) -> dict[str, Any]:
        return {"path": self._path}

    def show(self) -> Content:
        return self._files.content(self._path)

    def tidy(self) -> None:
        discard_temporary(self._files.locate(self._path))

    def put(self, kept: Content) -> None:
        file = self._files.locate(self._path)
        if kept is None:
            file.unlink(missing_ok=True)
        elif self.show() != kept:
            replace_file(file, kept)


def replace_file(target: Path, content: bytes) -> None:
    """Put *content* into *target* in one step: mode and owner stay, and there is no moment without the file."""
    discard_temporary(target)
    temporary = _temporary(target)
    try:
        write_file(temporary, content)
        if target.exists():
            shutil.copystat(target, temporary)
            status = target.stat()
            os.utime(temporary)
            if os.geteuid() == 0:
                os.chown(temporary, status.st_uid, status.st_gid)
        else:
            temporary.chmod(0o644)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def discard_temporary(target: Path) -> None:
    """Remove what a crash of `replace_file` may have left beside *target*."""
    _temporary(target).unlink(missing_ok=True)


def write_file(file: Path, content: bytes) -> None:
    """Write a file that only its owner reads, with the folders above it."""
    create_folder(file.parent)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        sys.audit("keydeploy.write", descriptor, content)  # where a sandbox may be told to fail
        stream.write(content)


def create_folder(folder: Path) -> None:
    """Make *folder*, and those above it, for its owner only; one that is there stays as it is."""
    for missing in reversed([each for each in (folder, *folder.parents) if not each.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)


def read_file(file: Path) -> bytes:
    """Read a file without touching its time of access, where the system allows that."""
    try:
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NOATIME", 0))
    except PermissionError:  # only its owner may read a file so
        descriptor = os.open(file, os.O_RDONLY)
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read()


def _temporary(target: Path) -> Path:
    return target.with_name(f"{target.name}.keydeploy.config")  # IIS serves no *.config


def _attribute(content: bytes, pointer: Pointer) -> str | None:
    try:
        elements = [ElementTree.fromstring(content)]  # noqa: S314 - expat bounds entity expansion
    except (ElementTree.ParseError, LookupError, ValueError):  # the latter two: an encoding that nobody knows
        return None
    for step in pointer.walk:
        elements = [
            found
            for element in elements
            for found in element.iter()
            if found.tag.rpartition("}")[2] == step.element
            and (step.attribute is None or found.get(step.attribute, "").lower() == (step.value or "").lower())
        ]
    return next((found for element in elements if (found := element.get(pointer.attribute)) is not None), None)
