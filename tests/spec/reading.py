"""Reads declarations from YAML text with the places that Ansible would tell.

A value `$pem` stands for the key of that name; see `keys`. Places are those of the text as it is written.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from keydeploy.spec import Declaration
from tests.spec.keys import texts

Places = dict[tuple[str | int, ...], str]


def declarations(root: yaml.Node, file: str) -> Iterator[Declaration]:
    """Yield what each host declares; *root* maps hosts to specs, and `.name` to what others refer to by anchor."""
    assert isinstance(root, yaml.MappingNode), file
    for host, node in root.value:
        if host.value.startswith("."):
            continue
        values: Places = {}
        names: Places = {(): _place(host, file)}
        _note(node, (), file, values, names)
        yield Declaration(host=host.value, value=_plain(node), values=values, names=names)


def documents(path: Path) -> tuple[list[Declaration], Any]:
    """Read a case file: the declarations, and after `---` what is expected of them."""
    given, expected = yaml.compose_all(path.read_text("utf-8"), yaml.SafeLoader)
    _fill_in(given)
    return list(declarations(given, path.name)), _plain(expected)


def _fill_in(node: yaml.Node) -> None:
    """Put in place of each `$name` what it stands for."""
    if isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            _fill_in(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _fill_in(item)
    elif node.value.startswith("$"):
        node.value = texts()[node.value[1:]]


def _note(node: yaml.Node, path: tuple[str | int, ...], file: str, values: Places, names: Places) -> None:
    if node.tag not in ("tag:yaml.org,2002:null", "tag:yaml.org,2002:bool"):  # Ansible cannot mark these
        values[path] = _place(node, file)
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            names[*path, name.value] = _place(name, file)
            _note(value, (*path, name.value), file, values, names)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _note(item, (*path, index), file, values, names)


def _place(node: yaml.Node, file: str) -> str:
    return f"{file}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"


def _plain(node: yaml.Node) -> Any:
    loader = yaml.SafeLoader("")
    return loader.construct_document(node)
