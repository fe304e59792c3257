"""Asks for what the spec depends on, and reduces a node's answer to an observation."""

from collections.abc import Mapping
from dataclasses import replace

from keydeploy.errors import DocumentError
from keydeploy.node.contract import ReadFile, ReadJournal, ReadRegistry, ReadSystem, Response
from keydeploy.node.paths import canonical
from keydeploy.observation import smart_cards
from keydeploy.observation.files import Files, locations
from keydeploy.observation.model import FileChange, Observation, State, Subject
from keydeploy.observation.sight import Sight
from keydeploy.spec.model import Application, Spec

_SHARED_FILE = "another application of the spec needs other edits in the same file; declare one of them"

Reading = ReadJournal | ReadFile | ReadRegistry | ReadSystem


def questions(spec: Spec) -> tuple[Reading, ...]:
    """Answer all that a node must be asked about *spec*, in one request; `observe` knows the order."""
    files = (ReadFile(location) for location in locations(spec).values())
    return (ReadJournal(), *files, *smart_cards.questions(spec.smart_cards), ReadSystem())


def observe(spec: Spec, response: Response) -> Observation:
    """Reduce a node's *response* to `questions(spec)`; raises `NodeError` when the node could not answer."""
    asked = locations(spec)
    rest, system = response.split(1)
    rest, of_registry = rest.split(len(smart_cards.questions(spec.smart_cards)))
    rest, of_files = rest.split(len(asked))
    for answer in (rest, system):
        answer.raise_for_error()
    files = Files(asked, dict(zip(asked, of_files.files(), strict=True)))
    subjects, file_changes = _applications(spec, files)
    timeouts, registry_changes = smart_cards.observe(spec.smart_cards, of_registry)
    return replace(
        standing(spec, response),
        subjects=(*subjects, *timeouts),
        to_stage=(*file_changes, *registry_changes),
    )


def _applications(spec: Spec, files: Files) -> tuple[list[Subject], list[FileChange]]:
    """Compare all applications; what stands against one holds for none of the others."""
    subjects: list[Subject] = []
    changes: dict[str, FileChange] = {}
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
    return subjects, [change for change in changes.values() if change.edits]


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
        refusal = f"{error.message}; {error.hint}" if error.hint else error.message
        return [Subject(address=address, target=sight.target, refusal=refusal) for address in sight.addresses()], []


def _conflict(change: FileChange, changes: Mapping[str, FileChange]) -> bool:
    return changes.get(canonical(change.path), change).edits != change.edits
