"""Makes the consoles that everything is printed to, and breaks long lines for people.

On a terminal a line breaks between words and goes on further in than it began; what is not a terminal gets every
line whole, for grep. What is longer than the screen without a blank, such as a path, is left to the terminal.
"""

import argparse
import os
import re
from collections.abc import Iterable, Iterator

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

_WORD = re.compile(r"\S+\s*")
_FURTHER_IN = 2
_MOST = 3
"""What a line goes on with stands in by no more than this part of the screen."""


def standard_output(options: argparse.Namespace) -> Console:
    """Answer the console for results."""
    return Console(no_color=options.no_color or None, highlight=False, soft_wrap=True)


def standard_error(options: argparse.Namespace) -> Console:
    """Answer the console for what is told beside the results: nothing where *options* want it quiet.

    It is interactive where a person looks at it: not in a log, also where that takes colours, and not where Ansible
    writes its own output in between.
    """
    verbose = bool(getattr(options, "verbose", 0))
    console = Console(
        stderr=True,
        no_color=options.no_color or None,
        highlight=False,
        soft_wrap=True,
        quiet=getattr(options, "quiet", False),
    )
    console.is_interactive = is_screen(console) and not console.is_dumb_terminal and not verbose
    return console


def shows(options: argparse.Namespace, code: int) -> bool:
    """Tell whether to print a result as text: under `--quiet` only one that ends with another exit *code* than 0."""
    return bool(code) or not options.quiet


def is_screen(console: Console) -> bool:
    """Tell whether a person looks at it; a stream that only takes colours, as by `FORCE_COLOR`, is none."""
    try:
        return os.isatty(console.file.fileno())
    except (OSError, ValueError):  # closed, or no file at all
        return False


def write(console: Console, lines: Iterable[Text]) -> None:
    """Print *lines*, broken between words where a person looks at them."""
    breaks = is_screen(console)
    for line in lines:
        for part in broken(line, console) if breaks else (line,):
            console.print(part)


def say(console: Console, message: str) -> None:
    """Print one *message* of the program about itself."""
    write(console, [Text(f"keydeploy: {message}")])


def broken(line: Text, console: Console) -> Iterator[Text]:
    """Yield the parts of *line* that fit on the screen."""
    width = console.width
    if line.cell_len <= width:
        yield line
        return
    blanks = len(line.plain) - len(line.plain.lstrip(" "))
    first = min(blanks, width // _MOST)
    further = min(blanks + _FURTHER_IN, width // _MOST)
    rest = line[blanks:]
    for number, part in enumerate(rest.divide(_ends(rest.plain, width - further))):
        part.rstrip()
        yield Text.assemble(" " * (further if number else first), part, style=line.style)


def _ends(text: str, width: int) -> Iterator[int]:
    """Yield where parts of *text* begin that are not wider than *width*, apart from single words that are."""
    column = 0
    for word in _WORD.finditer(text):
        if column and column + cell_len(word.group().rstrip()) > width:
            yield word.start()
            column = 0
        column += cell_len(word.group())
