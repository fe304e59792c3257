"""New key material as what an inventory keeps: the spec's own fields, as YAML or JSON for a file of variables.

The day is an argument. A text that holds a key is a `Secret` until somebody prints or encrypts it.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from keydeploy import yaml_text
from keydeploy.keys.certificate import Certificate
from keydeploy.keys.machine_key import OMIT, MachineKey
from keydeploy.keys.pem import base64_text
from keydeploy.keys.pfx import sealed
from keydeploy.keys.rsa_key import RsaKey, to_pem
from keydeploy.secret import Secret

Value = str | Secret
Fields = Mapping[str, "Value | Mapping[str, Value]"]
"""Names and what stands under them, two levels at most: a variable, and the fields of the spec in it."""
_WIDTH = 76
"""Letters of base64 in a line, as `base64` writes it."""


def of_machine_key(key: MachineKey, created: date) -> dict[str, Value]:
    """Answer the fields of a machine key that was made on the day *created* (UTC)."""
    return {
        "validation": key.validation,
        "decryption": key.decryption,
        "compatibility_mode": key.compatibility_mode or OMIT,
        "validation_key": key.validation_key,
        "decryption_key": key.decryption_key,
        "created": created.isoformat(),
    }


def of_rsa_key(key: RsaKey, created: date) -> dict[str, Value]:
    """Answer the fields of a key container whose key was made on the day *created* (UTC)."""
    return {"private_key": to_pem(key), "created": created.isoformat()}


def of_certificate(certificate: Certificate, password: Secret) -> dict[str, Secret]:
    """Answer the fields of a certificate: a PFX that *password* opens, and the password."""
    made = sealed(certificate.der, certificate.key, certificate.chain, password)
    return {"pfx": _base64_lines(made), "password": password}


def _base64_lines(content: Secret) -> Secret:
    """Write *content* in base64, in lines as `base64` has them, the last one ended too."""
    text = base64_text(content.reveal())
    return Secret.of("".join(f"{text[start : start + _WIDTH]}\n" for start in range(0, len(text), _WIDTH)))


def as_yaml(fields: Fields) -> Secret:
    """Write *fields* as YAML, a text of several lines as a block."""
    return Secret.of(yaml_text.as_yaml(_plain(fields)))


def as_json(fields: Fields) -> Secret:
    """Write *fields* as JSON, which Ansible reads as a file of variables too."""
    return Secret.of(json.dumps(_plain(fields), indent=2, ensure_ascii=False) + "\n")


def _plain(fields: Fields) -> dict[str, Any]:
    return dict(_each(fields))


def _each(fields: Fields) -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        match value:
            case Secret():
                yield name, value.reveal().decode()
            case str():
                yield name, value
            case _:
                yield name, _plain(value)
