"""Finds the place of a mistake in inventory files that Ansible could not read.

Ansible tells such a mistake by quoting the lines around it, which may hold keys; this module reads the
files once more and tells the place and the rule.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

_ENDINGS = (".yml", ".yaml", ".json")
_VARIABLE_FOLDERS = ("group_vars", "host_vars")
_VAULT = "$ANSIBLE_VAULT"
_QUOTED = re.compile(r"'[^'<]{2,}'")
"""What PyYAML quotes from the file: the name of an alias, an anchor or a tag, such as a password that begins with *."""


def first_mistake(inventories: Iterable[Path]) -> str | None:
    """Answer `FILE:LINE:COLUMN: what is wrong` of the first file that is no YAML or repeats a name, or None."""
    mistakes = (mistake for inventory in inventories for file in _files(inventory) for mistake in _mistakes(file))
    return next(mistakes, None)


def _files(inventory: Path) -> Iterator[Path]:
    folder = inventory if inventory.is_dir() else inventory.parent
    if inventory.is_file() and inventory.suffix in _ENDINGS:
        yield inventory
    elif inventory.is_dir():
        yield from sorted(file for file in inventory.iterdir() if file.suffix in _ENDINGS)
    for name in _VARIABLE_FOLDERS:
        files = (folder / name).rglob("*")
        yield from sorted(file for file in files if file.is_file() and file.suffix in (*_ENDINGS, ""))


def _mistakes(file: Path) -> Iterator[str]:
    try:
        text = file.read_text("utf-8")
        root = None if text.startswith(_VAULT) else yaml.compose(text, Loader=yaml.SafeLoader)
    except UnicodeDecodeError:
        yield f"{file}: not UTF-8"
        return
    except OSError:
        yield f"{file}: cannot be read"
        return
    except yaml.MarkedYAMLError as error:
        what = _QUOTED.sub("a name", error.problem or "it ends too early")
        yield f"{_place(file, error.problem_mark)}: not YAML: {what}"
        return
    except yaml.YAMLError:
        yield f"{file}: not YAML: it holds a character that YAML does not allow"
        return
    if root is not None:
        yield from _repetitions(file, root)
        yield from _impossible_days(file, root)


def _repetitions(file: Path, node: yaml.Node) -> Iterator[str]:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _repetitions(file, item)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for name, value in node.value:
            if isinstance(name, yaml.ScalarNode) and name.value != "<<":
                if name.value in seen:
                    yield f"{_place(file, name.start_mark)}: this name stands twice in one mapping; the first is lost"
                seen.add(name.value)
            yield from _repetitions(file, value)


def _impossible_days(file: Path, node: yaml.Node) -> Iterator[str]:
    """Yield what YAML takes for a date by its form, and no calendar has: Ansible gives up on such a file."""
    inner = node.value if isinstance(node, yaml.CollectionNode) else ()
    for each in inner:
        for part in each if isinstance(each, tuple) else (each,):
            yield from _impossible_days(file, part)
    if node.tag == "tag:yaml.org,2002:timestamp":
        try:
            yaml.SafeLoader("").construct_document(node)
        except ValueError:
            yield f"{_place(file, node.start_mark)}: no calendar has this day; put it in quotes if it is none"


def _place(file: Path, mark: yaml.Mark | None) -> str:
    return f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else str(file)
