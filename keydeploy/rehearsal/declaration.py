"""What a host declares, in stand-ins: the form of the spec with keys and certificates of the rehearsal.

Only what is known to be no secret is taken over as it is. What would reach outside, such as health checks and load
balancers, is left out.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from keydeploy.keys import rsa_key
from keydeploy.keys.certificate import Certificate
from keydeploy.keys.rsa_key import RsaKey
from keydeploy.rehearsal.certificates import Certificates, thumbprint_on
from keydeploy.rehearsal.keys import Keys
from keydeploy.rehearsal.shelf import Shelf
from keydeploy.rehearsal.stand_in import StandIns
from keydeploy.spec.model import Spec

_SETTINGS: Final = ("farm", "applications", "bindings", "machine", "smart_cards")
"""Hold no secret at all."""
_OF_MACHINE_KEY: Final = ("validation", "decryption", "compatibility_mode", "data_protector_type", "application_name")
_OF_CONTAINER: Final = ("provider_type", "exportable", "readers", "state")
_OF_CERTIFICATE: Final = ("store", "exportable", "readers", "friendly_name", "state")
_OUTSIDE: Final = ("health", "drain", "undrain")


def left_out(value: Mapping[str, Any]) -> tuple[str, ...]:
    """Answer the addresses in the declaration *value* that would reach outside of a rehearsal."""
    return tuple(f"rollout.{name}" for name in _OUTSIDE if name in value.get("rollout", {}))


def in_stand_ins(
    value: Mapping[str, Any], spec: Spec, made: StandIns, keys: Keys, certificates: Certificates
) -> dict[str, Any]:
    """Answer the declaration *value*, which holds *spec*, in stand-ins."""
    rollout = value.get("rollout", {})
    found: dict[str, Any] = {name: value[name] for name in _SETTINGS if name in value}
    found["rollout"] = {name: each for name, each in rollout.items() if name not in _OUTSIDE}
    found["machine_keys"] = dict(_machine_keys(value.get("machine_keys", {}), made))
    found["key_containers"] = {
        name: _kept(each, _OF_CONTAINER)
        | _pem("private_key", keys, spec.key_containers[name].private_key)
        | _pem("previous_key", keys, spec.key_containers[name].previous_key)
        for name, each in value.get("key_containers", {}).items()
    }
    found["certificates"] = {
        name: _kept(each, _OF_CERTIFICATE) | _certificate(spec, name, made, certificates)
        for name, each in value.get("certificates", {}).items()
    }
    return found


def settled(declared: dict[str, Any], shelf: Shelf) -> dict[str, Any]:
    """Answer what `in_stand_ins` answered, with the thumbprints of certificates that nodes were found to have.

    They are known once the nodes have been copied.
    """
    certificates = {
        name: each | {"thumbprint": thumbprint_on(shelf, each["thumbprint"])} if "thumbprint" in each else each
        for name, each in declared["certificates"].items()
    }
    return declared | {"certificates": certificates}


def _kept(value: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value[name] for name in names if name in value}


def _machine_keys(declared: Mapping[str, Any], made: StandIns) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, key in declared.items():
        secrets = {each: made.hexadecimal(key[each]) for each in ("validation_key", "decryption_key")}
        yield name, _kept(key, _OF_MACHINE_KEY) | secrets


def _pem(name: str, keys: Keys, key: RsaKey | None) -> dict[str, str]:
    return {} if key is None else {name: rsa_key.to_pem(keys.of(key)).reveal().decode()}


def _certificate(spec: Spec, name: str, made: StandIns, certificates: Certificates) -> dict[str, str]:
    declared = spec.certificates[name]
    if declared.certificate is None:
        return {"thumbprint": made.hexadecimal(declared.thumbprint)}
    stand_in: Certificate = certificates.declared(declared.certificate)
    ders = (stand_in.der, *stand_in.chain)
    texts = (x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode() for der in ders)
    return {"certificate": "".join(texts), "private_key": rsa_key.to_pem(stand_in.key).reveal().decode()}
