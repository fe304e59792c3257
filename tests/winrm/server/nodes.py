"""One Windows node as WinRM shows it: its shells, their commands, and the record of what was said."""

import asyncio
import base64
import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from . import envelopes
from .calls import Call, Script, decode
from .envelopes import FaultCode, Reply, Request
from .faults import MOMENTS, Action, CutOutput, Delay, Drop, Fault, Hang, HttpError, Silence

_PIECE = 100_000
"""Bytes of output in one envelope; with base64 and SOAP fewer than the 153,600 that pywinrm allows."""
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{8,}={0,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """An HTTP request and its response; also a connection that TLS has refused."""

    action: Action
    status: int
    """Of HTTP; 0 where nothing was answered."""
    received: bytes | None
    """As it crossed the socket, with TLS taken off; None when the server keeps no more."""
    sent: bytes | None
    received_size: int
    sent_size: int
    tls: bool


class Keeper:
    """Keeps up to *limit* bytes."""

    def __init__(self, limit: int) -> None:
        self._left = limit

    def keep(self, data: bytes) -> bytes | None:
        """Answer *data*, or None when that would be too much."""
        self._left -= len(data)
        return data if self._left >= 0 else None


@dataclass(slots=True)
class _Output:
    stdout: bytes
    stderr: bytes = b""
    exit_code: int = 0


@dataclass(slots=True)
class _Command:
    shell: str
    input: bytearray = field(default_factory=bytearray)
    output: asyncio.Future[_Output] = field(default_factory=asyncio.Future)
    task: asyncio.Task[None] | None = None


class Node:
    """A node; what it records may be read at any time. *struck* counts how often a fault has struck."""

    def __init__(
        self, address: str, answering: Callable[[Call | Script], Awaitable[bytes]], failed: Callable[[Exception], None]
    ) -> None:
        self.address = address
        self.exchanges: list[Exchange] = []
        self.calls: list[Call] = []
        self.scripts: list[Script] = []
        self.struck = 0
        self._answering = answering
        self._failed = failed
        self._shells: set[str] = set()
        self._commands: dict[str, _Command] = {}
        self._ended = 0
        self.behave()

    def misbehave(self, fault: Fault, after: int = 0, times: int | None = None) -> None:
        """Strike with *fault* from the next call on, once *after* calls have ended well; at most *times* times."""
        if isinstance(fault, Drop | Silence | HttpError):
            assert fault.at in MOMENTS, f"nothing strikes a connection at {fault.at}"
        self._fault: Fault | None = fault
        self._spared = self._ended + after
        self._strikes = times

    def behave(self) -> None:
        """Be well from now on."""
        self._fault, self._spared, self._strikes = None, 0, None

    @property
    def open_shells(self) -> int:
        """Tell how many shells nobody has deleted."""
        return len(self._shells)

    @property
    def open_commands(self) -> int:
        """Tell how many commands nobody has ended."""
        return len(self._commands)

    @property
    def actions(self) -> list[Action]:
        """Tell what was asked, in order."""
        return [exchange.action for exchange in self.exchanges]

    def exposed(self) -> bytes:
        """Answer what a listener on the wire had, or has to break: all but what TLS carried, and base64 decoded too."""
        seen = [data for exchange in self.exchanges if not exchange.tls for data in (exchange.received, exchange.sent)]
        kept = [data for data in seen if data is not None]
        assert len(kept) == len(seen), "more crossed the wire than the server keeps"
        encoded = (text for data in kept for text in _BASE64.findall(data) if len(text) % 4 == 0)
        return b"\0".join([*kept, *map(base64.b64decode, encoded)])

    def fault_at(self, action: Action, size: int = 0) -> Fault | None:
        """Answer the fault that strikes now, if any; *size* is that of the request's body."""
        fault = self._fault
        if fault is None or fault.at is not action or self._ended < self._spared or self._strikes == 0:
            return None
        if isinstance(fault, HttpError) and size <= fault.over:
            return None
        if self._strikes is not None:
            self._strikes -= 1
        self.struck += 1
        return fault

    async def answer(self, request: Request) -> Reply:
        """Do what is asked; a Receive waits for output as long as the request allows."""
        action, command = request.action, self._commands.get(request.command)
        if action is not Action.CREATE and request.shell not in self._shells:
            return envelopes.fault(FaultCode.NO_SUCH_SHELL)
        match action:
            case Action.CREATE:
                reply = self._create()
            case Action.DELETE:
                reply = self._delete(request.shell)
            case Action.COMMAND:
                reply = self._start(request)
            case Action.SEND if command:
                reply = self._feed(command, request)
            case Action.RECEIVE if command:
                reply = await _receive(command, request)
            case Action.SIGNAL if command:
                reply = self._signal(request.command)
            case _:
                reply = envelopes.fault(FaultCode.NO_SUCH_SHELL)
        return reply

    def _create(self) -> Reply:
        self._shells.add(shell := _new_name())
        return envelopes.created(shell)

    def _delete(self, shell: str) -> Reply:
        self._shells.remove(shell)
        for name in [name for name, command in self._commands.items() if command.shell == shell]:
            self._end(name)
        return envelopes.deleted()

    def _start(self, request: Request) -> Reply:
        name = _new_name()
        command = self._commands[name] = _Command(request.shell)
        if not request.has_input:
            command.task = asyncio.create_task(self._run(command))
        return envelopes.started(name)

    def _feed(self, command: _Command, request: Request) -> Reply:
        command.input += request.data
        if request.end:
            command.task = asyncio.create_task(self._run(command))
        return envelopes.sent()

    def _signal(self, command: str) -> Reply:
        self._end(command)
        self._ended += 1
        return envelopes.signalled()

    def _end(self, command: str) -> None:
        task = self._commands.pop(command).task
        if task:
            task.cancel()

    async def _run(self, command: _Command) -> None:
        fault = self.fault_at(Action.RUN)
        try:
            asked = decode(self.address, bytes(command.input))
            if isinstance(asked, Call):
                self.calls.append(asked)
            else:
                self.scripts.append(asked)
            if isinstance(fault, Hang):
                return
            output = _Output(await self._answering(asked))
        except Exception as error:  # the test learns it when the server stops
            self._failed(error)
            output = _Output(b"", b"the test's node has failed", 1)
        match fault:
            case Delay(seconds=seconds):
                await asyncio.sleep(seconds)
            case CutOutput():
                output.stdout = output.stdout[: len(output.stdout) // 2]
        command.output.set_result(output)


def _new_name() -> str:
    return str(uuid.uuid4()).upper()


async def _receive(command: _Command, request: Request) -> Reply:
    done, _ = await asyncio.wait({command.output}, timeout=request.seconds)
    if not done:
        return envelopes.fault(FaultCode.TIMED_OUT)
    output = command.output.result()
    piece, output.stdout = output.stdout[:_PIECE], output.stdout[_PIECE:]
    streams = {"stdout": piece, "stderr": output.stderr}
    return envelopes.output(request.command, streams, None if output.stdout else output.exit_code)
