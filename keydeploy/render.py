"""Turns a plan and a spec into requests for a node.

The only place where references become secrets; it runs in the worker that talks to the node.
"""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar, assert_never

from keydeploy import edit
from keydeploy.errors import NodeError
from keydeploy.keys.certificate import PROVIDER_TYPE, thumbprint_of
from keydeploy.node.contract import (
    AcquireLock,
    BeginJournal,
    Commit,
    Confirm,
    Container,
    Operation,
    PrivateKey,
    Reading,
    ReadJournal,
    ReadSystem,
    RecycleAppPool,
    Request,
    ResumeLock,
    RollBack,
    StageAppPool,
    StageBackup,
    StageBinding,
    StageCertificate,
    StageContainer,
    StageFile,
    StageRegistry,
    Staging,
    StoredCertificate,
)
from keydeploy.observation import (
    AppPoolChange,
    BindingChange,
    CertificateChange,
    Change,
    ContainerChange,
    FileChange,
    Recycling,
    RegistryChange,
    Undo,
    questions,
    undo,
)
from keydeploy.plan import Finish, NodePlan
from keydeploy.secret import Secret
from keydeploy.spec.model import Backups, Spec

T = TypeVar("T")

_ANY_TIME = 1e11
"""A grace, in seconds, that no node exceeds."""


def observe(spec: Spec, run: str, aim: Undo | None = None) -> Request:
    """Ask for all that *spec* depends on, or for what there is to take back."""
    return Request(run, _tag_key(spec), _questions(spec, aim))


def stage(spec: Spec, plan: NodePlan, run: str, holder: str) -> Request:
    """Ask to take the node and to prepare what *plan* changes, with the secrets of *spec* filled in.

    Raises `NodeError` when the plan refers to something that *spec* does not declare.
    """
    return Request(
        run,
        _tag_key(spec),
        (
            AcquireLock(holder, _lease(spec)),
            BeginJournal(),
            *_stagings(plan, spec),
            ReadSystem(),
        ),
        id=secrets.token_hex(8),
    )


def commit(spec: Spec, plan: NodePlan, run: str, generation: int, at: float) -> Request:
    """Ask to switch at the node's instant *at*, and to show itself again."""
    operations = (Commit(at, spec.rollout.grace), *_questions(spec, plan.undoes))
    return Request(run, _tag_key(spec), operations, generation)


def unstage(run: str, generation: int | None) -> Request:
    """Ask to forget what was staged, and to take back what was switched. No secret is needed for it."""
    return _without_secrets(run, (RollBack(),), generation)


def confirm(run: str, generation: int | None, backups: Backups) -> Request:
    """Ask to keep what was switched, and *backups* of what was there before. No secret is needed for it."""
    return _without_secrets(run, (Confirm(backups.keep, backups.expire),), generation)


def roll_back(spec: Spec, plan: NodePlan, run: str, generation: int | None) -> Request:
    """Ask to take back what was switched, and to show the result."""
    return Request(run, _tag_key(spec), (RollBack(), *_questions(spec, plan.undoes)), generation)


def finish(unfinished: Finish, holder: str, lease: float, backups: Backups, *, leave: bool) -> Request:
    """Ask to end a run that was left unfinished: forward to what it staged, or back. No secret is needed for it.

    With *leave*, what somebody has changed since stays as it is.
    """
    forward = (Commit(0.0, _ANY_TIME), Confirm(backups.keep, backups.expire))
    end = forward if unfinished.forward else (RollBack(leave),)
    request = _without_secrets(unfinished.run, (ResumeLock(holder, lease), *end), None)
    return replace(request, id=secrets.token_hex(8))


def look(run: str) -> Request:
    """Ask for the journal alone. No secret is needed for it."""
    return _without_secrets(run, (ReadJournal(), ReadSystem()), None)


def _without_secrets(run: str, operations: tuple[Operation, ...], generation: int | None) -> Request:
    """Answer a request that a node carries out also where PowerShell writes down what passes through it."""
    return Request(run, _random_key(), operations, generation, recorded=True)


def _questions(spec: Spec, aim: Undo | None) -> tuple[Reading, ...]:
    return questions(spec) if aim is None else undo.questions(aim)


def _stagings(plan: NodePlan, spec: Spec) -> tuple[Staging | StageBackup, ...]:
    if plan.undoes is None:
        return tuple(_staging(change, spec) for change in plan.to_stage)
    if plan.undoes.run is None or not plan.changes:
        return ()
    return (StageBackup(plan.undoes.run, plan.undoes.force),)


def _staging(change: Change, spec: Spec) -> Staging:
    staging: Staging
    match change:
        case FileChange():
            staging = _stage_file(change, spec)
        case RegistryChange():
            staging = StageRegistry(change.view, change.key, change.value, change.before, change.after)
        case ContainerChange():
            staging = _stage_container(change, spec)
        case CertificateChange():
            staging = _stage_certificate(change, spec)
        case AppPoolChange():
            staging = StageAppPool(change.name, change.before, change.after)
        case Recycling():
            staging = RecycleAppPool(change.name)
        case BindingChange():
            staging = StageBinding(change.site, change.address, change.port, change.host, change.before, change.after)
        case _:
            assert_never(change)
    return staging


def _stage_file(change: FileChange, spec: Spec) -> StageFile:
    declared = spec.secrets()
    splices = tuple(
        edit.fill_in(each, change.encoding, lambda address: _declared(declared, address)) for each in change.edits
    )
    return StageFile(change.path, change.tag, splices)


def _stage_container(change: ContainerChange, spec: Spec) -> StageContainer:
    declared = spec.private_keys()

    def resolve(address: str | None) -> PrivateKey | None:
        return PrivateKey(**_declared(declared, address).parts()) if address is not None else None

    after = None
    if change.after is not None:
        after = Container(
            key=resolve(change.after.key),
            provider_type=change.after.provider_type,
            exportable=change.after.exportable,
            sddl=change.after.sddl,
        )
    return StageContainer(change.name, change.before, after, previous=resolve(change.previous), early=change.early)


def _stage_certificate(change: CertificateChange, spec: Spec) -> StageCertificate:
    after = None
    if change.after is not None:
        declared = _declared(spec.certificates, change.after.declared).certificate
        members = (declared.der, *declared.chain) if declared is not None else ()
        after = StoredCertificate(
            der=_declared({thumbprint_of(der): der for der in members}, change.thumbprint),
            container=change.after.container,
            provider_type=PROVIDER_TYPE,
            friendly_name=change.after.friendly_name,
        )
    return StageCertificate(change.store, change.thumbprint, change.before, after, early=change.early)


def _declared(things: Mapping[str, T], address: str) -> T:
    """Answer what the plan names by *address*; raises `NodeError` where the spec declares it no more."""
    if address not in things:
        told = f"the plan needs {address}, which the spec no longer declares"
        raise NodeError("request", told, hint="run it again: the inventory has changed meanwhile")
    return things[address]


def _lease(spec: Spec) -> float:
    """Answer for how long the node is taken at each renewal: also while its health is asked after the commit."""
    return spec.rollout.lease + (spec.rollout.health.within if spec.rollout.health else 0.0)


def _tag_key(spec: Spec) -> Secret:
    # A farm that declares no secret has nothing to tag for later: a key of its own for each request will do.
    return spec.tag_key() or _random_key()


def _random_key() -> Secret:
    return Secret(secrets.token_bytes(32))
