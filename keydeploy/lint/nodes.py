"""The applications of a spec as one node has them: what to ask of it, and what rules and the farm look at.

What is declared says where to look and opens encrypted sections; what is looked at is what the node has. It runs in
the worker that talks to the node; findings and what nodes are compared by hold no secret.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from keydeploy import access, iis
from keydeploy.errors import DocumentError, NodeError
from keydeploy.iis import RUNTIMES
from keydeploy.keys.certificate import OWN_CONTAINERS
from keydeploy.lint.model import Application, ConfigFile, Node
from keydeploy.node.contract import (
    Answer,
    AppPoolList,
    AppPoolState,
    CertificateList,
    ContainerList,
    ContainerState,
    FileState,
    ListAppPools,
    ListCertificates,
    ListContainers,
    Location,
    Pointer,
    ReadContainer,
    ReadFile,
    Reading,
    ReadSystem,
    Response,
    Step,
)
from keydeploy.observation import levels
from keydeploy.observation.files import ROOT_FILES, Files, Key, locations
from keydeploy.observation.pools import account_of
from keydeploy.observation.section_keys import SectionKeys
from keydeploy.spec.model import Spec
from keydeploy.webconfig import machine_key
from keydeploy.webconfig.document import Document, empty_document
from keydeploy.webconfig.effective import Level

A = TypeVar("A", bound=Answer)

_CERTIFICATES, _POOLS, _CONTAINERS = ListCertificates("My"), ListAppPools(), ListContainers("")
_OF_WINDOWS = ("netframeworkconfigurationkey", "iisconfigurationkey", "iiswaskey", "tssecketset1")
"""Containers that every server has, which nobody made for an application; in lower case."""
_MOVED = {"connectionStrings": ("configSource",), "appSettings": ("configSource", "file")}
"""Sections beside machineKey that rules look at, and the attributes that name the file which holds them."""
_BELOW_MACHINE_CONFIG = "?"
"""The location of root web.config in machine.config: below it, and nothing that a `<location>` could name."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Looked:
    """What one node has."""

    applications: tuple[Application, ...]
    """Those of the spec, as the node has them."""
    roots: tuple[Application, ...]
    """The files of each runtime that the node has, as an application without files of its own would see them.

    They have no name.
    """
    unread: Mapping[str, str]
    """Applications and files that could not be looked at, with the reason."""
    notes: tuple[str, ...]
    host: str
    """The path of applicationHost.config."""


def questions(spec: Spec) -> tuple[Reading, ...]:
    """Answer all that a node must be asked about the applications of *spec*, in one request; the clock comes last."""
    return tuple(
        dict.fromkeys(
            (
                *(ReadFile(location) for location in _locations(spec).values()),
                *(ReadContainer(name) for name in spec.key_containers),
                _CONTAINERS,
                _CERTIFICATES,
                _POOLS,
                ReadSystem(),
            )
        )
    )


def look(spec: Spec, response: Response, *, on_farm: bool) -> Looked:
    """Turn a node's *response* to `questions(spec)` into applications; *on_farm* tells whether it has others beside it.

    Raises `NodeError` when the node could not answer at all.
    """
    response.system()
    return _Look(spec, response, on_farm).all()


def _locations(spec: Spec) -> dict[Key, Location]:
    found: dict[Key, Location] = {
        (runtime.folder, file): f"{runtime.folder}\\{file}" for runtime in RUNTIMES for file in ROOT_FILES
    }
    found |= locations(spec)
    for name in spec.applications:
        for section, attributes in _MOVED.items():
            for attribute in attributes:
                walk = tuple(Step(part) for part in section.split("/"))
                found["named", name, section, attribute] = Pointer(
                    file=found["own", name], walk=walk, attribute=attribute
                )
    return found


class _Look:
    """One node."""

    def __init__(self, spec: Spec, response: Response, on_farm: bool) -> None:
        asked = _locations(spec)
        self._asked = asked
        self._spec = spec
        self._response = response
        self._on_farm = on_farm
        self._files = Files(asked, {key: _read(response, location) for key, location in asked.items()})
        self._opener = SectionKeys(spec).document
        self._notes: list[str] = []
        self._unread: dict[str, str] = {}

    def all(self) -> Looked:
        """Answer all that there is to look at."""
        certificates = self._listed(_CERTIFICATES, CertificateList, "certificates")
        thumbprints = frozenset(each.thumbprint.upper() for each in certificates.certificates) if certificates else None
        pools = self._listed(_POOLS, AppPoolList, "app pools")
        readable = self._containers()
        applications = []
        for name in self._spec.applications:
            try:
                found = self._application(name)
            except DocumentError as error:
                self._tell(self._path("own", name) or f"application {name}", error.told)
                continue
            pool = self._pool(name, pools)
            node = replace(
                self._node(found, pool),
                thumbprints=thumbprints,
                readable_containers=_readable(readable, pool),
            )
            applications.append(replace(found, node=node))
        return Looked(
            applications=tuple(applications),
            roots=tuple(self._roots()),
            unread=self._unread,
            notes=(*self._notes, *self._undeclared()),
            host=self._path("iis", "host") or iis.APPLICATION_HOST,
        )

    def _undeclared(self) -> Iterator[str]:
        """Yield which applications IIS has that the spec does not name: nobody has looked at them."""
        try:
            host = self._files.document("iis", "host")
        except DocumentError:
            return
        declared = {(each.site or "").lower() + (each.path or "").lower() for each in self._spec.applications.values()}
        others = [site + path for site, path in iis.applications(host)] if host else []
        others = [name for name in others if name.lower() not in declared]
        if others:
            yield f"not declared, so not looked at: {', '.join(others)} of IIS"

    def _application(self, name: str) -> Application:
        """Answer the application *name*; raises `DocumentError` where a file of it cannot be read."""
        declared = self._spec.applications[name]
        redirection = self._files.document("iis", "redirection")
        if declared.site is not None and redirection is not None:
            iis.refuse_shared_configuration(redirection)
        upper = [self._file(key, level) for key, level in levels.above(self._files, name, declared)]
        if self._path("own", name) is None:
            raise DocumentError("the application has no folder here", hint="check site, path and physicalPath")
        own = self._files.document("own", name) or empty_document()
        external = levels.external(self._files, own, machine_key.SECTION, ("own", name))
        level = Level(name=name, document=own, location="", external=external)
        file = replace(self._file(("own", name), level), moved=dict(self._moved(name)))
        return Application(name=name, files=(*upper, file), on_farm=self._on_farm, opener=self._opener)

    def _moved(self, name: str) -> Iterator[tuple[str, Document]]:
        for section, attributes in _MOVED.items():
            for attribute in attributes:
                document = self._files.document("named", name, section, attribute)
                if document is not None:
                    yield section, document

    def _roots(self) -> Iterator[Application]:
        for runtime in RUNTIMES:
            folder = runtime.folder
            try:
                documents = {file: self._files.document(folder, file) for file in ROOT_FILES}
            except DocumentError as error:
                self._tell(folder, error.told)
                continue
            files = tuple(
                self._file(
                    (folder, file),
                    Level(name=called, document=document, location=below),
                )
                for (file, called), below in zip(ROOT_FILES.items(), (_BELOW_MACHINE_CONFIG, ""), strict=True)
                if (document := documents[file]) is not None
            )
            if files:
                yield Application(
                    name="",
                    files=files,
                    on_farm=self._on_farm,
                    node=Node(name=self._spec.host, runtime=runtime),
                    opener=self._opener,
                )

    def _tell(self, what: str, why: str) -> None:
        """Note that *what* cannot be looked at; where *why* begins with the file at fault, it is told of that file."""
        paths = (self._path(*key) or asked for key, asked in self._asked.items())
        at_fault = [path for path in paths if isinstance(path, str) and why.startswith((f"{path}: ", f"{path} "))]
        file = max(at_fault, key=len, default="")
        self._unread[file or what] = why.removeprefix(file).lstrip(": ")

    def _file(self, key: Key, level: Level) -> ConfigFile:
        return ConfigFile(path=self._path(*key) or level.name, level=level)

    def _path(self, *key: str) -> str | None:
        state = self._files.state(*key)
        return state.path if state else None

    def _node(self, application: Application, pool: AppPoolState | None) -> Node:
        runtime = levels.runtime(self._files, self._spec.applications[application.name])
        return Node(
            name=self._spec.host,
            runtime=runtime,
            pool=pool.name if pool else None,
            load_user_profile=pool.settings.load_user_profile if pool else None,
        )

    def _pool(self, name: str, pools: AppPoolList | None) -> AppPoolState | None:
        """Answer the pool of the application *name*; None where IIS does not tell."""
        declared, host = self._spec.applications[name], self._files.document("iis", "host")
        if pools is None or host is None or declared.site is None or declared.path is None:
            return None
        called = iis.pool_of(host, declared.site, declared.path).lower()
        return next((pool for pool in pools.app_pools if pool.name.lower() == called), None)

    def _containers(self) -> dict[str, str]:
        """Answer who may use which container (SDDL by name): those that are declared, and those that can be listed."""
        listed = self._listed(_CONTAINERS, ContainerList, "key containers")
        states = {each.name: each.state for each in listed.containers} if listed else {}
        for name in self._spec.key_containers:
            with suppress(NodeError):
                states.setdefault(name, self._response.to(ReadContainer(name), ContainerState))
        return {name: state.sddl for name, state in states.items() if state.sddl is not None and _is_made(name)}

    def _listed(self, question: Reading, kind: type[A], what: str) -> A | None:
        try:
            return self._response.to(question, kind)
        except NodeError as error:
            self._notes.append(f"the {what} of {self._spec.host} cannot be listed: {error.message}")
            return None


def _is_made(container: str) -> bool:
    """Tell whether somebody made *container* for an application; those of certificates are no such."""
    name = container.lower()
    return name not in _OF_WINDOWS and not name.startswith(OWN_CONTAINERS)


def _readable(containers: Mapping[str, str], pool: AppPoolState | None) -> tuple[str, ...] | None:
    """Answer which of *containers* (SDDL by name) the account of *pool* may use; None where that cannot be told."""
    if pool is None:
        return None
    _, sid = account_of(pool)
    own = {sid} if sid is not None else set()
    found = tuple(name for name, sddl in containers.items() if _may_use({*own, *access.ALL_WORKERS}, sddl))
    return found if found or sid is not None else None


def _may_use(account: Collection[str], sddl: str) -> bool:
    entries = [entry for entry in access.entries(sddl) if entry.sid in account]
    return any(not entry.denies for entry in entries) and not any(entry.denies for entry in entries)


def _read(response: Response, location: Location) -> FileState | NodeError:
    try:
        return response.to(ReadFile(location), FileState)
    except NodeError as error:
        return error
