"""Resolves the variable `keydeploy` of a host: value by value, with the place that each came from.

Value by value, because resolving the whole variable would stop at the first undefined name and quote
its neighbours, keys included. No message of Ansible's is passed on for the same reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleTemplateSyntaxError, AnsibleUndefinedVariable
from ansible.parsing.vault import AnsibleVaultError

from keydeploy.errors import Problem
from keydeploy.spec import UNRESOLVED, Declaration
from keydeploy.spec.declaration import address

VARIABLE = "keydeploy"

_PLAIN_REFERENCE = re.compile(r"\s*\{\{\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\s*\}\}\s*")
_UNDEFINED = re.compile(r"'(\w+)' is undefined|has no attribute '(\w+)'")
_DEEPEST_REFERENCE = 20


def declare(templar: Any, hostvars: Any, host: str) -> Declaration | None:
    """Answer what *host* declares, None when it declares nothing."""
    variables = hostvars.raw_get(host)
    if VARIABLE not in variables:
        return None
    available = {**variables, "hostvars": hostvars}
    reader = _Reader(templar.copy_with_new_env(available_variables=available), variables)
    value = reader.read(variables[VARIABLE], ())
    return Declaration(
        host=host,
        value=value,
        values=reader.values,
        names=reader.names,
        problems=tuple(reader.problems),
    )


def origin(value: Any) -> str | None:
    """Answer where Ansible read *value*, as `FILE:LINE:COLUMN`; None when it does not say.

    The tag is private to ansible-core, so it is asked for here alone.
    """
    try:
        from ansible._internal._datatag._tags import Origin  # noqa: PLC0415
    except ImportError:
        return None
    tag = Origin.get_tag(value)
    if tag is None or not tag.path or not tag.line_num:
        return None
    return f"{_relative(tag.path)}:{tag.line_num}:{tag.col_num or 1}"


class _Reader:
    """Walks over one host's variable and keeps what it found out."""

    def __init__(self, templar: Any, variables: Mapping[str, Any]) -> None:
        self._templar = templar
        self._variables = variables
        self.values: dict[tuple[str | int, ...], str] = {}
        self.names: dict[tuple[str | int, ...], str] = {}
        self.problems: list[Problem] = []

    def read(self, value: Any, path: tuple[str | int, ...]) -> Any:
        """Answer *value* resolved to plain mappings, lists and scalars."""
        value = self._referenced(value)
        place = origin(value)
        if not isinstance(value, (Mapping, list, tuple)):
            try:
                value = self._templar.template(value)
            except Exception as error:  # lookups raise anything, and nothing of it may be shown
                self._note_place(path, place)
                self.problems.append(Problem(place or self._place_above(path), address(path), _reason(error)))
                return UNRESOLVED
        self._note_place(path, origin(value) or place)
        return self._plain(value, path)

    def _plain(self, value: Any, path: tuple[str | int, ...]) -> Any:
        if isinstance(value, Mapping):
            return {str.__str__(name): self._named(name, value, path) for name in self._usable(value, path)}
        if isinstance(value, (list, tuple)):
            return [self.read(item, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, bool) or value is None:
            return value
        return int(value) if isinstance(value, int) else float(value) if isinstance(value, float) else UNRESOLVED

    def _named(self, name: str, mapping: Mapping[str, Any], path: tuple[str | int, ...]) -> Any:
        inner = (*path, str.__str__(name))
        self._note(self.names, inner, origin(name))
        return self.read(mapping[name], inner)

    def _usable(self, mapping: Mapping[Any, Any], path: tuple[str | int, ...]) -> Sequence[str]:
        for name in mapping:
            if not isinstance(name, str):
                text = "a name here is not text; put it in quotes"
                self.problems.append(Problem(origin(name) or self._place_above(path), address(path), text))
        return [name for name in mapping if isinstance(name, str)]

    def _referenced(self, value: Any) -> Any:
        """Follow `{{ name }}` to the mapping or list it names, so that this can be read value by value too."""
        for _ in range(_DEEPEST_REFERENCE):
            found = _PLAIN_REFERENCE.fullmatch(value) if isinstance(value, str) else None
            if not found:
                return value
            target: Any = self._variables
            for name in found[1].split("."):
                target = target.get(name) if isinstance(target, Mapping) else None
            if isinstance(target, str) and _PLAIN_REFERENCE.fullmatch(target):
                value = target
            elif isinstance(target, (Mapping, list)):
                return target
            else:
                return value
        return value

    def _note_place(self, path: tuple[str | int, ...], place: str | None) -> None:
        self._note(self.values, path, place)

    @staticmethod
    def _note(places: dict[tuple[str | int, ...], str], path: tuple[str | int, ...], place: str | None) -> None:
        if place is not None:
            places[path] = place

    def _place_above(self, path: tuple[str | int, ...]) -> str | None:
        return Declaration(host="", value=None, values=self.values, names=self.names).place_of_value(path)


def _reason(error: BaseException) -> str:
    """Tell why a value could not be resolved, without anything that Ansible quotes."""
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and len(chain) < _DEEPEST_REFERENCE:
        chain.append(following)
        following = following.__cause__
    for cause in chain:
        if isinstance(cause, AnsibleVaultError):
            return "cannot be decrypted; give the right vault password, such as with --ask-vault-pass or --vault-id"
        if isinstance(cause, AnsibleTemplateSyntaxError):
            return "the Jinja expression is not well formed; check braces and quotes"
        if isinstance(cause, AnsibleUndefinedVariable):
            found = _UNDEFINED.search(str(cause))
            name = next(filter(None, found.groups()), "a name") if found else "a name"
            return f"{name} is not defined; define it in the inventory, or name the file that holds it"
    return "a lookup or filter failed; try it with ansible-inventory --host HOST"


def _relative(path: str) -> str:
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path
