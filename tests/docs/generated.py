"""The parts of pages that are made from the program: tables of the spec, options and exit codes of each command.

Each stands between `<!-- generated: KIND NAME -->` and `<!-- end of what is generated -->`; what is around is written
by hand. `python -m tests.docs.generated` writes them anew.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from keydeploy.cli import parser
from tests.docs.pages import PAGES, ROOT, name_of

COMMANDS = ROOT / "docs/commands"
_PART = re.compile(r"(<!-- generated: (\w+) ?(.*?) -->\n).*?(<!-- end of what is generated -->)", re.DOTALL)
_TYPES = {"string": "text", "integer": "number", "boolean": "truth", "array": "list", "object": "mapping"}
_NAME = "NAME"


def renewed(text: str) -> str:
    """Answer the *text* of a page with its generated parts as they are to be."""
    return _PART.sub(lambda found: f"{found[1]}{_MAKERS[found[2]](found[3])}{found[4]}", text)


def parts_in(text: str) -> list[tuple[str, str]]:
    """Answer kind and name of each generated part in *text*."""
    return [(found[2], found[3]) for found in _PART.finditer(text)]


def verbs() -> dict[str, argparse.ArgumentParser]:
    """Answer the commands of the program, those below another one with both words, in the order of its help."""
    return dict(_verbs(parser(), ""))


def _verbs(found: argparse.ArgumentParser, before: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in found._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield f"{before}{name}", below
                yield from _verbs(below, f"{before}{name} ")


# The spec


def _spec(of: str) -> str:
    schema = json.loads((ROOT / "schemas/spec.schema.json").read_text("utf-8"))
    rows = list(_rows(schema, _top(schema, of), of))
    return _table(("address", "type", "allowed", "default", "meaning", "example"), rows)


def _top(schema: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _resolved(schema, schema)["properties"][name]
    return found


def _resolved(schema: Mapping[str, Any], node: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return dict(node)
    below = schema["$defs"][node["$ref"].rpartition("/")[2]]
    return {**_resolved(schema, below), **{key: value for key, value in node.items() if key != "$ref"}}


def _rows(
    schema: Mapping[str, Any], node: Mapping[str, Any], address: str, *, required: bool = False
) -> Iterator[tuple[str, ...]]:
    node = _resolved(schema, node)
    yield (
        f"`{address}`",
        _type(node),
        _escaped(", ".join(node["examples"]) if "examples" in node else node["x-expected"]),
        _default(node, required),
        _escaped(_code(node["description"])),
        _code_of(node["x-example"]) if "x-example" in node else "",
    )
    for name, below in node.get("properties", {}).items():
        yield from _rows(schema, below, f"{address}.{name}", required=name in node.get("required", ()))
    for below in node.get("patternProperties", {}).values():
        yield from _rows(schema, below, f"{address}.{_NAME}")
    if "$ref" in (items := node.get("items", {})) and _resolved(schema, items)["type"] == "object":
        yield from _rows(schema, items, f"{address}[]")


def _type(node: Mapping[str, Any]) -> str:
    kinds = node["type"] if isinstance(node["type"], list) else [node["type"]]
    if node.get("pattern", "").startswith("(?!)"):  # text that is Jinja is taken for anything
        kinds = [kind for kind in kinds if kind != "string"]
    return " or ".join(_TYPES[kind] for kind in kinds)


def _default(node: Mapping[str, Any], required: bool) -> str:
    if required:
        return "required"
    return _code_of(node["default"]) if node.get("default", "") != "" else ""


def _code_of(value: Any) -> str:
    text = value if isinstance(value, str) else _flow(value)
    return f"`{_escaped(text)}`"


def _flow(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    return value if isinstance(value, str) else json.dumps(value)


def _code(text: str) -> str:
    """Answer *text* with its names of settings as code."""
    return re.sub(r"(?<!`)\b([a-z]+(?:_[a-z]+)+)\b(?!`)", r"`\1`", text)


# The commands


def _command(name: str) -> str:
    found = verbs()[name]
    left_out = (argparse._HelpAction, argparse._SubParsersAction)
    options = [action for action in found._actions if not isinstance(action, left_out)]
    rows = [(_option(action), _escaped(_help(action))) for action in options if action.help != argparse.SUPPRESS]
    text = f"{_summary(found)}\n\n`{_usage(name, found)}`\n"
    return f"{text}\n{_table(('option', 'meaning'), rows)}" if rows else text


def _summary(found: argparse.ArgumentParser) -> str:
    return (found.description or "").partition("\n\n")[0].replace("\n", " ").replace("<", "&lt;")


def _usage(name: str, found: argparse.ArgumentParser) -> str:
    words = ["keydeploy", name]
    if any(action.option_strings for action in found._actions if not isinstance(action, argparse._HelpAction)):
        words.append("[OPTIONS]")
    for action in found._actions:
        if isinstance(action, argparse._SubParsersAction):
            words.append("COMMAND")
        elif not action.option_strings:
            word = _metavar(action)
            words.append({"?": f"[{word}]", "*": f"[{word}...]", "+": f"{word}..."}.get(str(action.nargs), word))
    return " ".join(words)


def _option(action: argparse.Action) -> str:
    if not action.option_strings:
        return f"`{_metavar(action)}`"
    value = "" if action.nargs == 0 else f" {_metavar(action)}"
    return ", ".join(f"`{option}{value}`" for option in action.option_strings).replace("|", "\\|")


def _metavar(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    name = action.option_strings[-1].lstrip("-") if action.option_strings else action.dest
    return "|".join(map(str, action.choices)) if action.choices else name.upper().replace("_", "-")


def _help(action: argparse.Action) -> str:
    text = (action.help or "") % {**vars(action), "prog": "keydeploy"}
    choices = ", ".join(f"`{choice}`" for choice in action.choices or ()) if action.metavar else ""
    default = action.default if isinstance(action.default, str | int) and not isinstance(action.default, bool) else ""
    said = f"; one of {choices}" if choices else ""
    return text + said + (f" (default: `{default}`)" if default and "default" not in text and action.nargs != 0 else "")


def _exits(name: str) -> str:
    said = (verbs()[name].epilog or "").partition("exit codes:")[2]
    return _table(("exit code", "meaning"), re.findall(r"^ +(\d+) +(.+?)$", said, re.MULTILINE))


def _pages(_: str) -> str:
    return _table(("command", "what it does"), [(f"[`{name}`]({page_of(name).name})", text) for name, text in _lines()])


def _verbs_alone(_: str) -> str:
    return _table(("command", "what it does"), [(f"`{name}`", text) for name, text in _lines()])


def _lines() -> Iterator[tuple[str, str]]:
    for name, found in verbs().items():
        if " " not in name:
            text = _summary(found).rstrip(".")
            yield name, text[:1].lower() + text[1:]


def page_of(verb: str) -> Path:
    """Answer the page of *verb*; what stands below a verb is on its page."""
    return COMMANDS / f"{verb.partition(' ')[0]}.md"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---" for _ in heads], *rows]
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;") if "`" not in text else text.replace("|", "\\|")


_MAKERS: dict[str, Callable[[str], str]] = {
    "spec": _spec,
    "command": _command,
    "exits": _exits,
    "pages": _pages,
    "verbs": _verbs_alone,
}


def write() -> Iterator[str]:
    """Write what is generated anew, and yield the pages that have changed."""
    for page in PAGES:
        text = page.read_text("utf-8")
        if (new := renewed(text)) != text:
            page.write_text(new, "utf-8")
            yield name_of(page)


if __name__ == "__main__":
    for changed in write():
        sys.stdout.write(f"{changed}\n")
