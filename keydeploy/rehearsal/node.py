"""A sandbox node in the likeness of a node that was asked about a spec."""

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from keydeploy.node.contract import (
    AccountState,
    FileState,
    ReadAccount,
    ReadFile,
    ReadJournal,
    ReadRegistry,
    RegistryState,
    RegistryValue,
    Request,
    Response,
)
from keydeploy.node.contract.codec import encode
from keydeploy.node.sandbox import Sandbox
from keydeploy.node.sandbox.faults import FILE, Fault
from keydeploy.node.sandbox.files import create_folder, write_file
from keydeploy.node.sandbox.json_file import read_json, write_json
from keydeploy.observation import questions
from keydeploy.rehearsal.answers import Answers
from keydeploy.rehearsal.configuration import Likeness
from keydeploy.rehearsal.files import place_of, write_files
from keydeploy.rehearsal.iis_settings import write_iis
from keydeploy.rehearsal.key_material import KeyMaterial
from keydeploy.rehearsal.stand_in import StandIns
from keydeploy.secret import Secret
from keydeploy.spec.model import Spec

_RUN = "rehearsal"


def lay_out(root: Path, answers: Answers, likeness: Likeness, material: KeyMaterial) -> None:
    """Lay out in the folder *root* a node that answers as *answers*, in stand-ins."""
    for folder in ("C/Windows", "C/ProgramData"):
        create_folder(root / folder)
    faults = [*material.write(root, likeness.made), *write_files(answers, likeness, root)]
    write_iis(answers, likeness.made, root)
    write_json(root / "registry.json", _registry(answers, likeness.made))
    write_json(root / "accounts.json", dict(_accounts(answers)))
    misbehave(root, faults)


def lay_out_silent(root: Path) -> None:
    """Lay out in the folder *root* a node that never answers."""
    create_folder(root / "C")
    misbehave(root, [Fault(at=ReadJournal.do, do="unreachable")])


def misbehave(root: Path, faults: Iterable[Fault], **behaviour: float) -> None:
    """Let the node in the folder *root* also have these *faults*, and this *behaviour*."""
    present = read_json(root / FILE) or {"faults": []}
    told = [*present["faults"], *map(_told, faults)]
    write_json(root / FILE, {**present, **behaviour, "faults": told})


def ask(root: Path, spec: Spec, time: float) -> Response:
    """Ask the node in the folder *root* about *spec*, where it is that *time* on this machine (seconds since 1970)."""
    request = Request(_RUN, spec.tag_key() or Secret(secrets.token_bytes(32)), questions(spec))
    sandbox = Sandbox(root, clock=lambda: time, sleep=lambda _: None)
    return Response.from_json(sandbox.answer(request.to_json()), request)


def fail_alike(root: Path, answers: Answers, here: Answers) -> None:
    """Let the node in the folder *root*, which answers as *here*, fail where the one did that answered as *answers*."""
    misbehave(root, list(_failures_to_add(root, answers, here)))


def _failures_to_add(root: Path, answers: Answers, here: Answers) -> Iterator[Fault]:
    failing = {type(question) for question, _ in here.failures()}
    for question, error in answers.failures():
        if isinstance(question, ReadFile):
            state = here.to(question, FileState)
            place = place_of(root, state.path) if state else None
            if state is not None and place is not None:
                if not place.exists():  # what is not there is not denied
                    write_file(place, b"")
                kind = "locked" if error.code == "in_use" else "denied"
                yield Fault(at=question.do, do=kind, path=state.path, write=1)
        elif type(question) not in failing:
            failing.add(type(question))
            yield Fault(at=question.do, do="fail", code=error.code)


def _told(fault: Fault) -> dict[str, Any]:
    """Write *fault* as `Fault.of` reads it: without what follows from the rest."""
    defaults = {field.name: field.default for field in fields(Fault)}
    return {name: value for name in defaults if (value := getattr(fault, name)) != defaults[name]}


def _registry(answers: Answers, made: StandIns) -> dict[str, Any]:
    views: dict[str, Any] = {"64": {}, "32": {}}
    for question, state in answers.all_to(ReadRegistry, RegistryState):
        if state.key_exists:
            values = views[str(question.view)].setdefault(question.key, {})
            if state.value is not None:
                values[question.value] = encode(_value(state.value, made))
    return views


def _value(value: RegistryValue, made: StandIns) -> RegistryValue:
    match value.data:
        case str(text) if value.kind in ("binary", "none"):
            return RegistryValue(kind=value.kind, data=made.base64(text))
        case str(text):
            return RegistryValue(kind=value.kind, data=made.text(text))
        case tuple(texts):
            return RegistryValue(kind=value.kind, data=tuple(map(made.text, texts)))
        case _:
            return value


def _accounts(answers: Answers) -> Iterator[tuple[str, str]]:
    for question, state in answers.all_to(ReadAccount, AccountState):
        if state.sid is not None:
            yield question.name, state.sid
