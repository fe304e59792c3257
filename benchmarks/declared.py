"""What the farms of the benchmarks declare: ten keys of all kinds and the settings that go with them.

Four machine keys of as many applications, the keys of three containers, three certificates with theirs. The keys are
made once a run, because that is slow, and are the same on all nodes.
"""

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from keydeploy.keys.rsa_key import take_over, to_pem, to_xml
from tests.keys.authorities import Key, authority, certificate, pem, usage
from tests.node.contract.material import rsa_key, thumbprint

SITE = "Default Web Site"
APPLICATIONS = ("portal", "shop", "wiki", "billing")
CONTAINERS: Mapping[str, Sequence[str]] = {
    "Configuration": ("Wiki",),
    "Licences": ("Shop", "Billing"),
    "Archive": ("Wiki",),
}
"""Each with the app pools that read its key."""
CERTIFICATES: Mapping[str, str] = {"session": "Shop", "portal": "Portal", "shop": "Shop"}
"""Each with the app pool that reads its key."""
CHAIN = ("issuing", "root")
"""Of the certificate `session`; the other two are self-signed."""
PORTS = {"portal": 443, "shop": 8443}
"""The HTTPS bindings, by the certificate that they shall serve."""
KEYS = len(APPLICATIONS) + len(CONTAINERS) + len(CERTIFICATES)

VARIABLE = "vault_farm"
"""The variable of the inventory that holds the secrets, as a vault file would."""

_CONNECTIONS = """<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <connectionStrings>
    <add name="wiki" connectionString="Server=db;User Id=wiki;Password=Passw0rd-of-a-database" />
  </connectionStrings>
  <system.web>
    <compilation debug="false" targetFramework="4.8" />
    <httpRuntime targetFramework="4.8" />
  </system.web>
</configuration>
"""
WEB_CONFIGS: Mapping[str, bytes | None] = {
    f"/{name}": _CONNECTIONS.replace("\n", "\r\n").encode() if name == "wiki" else None for name in APPLICATIONS
}
"""What the nodes have before, by the path of the application; None for a plain one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A certificate with its key and what vouches for it."""

    certificate: x509.Certificate
    key: Key
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def thumbprint(self) -> str:
        """Windows' name for it."""
        return thumbprint(self.certificate)

    def pfx(self) -> bytes:
        """Answer it as a PFX with its key and chain, under the password of all."""
        encryption = BestAvailableEncryption(password().encode())
        return pkcs12.serialize_key_and_certificates(None, self.key, self.certificate, self.chain, encryption)


def spec() -> dict[str, Any]:
    """Answer the variable `keydeploy`, apart from the farm's name; secrets are references."""
    return {
        "machine_keys": {
            name: {
                part: f"{{{{ {VARIABLE}.machine_keys.{name}.{part} }}}}"
                for part in ("validation_key", "decryption_key")
            }
            for name in APPLICATIONS
        },
        "key_containers": {
            name: {"private_key": f"{{{{ {VARIABLE}.containers.{name}.pem }}}}", "readers": list(map(_account, pools))}
            for name, pools in CONTAINERS.items()
        },
        "certificates": {name: {**_declared(name), "readers": [_account(pool)]} for name, pool in CERTIFICATES.items()},
        "bindings": [{"site": SITE, "port": port, "certificate": name} for name, port in PORTS.items()],
        "applications": {name: _application(name) for name in APPLICATIONS},
    }


@cache
def vault() -> dict[str, Any]:
    """Answer the variable `VARIABLE`: the secrets, in the forms that one tool or another takes them."""
    return {
        "password": password(),
        "machine_keys": {
            name: {"validation_key": secrets.token_hex(64), "decryption_key": secrets.token_hex(32)}
            for name in APPLICATIONS
        },
        "containers": {
            name: {
                "pem": to_pem(take_over(rsa_key(name))).reveal().decode(),
                "xml": to_xml(take_over(rsa_key(name))).reveal().decode(),
            }
            for name in CONTAINERS
        },
        "certificates": {
            name: {
                "pfx": base64.b64encode(issued(name).pfx()).decode(),
                "certificate": pem(issued(name).certificate, *issued(name).chain),
                "private_key": to_pem(take_over(rsa_key(name))).reveal().decode(),
            }
            for name in CERTIFICATES
        },
    }


@cache
def password() -> str:
    """Answer the password of all PFX files."""
    return secrets.token_urlsafe(24)


@cache
def issued(name: str) -> Issued:
    """Answer the certificate of that *name*, of those declared and of their chain."""
    now = datetime.now(UTC)
    span = {"start": now - timedelta(days=1), "end": now + timedelta(days=365)}
    if name in CHAIN:
        issuer = None if name == CHAIN[-1] else (CHAIN[-1], CHAIN[-1])
        made = certificate(name, name, issuer, extensions=[authority()], **span)
        return Issued(certificate=made, key=rsa_key(name))
    if name == "session":
        use = usage("digitalSignature", "keyEncipherment")
        made = certificate(name, name, (CHAIN[0], CHAIN[0]), extensions=[use], **span)
        return Issued(certificate=made, key=rsa_key(name), chain=tuple(issued(each).certificate for each in CHAIN))
    return Issued(certificate=certificate(name, name, **span), key=rsa_key(name))


def _account(pool: str) -> str:
    return f"IIS AppPool\\{pool}"


def _declared(name: str) -> dict[str, str]:
    """Declare one certificate as PEM, and the others as PFX."""
    held = f"{VARIABLE}.certificates.{name}"
    if name == "portal":
        return {part: f"{{{{ {held}.{part} }}}}" for part in ("certificate", "private_key")}
    return {"pfx": f"{{{{ {held}.pfx }}}}", "password": f"{{{{ {VARIABLE}.password }}}}"}


def _application(name: str) -> dict[str, Any]:
    more: dict[str, dict[str, Any]] = {
        "portal": {"session_tokens": {"machine_key": "portal"}},
        "shop": {"session_tokens": {"certificate": "session"}},
        "wiki": {"protected_sections": {"container": "Configuration", "sections": ["connectionStrings"]}},
    }
    pool = {"load_user_profile": True, "set_profile_environment": True}
    return {"site": SITE, "path": f"/{name}", "machine_key": name, "app_pool": pool, **more.get(name, {})}
