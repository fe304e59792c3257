"""What the files of one application say on one node, before it is known whether a spec can say the same."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from keydeploy import iis
from keydeploy.adoption import material, pool_settings
from keydeploy.adoption.machine_keys import Found, read
from keydeploy.adoption.model import ApplicationFacts
from keydeploy.errors import DocumentError, NodeError
from keydeploy.node.contract import AppPoolList, AppPoolState, ListAppPools, Response
from keydeploy.observation import levels
from keydeploy.observation.files import Files
from keydeploy.observation.section_keys import SectionKeys
from keydeploy.spec.model import Spec
from keydeploy.webconfig import machine_key, session_tokens
from keydeploy.webconfig.document import Document, empty_document
from keydeploy.webconfig.editor import Editor
from keydeploy.webconfig.effective import Level
from keydeploy.webconfig.identity_model import IDENTITY_MODEL
from keydeploy.webconfig.sections import ProtectedSection, every_section, is_encrypted

_OWN = "its own web.config"
"""What messages call the file of the application itself."""


@dataclass(slots=True, kw_only=True, repr=False)
class Seen:
    """One application while it is looked at."""

    facts: ApplicationFacts
    key: Found = field(default_factory=Found)
    document: Document | None = None
    told: list[str] = field(default_factory=list)


class Reader:
    """Reads the applications of *spec*, `questions.everything`, on one node."""

    def __init__(self, response: Response, spec: Spec, files: Files, host: Document | None) -> None:
        self._response = response
        self._spec = spec
        self._files = files
        self._iis = host
        self._keys = SectionKeys(spec)

    def read(self, name: str) -> Seen:
        """Read the application *name*; what cannot be read is told."""
        declared = self._spec.applications[name]
        seen = Seen(facts=ApplicationFacts(site=declared.site or "", path=declared.path or ""))
        try:
            seen.facts = replace(seen.facts, **self._pool(seen.facts))
            files = self._levels(name)
        except DocumentError as error:
            seen.key = Found(why=error.told)
            return seen
        seen.document = files[-1].document if files[-1].document.exists else None
        try:
            seen.key = read(files, self._keys.document, self._sealed_by(files[-1]))
        except DocumentError as error:
            seen.key = Found(why=error.told)
        seen.facts = replace(seen.facts, uses_handler=_uses_handler(files, seen), **self._sections(files, seen))
        return seen

    def _levels(self, name: str) -> list[Level]:
        """Answer the files that decide about the application *name*, its own last; raises `DocumentError`."""
        key = "own", name
        above = [level for _, level in levels.above(self._files, name, self._spec.applications[name])]
        document = self._files.document(*key) or empty_document()
        external = levels.external(self._files, document, machine_key.SECTION, key)
        return [*above, Level(name=_OWN, document=document, location="", external=external)]

    def _pool(self, facts: ApplicationFacts) -> dict[str, Any]:
        if self._iis is None:
            return {}
        name = iis.pool_of(self._iis, facts.site, facts.path)
        explicit = pool_settings.own_settings(self._iis, facts.site, facts.path)
        pool = next((each for each in self._pools() if each.name.lower() == name.lower()), None)
        if pool is None:
            told = f"IIS has no app pool {material.in_one_line(name)}, which the application names"
            raise DocumentError(told, hint="create the app pool, or let the application name another")
        settings = {each: getattr(pool.settings, each) for each in ("load_user_profile", "set_profile_environment")}
        return {"explicit": explicit, **settings}

    def _pools(self) -> tuple[AppPoolState, ...]:
        try:
            return self._response.to(ListAppPools(), AppPoolList).app_pools
        except NodeError as error:
            raise DocumentError(f"the app pools of IIS cannot be listed: {error.message}", hint=error.hint) from None

    def _sealed_by(self, level: Level) -> str | None:
        """Answer the brought container with whose key the machineKey of *level* is encrypted, None for one in clear."""
        document = level.external or level.document
        for path, element in [(document.root.name, document.root), *every_section(document)]:
            if path.rpartition("/")[2] == "machineKey" and is_encrypted(element):
                opened = self._keys.open(document, element)
                return opened.container if opened else None
        return None

    def _sections(self, files: Sequence[Level], seen: Seen) -> dict[str, Any]:
        """Answer which sections the brought keys open; what they do not open is told."""
        found: dict[str, list[str]] = {}
        closed: list[str] = []
        document = files[-1].document
        for path, element in every_section(document):
            if not is_encrypted(element):
                continue
            try:
                opened = self._keys.open(document, element)
                found.setdefault(opened.container if opened else "", []).append(path)
            except ProtectedSection:
                closed.append(path)
        if closed:
            near = material.led_to(self._response, [level.document for level in files], document, closed)
            seen.told.append(f"encrypted, and the key{near} was not brought: {', '.join(closed)}")
        for container, sections in found.items():
            return {"container": container, "sections": tuple(dict.fromkeys(sections))}
        return {}


def _uses_handler(files: Sequence[Level], seen: Seen) -> bool:
    """Tell whether WIF session cookies are protected by the machine key, as keydeploy would have it."""
    document, upper = files[-1].document, [level.document for level in files[:-1]]
    has_wif = any(path == IDENTITY_MODEL for path, _ in every_section(document))
    try:
        differences = session_tokens.require_machine_key_handler(Editor(document), upper)
    except DocumentError as error:
        if has_wif:
            seen.told.append(f"session cookies of WIF: {error.told}")
        return False
    if differences and has_wif:
        told = ", ".join(f"{each.name} {each.found}" for each in differences)
        seen.told.append(f"session cookies of WIF are not protected by the machine key as keydeploy does it: {told}")
    return not differences
