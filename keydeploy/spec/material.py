"""Reads the key material that a declaration holds, each text once.

The members of a farm declare the same keys, and a rule, the comparison of members and the spec each need them read:
with hundreds of hosts, that would be thousands of times.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar

from keydeploy.errors import KeyMaterialError
from keydeploy.keys import certificate, rsa_key
from keydeploy.keys.certificate import Certificate
from keydeploy.keys.rsa_key import RsaKey

_REMEMBERED = 256

T = TypeVar("T")


def private_key(text: str, password: str | None) -> RsaKey:
    """Read an RSA private key; raises `KeyMaterialError`."""
    return _required(_private_key(text, password))


def installed_certificate(value: Mapping[str, Any]) -> Certificate:
    """Read the certificate that *value* declares as `pfx`, or as `certificate` and `private_key`.

    Raises `KeyMaterialError`.
    """
    password = value.get("password")
    if "pfx" in value:
        return _required(_pfx(value["pfx"], password))
    return _required(_pem(value["certificate"], value["private_key"], password))


@lru_cache(maxsize=_REMEMBERED)
def _private_key(text: str, password: str | None) -> RsaKey | KeyMaterialError:
    try:
        return rsa_key.load(text, password)
    except KeyMaterialError as error:
        return error


@lru_cache(maxsize=_REMEMBERED)
def _pfx(text: str, password: str | None) -> Certificate | KeyMaterialError:
    try:
        return certificate.load_pfx(text, password)
    except KeyMaterialError as error:
        return error


@lru_cache(maxsize=_REMEMBERED)
def _pem(text: str, key: str, password: str | None) -> Certificate | KeyMaterialError:
    try:
        return certificate.load_pem(text, key, password)
    except KeyMaterialError as error:
        return error


def _required(found: T | KeyMaterialError) -> T:
    if isinstance(found, KeyMaterialError):
        raise KeyMaterialError(found.message, hint=found.hint)
    return found
