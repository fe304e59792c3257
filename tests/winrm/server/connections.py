"""One connection to a node: HTTP, authentication, sealed messages, and the faults that strike there."""

import asyncio
import socket
import ssl
from dataclasses import dataclass
from http import HTTPStatus

from spnego.exceptions import SpnegoError

from . import envelopes
from .authentication import SEALED_TYPE, Door, NtlmDoor
from .faults import Action, CutAnswer, Drop, HttpError, Silence
from .nodes import Exchange, Keeper, Node

_LONGEST = 4_000_000
"""Bytes of the longest body that is read; one of ansible's Send has 267,000."""
_SOAP_TYPE = "application/soap+xml;charset=UTF-8"


@dataclass(frozen=True, slots=True)
class _Received:
    raw: bytes
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    body: bytes = b""
    type: str = _SOAP_TYPE
    challenge: str = ""
    is_cut: bool = False
    """Half of it is sent."""


class _Refused(Exception):
    """The request gets *response* instead of an answer."""

    def __init__(self, response: _Response) -> None:
        super().__init__(response.status)
        self.response = response


class _Struck(Exception):
    """A fault ends the conversation."""

    def __init__(self, fault: Drop | Silence) -> None:
        super().__init__(fault)
        self.fault = fault


class Connection:
    """Speaks to one client; *context* is that of TLS, where the node has a certificate."""

    def __init__(
        self, node: Node, door: Door, keeper: Keeper, context: ssl.SSLContext | None, *, takes_unsealed: bool
    ) -> None:
        self._node = node
        self._door = door
        self._keeper = keeper
        self._context = context
        self._takes_unsealed = takes_unsealed
        self._action = Action.CONNECT

    async def serve(self, accepted: socket.socket) -> None:
        """Answer request after request until the client closes, or a fault does."""
        abort = accepted.close
        try:
            self._meet()
            reader, writer = await self._open(accepted)
            abort = writer.transport.abort
            await self._converse(reader, writer)
            writer.close()
            await writer.wait_closed()
        except OSError:  # the client has gone
            return
        except _Struck as struck:
            if isinstance(struck.fault, Silence):
                await asyncio.Event().wait()  # ended by the server's stop
        finally:
            abort()

    async def _open(self, accepted: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader(_LONGEST)
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            transport, _ = await loop.connect_accepted_socket(lambda: protocol, accepted, ssl=self._context)
        except OSError:  # the client does not take the certificate
            self._record(b"", 0, b"")
            raise
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while received := await _read(reader):
            response = await self._respond(received)
            writer.write(_on_the_wire(response))
            await writer.drain()
            if response.is_cut:
                return

    async def _respond(self, received: _Received) -> _Response:
        """Answer a request, or refuse it, and record both."""
        try:
            response = await self._answer(received)
        except _Refused as refused:
            response = refused.response
        except _Struck:
            self._record(received.raw, 0, b"")
            raise
        self._record(received.raw, response.status, _on_the_wire(response))
        return response

    async def _answer(self, received: _Received) -> _Response:
        self._action = Action.REQUEST
        self._meet(len(received.body))
        self._action = Action.AUTHENTICATE
        if challenge := self._door.challenge(received.headers.get("authorization", "")):
            return _Response(401, challenge=challenge)
        if not received.body:
            return _Response(200)
        is_sealed = received.headers.get("content-type") == SEALED_TYPE
        if not is_sealed and not self._takes_unsealed:
            return _Response(500)
        request = envelopes.parse(self._unseal(received.body) if is_sealed else received.body)
        self._action = request.action
        self._meet(len(received.body))
        reply = await self._node.answer(request)
        is_cut = reply.is_output and isinstance(self._node.fault_at(Action.ANSWER), CutAnswer)
        xml = envelopes.render(reply, request)
        body, kind = (self._seal(xml), SEALED_TYPE) if is_sealed else (xml, _SOAP_TYPE)
        return _Response(reply.status, body, kind, is_cut=is_cut)

    def _unseal(self, body: bytes) -> bytes:
        assert isinstance(self._door, NtlmDoor), "only NTLM seals"
        try:
            return self._door.unseal(body)
        except SpnegoError:  # sealed for a connection that is no more
            raise _Refused(_Response(400)) from None

    def _seal(self, xml: bytes) -> bytes:
        assert isinstance(self._door, NtlmDoor)
        return self._door.seal(xml)

    def _meet(self, size: int = 0) -> None:
        """Let a fault strike that is due; *size* is that of the request's body."""
        match self._node.fault_at(self._action, size):
            case Drop() | Silence() as fault:
                raise _Struck(fault)
            case HttpError(status=status):
                raise _Refused(_Response(status, challenge="Negotiate" if status == 401 else ""))

    def _record(self, received: bytes, status: int, sent: bytes) -> None:
        exchange = Exchange(
            action=self._action,
            status=status,
            received=self._keeper.keep(received),
            sent=self._keeper.keep(sent),
            received_size=len(received),
            sent_size=len(sent),
            tls=self._context is not None,
        )
        self._node.exchanges.append(exchange)


async def _read(reader: asyncio.StreamReader) -> _Received | None:
    """Read the next request; None when the client has gone."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        fields = (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:-2])
        headers = {name.lower(): value.strip() for name, _, value in fields}
        length = int(headers.get("content-length", "0"))
        if length > _LONGEST:
            raise ValueError(f"a body of {length} bytes")
        body = await reader.readexactly(length)
    except (asyncio.IncompleteReadError, OSError):
        return None
    return _Received(head + body, headers, body)


def _on_the_wire(response: _Response) -> bytes:
    lines = [
        f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}",
        "Server: Microsoft-HTTPAPI/2.0",
        f"Content-Type: {response.type}",
        f"Content-Length: {len(response.body)}",
        *([f"WWW-Authenticate: {response.challenge}"] if response.challenge else []),
    ]
    whole = "\r\n".join([*lines, "", ""]).encode() + response.body
    return whole[: len(whole) // 2] if response.is_cut else whole
