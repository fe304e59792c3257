"""A key whose public half is known is opened when it is used, and not before."""

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from keydeploy.keys.rsa_key import RsaKey, take_over
from keydeploy.keys.unopened import UnopenedKey
from tests.keys.authorities import certificate
from tests.node.contract.material import rsa_key

KEY = take_over(rsa_key("session"))
DER = certificate("session", "session").public_bytes(Encoding.DER)


def unopened() -> tuple[UnopenedKey, list[RsaKey]]:
    """Answer the key, and a list that grows each time it is opened."""
    opened: list[RsaKey] = []

    def keys() -> Iterator[RsaKey]:
        while True:
            opened.append(KEY)
            yield KEY

    found = keys()
    return UnopenedKey(DER, lambda: next(found)), opened


@pytest.mark.parametrize("half", ["modulus", "exponent", "bits", "fingerprint"])
def test_its_public_half_is_told_without_opening_it(half: str) -> None:
    key, opened = unopened()
    assert getattr(key, half) == getattr(KEY, half)
    assert not opened


def test_it_is_opened_for_its_content_and_its_parts() -> None:
    key, opened = unopened()
    assert key.content == KEY.content
    assert key.parts() == KEY.parts()
    assert len(opened) == 2


@pytest.mark.parametrize("show", [str, repr, "{}".format])
def test_it_shows_nothing(show: object) -> None:
    key, opened = unopened()
    assert show(key) == "UnopenedKey()"  # type: ignore[operator]
    assert not opened
