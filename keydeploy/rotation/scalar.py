"""One scalar of a YAML text: finds it by its place, and writes another value in its place.

What stands around it stays: comments, order, quotes, line ends. A new text counts only when it has been read again
and differs from the old one in that scalar alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from keydeploy.errors import KeydeployError

_BLOCKS = ("|", ">")
_BREAKS = "\r\n"


class ScalarError(KeydeployError):
    """A text in which the value cannot be replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """A scalar of a text, without its anchor and its tag."""

    start: int
    """In characters from the beginning of the text, as is *end*, which is behind the last one."""
    end: int
    value: str
    tag: str
    """Such as `!vault`, or the whole name of a tag of YAML's own, also where it is not written."""
    style: str | None
    """`|`, `>`, `'`, `"`, or None for a plain one."""


def find(text: str, line: int, column: int) -> Scalar:
    """Answer the scalar that begins, with its anchor and tag, at *line* and *column*, which count from 1.

    Raises `ScalarError` where there is none, or where the value is used at several places of the text.
    """
    root = _composed(text)
    for node, is_shared in _scalars(root):
        if (node.start_mark.line, node.start_mark.column) != (line - 1, column - 1):
            continue
        if is_shared:
            raise ScalarError(
                "an anchor (&) uses this value at several places of the file", hint="write it out where it is used"
            )
        return _scalar(text, node)
    raise ScalarError("no value of YAML begins here", hint="check that the file has not changed meanwhile")


def replaced(text: str, scalar: Scalar, value: str) -> str:
    """Answer *text* with *value* in the place of *scalar*; line breaks at its end stay as they are.

    It keeps the style where that can hold the value, and is quoted otherwise.
    """
    wanted = value.rstrip("\n") + "\n" * (len(scalar.value) - len(scalar.value.rstrip("\n")))
    before = _composed(text)
    for written in _spellings(text[scalar.start : scalar.end], scalar, wanted):
        after = text[: scalar.start] + written + text[scalar.end :]
        try:
            found = _composed(after)
        except ScalarError:
            continue
        if _differ_in_one(before, found, scalar, wanted):
            return after
    raise ScalarError("the new value cannot be written in the place of the old one", hint="write it in quotes there")


def _composed(text: str) -> yaml.Node:
    """Read *text* with the reader in Python, whose marks count characters."""
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:  # its message quotes the text
        raise ScalarError("not YAML, or several documents", hint="see what ansible-inventory --list says") from None
    if node is None:
        raise ScalarError("the file is empty", hint="check that it has not changed meanwhile")
    return node


def _scalars(root: yaml.Node) -> Iterator[tuple[yaml.ScalarNode, bool]]:
    """Yield each scalar once, and whether aliases lead to it as well."""
    uses = {id(root): 1}
    found: list[tuple[yaml.ScalarNode, list[int]]] = []
    waiting: list[tuple[yaml.Node, list[int]]] = [(root, [id(root)])]
    while waiting:
        node, holders = waiting.pop()
        if isinstance(node, yaml.ScalarNode):
            found.append((node, holders))
        for inner in _inner(node):
            uses[id(inner)] = uses.get(id(inner), 0) + 1
            if uses[id(inner)] == 1:
                waiting.append((inner, [*holders, id(inner)]))
    return ((node, any(uses[each] > 1 for each in holders)) for node, holders in found)


def _inner(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _scalar(text: str, node: yaml.ScalarNode) -> Scalar:
    """Answer where the value of *node* stands: its mark is that of its anchor or tag, where it has one."""
    start, end = node.start_mark.index, node.end_mark.index
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if isinstance(token, yaml.ScalarToken) and start <= token.start_mark.index and token.end_mark.index == end:
            return Scalar(start=token.start_mark.index, end=end, value=node.value, tag=node.tag, style=node.style)
    raise ScalarError("no value is written here", hint="write one in quotes")


def _spellings(raw: str, scalar: Scalar, value: str) -> Iterator[str]:
    """Yield how *value* may be written in the place of *raw*, the most similar form first."""
    if scalar.style in _BLOCKS:
        yield _block(raw, scalar, value)
    elif scalar.style is None and _resolved(value) == _resolved(scalar.value):
        yield value
    if scalar.style in (None, "'") and not any(sign in value for sign in _BREAKS):
        yield "'" + value.replace("'", "''") + "'"
    if scalar.style not in _BLOCKS:
        yield _in_double_quotes(value)


def _resolved(value: str) -> str:
    """Answer the tag of *value* as a plain scalar: digits are a number, also behind a tag of Ansible's own."""
    tag: str = yaml.SafeLoader("").resolve(yaml.ScalarNode, value, (True, False))  # type: ignore[no-untyped-call]
    return tag


def _block(raw: str, scalar: Scalar, value: str) -> str:
    """Write *value* as a block with the head, the indentation and the line ends of *raw*."""
    head, *lines = raw.splitlines(keepends=True)
    end = head[len(head.rstrip(_BREAKS)) :]
    filled = [line for line in lines if line.strip()]
    last = max((index for index, line in enumerate(lines) if line.strip()), default=-1)
    blank = "".join(lines[last + 1 :])
    first = next((line for line in scalar.value.split("\n") if line), "")
    indentation = " " * (_depth(filled[0]) - _depth(first)) if filled else ""
    content = value.rstrip("\n").split("\n")
    body = end.join(f"{indentation}{line}" if line else "" for line in content)
    is_ended = not filled or lines[last].endswith(("\n", "\r"))
    return "|" + head[1:] + body + (end if is_ended else "") + blank


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _in_double_quotes(value: str) -> str:
    written = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{written}"'


def _differ_in_one(before: yaml.Node, after: yaml.Node, scalar: Scalar, value: str) -> bool:
    """Tell whether two readings are the same but for *scalar* of the first, which is *value* in the second."""
    pairs, seen, changed = [(before, after)], set[int](), 0
    while pairs:
        old, new = pairs.pop()
        if id(old) in seen:
            continue
        seen.add(id(old))
        if type(old) is not type(new) or old.tag != new.tag:
            return False
        if not isinstance(old, yaml.ScalarNode):
            olds, news = _inner(old), _inner(new)
            if len(olds) != len(news):
                return False
            pairs += zip(olds, news, strict=True)
        elif old.end_mark.index == scalar.end and old.start_mark.index <= scalar.start:
            changed += 1
            if new.value != value:
                return False
        elif old.value != new.value:
            return False
    return changed == 1
