"""The key containers of one node: what is declared, and what would mend them.

Keys are compared by their public halves and by who may use them. The type of the provider is none of it: Windows
keeps the containers of the types 1, 12 and 24 as the same files and opens each under any of them.
"""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from keydeploy import access, iis
from keydeploy.edit import Difference
from keydeploy.errors import DocumentError, NodeError
from keydeploy.keys.rsa_key import RsaKey, public_fingerprint
from keydeploy.node.contract import ContainerState, PublicKey, ReadContainer, SeenContainer
from keydeploy.observation.model import Change, ContainerChange, HeldKey, Recycling, Subject
from keydeploy.observation.pools import RECYCLES, account_of
from keydeploy.observation.scene import Scene
from keydeploy.spec.model import Application, KeyContainer, Spec
from keydeploy.webconfig.providers import Providers
from keydeploy.webconfig.sections import PROVIDER

_SHORT = len("sha256:") + 16
_FOR_SIGNATURES = 2
_LOST = "the key in the container cannot be exported and is not declared, so it cannot be put back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a container shall hold."""

    name: str
    key: RsaKey
    address: str
    """Where the key is declared."""
    previous: RsaKey | None = None
    previous_address: str | None = None
    provider_type: int
    exportable: bool
    readers: frozenset[str]
    """SIDs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """How a container differs from what is wanted."""

    differences: tuple[Difference, ...] = ()
    change: ContainerChange | None = None
    replaces: bool = False
    """Another key is taken away from those that use it."""
    irreversible: str | None = None


def questions(spec: Spec) -> tuple[ReadContainer, ...]:
    """Answer which containers a node must be asked about."""
    return tuple(ReadContainer(name) for name in spec.key_containers)


def observe(scene: Scene) -> tuple[list[Subject], list[Change], list[Change]]:
    """Compare the declared containers.

    Answer the subjects, the changes that come before those of what is encrypted with the keys, and those after them.
    """
    subjects: list[Subject] = []
    changes: list[Change] = []
    recycled: list[Change] = []
    for name, declared in scene.spec.key_containers.items():
        subject = Subject(address=f"key_containers.{name}", target=f"key container {name}")
        try:
            state = scene.response.to(ReadContainer(name), ContainerState)
            compared = _compared(scene, name, declared, state)
        except (DocumentError, NodeError) as error:
            subjects.append(replace(subject, refusal=error.told))
            continue
        users = _users(scene, state) if compared.replaces else []
        subjects.append(
            replace(
                subject,
                differences=compared.differences,
                found=_fingerprint(state.public_key) if state.public_key else None,
                wanted=declared.private_key.fingerprint if declared.private_key else None,
                in_waves=compared.change is None or keeps_key(compared.change),
                vanishes=declared.private_key is None,
                irreversible=compared.irreversible,
                impact=tuple(_impact(scene, name, compared, users)),
                warnings=scene.pools.unknown(declared.readers),
                readers=access.readers(state.sddl, scene.accounts.names),
            )
        )
        if compared.change:
            changes.append(compared.change)
        recycled += [Recycling(name=pool) for pool in users]
    return subjects, changes, recycled


def compare(wanted: Wanted, state: ContainerState, names: access.Names, *, early: bool) -> Compared:
    """Answer how a container, which shows *state*, differs; with *early* one that is absent may be made at once.

    Raises `DocumentError` for one that cannot be opened.
    """
    _refuse_denied(state)
    after = HeldKey(
        key=wanted.address,
        provider_type=wanted.provider_type,
        exportable=wanted.exportable,
        sddl=access.sddl(wanted.readers),
    )
    if state.public_key is None or state.sddl is None:
        found = "absent" if state.state == "absent" else "without a key"
        change = ContainerChange(name=wanted.name, before=None, after=after, early=early)
        made = [Difference("key", found, wanted.key.fingerprint[:_SHORT])]
        made += [Difference("key readers", "absent", access.listed(wanted.readers, names))]
        made += [Difference("exportable", "absent", "true")] if wanted.exportable else []
        return Compared(differences=tuple(made), change=change)
    is_same = _is(wanted.key, state.public_key)
    differences = (*_of_key(wanted, state, is_same=is_same), *access.differences(state.sddl, wanted.readers, names))
    if not differences:
        return Compared()
    before = SeenContainer(public_key=state.public_key, sddl=state.sddl)
    is_previous = wanted.previous is not None and _is(wanted.previous, state.public_key)
    keeps = len(differences) == 1 and differences[0].name == "key readers"
    change = ContainerChange(
        name=wanted.name,
        before=before,
        after=replace(after, key=None) if keeps else after,
        previous=wanted.previous_address if is_previous and not keeps else None,
    )
    lost = not (keeps or is_same or is_previous or state.exportable)
    return Compared(differences=differences, change=change, replaces=not is_same, irreversible=_LOST if lost else None)


def remove(name: str, state: ContainerState, previous: RsaKey | None, previous_address: str | None) -> Compared:
    """Answer what deletes the container *name*, which shows *state*; nothing where it is absent."""
    _refuse_denied(state)
    if state.public_key is None or state.sddl is None:
        return Compared()
    is_previous = previous is not None and _is(previous, state.public_key)
    return Compared(
        differences=(Difference("key", _fingerprint(state.public_key)[:_SHORT], "absent"),),
        change=ContainerChange(
            name=name,
            before=SeenContainer(public_key=state.public_key, sddl=state.sddl),
            after=None,
            previous=previous_address if is_previous else None,
        ),
        replaces=True,
        irreversible=None if is_previous or state.exportable else _LOST,
    )


def _compared(scene: Scene, name: str, declared: KeyContainer, state: ContainerState) -> Compared:
    previous_address = f"key_containers.{name}.previous_key"
    if declared.private_key is None:
        return remove(name, state, declared.previous_key, previous_address)
    wanted = Wanted(
        name=name,
        key=declared.private_key,
        address=f"key_containers.{name}.private_key",
        previous=declared.previous_key,
        previous_address=previous_address,
        provider_type=declared.provider_type,
        exportable=declared.exportable,
        readers=scene.accounts.sids(declared.readers) | _of_protected_sections(scene, name),
    )
    return compare(wanted, state, scene.accounts.names, early=False)


def _of_protected_sections(scene: Scene, name: str) -> frozenset[str]:
    """Answer the accounts (SIDs) of the pools whose applications must decrypt sections with the container *name*."""
    applications = scene.spec.applications
    in_iis = [each for each in applications.values() if each.site is not None]
    own = [each for each_name, each in applications.items() if each in in_iis and _needs(scene, each_name, name)]
    inheriting = [each for each in in_iis if each not in own and any(_is_above(upper, each) for upper in own)]
    return scene.pools.workers([*own, *inheriting], scene.spec.key_containers[name].readers)


def _needs(scene: Scene, application: str, name: str) -> bool:
    """Tell whether *application* has sections that are, or shall be, encrypted with the container *name*.

    Sections that are no longer declared count by the provider entry in its own file.
    """
    sections = scene.spec.applications[application].protected_sections
    if sections is not None and sections.container == name:
        return True
    with suppress(DocumentError):
        document = scene.files.above("own", application)  # as it will be
        if document is not None:
            providers = Providers([document])
            return any(providers.leads(each.get(PROVIDER) or "", name) for each in document.root.walk())
    return False


def _is_above(upper: Application, lower: Application) -> bool:
    """Tell whether *lower* inherits the configuration of *upper*."""
    if (upper.site or "").lower() != (lower.site or "").lower() or upper.path is None or lower.path is None:
        return False
    return upper.path.lower() in iis.ancestors(lower.path.lower())


def _impact(scene: Scene, name: str, compared: Compared, users: Collection[str]) -> Iterator[str]:
    if not compared.replaces:
        return
    if compared.change is not None and compared.change.after is None:
        for application in _naming(scene, name):
            yield f"breaks application {application}, whose configuration names it"
        yield "what is encrypted with its key can no longer be read"
    else:
        yield "what is encrypted with the old key can no longer be read, but for the sections that are protected here"
    yield from (RECYCLES.format(pool) for pool in users)


def _naming(scene: Scene, name: str) -> Iterator[str]:
    """Yield the applications of the spec whose web.config has a provider for the container *name*."""
    for application in scene.spec.applications:
        with suppress(DocumentError):
            document = scene.files.document("own", application)
            elements = document.root.walk() if document else ()
            if any((element.get("keyContainerName") or "").lower() == name.lower() for element in elements):
                yield application


def _users(scene: Scene, state: ContainerState) -> list[str]:
    """Answer the pools whose workers may use the container: by their own accounts, or as all of them may."""
    allowed = {entry.sid for entry in access.entries(state.sddl or "") if not entry.denies}
    names = {scene.accounts.names.of(sid).lower() for sid in allowed}
    accounts = ((pool.name, *account_of(pool)) for pool in scene.pools.all())
    everybody = bool(allowed & access.ALL_WORKERS)
    return [pool for pool, name, sid in accounts if everybody or sid in allowed or name.lower() in names]


def _refuse_denied(state: ContainerState) -> None:
    if state.state == "denied":
        raise DocumentError(
            "there is a container of this name, and the account of this connection may not open it",
            hint="let Administrators read its key file, or delete the container as SYSTEM",
        )


def _of_key(wanted: Wanted, state: ContainerState, *, is_same: bool) -> list[Difference]:
    found: list[Difference] = []
    assert state.public_key is not None  # noqa: S101 - only a container with a key is compared
    if not is_same:
        known = wanted.previous is not None and _is(wanted.previous, state.public_key)
        shown = _fingerprint(state.public_key)[:_SHORT] + (" (previous_key)" if known else "")
        found.append(Difference("key", shown, wanted.key.fingerprint[:_SHORT]))
    if state.key_number == _FOR_SIGNATURES:
        found.append(Difference("key is for", "signatures alone", "encryption and signatures"))
    if state.exportable is not None and state.exportable != wanted.exportable:
        words = {True: "true", False: "false"}
        found.append(Difference("exportable", words[state.exportable], words[wanted.exportable]))
    return found


def keeps_key(change: ContainerChange) -> bool:
    """Tell whether nothing but the access to the key changes, so that nodes may differ in it for a while."""
    return change.after is not None and change.after.key is None


def _is(key: RsaKey, public_key: PublicKey) -> bool:
    return (key.modulus, key.exponent) == (public_key.modulus, public_key.exponent)


def _fingerprint(public_key: PublicKey) -> str:
    numbers = RSAPublicNumbers(e=int.from_bytes(public_key.exponent), n=int.from_bytes(public_key.modulus))
    return public_fingerprint(numbers)
