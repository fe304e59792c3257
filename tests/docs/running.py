"""Runs the commands of a page as its reader would, one after the other, and tells what was not as the page says.

Markers before a block: `skip REASON` (its commands are not run), `as PAGE` (they run with that page), `file PATH` (its
text becomes that file), `exit CODES` (of its commands in their order; the last one counts for those that follow it; 0
without), `where NAME=COMMAND` (what stands for the word NAME in the page). Between blocks: `begin STATE` (a new folder,
with what `states.py` lays out), `run COMMANDS` (what the reader need not see; every one must end with 0). What a page
shows is compared after masking what differs from run to run; `...` stands for anything.
"""

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.cannot import why_not
from tests.docs.pages import Block, Marker, Shown, commands_of, name_of, parts_of
from tests.docs.states import Shelf


@dataclass(frozen=True, slots=True)
class Begin:
    """From here on in a new folder."""

    state: str


@dataclass(frozen=True, slots=True)
class Write:
    """The text of a block becomes a file."""

    path: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A command that is run."""

    shown: Shown
    code: int
    places: dict[str, str] = field(default_factory=dict)
    """What stands for a word of the page, as commands of bash that print it."""


@dataclass(frozen=True, slots=True)
class Skip:
    """A command that is not run."""

    shown: Shown
    reason: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a command did."""

    step: Step
    code: int
    output: str


AS = "runs with "

Event = Begin | Write | Step | Skip

_PROGRESS = re.compile(r"^(keydeploy: [a-z ,]+: (\d+ of \d+ nodes?, )?[\d.]+ s|took [\d.]+ s).*\n?", re.MULTILINE)
"""What is told only where a machine is slow."""

_MASKS = [
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"\b(sha256:)?[0-9a-f]{16,64}\b(\u2026)?"), "HEX"),
    (re.compile(r"\b[0-9A-F]{40}\b"), "HEX"),
    (re.compile(r"\b\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(\.\d+)?)?(Z|[+-]\d\d:\d\d| UTC)?"), "TIME"),
    (re.compile(r"(?<![\w.])-?\d+(\.\d+)? ?(ms|s|min|seconds?|minutes?)\b"), "TIME"),
    (re.compile(r"\bby \S+@\S+"), "by WHO"),
    (re.compile(r"/\S*/(work|home|tmp)(?=/|\b)"), "FOLDER"),
    (re.compile(r"(?<!\d)\d+\.\d+\.\d+(?!\d)"), "VERSION"),
    (re.compile(r"[ \t]+$", re.MULTILINE), ""),
]


def events_of(page: Path) -> Iterator[Event]:
    """Yield what is to be done for *page*, in its order."""
    pending: list[Marker] = []
    for part in parts_of(page):
        if isinstance(part, Marker):
            if part.word == "begin":
                yield Begin(part.rest)
            elif part.word == "run":
                yield from _hidden(part)
            else:
                pending.append(part)
        else:
            yield from _block(part, pending)
            pending = []
    if pending:
        raise AssertionError(f"{name_of(page)}:{pending[0].line}: a marker without a block")


def _hidden(marker: Marker) -> Iterator[Step]:
    for number, line in enumerate(marker.rest.splitlines(), marker.line):
        if line.strip():
            yield Step(shown=Shown(number, line.strip(), None), code=0)


def _block(block: Block, markers: Iterable[Marker]) -> Iterator[Event]:
    codes, places, reason = [0], {}, None
    for marker in markers:
        match marker.word:
            case "skip":
                reason = marker.rest
            case "as":
                reason = f"{AS}{marker.rest}"
            case "file":
                yield Write(marker.rest, block.text + "\n")
                return
            case "exit":
                codes = [int(code) for code in marker.rest.split()]
            case "where":
                name, _, command = marker.rest.partition("=")
                places[name] = command
            case _:
                raise AssertionError(f"line {marker.line}: nobody knows the marker {marker.word}")
    for number, shown in enumerate(commands_of(block)):
        if why := reason or why_not(shown.command):
            yield Skip(shown, why)
        else:
            yield Step(shown=shown, code=codes[min(number, len(codes) - 1)], places=places)


def run(events: Sequence[Event], shelf: Shelf, folder: Path) -> list[Told]:
    """Do *events* and answer what each command did; without a `begin` they run in an empty folder."""
    told: list[Told] = []
    for number, (state, rest) in enumerate(_chapters(events)):
        if any(isinstance(event, Step) for event in rest):
            told += _chapter(state, rest, shelf, folder / str(number))
    return told


def _chapters(events: Sequence[Event]) -> Iterator[tuple[str, list[Event]]]:
    state, held = "empty", list[Event]()
    for event in events:
        if isinstance(event, Begin):
            yield state, held
            state, held = event.state, []
        else:
            held.append(event)
    yield state, held


def _chapter(state: str, events: Sequence[Event], shelf: Shelf, folder: Path) -> list[Told]:
    desk = shelf.copy(state, folder)
    answers = folder / "answers"
    answers.mkdir()
    steps = [event for event in events if isinstance(event, Step)]
    lines = [line for number, event in enumerate(events) for line in _lines(event, answers / str(number))]
    desk.run("\n".join([*lines, ""]))
    told = [answers / str(number) for number, event in enumerate(events) if isinstance(event, Step)]
    return [
        Told(step, int(answer.with_suffix(".code").read_text("utf-8")), answer.read_text("utf-8"))
        for step, answer in zip(steps, told, strict=True)
    ]


def _lines(event: Event, answer: Path) -> Iterator[str]:
    """Yield what bash is to do for *event*; what a command prints goes to *answer*."""
    match event:
        case Write(path, text):
            answer.write_text(text, "utf-8")
            yield f"mkdir -p {shlex.quote(str(Path(path).parent))}; cp {answer} {shlex.quote(path)}"
        case Step():
            command = event.shown.command
            for name, value in event.places.items():
                yield f"place_{name}=$({value})"
                command = re.sub(rf"\b{name}\b", f"$place_{name}", command)
            yield f"{{ {command}\n}} < /dev/null > {answer} 2>&1; echo $? > {answer}.code"


def faults_of(page: Path, told: Sequence[Told]) -> Iterator[str]:
    """Yield what was not as *page* says, with its place."""
    for each in told:
        shown = each.step.shown
        place = f"{name_of(page)}:{shown.line}: {shown.command}"
        if each.code != each.step.code:
            yield f"{place}\nended with {each.code}, not with {each.step.code}:\n{each.output}"
        elif shown.output is not None and not prints(shown.output, each.output):
            yield f"{place}\nthe page shows\n{shown.output}\nand it printed\n{each.output}"


def prints(shown: str, printed: str) -> bool:
    """Tell whether *printed* is what *shown* says, after masking what differs from run to run.

    In it `...` stands for anything, and alone on a line for any number of lines.
    """
    lines = [
        r"(?:[^\n]*\n)*?" if line == "..." else f"{re.escape(line).replace(re.escape('...'), '(?s:.*?)')}\\n"
        for line in masked(shown).split("\n")
    ]
    return re.fullmatch("".join(lines), f"{masked(printed)}\n") is not None


def masked(text: str) -> str:
    """Answer *text* without progress, and with one word for each run, fingerprint, time, version and folder."""
    text = calm(text)
    for pattern, word in _MASKS:
        text = pattern.sub(word, text)
    return text.strip("\n")


def calm(text: str) -> str:
    """Answer *text* as it is on a machine that is not busy."""
    return _PROGRESS.sub("", text)
