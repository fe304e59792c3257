"""Copies one host into a rehearsal: what it declares, and what its node shows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from keydeploy.node.contract import Response
from keydeploy.node.sandbox.json_file import read_json, write_json
from keydeploy.observation import observe
from keydeploy.rehearsal import node
from keydeploy.rehearsal.allowed import Allowed
from keydeploy.rehearsal.answers import Answers
from keydeploy.rehearsal.certificates import Certificates
from keydeploy.rehearsal.declaration import in_stand_ins, left_out, settled
from keydeploy.rehearsal.folder import Folder
from keydeploy.rehearsal.key_material import KeyMaterial
from keydeploy.rehearsal.keys import Keys
from keydeploy.rehearsal.likeness import unlike
from keydeploy.rehearsal.sections import Sections
from keydeploy.spec import Declaration, Spec, load

_CLOCK_DIGITS = 1
"""A clock is copied to a tenth of a second: less is the time of the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What there is to say of a copy; it holds no secret."""

    unlike: tuple[str, ...]
    """The addresses of the spec under which the copy shows something else than the node."""
    unfinished: str | None
    """The run that is unfinished on the node; the copy is at rest."""


class Copyist:
    """Copies the host of *spec* into *folder*."""

    def __init__(self, folder: Folder, spec: Spec) -> None:
        self._folder = folder
        self._spec = spec
        self._made = folder.stand_ins()
        self._keys = Keys(self._made, folder.shelf)
        self._certificates = Certificates(self._made, folder.shelf, self._keys)

    def declare(self, value: Mapping[str, Any]) -> tuple[str, ...]:
        """Write the declaration *value* in stand-ins, and answer the addresses that are left out of it."""
        declared = in_stand_ins(value, self._spec, self._made, self._keys, self._certificates)
        write_json(self._folder.declared(self._spec.host), declared)
        return left_out(value)

    def copy(self, response: Response, *, ahead: float, accepted: bool) -> Copied:
        """Lay out a node that shows what *response* shows, and tell in what it is not like the other.

        Its clock is *ahead* by so many seconds of this machine's. With *accepted*, what the spec no longer names goes
        too, as in `observe`. Raises `NodeError` when the node could not answer.
        """
        seen = observe(self._spec, response, accepted=accepted)
        answers = Answers(self._spec, response)
        material = KeyMaterial(answers, self._keys, self._certificates)
        material.make_up()
        made = replace(self._made, thumbprints=self._certificates.thumbprints())
        keys = self._spec.machine_keys.values()
        protectors = {text for key in keys for text in (key.data_protector_type, key.application_name) if text}
        sections = Sections(self._spec, made, Allowed(protectors=protectors), self._keys.of)
        root = self._folder.node(self._spec.host)
        node.lay_out(root, answers, sections.likeness, material)
        declared = settled(read_json(self._folder.declared(self._spec.host)), self._folder.shelf)
        spec = load(Declaration(host=self._spec.host, value=declared))
        node.fail_alike(root, answers, Answers(spec, node.ask(root, spec, seen.clock)))
        copy = observe(spec, node.ask(root, spec, seen.clock), accepted=accepted)
        node.misbehave(root, (), clock_offset=round(ahead, _CLOCK_DIGITS))
        return Copied(unlike=unlike(seen, copy, made.hexadecimal), unfinished=seen.unfinished)
