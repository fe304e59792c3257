"""What is sealed for a run is opened by that run alone, and only as the sender's."""

import base64
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keydeploy.adoption.sealing import Receiver, seal
from keydeploy.errors import KeyMaterialError
from keydeploy.secret import Secret

CLEAR = Secret(b"5EC2E7" * 10)


@given(st.binary())
def test_what_is_sealed_is_opened(content: bytes) -> None:
    receiver = Receiver()
    assert receiver.open(seal(Secret(content), receiver.public, "web1"), "web1") == Secret(content)


def test_it_holds_nothing_of_the_secret_and_is_another_one_each_time() -> None:
    receiver = Receiver()
    first, second = (base64.b64decode(seal(CLEAR, receiver.public, "web1")) for _ in range(2))
    assert first != second
    assert b"5EC2E7" not in first
    assert len(first) == 32 + len(CLEAR.reveal()) + 16


def test_nobody_else_opens_it() -> None:
    receiver = Receiver()
    sealed = seal(CLEAR, receiver.public, "web1")
    with pytest.raises(KeyMaterialError, match="what web1 sealed cannot be opened"):
        Receiver().open(sealed, "web1")
    with pytest.raises(KeyMaterialError, match="what web2 sealed cannot be opened"):
        receiver.open(sealed, "web2")


@given(st.integers(0, 107), st.integers(1, 255))
def test_one_changed_byte_is_noticed(position: int, by: int) -> None:
    receiver = Receiver()
    content = bytearray(base64.b64decode(seal(CLEAR, receiver.public, "web1")))
    assert len(content) == 108
    content[position] ^= by
    with pytest.raises(KeyMaterialError):
        receiver.open(base64.b64encode(content).decode(), "web1")


@pytest.mark.parametrize("sealed", ["", "AAAA", "not base64!", base64.b64encode(bytes(200)).decode()])
def test_anything_else_is_refused(sealed: str) -> None:
    with pytest.raises(KeyMaterialError):
        Receiver().open(sealed, "web1")


@pytest.mark.parametrize("public", ["", "AAAA", "not base64!", base64.b64encode(bytes(32)).decode()])
def test_there_is_no_sealing_for_what_is_no_key(public: str) -> None:
    with pytest.raises(KeyMaterialError, match="the key to seal for is none"):
        seal(CLEAR, public, "web1")


def test_the_private_half_is_not_handed_on() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Receiver())
