"""Asks for what the spec depends on, and reduces a node's answer to an observation."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from keydeploy.errors import DocumentError, NodeError
from keydeploy.node.contract import FileState, Location, ReadFile, Reading, ReadJournal, ReadSystem, Response
from keydeploy.node.paths import canonical
from keydeploy.observation import (
    accounts,
    bindings,
    certificates,
    containers,
    machine_level,
    pools,
    references,
    retirement,
    smart_cards,
)
from keydeploy.observation.accounts import Accounts
from keydeploy.observation.files import Files, Key, locations
from keydeploy.observation.model import Change, FileChange, Observation, State, Subject
from keydeploy.observation.pools import Pools
from keydeploy.observation.scene import Scene
from keydeploy.observation.sight import Sight
from keydeploy.spec.model import Application, Spec

_SHARED_FILE = "another part of the spec needs other edits in the same file; declare one of them"


def questions(spec: Spec) -> tuple[Reading, ...]:
    """Answer all that a node must be asked about *spec*, in one request; the clock comes last."""
    asked: tuple[Reading, ...] = (
        ReadJournal(),
        *(ReadFile(location) for location in _locations(spec).values()),
        *smart_cards.questions(spec.smart_cards),
        *containers.questions(spec),
        *certificates.questions(spec),
        *bindings.questions(spec),
        *pools.questions(spec),
        *accounts.questions(spec),
        ReadSystem(),
    )
    return tuple(dict.fromkeys(asked))


def observe(spec: Spec, response: Response, *, accepted: bool = False) -> Observation:
    """Reduce a node's *response* to `questions(spec)`; raises `NodeError` when the node could not answer.

    With *accepted*, what the spec no longer names goes too, although it cannot be put back, where nothing else changes.
    """
    node = standing(spec, response)
    asked = _locations(spec)
    files = Files(asked, {key: _read(response, location) for key, location in asked.items()})
    of_machine, machine_files = machine_level.observe(spec, files)
    of_applications, application_files = _applications(spec, files, machine_files)
    found = Pools(spec, files, response)
    scene = Scene(
        spec=spec, response=response, files=files, accounts=Accounts(spec, response, found), pools=found, now=node.clock
    )
    of_pools, pool_changes = pools.observe(spec, found)
    of_containers, keys, recyclings = containers.observe(scene)
    of_certificates, certificate_changes = certificates.observe(scene)
    of_bindings, binding_changes = bindings.observe(spec, response)
    timeouts, registry_changes = smart_cards.observe(spec.smart_cards, response)
    # What is encrypted comes behind the keys for it, a binding behind its certificate, and an app pool begins anew
    # behind all that its workers read.
    changes: list[Change] = [*keys, *certificate_changes, *machine_files, *application_files]
    changes += [*registry_changes, *pool_changes, *binding_changes]
    users = references.find(scene, binding_changes)
    of_others, removals = retirement.observe(scene, users, accepted=accepted and not changes)
    subjects = [*of_containers, *of_certificates, *of_machine, *of_applications, *of_pools, *of_bindings]
    return replace(
        node,
        subjects=(*subjects, *of_others, *timeouts),
        to_stage=tuple(dict.fromkeys((*changes, *removals, *recyclings))),
    )


def _locations(spec: Spec) -> dict[Key, Location]:
    """Answer every file that decides about the spec, by the key under which it is asked for."""
    return {**locations(spec), **(machine_level.locations(spec.machine) if spec.machine else {})}


def _read(response: Response, location: Location) -> FileState | NodeError:
    try:
        return response.to(ReadFile(location), FileState)
    except NodeError as error:
        return error


def _applications(spec: Spec, files: Files, of_machine: Sequence[FileChange]) -> tuple[list[Subject], list[FileChange]]:
    """Compare all applications; what stands against one holds for none of the others.

    Of the files of .NET itself, *of_machine* are changed already.
    """
    subjects: list[Subject] = []
    changes = {canonical(change.path): change for change in of_machine}
    for name, application in _from_the_top(spec.applications):
        seen, mending = _look(Sight(spec, files, name, application))
        if any(_conflict(change, changes) for change in mending):
            seen = [replace(subject, refusal=_SHARED_FILE) for subject in seen]
        else:
            for change in mending:
                changes.setdefault(canonical(change.path), change)
                if change.edits:
                    files.amend(change)
        subjects.extend(seen)
    return subjects, [change for change in changes.values() if change.edits and change not in of_machine]


def standing(spec: Spec, response: Response) -> Observation:
    """Answer what the journal and the clock of a node say, whatever else was asked."""
    journal = response.journal()
    return Observation(
        node=spec.host,
        state=State.OBSERVED,
        spec=spec.digest(),
        clock=response.system().clock,
        unfinished=journal.run,
        switched=journal.phase not in (None, "staged"),
        confirmed=journal.confirmed,
        holder=f"{journal.holder}, since {journal.since}" if journal.holder else None,
        ended=journal.last.how if journal.last else None,
    )


def _from_the_top(applications: Mapping[str, Application]) -> list[tuple[str, Application]]:
    """Answer the applications so that each comes after those above it, whose files it inherits from."""
    return sorted(applications.items(), key=lambda named: (named[1].path or "/").rstrip("/").count("/"))


def _look(sight: Sight) -> tuple[list[Subject], list[FileChange]]:
    """Compare one application; what stands against it holds for all that is declared for it."""
    try:
        return sight.compare()
    except DocumentError as error:
        refusal = error.told
        return [Subject(address=address, target=sight.target, refusal=refusal) for address in sight.addresses()], []


def _conflict(change: FileChange, changes: Mapping[str, FileChange]) -> bool:
    return changes.get(canonical(change.path), change).edits != change.edits
