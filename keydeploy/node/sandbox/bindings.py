"""HTTPS bindings of a sandbox node: those of applicationHost.config, and http.sys' certificates in `http_sys.json`.

    {"0.0.0.0:443": {"thumbprint": "00…", "store": "My"}, "portal.example.com:443": {…}}

What else a record holds is kept.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from keydeploy.errors import NodeError
from keydeploy.node.contract import BindingList, BindingState, BoundCertificate, StageBinding
from keydeploy.node.contract.answers import StoreName
from keydeploy.node.contract.codec import decode, encode
from keydeploy.node.sandbox.application_host import ApplicationHost, below
from keydeploy.node.sandbox.certificates import Certificates
from keydeploy.node.sandbox.change import Change, Content, Staging
from keydeploy.node.sandbox.json_file import discard_new, read_json, write_json

_SNI, _CENTRAL_STORE = 1, 2
_ANY = "0.0.0.0"  # noqa: S104 - http.sys' word for all addresses; nothing listens here
_INFORMATION = re.compile(r"(.*):(\d+):([^:]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """An HTTPS binding as IIS has it."""

    site: str
    address: str
    port: int
    host: str
    flags: int

    @property
    def record(self) -> str:
        """Answer where http.sys looks for the certificate."""
        if self.flags & _SNI:
            return f"{self.host.lower()}:{self.port}"
        return f"{_ANY if self.address == '*' else self.address}:{self.port}"

    def is_at(self, other: "Binding") -> bool:
        """Tell whether *other* is the same binding, whatever its flags and the case of its names."""
        return self._key() == other._key()

    def _key(self) -> tuple[str, str, int, str]:
        return self.site.lower(), self.address.lower(), self.port, self.host.lower()


class Bindings:
    """The bindings of *host*; http.sys' records lie in the folder *root*, their certificates in *certificates*."""

    def __init__(self, root: Path, host: ApplicationHost, certificates: Certificates) -> None:
        self._file = root / "http_sys.json"
        self._host = host
        self._certificates = certificates

    def list_all(self) -> BindingList:
        """List the HTTPS bindings of all sites."""
        return BindingList(bindings=tuple(self._state(binding) for binding in self._all()))

    def stage(self, operation: StageBinding) -> Staging:
        """Prepare the certificate of a binding; raises `NodeError` where http.sys is not told one for it."""
        asked = Binding(
            site=operation.site, address=operation.address, port=operation.port, host=operation.host, flags=0
        )
        found = self.find(asked)
        if found is not None and found.flags & _CENTRAL_STORE:
            raise NodeError("unsupported", "the binding takes its certificate from the central certificate store")
        return Staging(
            change=BindingChange(self, found or asked),
            is_as_observed=lambda shown: shown is not None and _same(_of(shown), operation.before),
            before=lambda shown: shown,
            after=lambda _shown: _content(operation.after),
        )

    def of(self, target: dict[str, Any]) -> "BindingChange":
        """Answer the change of the binding that the journal names."""
        binding: Binding = decode(Binding, target)
        return BindingChange(self, binding)

    def find(self, binding: Binding) -> Binding | None:
        """Answer the binding as IIS has it now."""
        return next((found for found in self._all() if found.is_at(binding)), None)

    def certificate(self, binding: Binding) -> BoundCertificate | None:
        """Answer the certificate that http.sys uses."""
        record = self._records().get(binding.record)
        return None if record is None else BoundCertificate(thumbprint=record["thumbprint"], store=record["store"])

    def put(self, binding: Binding, certificate: BoundCertificate | None) -> None:
        """Let http.sys use *certificate*, which must be in its store with a key that is usable."""
        records = self._records()
        before = records.pop(binding.record, {})
        if certificate is not None:
            self._require_usable(certificate)
            records[binding.record] = {**before, **encode(certificate)}
        write_json(self._file, records)

    def tidy(self) -> None:
        """Remove what a crash may have left beside the records."""
        discard_new(self._file)

    def _require_usable(self, certificate: BoundCertificate) -> None:
        # Windows answers 0x80070520 here, which means that http.sys finds no key.
        store = next((name for name in get_args(StoreName) if name.lower() == certificate.store.lower()), None)
        stored = None if store is None else self._certificates.stored(store, certificate.thumbprint.upper())
        if stored is None or not self._certificates.proves(stored):
            raise NodeError("key", "the certificate for a binding is not in the store, or its key is not usable")

    def _state(self, binding: Binding) -> BindingState:
        is_central = bool(binding.flags & _CENTRAL_STORE)
        certificate = None if is_central else self.certificate(binding)
        return BindingState(**encode(binding), certificate=certificate)

    def _all(self) -> Iterator[Binding]:
        root = self._host.read()
        for site in below(root, "sites", "site"):
            for binding in site.iterfind("bindings/binding"):
                found = _INFORMATION.fullmatch(binding.get("bindingInformation", ""))
                if found and binding.get("protocol", "").lower() == "https":
                    yield Binding(
                        site=site.get("name", ""),
                        address=found[1] or "*",
                        port=int(found[2]),
                        host=found[3],
                        flags=int(binding.get("sslFlags", "0")),
                    )

    def _records(self) -> dict[str, dict[str, Any]]:
        return read_json(self._file) or {}


class BindingChange(Change):
    """The certificate of a binding. The content is JSON's null where there is none, and nothing without the binding."""

    noun = "binding"

    def __init__(self, bindings: Bindings, binding: Binding) -> None:
        self._bindings = bindings
        self._binding = binding

    def place(self) -> str:
        return f"binding {self._binding.record}"

    def target(self) -> dict[str, Any]:
        target: dict[str, Any] = encode(self._binding)
        return target

    def show(self) -> Content:
        is_there = self._bindings.find(self._binding) == self._binding
        return _content(self._bindings.certificate(self._binding)) if is_there else None

    def same(self, shown: Content, kept: Content) -> bool:
        return shown is not None and kept is not None and _same(_of(shown), _of(kept))

    def tidy(self) -> None:
        self._bindings.tidy()

    def put(self, kept: Content) -> None:
        if kept is not None and not self.same(self.show(), kept):
            self._bindings.put(self._binding, _of(kept))


def _same(one: BoundCertificate | None, other: BoundCertificate | None) -> bool:
    return _key(one) == _key(other)


def _key(certificate: BoundCertificate | None) -> tuple[str, str] | None:
    return None if certificate is None else (certificate.thumbprint.upper(), certificate.store.upper())


def _content(certificate: BoundCertificate | None) -> bytes:
    return json.dumps(encode(certificate)).encode()


def _of(content: bytes) -> BoundCertificate | None:
    certificate: BoundCertificate | None = decode(BoundCertificate | None, json.loads(content))
    return certificate
