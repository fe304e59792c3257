"""What a rotation would do: a value without secrets, made in the process that reads them.

What is to be written is in it as ciphertext, and as what is no secret.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from keydeploy.errors import KeydeployError, Problem
from keydeploy.keys import machine_key
from keydeploy.keys.certificate import Certificate
from keydeploy.rotation.contents import Content
from keydeploy.rotation.impact import invalidated
from keydeploy.rotation.keeping import Edit, Vault, replace
from keydeploy.rotation.parts import DAY, Order, Part, bits, parts
from keydeploy.rotation.places import place, uses
from keydeploy.rotation.remains import Remains, remains
from keydeploy.rotation.targets import Target, choose
from keydeploy.spec import Declaration, Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """One key that is to be replaced, and what that ends."""

    farm: str
    kind: str
    name: str
    like: Mapping[str, Any]
    """What its successor is like: algorithms and mode, or bits; whether the day of its making is declared."""
    invalidates: tuple[str, ...]
    remains: Remains | None = None
    """The certificate that it supersedes."""

    @property
    def target(self) -> Target:
        """Answer which key it is."""
        return Target(self.farm, self.kind, self.name)


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A file and its edits."""

    file: str
    """The real path, which is absolute."""
    edits: tuple[Edit, ...]
    contents: tuple[Content, ...] = ()
    """What it gets, each once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """All that is to be replaced, and where; *problems* tell why it cannot be."""

    keys: tuple[Replaced, ...]
    members: tuple[str, ...]
    """The nodes of the farms whose keys they are."""
    files: tuple[Rewritten, ...] = ()
    problems: tuple[Problem, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Answer it as JSON values."""
        return {
            "keys": [{**asdict(key), "invalidates": list(key.invalidates)} for key in self.keys],
            "members": list(self.members),
            "files": [_file_to_json(each) for each in self.files],
            "problems": [{"place": each.place, "address": each.address, "text": each.text} for each in self.problems],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Proposal":
        """Read what `to_json` wrote."""
        return cls(
            keys=tuple(map(_key_from_json, value["keys"])),
            members=tuple(value["members"]),
            files=tuple(map(_file_from_json, value["files"])),
            problems=tuple(Problem(**each) for each in value["problems"]),
        )


def describe(
    names: Sequence[str], farms: Mapping[str, Sequence[Spec]], certificate: Certificate | None = None
) -> Proposal:
    """Answer what *names* stand for, with *certificate* alone given; raises `KeydeployError` where none can tell."""
    targets = choose(names, farms)
    return Proposal(
        keys=tuple(_replaced(target, farms[target.farm], certificate) for target in targets),
        members=tuple(dict.fromkeys(spec.host for target in targets for spec in farms[target.farm])),
    )


def propose(  # noqa: PLR0913 - what comes from outside is an argument
    names: Sequence[str],
    order: Order,
    farms: Mapping[str, Sequence[Spec]],
    declarations: Mapping[str, Declaration],
    *,
    vault: Vault,
    read: Callable[[str], bytes],
    random_bytes: Callable[[int], bytes],
    folder: Path,
) -> Proposal:
    """Answer what *names* stand for, and the edits that put successors in their place.

    *declarations* are those of all hosts, by name; *read* answers the content of a file and raises `OSError`;
    *folder* is that to which places are relative. Raises `KeydeployError` where something cannot be replaced at all.
    """
    found = describe(names, farms, order.certificate)
    targets = [key.target for key in found.keys]
    _check_given(targets, order)
    new: list[Part] = []
    for target in targets:
        spec = farms[target.farm][0]
        new += parts(target, spec, _declared(declarations[spec.host], target), order, random_bytes)
    known = [use for farm, specs in farms.items() for spec in specs for use in uses(farm, declarations[spec.host])]
    placed = place(new, known, folder)
    files: list[Rewritten] = []
    problems = list(placed.problems)
    for file, replacements in placed.files.items() if not problems else ():
        shown = _shown(file, folder)
        try:
            content = read(file)
        except OSError as error:
            problems.append(Problem(shown, replacements[0].address, f"cannot be read: {error.strerror}"))
            continue
        kept = replace(shown, content, replacements, vault)
        problems += kept.problems
        got = {replacement.content for replacement in replacements}
        files.append(Rewritten(file, kept.edits, tuple(content for content in Content if content in got)))
    return Proposal(
        keys=found.keys,
        members=found.members,
        files=() if problems else tuple(files),
        problems=tuple(problems),
    )


def _replaced(target: Target, specs: Sequence[Spec], certificate: Certificate | None) -> Replaced:
    return Replaced(
        farm=target.farm,
        kind=target.kind,
        name=target.name,
        like=_like(target, specs[0]),
        invalidates=tuple(invalidated(target, specs)),
        remains=remains(target, specs[0], certificate) if certificate is not None else None,
    )


def _like(target: Target, spec: Spec) -> dict[str, Any]:
    dated = {DAY: target.address in spec.lifetimes}
    match target.kind:
        case "machine_keys":
            key = spec.machine_keys[target.name]
            mode = key.compatibility_mode or machine_key.OMIT
            return {"validation": key.validation, "decryption": key.decryption, "mode": mode, **dated}
        case "key_containers":
            return {"bits": bits(spec.key_containers[target.name].private_key), **dated}
        case _:
            return {}


def _check_given(targets: Sequence[Target], order: Order) -> None:
    """Raise `KeydeployError` where a certificate is given for no name or for several."""
    if order.certificate is None:
        return
    certificates = {target.name for target in targets if target.kind == "certificates"}
    if not certificates:
        raise KeydeployError("a certificate is given, and none of the names is one", hint="name certificates.NAME")
    if len(certificates) > 1:
        raise KeydeployError(
            f"one certificate is given for {' and '.join(sorted(certificates))}", hint="rotate them one by one"
        )


def _declared(declaration: Declaration, target: Target) -> Mapping[str, Any]:
    found: Mapping[str, Any] = declaration.value[target.kind][target.name]
    return found


def _shown(file: str, folder: Path) -> str:
    return str(Path(file).relative_to(folder)) if Path(file).is_relative_to(folder) else file


def _key_from_json(value: Mapping[str, Any]) -> Replaced:
    left = value["remains"]
    return Replaced(
        **{**value, "invalidates": tuple(value["invalidates"]), "remains": Remains(**left) if left else None}
    )


def _file_to_json(file: Rewritten) -> dict[str, Any]:
    edits = [_edit_to_json(edit) for edit in file.edits]
    return {"file": file.file, "edits": edits, "contents": [content.name for content in file.contents]}


def _file_from_json(value: Mapping[str, Any]) -> Rewritten:
    contents = tuple(Content[name] for name in value["contents"])
    return Rewritten(value["file"], tuple(map(_edit_from_json, value["edits"])), contents)


def _edit_to_json(edit: Edit) -> dict[str, Any]:
    return {"start": edit.start, "old": edit.old.decode(), "new": edit.new.decode()}


def _edit_from_json(value: Mapping[str, Any]) -> Edit:
    return Edit(start=value["start"], old=value["old"].encode(), new=value["new"].encode())
