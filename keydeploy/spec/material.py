"""Reads the key material that a declaration holds, each text once.

The members of a farm declare the same keys, and a rule, the comparison of members and the spec each need them read:
with hundreds of hosts, that would be thousands of times. What another process of the same run has opened need not be
opened here to know the certificate; see `seals`.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from keydeploy.errors import KeyMaterialError
from keydeploy.keys import certificate, rsa_key
from keydeploy.keys.certificate import Certificate
from keydeploy.keys.rsa_key import RsaKey
from keydeploy.keys.unopened import UnopenedKey

_REMEMBERED = 256

_Texts = tuple[str | None, ...]
_known: dict[_Texts, Certificate] = {}
"""By what is declared; the key of each is opened when it is used."""

T = TypeVar("T")


def private_key(text: str, password: str | None) -> RsaKey:
    """Read an RSA private key; raises `KeyMaterialError`."""
    return _required(_private_key(text, password))


def installed_certificate(value: Mapping[str, Any]) -> Certificate:
    """Read the certificate that *value* declares as `pfx`, or as `certificate` and `private_key`.

    Raises `KeyMaterialError`.
    """
    return _known.get(_texts(value)) or _opened(value)


def know(value: Mapping[str, Any], members: Sequence[bytes]) -> None:
    """Remember which certificate *value* declares: *members* are the DER of it and of its chain, from below.

    The caller knows from somebody who has opened it that *value* is right.
    """
    der, *chain = members
    key = UnopenedKey(der, lambda: _opened(value).key)
    _known[_texts(value)] = Certificate(der=der, key=key, chain=tuple(chain))


def forget() -> None:
    """Forget what `know` was told."""
    _known.clear()


def _texts(value: Mapping[str, Any]) -> _Texts:
    return tuple(value.get(name) for name in ("pfx", "certificate", "private_key", "password"))


def _opened(value: Mapping[str, Any]) -> Certificate:
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
