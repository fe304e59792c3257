"""Event log files of Windows (.evtx), by a library that is installed on wish.

Rule: whatever the bytes are, reading ends; a damaged record is counted and passed over.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from keydeploy.errors import KeydeployError
from keydeploy.explain.event import Event, Unread
from keydeploy.explain.reading import xml

SIGNATURE = b"ElfFile\x00"
_HINT = "pip install 'keydeploy[evtx]', or export as XML: wevtutil qe FILE.evtx /lf:true /f:xml > FILE.xml"
_IN_A_ROW = 100
"""Damaged records, one after the other, after which the rest is given up."""


def events(file: Path | BinaryIO) -> Iterator[Event | Unread]:
    """Yield the events of *file*, in their order.

    Raises `KeydeployError` where the library is missing, or takes no part of the file.
    """
    try:
        from evtx import PyEvtxParser  # noqa: PLC0415 - installed on wish
    except ImportError:
        raise KeydeployError("reading .evtx files needs the package evtx, which is not installed", hint=_HINT) from None
    try:
        records = iter(PyEvtxParser(str(file) if isinstance(file, Path) else file).records())
    except (OSError, RuntimeError, ValueError):
        raise KeydeployError("the event log is damaged at its beginning", hint=_HINT) from None
    damaged = 0
    while damaged < _IN_A_ROW:
        try:
            record = next(records)
        except StopIteration:
            return
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException:  # a panic of the library is no Exception
            damaged += 1
            yield Unread("a record is damaged")
            continue
        damaged = 0
        yield xml.parse(record["data"]) if record else Unread("a record is empty")
