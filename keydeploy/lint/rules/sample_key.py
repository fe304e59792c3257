"""Keys that follow a pattern."""

from collections.abc import Iterator
from itertools import pairwise

from keydeploy.lint.key_text import Kind, is_hex
from keydeploy.lint.machine_keys import keys_written
from keydeploy.lint.model import Application, Finding, Rule, Severity

RULE = Rule(
    id="sample-key",
    severity=Severity.ERROR,
    title="sample or debug key",
    reason=(
        "A key that repeats itself, counts up or uses a handful of digits was typed and not drawn: it is "
        "the first that is tried."
    ),
    source="MITRE CWE-1391 (use of weak credentials) and CWE-330 (insufficiently random values)",
    remedy="make a new pair for all nodes: keydeploy generate machine-key",
)


_SHORTEST, _LONGEST = 16, 1024
_FEW_DIGITS = 4
"""Among 40 random hex digits, as few different ones occur once in 10^20 keys."""

_LONG = 40


def check(application: Application) -> Iterator[Finding]:
    """Yield each key that is written, wherever, and follows a pattern."""
    for part, attribute, key in keys_written(application):
        if key.kind is Kind.EXPLICIT and is_hex(key.digits):
            pattern = _pattern(key.digits.lower())
            if pattern is not None:
                yield part.finding(RULE, f"{attribute} {pattern}", attribute=attribute)


def _pattern(digits: str) -> str | None:
    if not _SHORTEST <= len(digits) <= _LONGEST:
        return None
    if len(set(digits)) == 1:
        return "is one digit, repeated"
    period = _period(digits)
    if period is not None:
        return f"repeats itself every {period} digits"
    if _counts([int(digit, 16) for digit in digits], 16) or _counts([*bytes.fromhex(digits[: len(digits) & ~1])], 256):
        return "counts up or down"
    if len(digits) >= _LONG and len(set(digits)) <= _FEW_DIGITS:
        return f"is made of {len(set(digits))} different digits"
    return None


def _period(digits: str) -> int | None:
    """Answer after how many digits the text repeats itself, if it does so at least once in full."""
    return next((n for n in range(1, len(digits) // 2 + 1) if digits[n:] == digits[:-n]), None)


def _counts(numbers: list[int], modulus: int) -> bool:
    steps = {(after - before) % modulus for before, after in pairwise(numbers)}
    return len(steps) == 1
