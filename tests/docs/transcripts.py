"""Writes into the transcripts of pages what their commands print now, where that is not what they show.

`python -m tests.docs.transcripts [PAGE...]`; look at the difference before you commit it: it is what a reader will see.
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.docs.pages import PAGES, name_of
from tests.docs.running import Told, calm, events_of, masked, prints, run
from tests.docs.states import Shelf


def rewritten(text: str, told: Sequence[Told]) -> str:
    """Answer the *text* of a page with what was printed in place of what it shows and is not so."""
    lines = text.splitlines()
    for each in reversed(told):
        shown = each.step.shown
        if shown.output is None or (prints(shown.output, each.output) and shown.output != "..."):
            continue
        first = shown.line - 1 + len(shown.command.splitlines())
        lines[first : first + len(shown.output.splitlines())] = calm(each.output).strip("\n").splitlines()
    return "\n".join(lines) + "\n"


def write(pages: Sequence[Path], folder: Path) -> Iterator[str]:
    """Run the commands of *pages* and write what they print; yield the pages that have changed."""
    shelf = Shelf(folder)
    for number, page in enumerate(pages):
        below = folder / f"page-{number}"
        below.mkdir()
        text = page.read_text("utf-8")
        new = rewritten(text, run(list(events_of(page)), shelf, below))
        if masked(new) != masked(text):
            page.write_text(new, "utf-8")
            yield name_of(page)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        for changed in write([Path(name).resolve() for name in sys.argv[1:]] or PAGES, Path(made)):
            sys.stdout.write(f"{changed}\n")
