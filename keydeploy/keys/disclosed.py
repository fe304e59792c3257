"""Machine keys that are publicly known, by their hashes.

A list holds SHA-256 hashes only, so it may be shared; a key is looked up in memory, and nothing about it leaves.
Source of the format: `RapidReleaseTI/MachineKeys.csv` of github.com/microsoft/mstic, whose hashes are of keys as
they were found, mostly in upper case; that a key counts alone, whatever its partner, is seen in the same list.
"""

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

from keydeploy.errors import DisclosedKeysError
from keydeploy.keys.machine_key import is_automatic
from keydeploy.secret import Secret

_COLUMNS = ("validationkey", "decryptionkey")
_HASH = re.compile(r"[0-9A-Fa-f]{64}")
_OF_A_FILE = re.compile(r"([0-9A-Fa-f]{64}) [ *]\S.*")
"""What `sha256sum` writes; the name of the file says nothing here."""
_OF_NOTHING = hashlib.sha256(b"").digest()
"""It is in the public list, for the empty cells of its source; it is the hash of no key."""

_MODIFIERS = ("", ",IsolateApps", ",IsolateByAppId", ",IsolateApps,IsolateByAppId", ",IsolateByAppId,IsolateApps")
"""What may follow a key in `<machineKey>`; a list may hold the hash of both together."""
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))

_HINT = (
    "name a CSV file of SHA-256 hashes with the columns validationKey and decryptionKey; on GitHub, take the raw file"
)


@dataclass(frozen=True, slots=True)
class DisclosedKeys:
    """The hashes of a list."""

    hashes: frozenset[bytes] = field(repr=False)
    """SHA-256, 32 bytes each."""

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read a list: CSV with the columns `validationKey` and `decryptionKey` in any order, or hashes alone.

        Upper and lower case, white space, quotes, a byte order mark, other columns, empty cells and lines that begin
        with `#` do not matter; the hash of the empty string is left out. Raises `DisclosedKeysError`, which names the
        line, when there is anything else in the place of a hash: it may be a key.
        """
        hashes = frozenset(_hashes(_text(content))) - {_OF_NOTHING}
        if not hashes:
            raise DisclosedKeysError("it holds no hash", hint=_HINT)
        return cls(hashes)

    def holds(self, key: Secret) -> bool:
        """Tell whether *key*, as it stands in `<machineKey>` or in a spec, is on the list.

        It is found by its hash as it is, in upper and in lower case, without its modifiers (`,IsolateApps`) and with
        any. A key that ASP.NET is to make up (`AutoGenerate`) is on no list.
        """
        return not self.hashes.isdisjoint(_hashes_of(key))

    def to_list(self) -> bytes:
        """Answer the hashes as a list that `parse` reads, in an order that does not depend on where they came from."""
        return "".join(f"{each.hex()}\n" for each in sorted(self.hashes)).encode()

    def without(self, keys: Iterable[Secret]) -> Self:
        """Answer the list as it would be if it did not hold *keys*."""
        return type(self)(self.hashes.difference(*map(_hashes_of, keys)))


def _hashes_of(key: Secret) -> set[bytes]:
    text = key.reveal().decode(errors="replace").strip()
    return {hashlib.sha256(spelled.encode()).digest() for spelled in _spellings(text)}


def _spellings(text: str) -> Iterator[str]:
    alone = text.partition(",")[0].strip()
    if not alone or is_automatic(alone):
        return
    yield from (text, text.upper(), text.lower())
    for modifiers in _MODIFIERS:
        for spelled in (alone, alone.upper(), alone.lower()):
            yield spelled + modifiers
        yield (alone + modifiers).upper()
        yield (alone + modifiers).lower()


def _text(content: bytes) -> str:
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise DisclosedKeysError("it is not text", hint=_HINT) from None
    match text.lstrip()[:1]:
        case "":
            raise DisclosedKeysError("it is empty", hint=_HINT)
        case "<":
            raise DisclosedKeysError("it is a web page, not a list of hashes", hint=_HINT)
        case "{" | "[":
            raise DisclosedKeysError("it is JSON, not a list of hashes", hint=_HINT)
    return text


def _hashes(text: str) -> Iterator[bytes]:
    columns: Sequence[int] | None = None
    lines = text.splitlines()
    rows = csv.reader(lines, skipinitialspace=True)
    while True:
        try:
            row = [cell.strip() for cell in next(rows)]
        except StopIteration:
            return
        except csv.Error:
            raise DisclosedKeysError(f"line {rows.line_num} is no line of a CSV file", hint=_HINT) from None
        if not any(row) or row[0].startswith("#"):
            continue
        if columns is None:
            named = [cell.lower() for cell in row]
            columns = [named.index(name) for name in _COLUMNS if name in named]
            if columns:
                continue
            columns = range(len(row))
        for cell in (_OF_A_FILE.sub(r"\1", row[column]) for column in columns if column < len(row)):
            if not cell:
                continue
            if not _HASH.fullmatch(cell):
                raise DisclosedKeysError(f"line {rows.line_num} holds something that is no SHA-256 hash", hint=_HINT)
            yield bytes.fromhex(cell)
