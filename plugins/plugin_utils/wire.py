"""What a connection of Ansible's says of itself: where it leads, how it logs on, and whether it is encrypted."""

from __future__ import annotations

import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keydeploy.checkup import Line

_SEALING = {"kerberos", "ntlm", "credssp", "negotiate"}
"""Ways to log on that encrypt messages also over HTTP."""
_LOOK = 10.0
"""Seconds for a look at a certificate."""


def endpoint(connection: Any) -> tuple[str, int | None]:
    """Answer host and port; no port where the connection has none."""
    host = connection.get_option("remote_addr") if connection.has_option("remote_addr") else None
    if not host:
        host = connection.get_option("host")
    port = connection.get_option("port") if connection.has_option("port") else None
    if port is None and _kind(connection) == "psrp":
        port = 5985 if connection.get_option("protocol") == "http" else 5986
    return str(host), int(port) if port is not None else None


def has_proxy(connection: Any) -> bool:
    """Tell whether the inventory names a proxy in between."""
    extras = connection.get_option("_extras") if connection.has_option("_extras") else {}
    named = connection.get_option("proxy") if connection.has_option("proxy") else None
    return bool(named or (extras or {}).get("ansible_winrm_proxy"))


def _kind(connection: Any) -> str:
    return str(connection.transport)


def line(connection: Any) -> Line:
    """Tell how *connection* reaches its node; looks at the certificate of the node's listener."""
    from keydeploy.checkup import Line  # noqa: PLC0415

    security = Security.of(connection)
    host, port = endpoint(connection)
    return Line(
        kind=_kind(connection),
        log_on="/".join(security.ways),
        tls=security.tls,
        encrypted=security.encrypted,
        verified=security.verified,
        days_left=_days_left(host, port) if security.tls and port is not None else None,
    )


@dataclass(frozen=True, slots=True)
class Security:
    """What the options of a connection say of log-on and encryption."""

    tls: bool
    ways: tuple[str, ...]
    """The ways to log on, of which Ansible takes the first that works."""
    messages: str
    """Whether messages are encrypted: `auto`, `always` or `never`."""
    verified: bool

    @property
    def encrypted(self) -> bool:
        """Tell whether everything that is sent is encrypted, by TLS or by the log-on."""
        return self.tls or (self.messages != "never" and set(self.ways) <= _SEALING)

    @classmethod
    def of(cls, connection: Any) -> Security:
        """Read the options of *connection*."""
        option = connection.get_option
        match _kind(connection):
            case "winrm":
                extras = option("_extras")
                guessed = "kerberos" if "@" in (option("remote_user") or "") else "plaintext"
                return cls(
                    tls=option("scheme") == "https" or (option("scheme") is None and int(option("port")) != 5985),
                    ways=tuple(option("transport") or [guessed]),
                    messages=extras.get("ansible_winrm_message_encryption", "auto"),
                    verified=extras.get("ansible_winrm_server_cert_validation", "validate") != "ignore",
                )
            case "psrp":
                protocol, port = option("protocol"), option("port")
                return cls(
                    tls=protocol == "https" or (protocol is None and (port is None or int(port) != 5985)),
                    ways=(option("auth"),),
                    messages=option("message_encryption"),
                    verified=option("cert_validation") != "ignore",
                )
            case kind:
                return cls(tls=kind == "ssh", ways=(kind,), messages="auto", verified=True)


def _days_left(host: str, port: int) -> int | None:
    from cryptography import x509  # noqa: PLC0415

    with suppress(OSError, ValueError):
        pem = ssl.get_server_certificate((host, port), timeout=_LOOK)
        expires = x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
        return (expires - datetime.now(UTC)).days
    return None
