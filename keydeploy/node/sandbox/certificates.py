"""Certificates of a sandbox node: one JSON file each in `certificates/STORE/`, with its link to a key."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from keydeploy.errors import NodeError
from keydeploy.node.contract import (
    CertificateKey,
    CertificateList,
    CertificateState,
    ListCertificates,
    SeenCertificate,
    StageCertificate,
    StoredCertificate,
)
from keydeploy.node.contract.codec import decode, encode
from keydeploy.node.sandbox import rsa_keys
from keydeploy.node.sandbox.change import Change, Content, Staging
from keydeploy.node.sandbox.containers import PROVIDERS, Containers
from keydeploy.node.sandbox.json_file import discard_new, read_json, write_json

_ALGORITHMS = {"1.2.840.113549.1.1.1": "RSA", "1.2.840.10045.2.1": "EC"}
_NAMES = {
    "2.5.4.3": "CN",
    "2.5.4.5": "SERIALNUMBER",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "S",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "T",
    "2.5.4.4": "SN",
    "2.5.4.13": "Description",
    "2.5.4.17": "PostalCode",
    "2.5.4.18": "POBox",
    "2.5.4.20": "Phone",
    "2.5.4.42": "G",
    "2.5.4.43": "I",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "E",
}
"""How Windows calls the parts of a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The key that a certificate in a store refers to, whether or not it is there."""

    container: str
    provider: str
    provider_type: int
    key_number: int
    machine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A certificate in a store."""

    der: bytes
    friendly_name: str | None
    link: Link | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A certificate as the journal keeps it."""

    stored: Stored
    must_prove: bool
    """What a run puts must prove its key; what goes back shall be as it was, usable or not."""


class Certificates:
    """The stores of LocalMachine of the node in the folder *root*; *containers* hold the keys."""

    def __init__(self, root: Path, containers: Containers) -> None:
        self._folder = root / "certificates"
        self._containers = containers

    def list_store(self, operation: ListCertificates) -> CertificateList:
        """List a store, and try the keys that shall be proved."""
        prove = {thumbprint.upper() for thumbprint in operation.prove}
        files = sorted((self._folder / operation.store).glob("*.json"))
        states = (self._state(_stored(read_json(file)), is_proved=file.stem in prove) for file in files)
        return CertificateList(store=operation.store, certificates=tuple(states))

    def stage(self, operation: StageCertificate) -> Staging:
        """Prepare a certificate; raises `NodeError` where it is another one, or none for this store."""
        after = None if operation.after is None else _content(_wanted(operation, operation.after), must_prove=True)
        return Staging(
            change=CertificateChange(self, operation.store, operation.thumbprint.upper()),
            is_as_observed=lambda shown: _seen(shown) == operation.before,
            before=lambda shown: shown,
            after=lambda _shown: after,
            early=operation.early,
        )

    def of(self, target: dict[str, Any]) -> "CertificateChange":
        """Answer the change of the certificate that the journal names."""
        return CertificateChange(self, target["store"], target["thumbprint"])

    def stored(self, store: str, thumbprint: str) -> Stored | None:
        """Answer a certificate of a store."""
        value = read_json(self._file(store, thumbprint))
        return None if value is None else _stored(value)

    def put(self, store: str, thumbprint: str, stored: Stored) -> None:
        """Let the store hold *stored*."""
        write_json(self._file(store, thumbprint), encode(stored))

    def remove(self, store: str, thumbprint: str) -> None:
        """Remove a certificate; its key stays."""
        self._file(store, thumbprint).unlink(missing_ok=True)

    def tidy(self, store: str, thumbprint: str) -> None:
        """Remove what a crash may have left beside the certificate."""
        discard_new(self._file(store, thumbprint))

    def proves(self, stored: Stored) -> bool:
        """Tell whether the linked key is there, and is the certificate's, by signing with it."""
        held = None if stored.link is None else self._containers.held(stored.link.container)
        public_key = x509.load_der_x509_certificate(stored.der).public_key()
        if held is None or held.key is None or not isinstance(public_key, rsa.RSAPublicKey):
            return False
        return rsa_keys.proves(held.key, public_key)

    def _state(self, stored: Stored, *, is_proved: bool) -> CertificateState:
        certificate = x509.load_der_x509_certificate(stored.der)
        return CertificateState(
            thumbprint=_thumbprint(stored.der),
            subject=_text(certificate.subject),
            issuer=_text(certificate.issuer),
            not_before=certificate.not_valid_before_utc.timestamp(),
            not_after=certificate.not_valid_after_utc.timestamp(),
            algorithm=_algorithm(certificate),
            friendly_name=stored.friendly_name,
            key=None if stored.link is None else self._key(stored, stored.link, is_proved=is_proved),
        )

    def _key(self, stored: Stored, link: Link, *, is_proved: bool) -> CertificateKey:
        """Answer what a link tells; its key is opened only where it shall be proved."""
        asked = is_proved and link.machine
        held = self._containers.held(link.container) if asked else None
        return CertificateKey(
            container=link.container,
            provider=link.provider,
            provider_type=link.provider_type,
            key_number=link.key_number,
            machine=link.machine,
            usable=self.proves(stored) if asked else None,
            sddl=held.sddl if held else None,
        )

    def _file(self, store: str, thumbprint: str) -> Path:
        return self._folder / store / f"{thumbprint}.json"


class CertificateChange(Change):
    """A certificate in a store."""

    noun = "certificate"

    def __init__(self, certificates: Certificates, store: str, thumbprint: str) -> None:
        self._certificates = certificates
        self._store = store
        self._thumbprint = thumbprint

    def place(self) -> str:
        return f"certificate {self._store} {self._thumbprint}"

    def target(self) -> dict[str, Any]:
        return {"store": self._store, "thumbprint": self._thumbprint}

    def show(self) -> Content:
        stored = self._certificates.stored(self._store, self._thumbprint)
        return None if stored is None else _content(stored, must_prove=False)

    def same(self, shown: Content, kept: Content) -> bool:
        """Compare what a request can see: the same thumbprint is the same certificate."""
        return _seen(shown) == _seen(kept)

    def tidy(self) -> None:
        self._certificates.tidy(self._store, self._thumbprint)

    def put(self, kept: Content) -> None:
        if kept is None:
            self._certificates.remove(self._store, self._thumbprint)
            return
        held = _kept(kept)
        if held.must_prove and held.stored.link is not None and not self._certificates.proves(held.stored):
            raise NodeError("key", "the linked key is missing, or is not the certificate's")
        self._certificates.put(self._store, self._thumbprint, held.stored)


def _wanted(operation: StageCertificate, after: StoredCertificate) -> Stored:
    """Answer what shall lie in the store; raises `NodeError` where it may not."""
    try:
        certificate = x509.load_der_x509_certificate(after.der)
    except ValueError:
        raise NodeError("key", "the certificate is damaged") from None
    if _thumbprint(after.der) != operation.thumbprint.upper():
        raise NodeError("key", "the certificate has another thumbprint")
    is_self_signed = certificate.subject == certificate.issuer
    if is_self_signed != (operation.store == "Root") and operation.store != "My":
        raise NodeError("key", "Root is for self-signed certificates alone, and CA for the others")
    if after.container is None:
        return Stored(der=after.der, friendly_name=after.friendly_name or None, link=None)
    if _algorithm(certificate) != "RSA" or after.provider_type not in PROVIDERS:
        raise NodeError("unsupported", "only an RSA key in a container of CryptoAPI can be linked to a certificate")
    link = Link(
        container=after.container,
        provider=PROVIDERS[after.provider_type],
        provider_type=after.provider_type,
        key_number=1,
        machine=True,
    )
    return Stored(der=after.der, friendly_name=after.friendly_name or None, link=link)


def _seen(content: Content) -> SeenCertificate | None:
    if content is None:
        return None
    stored = _kept(content).stored
    container = stored.link.container if stored.link else None
    return SeenCertificate(container=container, friendly_name=stored.friendly_name)


def _thumbprint(der: bytes) -> str:
    return hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()


def _algorithm(certificate: x509.Certificate) -> str:
    identifier = certificate.public_key_algorithm_oid.dotted_string
    return _ALGORITHMS.get(identifier, identifier)


def _text(name: x509.Name) -> str:
    """Write a name as Windows does: the most specific part first."""
    return ", ".join(" + ".join(_part(attribute) for attribute in part) for part in reversed(name.rdns))


def _part(attribute: "x509.NameAttribute[str | bytes]") -> str:
    identifier = attribute.oid.dotted_string
    value = attribute.value if isinstance(attribute.value, str) else "#" + attribute.value.hex().upper()
    if value != value.strip() or any(character in value for character in ',+="\n<>#;') or not value:
        value = '"' + value.replace('"', '""') + '"'
    return f"{_NAMES.get(identifier, f'OID.{identifier}')}={value}"


def _content(stored: Stored, *, must_prove: bool) -> bytes:
    return json.dumps(encode(Kept(stored=stored, must_prove=must_prove))).encode()


def _kept(content: bytes) -> Kept:
    kept: Kept = decode(Kept, json.loads(content))
    return kept


def _stored(value: Any) -> Stored:
    stored: Stored = decode(Stored, value)
    return stored
