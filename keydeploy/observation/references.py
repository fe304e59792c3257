"""Who refers to certificates when a run is over: configuration files and the HTTPS bindings of IIS."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from keydeploy.errors import DocumentError, NodeError
from keydeploy.observation import bindings
from keydeploy.observation.model import BindingChange, Change
from keydeploy.observation.scene import Scene
from keydeploy.observation.section_keys import SectionKeys
from keydeploy.webconfig.document import Document
from keydeploy.webconfig.sections import is_encrypted
from keydeploy.webconfig.service_certificate import referenced_thumbprints, unreadable_sections


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """Words for a person, by thumbprint."""

    by_thumbprint: Mapping[str, tuple[str, ...]]
    unknown: tuple[str, ...] = ()
    """What may refer to any of them, as it cannot be read."""

    def to(self, thumbprint: str) -> tuple[str, ...]:
        """Answer what refers to the certificate, or may."""
        return (*self.by_thumbprint.get(thumbprint, ()), *self.unknown)


def find(scene: Scene, switched: Iterable[Change]) -> References:
    """Find what the files of the spec's applications and the bindings will refer to, once *switched* is done."""
    found: dict[str, list[str]] = {}
    unknown: list[str] = []
    for name in scene.spec.applications:
        user = f"application {name}"
        try:
            document = scene.files.above("own", name)
            thumbprints = _in(document, SectionKeys(scene.spec)) if document is not None else frozenset()
        except DocumentError:
            unknown.append(f"{user}, whose configuration cannot be read in full")
            continue
        for thumbprint in thumbprints:
            found.setdefault(thumbprint, []).append(user)
    try:
        for thumbprint, binding in _of_bindings(scene, switched):
            found.setdefault(thumbprint, []).append(binding)
    except NodeError:
        unknown.append("bindings of IIS, which cannot be listed")
    return References(by_thumbprint={name: tuple(users) for name, users in found.items()}, unknown=tuple(unknown))


def _in(document: Document, keys: SectionKeys) -> frozenset[str]:
    """Answer the thumbprints in *document*; raises `DocumentError` where a part of it cannot be read."""
    found = set(referenced_thumbprints(document))
    for section in unreadable_sections(document):
        if not is_encrypted(section):
            raise DocumentError(f"{section.name} stands in another file", hint="move it back into this one")
        found |= referenced_thumbprints(keys.document(document, section))
    return frozenset(found)


def _of_bindings(scene: Scene, switched: Iterable[Change]) -> list[tuple[str, str]]:
    after = {
        (each.site, each.address, each.port, each.host): each.after
        for each in switched
        if isinstance(each, BindingChange)
    }
    found = []
    for state in bindings.listed(scene.spec, scene.response):
        bound = after.get((state.site, state.address, state.port, state.host), state.certificate)
        if bound is not None:
            where = f"binding {state.address}:{state.port}:{state.host} of {state.site}"
            found.append((bound.thumbprint.upper(), where))
    return found
