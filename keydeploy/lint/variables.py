"""The values of inventories and other files of variables, with the names on the way to each: YAML, JSON and INI.

YAML is read as events, never as a tree: a file that is nested deeply, or whose aliases explode, costs nothing.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 200
_SECTION = re.compile(r"\s*\[([^\]]*)\]\s*(?:[#;].*)?")
_ASSIGNMENT = re.compile(r"""(?:^|(?<=\s))([A-Za-z_][\w-]*)\s*=\s*("[^"]*"|'[^']*'|[^\s"'][^\s]*)""")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Value:
    """A value that is text."""

    path: tuple[str, ...]
    """The names of the mappings that it is in."""
    text: str
    is_vaulted: bool
    """Whether it is marked as encrypted."""
    line: int
    column: int


def in_yaml(text: str) -> Iterator[Value]:
    """Yield every value of the YAML or JSON *text*; what an alias stands for is yielded where it is written.

    Raises `yaml.YAMLError` or `ValueError` where it cannot be read, and `RecursionError` where it is nested too deeply.
    """
    opened: list[_Open] = []
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionEndEvent):
            ended = opened.pop()
            if opened and not ended.is_name:
                opened[-1].name = None
        if not isinstance(event, yaml.NodeEvent):
            continue
        parent = opened[-1] if opened else None
        is_name = parent is not None and parent.is_mapping and parent.name is None
        if isinstance(event, yaml.ScalarEvent) and not is_name:
            yield _value(opened, event)
        if isinstance(event, yaml.CollectionStartEvent):
            if parent is not None and is_name:
                parent.name = "?"
            opened.append(_Open(isinstance(event, yaml.MappingStartEvent), is_name))
            if len(opened) > _DEEPEST:
                raise RecursionError
        elif parent is not None:
            parent.name = str(getattr(event, "value", "?")) if is_name else None


def in_ini(text: str) -> Iterator[Value]:
    """Yield every `name=value` of the INI *text*, also those behind a host; the section is the first name."""
    section: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        found = _SECTION.fullmatch(line)
        if found is not None:
            section = (found[1].strip(),)
        elif not line.lstrip().startswith(("#", ";")):
            for match in _ASSIGNMENT.finditer(line):
                content = match[2].strip("\"'")
                yield Value(
                    path=(*section, match[1]), text=content, is_vaulted=False, line=number, column=match.start(2) + 1
                )


def in_inventory(text: str) -> Iterable[Value]:
    """Answer the values of *text* as Ansible reads an inventory without an ending: YAML with names in it, or else INI.

    Raises `yaml.YAMLError` or `ValueError` where it is neither, and `RecursionError` where it is nested too deeply.
    """
    try:
        values = [*in_yaml(text)]
    except (yaml.YAMLError, ValueError, OverflowError):
        values = [*in_ini(text)]
        if not values:
            raise
    return values if any(value.path for value in values) else in_ini(text)


@dataclass(slots=True)
class _Open:
    """A mapping or sequence that has not ended yet."""

    is_mapping: bool
    is_name: bool
    """Whether it stands in the place of a name itself, as YAML permits."""
    name: str | None = None
    """The name before the value that is due; None where a name is due."""


def _value(opened: list[_Open], event: yaml.ScalarEvent) -> Value:
    mark = event.start_mark
    return Value(
        path=tuple(each.name or "?" for each in opened if each.is_mapping),
        text=event.value.strip(),
        is_vaulted=(event.tag or "").startswith("!vault"),
        line=mark.line + 1 if mark else 1,
        column=mark.column + 1 if mark else 1,
    )
