"""The configuration files that one application of the spec sees on one node, from machine.config down."""

from collections.abc import Iterator

from keydeploy import iis
from keydeploy.errors import DocumentError
from keydeploy.iis import Runtime
from keydeploy.observation.files import ROOT_FILES, Files, Key, moved
from keydeploy.spec.model import Application
from keydeploy.webconfig import machine_key
from keydeploy.webconfig.document import Document
from keydeploy.webconfig.effective import Level

_NOWHERE = "?"
"""The location of an application that is known by its file alone: no `<location>` above can name it."""


def runtime(files: Files, application: Application) -> Runtime:
    """Answer the runtime that *application* runs in; raises `DocumentError` when IIS does not tell."""
    if application.site is None or application.path is None:
        return Runtime()
    host = files.document("iis", "host")
    if host is None:
        raise DocumentError("IIS is not installed", hint="install it, or declare web_config")
    return iis.runtime_of(host, application.site, application.path)


def above(files: Files, name: str, application: Application) -> Iterator[tuple[Key, Level]]:
    """Yield the files above that of the application *name* which are there, each with its key in *files*.

    They are as they will be after this run. Raises `DocumentError` where one of them cannot be read.
    """
    site, path = application.site, application.path
    known = site is not None and path is not None
    location = f"{site}{path}".rstrip("/") if known else _NOWHERE
    folder = runtime(files, application).folder
    for file, called in ROOT_FILES.items():
        document = files.above(folder, file)
        if document is not None:
            yield (folder, file), Level(name=called, document=document, location=location)
    for upper in iis.ancestors(path) if path else ():
        key = "above", name, upper
        document = files.above(*key)
        if document is not None:
            yield (
                key,
                Level(
                    name=f"{site}{upper}".rstrip("/"),
                    document=document,
                    location=(path or "").lower().removeprefix(upper.lower()).strip("/"),
                    external=external(files, document, machine_key.SECTION, key),
                ),
            )


def external(files: Files, document: Document, section: str, key: Key) -> Document | None:
    """Answer the file that holds *section* of *document*, which is the file *key*; None where it has it itself.

    The node followed the first configSource only: raises `DocumentError` when there is a second one.
    """
    name = section.rpartition("/")[2]
    found = [each for each in document.root.walk() if each.name == name and each.get("configSource") is not None]
    if len(found) > 1:
        document.refuse(
            found[1], f"a second {name} stands in another file", hint="move one of them back into this file"
        )
    return files.document(*moved(key, section))
