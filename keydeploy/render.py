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
    RollBack,
    StageFile,
)
from keydeploy.observation import FileChange, questions
from keydeploy.plan import NodePlan
from keydeploy.secret import Secret
from keydeploy.spec.model import Spec


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
            AcquireLock(holder, spec.rollout.lease),
            BeginJournal(),
            *(_stage_file(change, spec) for change in plan.files),
            ReadSystem(),
        ),
    )


def commit(spec: Spec, run: str, generation: int, at: float) -> Request:
    """Ask to switch at the node's instant *at*, and to show itself again."""
    operations = (Commit(at, spec.rollout.grace), *questions(spec))
    return Request(run, _tag_key(spec), operations, generation)


def unstage(spec: Spec, run: str) -> Request:
    """Ask to forget what was staged."""
    return Request(run, _tag_key(spec), (RollBack(),))


def confirm(spec: Spec, run: str) -> Request:
    """Ask to keep what was switched."""
    return Request(run, _tag_key(spec), (Confirm(),))


def roll_back(spec: Spec, run: str) -> Request:
    """Ask to take back what was switched, and to show the result."""
    return Request(run, _tag_key(spec), (RollBack(), *questions(spec)))


def _stage_file(change: FileChange, spec: Spec) -> StageFile:
    declared = spec.secrets()

    def resolve(address: str) -> Secret:
        if address not in declared:
            raise NodeError("request", f"the plan needs {address}, which the spec no longer declares")
        return declared[address]

    splices = tuple(edit.fill_in(each, change.encoding, resolve) for each in change.edits)
    return StageFile(change.path, change.tag, splices)


def _tag_key(spec: Spec) -> Secret:
    # A farm that declares no secret has nothing to tag for later: a key of its own for each request will do.
    return spec.tag_key() or Secret(secrets.token_bytes(32))
