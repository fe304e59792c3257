"""A secret is never shown, whatever Python is asked to do with it."""

import copy
import dataclasses
import hashlib
import hmac
import io
import json
import logging
import pickle
import pprint
import sys
import traceback
from collections.abc import Callable
from string import Template

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keydeploy.errors import KeyMaterialError
from keydeploy.secret import Secret, derive_key

MARK = "MARKED-5ec2e7"
SECRET = Secret.of(MARK)


@dataclasses.dataclass(frozen=True)
class Holder:
    name: str
    secret: Secret


def assert_hidden(shown: str) -> None:
    assert "<secret>" in shown
    assert_not_in(shown)


def assert_not_in(shown: str) -> None:
    for form in (MARK, MARK.encode().hex(), "MARKED", "5ec2e7"):
        assert form.lower() not in shown.lower()


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        ascii,
        format,
        pprint.pformat,
        lambda secret: f"{secret}",
        lambda secret: f"{secret!r} {secret!s} {secret!a}",
        lambda secret: f"{secret:>40} {secret:x}",
        lambda secret: "{} {:s}".format(secret, secret),  # noqa: UP032
        lambda secret: "%s" % secret,  # noqa: UP031
        lambda secret: "%r %40s" % (secret, secret),  # noqa: UP031
        lambda secret: Template("$secret").substitute(secret=secret),
        lambda secret: str([secret]) + str({"key": secret}) + str((secret,)),
        lambda secret: repr(Holder("name", secret)),
        lambda secret: str(ValueError("refused", secret)),
        lambda secret: json.dumps({"key": secret}, default=str),
    ],
)
def test_every_way_to_text_gives_the_same_mask(show: Callable[[object], str]) -> None:
    assert_hidden(show(SECRET))


@pytest.mark.parametrize(
    "take",
    [
        *(lambda secret, n=n: pickle.dumps(secret, n) for n in range(pickle.HIGHEST_PROTOCOL + 1)),
        lambda secret: pickle.dumps(Holder("name", secret)),
        copy.copy,
        copy.deepcopy,
        lambda secret: copy.deepcopy({"key": [secret]}),
        lambda secret: dataclasses.asdict(Holder("name", secret)),
        json.dumps,
        lambda secret: json.dumps({"key": secret}),
        bytes,
        bytearray,
        list,
        vars,
        hash,
        len,
        sorted,
        lambda secret: "".join(["key=", secret]),
        lambda secret: b"key=" + secret,
        lambda secret: secret + secret,
        lambda secret: secret < secret,  # noqa: PLR0124
    ],
)
def test_every_way_to_a_copy_is_refused_without_a_word_of_it(take: Callable[[object], object]) -> None:
    with pytest.raises(TypeError) as caught:
        take(SECRET)
    assert_not_in("".join(traceback.format_exception(caught.value)))


def test_a_log_record_shows_the_mask_only() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s %(args)s %(key)s"))
    logger = logging.Logger("a logger that nobody else configures")
    logger.addHandler(handler)
    logger.warning("key %s is %r", SECRET, SECRET, extra={"key": SECRET})
    assert_hidden(stream.getvalue())
    try:
        raise ValueError(SECRET)
    except ValueError:
        logger.exception("failed", extra={"key": SECRET})
    assert "ValueError: <secret>" in stream.getvalue()
    assert_not_in(stream.getvalue())


def test_a_traceback_shows_the_mask_only_even_with_its_local_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sys, "tracebacklimit", raising=False)  # ansible-builder sets it for its whole process

    def fail(secret: Secret) -> None:
        holder = Holder("name", secret)
        raise RuntimeError("refused", holder)

    with pytest.raises(RuntimeError) as caught:
        fail(SECRET)
    report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    shown = "".join(report.format())
    assert "holder = " in shown
    assert "secret = <secret>" in shown
    assert_hidden(shown)


def test_a_secret_takes_no_further_attribute() -> None:
    with pytest.raises(AttributeError):
        SECRET.note = "x"  # type: ignore[attr-defined]


@settings(derandomize=True)
@given(st.binary())
def test_reveal_answers_the_bytes(content: bytes) -> None:
    assert Secret(content).reveal() == content


@settings(derandomize=True)
@given(st.text(st.characters(codec="utf-8")))
def test_text_is_taken_as_utf_8(text: str) -> None:
    assert Secret.of(text).reveal().decode() == text


def test_text_that_utf_8_cannot_hold_is_refused_without_quoting_it() -> None:
    with pytest.raises(KeyMaterialError, match="lone surrogate") as caught:
        Secret.of(MARK + "\udcff")
    assert "udcff" not in str(caught.value)
    assert_not_in(str(caught.value))
    assert caught.value.__suppress_context__


@settings(derandomize=True)
@given(st.binary(), st.binary())
def test_secrets_are_equal_when_their_bytes_are(left: bytes, right: bytes) -> None:
    assert (Secret(left) == Secret(right)) is (left == right)
    assert Secret(left) == Secret(left)


@pytest.mark.parametrize("other", [MARK, MARK.encode(), None])
def test_a_secret_does_not_equal_its_own_text(other: object) -> None:
    assert other != SECRET


def test_a_tag_is_the_hmac_sha256_of_rfc_4231() -> None:
    tag = Secret(b"Hi There").tag(Secret(b"\x0b" * 20))
    assert tag == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"


def test_a_tag_recognises_equal_secrets_under_one_key_only() -> None:
    first, second = Secret(b"first key"), Secret(b"second key")
    assert SECRET.tag(first) == Secret.of(MARK).tag(first)
    assert SECRET.tag(first) != Secret.of(MARK + "!").tag(first)
    assert SECRET.tag(first) != SECRET.tag(second)


def test_a_tag_is_keyed_with_the_content_of_the_key() -> None:
    assert SECRET.tag(Secret(b"key")) == hmac.digest(b"key", MARK.encode(), hashlib.sha256).hex()


SECRETS = st.lists(st.binary(max_size=4), max_size=4)


@settings(derandomize=True)
@given(SECRETS, SECRETS)
def test_another_list_of_secrets_derives_another_key(left: list[bytes], right: list[bytes]) -> None:
    keys = [derive_key([Secret(content) for content in contents], "tags") for contents in (left, right)]
    assert (keys[0] == keys[1]) is (left == right)
    assert len(keys[0].reveal()) == 32


@pytest.mark.parametrize(
    ("left", "right"),
    [([b"ab", b"c"], [b"a", b"bc"]), ([b"a", b"b"], [b"b", b"a"]), ([b""], []), ([b"a"], [b"a", b"a"])],
    ids=["border", "order", "empty", "repetition"],
)
def test_border_order_and_number_of_the_secrets_count(left: list[bytes], right: list[bytes]) -> None:
    assert derive_key([Secret(c) for c in left], "tags") != derive_key([Secret(c) for c in right], "tags")


def test_another_purpose_derives_another_key() -> None:
    assert derive_key([SECRET], "tags") != derive_key([SECRET], "locks")
