"""Keeps the standard streams from deciding how a command ends.

A stream that cannot be written any more, because its reader has gone or its disk is full, leads nowhere from then on: a
change goes on to its end, and the exit code stays that of what was found. What was lost is asked for in the end.
"""

import io
import os
import select
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class Lasting(io.FileIO):
    """The file below a standard stream; writing to it never fails, and it keeps what went wrong first."""

    failure: OSError | None = None

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write *data*, or leave it out; where somebody made the stream non-blocking, wait until it takes more."""
        try:
            while (written := _write(self, data)) is None:
                select.select([], [self], [])
        except OSError as error:
            self.failure = error
            _lead_nowhere(self.fileno())
            return memoryview(data).nbytes
        return written


def secure() -> None:
    """Make the standard streams last; one that was closed is `/dev/null`, so that no other file takes its place."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:  # the lowest free one is taken
        os.set_inheritable(number, True)
    os.close(number)
    if sys.stdout is sys.__stdout__:
        sys.stdout = _lasting(sys.stdout, 1, "strict")
    if sys.stderr is sys.__stderr__:
        sys.stderr = _lasting(sys.stderr, 2, "backslashreplace")


def lost(stream: TextIO) -> OSError | None:
    """Answer why *stream* does not hold all that was written to it; a reader that has gone wanted no more."""
    stream.flush()
    raw = _raw(stream)
    failure = raw.failure if isinstance(raw, Lasting) else None
    return None if isinstance(failure, BrokenPipeError) else failure


def let_go(stream: TextIO) -> None:
    """Lead *stream* nowhere where its reader has gone: a program that inherits it would be ended by writing to it."""
    if not isinstance(_raw(stream), Lasting):  # a stream of somebody else's, who may look at it otherwise
        return
    watch = select.poll()
    watch.register(stream.fileno(), 0)
    if any(seen & select.POLLERR for _, seen in watch.poll(0)):
        _lead_nowhere(stream.fileno())


def _raw(stream: TextIO) -> object:
    return getattr(getattr(stream, "buffer", None), "raw", None)


def _lasting(stream: TextIO | None, number: int, errors: str) -> TextIO:
    raw = Lasting(number, "w", closefd=False)
    if not isinstance(stream, io.TextIOWrapper):  # it was closed
        return io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", errors)
    at_once = stream.line_buffering or stream.write_through
    return io.TextIOWrapper(io.BufferedWriter(raw), stream.encoding, stream.errors, line_buffering=at_once)


def _write(file: io.FileIO, data: "ReadableBuffer") -> int | None:
    """Write to *file*; None where it would block, which the declared type leaves out."""
    return io.FileIO.write(file, data)


def _lead_nowhere(number: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
