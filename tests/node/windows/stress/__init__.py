"""Applications on a node: under load, where many threads open one key container at once, and with session cookies."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.node.windows.stress.application import run

THREADS, ROUNDS = 16, 50


@dataclass(frozen=True, slots=True)
class Load:
    """How the application fared."""

    failures: Counter[str]
    """How often opening failed, by Windows' code."""
    split: int
    """Rounds in which threads had different keys."""
    keys: frozenset[bytes]
    """The moduli of all keys that there were."""


def load(dotnet: Path, prefix: Path, container: str) -> Load:
    """Let the application run on the node in the Windows at *prefix*."""
    return _run(dotnet, prefix, container)


def load_of_beginners(dotnet: Path, prefix: Path, container: str) -> Load:
    """Let it run so that each round begins without the container; it is not there afterwards either."""
    return _run(dotnet, prefix, container, "anew")


def _run(dotnet: Path, prefix: Path, container: str, *more: str) -> Load:
    done = run("Stress.cs", dotnet, prefix, container, str(THREADS), str(ROUNDS), *more)
    assert done.returncode == 0, done.stdout + done.stderr
    words = [line.split() for line in done.stdout.splitlines()]
    found = Load(
        failures=Counter({code: int(count) for word, code, count in _of(words, "code", 3)}),
        split=next(int(count) for _, count in _of(words, "several", 2)),
        keys=frozenset(bytes.fromhex(key) for _, key in _of(words, "key", 2)),
    )
    assert found.failures.total() == next(int(count) for _, count in _of(words, "failed", 2))
    return found


def _of(words: list[list[str]], first: str, count: int) -> list[list[str]]:
    return [line for line in words if line[:1] == [first] and len(line) == count]
