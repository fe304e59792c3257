"""Resolves the variable `keydeploy` of a host: value by value, with the place that each came from.

Value by value, because resolving the whole variable would stop at the first undefined name and quote
its neighbours, keys included. No message of Ansible's is passed on for the same reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Final

from ansible.errors import (
    AnsibleTemplateSyntaxError,
    AnsibleUndefinedVariable,
    AnsibleValueOmittedError,
)
from ansible.template import is_trusted_as_template

from keydeploy.errors import Problem
from keydeploy.spec import UNRESOLVED, Declaration
from keydeploy.spec.declaration import address, speakable

try:  # The tag is private to ansible-core, so it is asked for in this module alone.
    from ansible._internal._datatag._tags import Origin
except ImportError:
    Origin = None

VARIABLE = "keydeploy"

_SUBSCRIPT = r"\[\s*(?:'[^']*'|\"[^\"]*\"|\d+)\s*\]"
_PLAIN_REFERENCE = re.compile(rf"\s*\{{\{{\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*|{_SUBSCRIPT})*)\s*\}}\}}\s*")
_PART_OF_REFERENCE = re.compile(r"'([^']*)'|\"([^\"]*)\"|(\w+)")
_UNDEFINED = re.compile(r"'([^']*)' is undefined|has no attribute '([^']*)'")
_DEEPEST_REFERENCE = 20


class _Omitted(Enum):
    OMITTED = "omitted"


_OMITTED: Final = _Omitted.OMITTED
"""What `default(omit)` resolves to: the name counts as not declared."""


def declare(templar: Any, hostvars: Any, host: str) -> Declaration | None:
    """Answer what *host* declares, None when it declares nothing."""
    variables = hostvars.raw_get(host)
    if VARIABLE not in variables:
        return None
    available = {**variables, "hostvars": hostvars}
    reader = _Reader(templar.copy_with_new_env(available_variables=available), variables)
    value = reader.read_all()
    if value is _OMITTED:
        return None
    return Declaration(
        host=host,
        value=value,
        values=reader.values,
        names=reader.names,
        problems=tuple(reader.problems),
    )


def declared_by_play(task_vars: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem when the play has a variable `keydeploy` of its own, which members elsewhere would not see."""
    if VARIABLE not in task_vars:
        return
    own, variables = task_vars[VARIABLE], task_vars["hostvars"].raw_get(task_vars["inventory_hostname"])
    if VARIABLE not in variables or origin(own) != origin(variables[VARIABLE]):
        text = "declared by the play, not by the inventory; move it to the inventory, group_vars or host_vars"
        yield Problem(origin(own), VARIABLE, text)


def origin(value: Any) -> str | None:
    """Answer where Ansible read *value*, as `FILE:LINE:COLUMN`; None when it does not say.

    Where it is no file, such as a dynamic inventory, see `_source`.
    """
    tag = _tag(value)
    if tag is None or not tag.path or not tag.line_num:
        return None
    return f"{_relative(tag.path)}:{tag.line_num}:{tag.col_num or 1}"


def _source(value: Any) -> str | None:
    """Answer what Ansible calls the origin of *value*, such as `<CLI option '-e'>`."""
    tag = _tag(value)
    return str(tag.description) if tag is not None and tag.description else None


def _tag(value: Any) -> Any:
    return Origin.get_tag(value) if Origin is not None else None


class _Reader:
    """Walks over one host's variable and keeps what it found out."""

    def __init__(self, templar: Any, variables: Mapping[str, Any]) -> None:
        self._templar = templar
        self._variables = variables
        self.values: dict[tuple[str | int, ...], str] = {}
        self.names: dict[tuple[str | int, ...], str] = {}
        self.problems: list[Problem] = []

    def read_all(self) -> Any:
        """Answer the whole variable."""
        raw = self._variables[VARIABLE]
        place = origin(raw) or _source(raw)
        if place is None:  # Nothing can be known of where nothing (null) stands but the name.
            place = origin(next(name for name in self._variables if name == VARIABLE))
        self._note(self.values, (), place)
        return self._read(raw, ())

    def _read_named(self, name: Any, mapping: Mapping[Any, Any], path: tuple[str | int, ...]) -> Any:
        self._note(self.names, path, origin(name))
        return self._read(mapping[name], path)

    def _read(self, value: Any, path: tuple[str | int, ...]) -> Any:
        """Answer *value* resolved to plain mappings, lists and scalars."""
        value = self._referenced(value)
        self._note(self.values, path, origin(value))
        if not isinstance(value, (Mapping, list, tuple)) and not _is_plain(value):
            try:
                value = self._templar.template(value)
            except AnsibleValueOmittedError:
                return _OMITTED
            except Exception as error:  # lookups raise anything, and nothing of it may be shown
                self._refuse(path, why_unresolved(error), _origin_of(error))
                return UNRESOLVED
            self._note(self.values, path, origin(value))
        return self._plain(value, path)

    def _plain(self, value: Any, path: tuple[str | int, ...]) -> Any:
        if isinstance(value, Mapping):
            return dict(self._items(value, path))
        if isinstance(value, (list, tuple)):
            return [self._read(item, (*path, index)) for index, item in enumerate(value)]
        for kind in (str, bool, int, float):
            if isinstance(value, kind):
                return kind(value) if kind is not str else str.__str__(value)
        return value

    def _items(self, mapping: Mapping[Any, Any], path: tuple[str | int, ...]) -> Iterator[tuple[str, Any]]:
        for name in mapping:
            text = str.__str__(name) if isinstance(name, str) else str(name)
            inner = (*path, text)
            value = self._read_named(name, mapping, inner)
            if not isinstance(name, str):
                self._refuse(inner, "this name is not text; put it in quotes", origin(name))
            if value is not _OMITTED:
                yield text, value

    def _referenced(self, value: Any) -> Any:
        """Follow `{{ name }}` to the mapping or list it names, so that this can be read value by value too.

        Follow it to a text also that is no expression itself: Ansible answers the same, and compiles a template for it.
        """
        for _ in range(_DEEPEST_REFERENCE):
            found = _PLAIN_REFERENCE.fullmatch(value) if isinstance(value, str) else None
            if not found:
                return value
            target: Any = self._variables
            parts = _PART_OF_REFERENCE.findall(found[1])
            for quoted, double_quoted, word in parts:
                target = _part(target, quoted or double_quoted or word)
            if isinstance(target, str) and _PLAIN_REFERENCE.fullmatch(target):
                value = target
            elif isinstance(target, (Mapping, list)):
                return target
            else:
                is_text = isinstance(target, str) and _is_plain(target) and is_trusted_as_template(value)
                return target if is_text and not any(_is_method(word) for *_, word in parts[1:]) else value
        return value

    def _refuse(self, path: tuple[str | int, ...], text: str, place: str | None) -> None:
        found = place or Declaration(host="", value=None, values=self.values, names=self.names).place_of_value(path)
        self.problems.append(Problem(found, address(path), text))

    @staticmethod
    def _note(places: dict[tuple[str | int, ...], str], path: tuple[str | int, ...], place: str | None) -> None:
        if place is not None:
            places[path] = place


def _is_plain(value: Any) -> bool:
    """Tell whether *value* is a text or number in which Ansible would find nothing to resolve, also where it may."""
    if isinstance(value, str):
        return "{" not in value and not value.startswith("#")  # `#jinja2:` at the head may name other signs
    return isinstance(value, (bool, int, float))


def _is_method(word: str) -> bool:
    """Tell whether *word* behind a point may mean something else to Jinja than the part of a mapping with this name."""
    return word.startswith("_") or hasattr(dict, word)


def _part(holder: Any, name: str) -> Any:
    if isinstance(holder, Mapping):
        return holder.get(name)
    if isinstance(holder, list) and name.isdigit() and int(name) < len(holder):
        return holder[int(name)]
    return None


def why_unresolved(error: BaseException) -> str:
    """Tell why a value could not be resolved, without anything that Ansible quotes."""
    for cause in _chain(error):
        if "Vault" in type(cause).__name__:  # the class for a value that cannot be decrypted is private
            return "cannot be decrypted; give the right vault password, such as with --ask-vault-pass or --vault-id"
        if isinstance(cause, RecursionError):
            return "this expression refers to itself; give one of its names a value"
        if isinstance(cause, AnsibleTemplateSyntaxError):
            return "the Jinja expression is not well formed; check braces, quotes and the names of filters"
        if isinstance(cause, AnsibleUndefinedVariable):
            found = _UNDEFINED.search(str(cause))
            name = speakable(next(filter(None, found.groups()), "")) if found else "a name"
            return f"{name} is not defined; define it in the inventory, or name the file that holds it"
    return "a lookup or filter failed; check its name, its arguments and what it reads"


def _origin_of(error: BaseException) -> str | None:
    """Answer the innermost expression that failed: where a name is written, not where its holder is used."""
    places = [place for cause in _chain(error) if (place := origin(getattr(cause, "obj", None)))]
    return places[-1] if places else None


def _chain(error: BaseException) -> Iterator[BaseException]:
    following: BaseException | None = error
    for _ in range(_DEEPEST_REFERENCE):
        if following is None:
            return
        yield following
        following = following.__cause__


@cache
def _relative(path: str) -> str:
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path
