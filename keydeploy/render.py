"""Turns a plan and a spec into requests for a node.

The only place where references become secrets; it runs in the worker that talks to the node.
"""

import secrets

from keydeploy import edit
from keydeploy.errors import NodeError
from keydeploy.node.contract import (
    AcquireLock,
    BeginJournal,
    Commit,
    Confirm,
    ReadSystem,
    Request,
    ResumeLock,
    RollBack,
    StageFile,
)
from keydeploy.observation import FileChange, questions
from keydeploy.plan import NodePlan
from keydeploy.secret import Secret
from keydeploy.spec.model import Spec

_ANY_TIME = 1e11
"""A grace, in seconds, that no node exceeds."""


def observe(spec: Spec, run: str) -> Request:
    """Ask for all that *spec* depends on."""
    return Request(run, _tag_key(spec), questions(spec))


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
            *(_stage_file(change, spec) for change in plan.files),
            ReadSystem(),
        ),
    )


def commit(spec: Spec, run: str, generation: int, at: float) -> Request:
    """Ask to switch at the node's instant *at*, and to show itself again."""
    operations = (Commit(at, spec.rollout.grace), *questions(spec))
    return Request(run, _tag_key(spec), operations, generation)


def undo(run: str, generation: int | None) -> Request:
    """Ask to forget what was staged, and to take back what was switched. No secret is needed for it."""
    return Request(run, _random_key(), (RollBack(),), generation)


def confirm(run: str, generation: int | None) -> Request:
    """Ask to keep what was switched. No secret is needed for it."""
    return Request(run, _random_key(), (Confirm(),), generation)


def roll_back(spec: Spec, run: str, generation: int | None) -> Request:
    """Ask to take back what was switched, and to show the result."""
    return Request(run, _tag_key(spec), (RollBack(), *questions(spec)), generation)


def finish(run: str, holder: str, lease: float, *, forward: bool) -> Request:
    """Ask to end the run that was left unfinished: *forward* to what it staged, or back. No secret is needed for it."""
    end = (Commit(0.0, _ANY_TIME), Confirm()) if forward else (RollBack(),)
    return Request(run, _random_key(), (ResumeLock(holder, lease), *end))


def _stage_file(change: FileChange, spec: Spec) -> StageFile:
    declared = spec.secrets()

    def resolve(address: str) -> Secret:
        if address not in declared:
            raise NodeError("request", f"the plan needs {address}, which the spec no longer declares")
        return declared[address]

    splices = tuple(edit.fill_in(each, change.encoding, resolve) for each in change.edits)
    return StageFile(change.path, change.tag, splices)


def _lease(spec: Spec) -> float:
    """Answer for how long the node is taken at each renewal: also while its health is asked after the commit."""
    return spec.rollout.lease + (spec.rollout.health.within if spec.rollout.health else 0.0)


def _tag_key(spec: Spec) -> Secret:
    # A farm that declares no secret has nothing to tag for later: a key of its own for each request will do.
    return spec.tag_key() or _random_key()


def _random_key() -> Secret:
    return Secret(secrets.token_bytes(32))
