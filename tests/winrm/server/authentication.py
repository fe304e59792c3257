"""Who may speak to a node, and how messages are sealed: Basic, and NTLM by pyspnego as the acceptor."""

import base64
import os
import struct
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Protocol

import spnego
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from .certificates import Certificate

_SEALED = "application/HTTP-SPNEGO-session-encrypted"
SEALED_TYPE = f'multipart/encrypted;protocol="{_SEALED}";boundary="Encrypted Boundary"'
_BOUNDARY = b"--Encrypted Boundary"
_OCTETS = b"\tContent-Type: application/octet-stream\r\n"
_NTLM_USER_FILE = "NTLM_USER_FILE"


class Authentication(Enum):
    """The ways of the protocol that are served."""

    BASIC = auto()
    NTLM = auto()


@dataclass(frozen=True, slots=True)
class Account:
    """The one account of all nodes."""

    user: str = "deployer"
    password: str = "Marked-Passw0rd-of-the-account"


class Door(Protocol):
    """Authenticates one connection."""

    def challenge(self, authorization: str) -> str | None:
        """Answer what to demand of the client, or None when it may pass."""


class BasicDoor:
    """Passes every request that brings the password."""

    def __init__(self, account: Account) -> None:
        self._expected = base64.b64encode(f"{account.user}:{account.password}".encode()).decode()

    def challenge(self, authorization: str) -> str | None:
        return None if authorization == f"Basic {self._expected}" else 'Basic realm="WSMAN"'


class NtlmDoor:
    """Passes a connection once the client has proved to know the password, on the channel *binding*."""

    def __init__(self, binding: GssChannelBindings | None) -> None:
        self._binding = binding
        self._context: spnego.ContextProxy | None = None

    def challenge(self, authorization: str) -> str | None:
        if not authorization and self._context and self._context.complete:
            return None
        scheme, _, token = authorization.partition(" ")
        if scheme != "Negotiate" or not token:
            return "Negotiate"
        if self._context is None or self._context.complete:
            self._context = spnego.server(protocol="ntlm", channel_bindings=self._binding)
        try:
            answer = self._context.step(base64.b64decode(token))
        except SpnegoError:
            self._context = None
            return "Negotiate"
        return f"Negotiate {base64.b64encode(answer or b'').decode()}" if not self._context.complete else None

    def unseal(self, body: bytes) -> bytes:
        """Decrypt a message. Raises `SpnegoError` when it was sealed for another connection."""
        assert self._context is not None
        sealed = body.partition(_OCTETS)[2].removesuffix(_BOUNDARY + b"--\r\n")
        (length,) = struct.unpack_from("<i", sealed)
        return self._context.unwrap_winrm(sealed[4 : 4 + length], sealed[4 + length :])

    def seal(self, xml: bytes) -> bytes:
        """Encrypt a message."""
        assert self._context is not None
        sealed = self._context.wrap_winrm(xml)
        head = (
            f"\tContent-Type: {_SEALED}\r\n"
            f"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={len(xml)}\r\n"
        ).encode()
        data = struct.pack("<i", len(sealed.header)) + sealed.header + sealed.data
        return b"".join([_BOUNDARY, b"\r\n", head, _BOUNDARY, b"\r\n", _OCTETS, data, _BOUNDARY, b"--\r\n"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """The settings of the WinRM service, with the defaults of Windows."""

    authentication: Authentication = Authentication.NTLM
    account: Account = Account()
    allow_unencrypted: bool = False
    """Over http, take messages that are not sealed."""
    certificates: Mapping[str, Certificate] = field(default_factory=dict)
    """By node; a node that has one speaks https. NTLM must be bound to it."""
    bindings: Mapping[str, Certificate] = field(default_factory=dict)
    """By node: the certificate to which NTLM must be bound instead, as if somebody stood between."""

    def door(self, node: str) -> Door:
        """Answer what authenticates a new connection to *node*."""
        if self.authentication is Authentication.BASIC:
            return BasicDoor(self.account)
        certificate = self.bindings.get(node, self.certificates.get(node))
        return NtlmDoor(certificate.binding() if certificate else None)


@contextmanager
def known_to_ntlm(account: Account) -> Iterator[None]:
    """Let pyspnego know the account.

    It looks for accounts in a file that the environment names, so servers that run at the same time in one process
    must have the same account, and the last one started is the first to stop.
    """
    before = os.environ.get(_NTLM_USER_FILE)
    with tempfile.TemporaryDirectory(prefix="winrm-") as folder:
        file = Path(folder) / "accounts"
        file.write_text(f":{account.user}:{account.password}\n", "utf-8")
        os.environ[_NTLM_USER_FILE] = str(file)
        try:
            yield
        finally:
            if before is not None:
                os.environ[_NTLM_USER_FILE] = before
            else:
                del os.environ[_NTLM_USER_FILE]
