"""Says what SIGINT and SIGTERM do while something lasts that they must not cut short."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_ECHO = 1.0
"""Seconds in which another signal is still the first one: `timeout` sends it to its child and then to the group."""


@contextmanager
def interrupting() -> Iterator[None]:
    """Let both of them raise `KeyboardInterrupt`."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    with _answered_by(interrupt):
        yield


@contextmanager
def held() -> Iterator[None]:
    """Let the first one pass by, so that what lasts comes to its end; the next one raises `KeyboardInterrupt`, once."""
    first: float | None = None
    is_over = False

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal first, is_over
        now = time.monotonic()
        if first is None:
            first = now
        elif not is_over and now - first >= _ECHO:
            is_over = True
            raise KeyboardInterrupt

    with _answered_by(note):
        yield


@contextmanager
def _answered_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    previous = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, before)
