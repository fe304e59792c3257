"""Where a value is kept: in a file that Ansible's vault has encrypted whole, in a value that it has, or in clear.

Answers the edits that put other values there. What they hold is encrypted, or no secret; a secret that is kept in
clear is not replaced but refused, because its successor would be in clear too.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from keydeploy.errors import Problem
from keydeploy.rotation.contents import Content
from keydeploy.rotation.scalar import Scalar, ScalarError, find, replaced
from keydeploy.secret import Secret

HEADER = "$ANSIBLE_VAULT;"
_TAGS = ("!vault", "!vault-encrypted")
_LOCKED = "cannot be decrypted; give the right vault password, such as with --ask-vault-pass or --vault-id"

Seal = Callable[[Secret], str]
"""Encrypts a text with the password, and under the label, of one that was opened."""


class Vault(Protocol):
    """What opens a text of Ansible's vault."""

    def open(self, sealed: str) -> tuple[Secret, Seal] | None:
        """Answer what *sealed* holds and what seals another text like it; None where no known password opens it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """One value of a file and what is to stand there."""

    address: str
    """The address in the spec, or several of them, for messages."""
    line: int
    column: int
    present: Secret
    """What it resolves to now."""
    value: Secret
    content: Content = Content.KEY
    may_be_clear: bool = False
    """It is no secret, or is encrypted by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A part of a file and what is to stand there: ciphertext, or what is no secret."""

    start: int
    """In bytes from the beginning of the file."""
    old: bytes
    new: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """What was found out about the values of one file."""

    edits: tuple[Edit, ...]
    problems: tuple[Problem, ...]
    """Why values cannot be replaced where they are kept."""


def replace(file: str, content: bytes, replacements: Sequence[Replacement], vault: Vault) -> Kept:
    """Answer the edits that carry out *replacements* in *content*, or why one cannot be; *file* is for messages."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return Kept((), (Problem(file, "", "not UTF-8, so that it cannot be edited; convert it"),))
    if not text.startswith(HEADER):
        return _in_parts(file, text, replacements, vault)
    opened = vault.open(text)
    if opened is None:
        return Kept((), (Problem(file, "", _LOCKED),))
    clear, seal = opened
    after, problems = _rewritten(file, clear.reveal().decode(), replacements, vault, is_sealed=True)
    sealed = seal(Secret.of(after)).encode() if not problems else b""
    return Kept(() if problems else (Edit(start=0, old=content, new=sealed),), problems)


def _in_parts(file: str, text: str, replacements: Sequence[Replacement], vault: Vault) -> Kept:
    """Replace values of a file that is in clear as a whole: an edit for each."""
    edits: list[Edit] = []
    problems: list[Problem] = []
    for each in replacements:
        after, found = _rewritten(file, text, [each], vault, is_sealed=False)
        problems += found
        if not found:
            edits.append(_difference(text, after))
    return Kept(() if problems else tuple(edits), tuple(problems))


def _rewritten(
    file: str, text: str, replacements: Sequence[Replacement], vault: Vault, *, is_sealed: bool
) -> tuple[str, tuple[Problem, ...]]:
    """Answer *text* with all *replacements*, from the last to the first, so that places stay true."""
    problems = []
    for each in sorted(replacements, key=lambda each: (each.line, each.column), reverse=True):
        place = f"{file}:{each.line}:{each.column}"
        try:
            scalar = find(text, each.line, each.column)
            text = replaced(text, scalar, _written(scalar, each, vault, is_sealed=is_sealed))
        except ScalarError as error:
            problems.append(Problem(place, each.address, error.told))
    return text, tuple(reversed(problems))


def _written(scalar: Scalar, wanted: Replacement, vault: Vault, *, is_sealed: bool) -> str:
    """Answer what is to stand in the place of *scalar*; raises `ScalarError` where that is in clear, or another value.

    A text that only resembles what it resolves to, such as an expression, is not the place where the value is kept.
    """
    if scalar.tag in _TAGS:
        opened = vault.open(scalar.value)
        if opened is None:
            raise ScalarError(_LOCKED)
        clear, seal = opened
        _check(clear, wanted)
        ends = len(clear.reveal()) - len(clear.reveal().rstrip(b"\n"))
        return seal(Secret(wanted.value.reveal().rstrip(b"\n") + b"\n" * ends))
    _check(Secret.of(scalar.value), wanted)
    if not is_sealed and not wanted.may_be_clear:
        raise ScalarError(
            "kept in clear, and a new key would be in clear too",
            hint="encrypt it (ansible-vault encrypt FILE, or encrypt_string for this value alone),"
            " or let --print make a key for another secret store",
        )
    return wanted.value.reveal().decode()


def _check(found: Secret, wanted: Replacement) -> None:
    if Secret(found.reveal().rstrip(b"\n")) == Secret(wanted.present.reveal().rstrip(b"\n")):
        return
    raise ScalarError(
        "the value comes out of an expression that stands here, such as a lookup, a filter or a script",
        hint="replace it where that reads it: --print makes a key for another secret store",
    )


def _difference(before: str, after: str) -> Edit:
    """Answer the one edit between two texts, in whole characters."""
    start = _equal(zip(before, after, strict=False))
    end = _equal(zip(reversed(before[start:]), reversed(after[start:]), strict=False))
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    return Edit(start=len(before[:start].encode()), old=old.encode(), new=new.encode())


def _equal(pairs: Iterator[tuple[str, str]]) -> int:
    """Count how many *pairs* are equal before the first that is not."""
    count = 0
    for one, other in pairs:
        if one != other:
            break
        count += 1
    return count
