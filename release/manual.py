"""Writes the manual page keydeploy(1) from the command line's own parsers, so that neither knows more than the other.

What commands have in common is told once. The page is `man/keydeploy.1`, which the wheel installs:
`python -m release.manual` writes it anew.
"""

import argparse
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from keydeploy import __version__
from keydeploy.cli import parser

PAGE = Path(__file__).parent.parent / "man" / "keydeploy.1"

_OFTEN = 4
"""An option that as many commands have is told in a section of its own."""
_AROUND = {
    "ENVIRONMENT": [
        ("NO_COLOR", "when it is not empty, nothing is coloured, as with --no-color"),
        ("FORCE_COLOR", "when it is not empty, what is no terminal gets colours, too"),
        ("ANSIBLE_CONFIG", "as for ansible-playbook, like all of Ansible's own variables; ansible.cfg is read as ever"),
        ("XDG_CONFIG_HOME", "where keydeploy/disclosed-keys.csv is looked for, in place of ~/.config"),
    ],
    "FILES": [
        ("~/.config/keydeploy/disclosed-keys.csv", "a list of publicly known machine keys, which are then refused"),
        ("/etc/keydeploy/disclosed-keys.csv", "the same for all users"),
    ],
}
_SEE_ALSO = (("ansible-playbook", 1), ("ansible-vault", 1), ("ansible-inventory", 1))


def main() -> None:
    """Write the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), "utf-8")


def page() -> str:
    """Answer the page, as roff with the macros of man(7)."""
    whole = parser()
    about = (whole.description or "").rstrip(".")
    commands = dict(_commands(whole))
    counts = Counter(_told(option) for command in commands.values() for option in _options(command))
    common = [told for told, count in counts.items() if count >= _OFTEN]
    lines = [
        f'.TH KEYDEPLOY 1 "" "keydeploy {__version__}" "User Commands"',  # no date, which would change from day to day
        ".nh",  # an option that is broken with a hyphen cannot be typed
        ".ad l",
        ".SH NAME",
        f"keydeploy \\- {_escaped(about[:1].lower() + about[1:])}",
        ".SH SYNOPSIS",
        ".B keydeploy",
        "\\fICOMMAND\\fR [\\fIOPTION\\fR]... [\\fIARGUMENT\\fR]...",
        ".SH COMMANDS",
    ]
    for name, command in commands.items():
        lines += _command(name, command, common)
    lines += [".SH COMMON OPTIONS", "What they do is the same wherever a command names them."]
    lines += [line for told in common for line in _item(*told)]
    lines += [".SH EXIT STATUS", *_as_it_stands(_part(whole.epilog, "exit codes"))]
    lines += ["When several hold, the first of 3, 5, 130, 4, 1, 6, 2, 0 counts."]
    for title, items in _AROUND.items():
        lines += [f".SH {title}", *(line for words, text in items for line in _item(words, text))]
    lines += [".SH EXAMPLES", *_as_it_stands(_part(whole.epilog, "example")), ".SH SEE ALSO"]
    lines += [f".BR {_escaped(name)} ({section}){',' * (name != _SEE_ALSO[-1][0])}" for name, section in _SEE_ALSO]
    return "\n".join(lines) + "\n"


def _commands(of: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield each command that does something, by its words."""
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                below = dict(_commands(command))
                yield from below.items() if below else [(command.prog, command)]


def _command(name: str, command: argparse.ArgumentParser, common: list[tuple[str, str]]) -> Iterator[str]:
    arguments = [action for action in command._actions if not action.option_strings]
    yield f".SS {_escaped(name)} {' '.join(_placed(action) for action in arguments)} [OPTION]...".replace("  ", " ")
    summary, *more = (command.description or "").split("\n", 1)
    yield _escaped(summary)
    for text in more:
        yield from _as_it_stands(text)
    for action in arguments:
        yield from _item(_placed(action).strip("[]."), _help(command, action))
    shared = []
    for action in _options(command):
        told = _told(action)
        if told in common:
            shared.append(max(action.option_strings, key=len))
        else:
            yield from _item(*told)
    if shared:
        yield from (".PP", "Common options:", f"{_escaped(', '.join(shared))}.")
    yield from (".PP", "Exit status:", *_as_it_stands(_part(command.epilog, "exit codes")))
    yield from (".PP", "Example:", *_as_it_stands(_part(command.epilog, "example")))


def _options(command: argparse.ArgumentParser) -> list[argparse.Action]:
    return [each for each in command._actions if each.option_strings and not isinstance(each, argparse._HelpAction)]


def _told(option: argparse.Action) -> tuple[str, str]:
    """Answer how *option* is written, and what it does."""
    value = "" if option.nargs == 0 else f" {option.metavar or _choices(option) or option.dest.upper()}"
    return ", ".join(option.option_strings) + value, (option.help or "").replace("%(default)s", str(option.default))


def _choices(action: argparse.Action) -> str:
    return "{" + ",".join(map(str, action.choices)) + "}" if action.choices else ""


def _help(command: argparse.ArgumentParser, action: argparse.Action) -> str:
    return (action.help or "").replace("%(default)s", str(action.default)).replace("%(prog)s", command.prog)


def _placed(action: argparse.Action) -> str:
    """Answer an argument as a synopsis shows it."""
    name = str(action.metavar or _choices(action) or action.dest)
    return {"?": f"[{name}]", "*": f"[{name}...]", "+": f"{name}..."}.get(str(action.nargs), name)


def _part(epilog: str | None, title: str) -> str:
    """Answer the part of *epilog* below *title*."""
    found = re.search(rf"^{title}:\n((?:  .*\n)+)", epilog or "", re.MULTILINE)
    assert found is not None, title  # noqa: S101 - every command has both; a test says so
    return found[1]


def _as_it_stands(text: str) -> Iterable[str]:
    """Answer *text* with its own lines."""
    lines = [line.removeprefix("  ") for line in text.strip("\n").splitlines()]
    return (".RS 4", ".nf", *(_escaped(line) or "\\&" for line in lines), ".fi", ".RE")


def _item(words: str, text: str) -> Iterator[str]:
    yield from (".TP", f"\\fB{_escaped(words)}\\fR", _escaped(text))


def _escaped(text: str) -> str:
    """Answer *text* so that roff shows it as it is; what is not ASCII by its code point."""
    plain = text.replace("\\", "\\e").replace("-", "\\-")
    plain = "".join(char if ord(char) < 128 else f"\\[u{ord(char):04X}]" for char in plain)
    return f"\\&{plain}" if plain[:1] in (".", "'") else plain


if __name__ == "__main__":
    main()
