"""Words for a POSIX shell, as they may stand where somebody else reads the text first."""

import re
import shlex
from collections.abc import Iterable

_SPECIAL = re.compile(r"[%\\]")
_PARTS = re.compile(r"%|[^%\\]*\\|[^%\\]+")


def line(words: Iterable[str]) -> str:
    """Answer *words* as a shell takes them."""
    return " ".join(map(shlex.quote, words))


def adding(account: str) -> str:
    """Answer the command that makes *account*, which may do nothing else."""
    words = ["useradd", "--system", "--user-group", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
    return line(["sudo", *words, "--", account])


def for_cron(words: Iterable[str]) -> str:
    r"""Answer *words* as a shell takes them from a crontab.

    There `%` ends the command, and `\%` is one. Crons differ in the rest: that of Debian leaves the backslash, others
    take it away, and of `\\` they make `\`. So `%` stands outside of quotes behind its backslash, which is the same to
    a shell either way, and no other backslash has one, or `%`, behind it. Source: crontab(5), do_command.c of
    vixie-cron 3.0 and of cron 4.1.
    """
    return " ".join(_for_cron(word) for word in words)


def for_github(words: Iterable[str]) -> str:
    """Answer *words* as bash takes them from a workflow, in which no expression of GitHub's is left to be filled in."""
    return line(words).replace("${{", "$''{{")


def _for_cron(word: str) -> str:
    if not _SPECIAL.search(word):
        return shlex.quote(word)
    return "".join("\\%" if part == "%" else _quoted(part) for part in _PARTS.findall(word))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\"'\"'") + "'"
