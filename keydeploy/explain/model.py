"""What explain knows, as values: an error, the causes that it can have, and the command that tells which one it is.

An entry is data. Nothing in it comes from what a user pasted, so all of it may be shown.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum


class Weight(IntEnum):
    """How much a sign tells; entries are ranked by their heaviest sign, then by the sum of all."""

    WEAK = 10
    """A type of exception that many errors share."""
    TELLING = 30
    """A message or a code, which several causes share."""
    STRONG = 60
    """A message that belongs to one error."""
    DECISIVE = 100
    """A method or an id that tells one error from its neighbours."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Words that stand in a text, all of them, in any order; white space and case do not matter."""

    weight: Weight
    words: tuple[str, ...]
    within: tuple[str, ...] = ()
    """Where the words alone may mean something else: one of these must stand in the text too, unless it is bare."""


@dataclass(frozen=True, slots=True)
class EventSign:
    """An event of Windows' log."""

    weight: Weight
    id: int
    source: str
    """How the name of its source begins, in lower case; a text may tell an event without its source."""
    unless: tuple[str, ...] = ()
    """Words, in lower case, with which the event is about something else."""


class Where(Enum):
    """Where a command is run."""

    NODE = "on the node"
    CONTROLLER = "here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A command that settles whether a cause holds. It only reads, and may be pasted as it is but for the names."""

    where: Where
    command: str
    tells: str
    """What it shows where the cause holds; what keydeploy prints stands in double quotes, `...` for what varies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One way in which the error comes about."""

    id: str
    """Words in lower case with hyphens, one of its kind within its entry."""
    title: str
    reason: str
    checks: tuple[Check, ...]
    points: tuple[Sign, ...] = ()
    """What in a text points to this cause and not to its neighbours."""
    about_keys: bool = True
    """Whether keys have to do with it; events that point elsewhere are left out where a log is summed up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What keydeploy does about it."""

    text: str
    commands: tuple[str, ...]
    """Commands of keydeploy, ready to paste."""
    spec: str | None = None
    """What to declare below the variable `keydeploy`, as YAML."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One error."""

    id: str
    """Words in lower case with hyphens; it never changes."""
    title: str
    meaning: str
    causes: tuple[Cause, ...]
    """The most frequent first."""
    remedy: Remedy
    sources: tuple[str, ...]
    """Where all this is known from."""
    codes: tuple[str, ...] = ()
    """The names of Windows' codes that mean it."""
    ids: tuple[str, ...] = ()
    """The ids that Windows Identity Foundation puts before its messages, such as `ID1073`."""
    events: tuple[EventSign, ...] = ()
    signs: tuple[Sign, ...] = ()
    of_process: bool = False
    """Whether it tells only that a process ended: about keys where something else says so."""


ABOUT_KEYS = (
    "cryptograph", "kryptogra", "certificate", "zertifikat", "private key", "key container", "keyset", "crypt32",
    "ncrypt", "pfx", "ssl", "smart card", "smartcard", "dpapi", "protecteddata", "rsacryptoserviceprovider", "x509",
)  # fmt: skip
"""Words of which one stands in a text that is about keys."""
BEGIN_A_WORD = ("ncrypt", "ssl")
"""Those of them that stand in the midst of others too: encrypt, ClassLibrary."""


def weak(*words: str, within: tuple[str, ...] = ()) -> Sign:
    """Make a sign of *words* that many errors share."""
    return Sign(Weight.WEAK, words, within)


def telling(*words: str, within: tuple[str, ...] = ()) -> Sign:
    """Make a sign of *words* that several causes share."""
    return Sign(Weight.TELLING, words, within)


def strong(*words: str, within: tuple[str, ...] = ()) -> Sign:
    """Make a sign of *words* that belong to one error."""
    return Sign(Weight.STRONG, words, within)


def decisive(*words: str, within: tuple[str, ...] = ()) -> Sign:
    """Make a sign of *words* that tell one error from its neighbours."""
    return Sign(Weight.DECISIVE, words, within)


def here(command: str, tells: str) -> Check:
    """Make a check that is run on the controller."""
    return Check(where=Where.CONTROLLER, command=command, tells=tells)


def on_node(command: str, tells: str) -> Check:
    """Make a check that is run on the node, by an administrator, in PowerShell."""
    return Check(where=Where.NODE, command=command, tells=tells)
