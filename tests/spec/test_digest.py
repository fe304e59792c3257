"""The digest of a spec: equal where the members of a farm agree, and only there."""

from collections.abc import Callable
from typing import Any

import pytest

from keydeploy.spec import Declaration, Spec, load

KEY = {"validation_key": "A9" * 64, "decryption_key": "5C" * 32}


def spec(**changes: Any) -> Spec:
    value: dict[str, Any] = {
        "machine_keys": {"portal": KEY, "other": KEY},
        "applications": {"portal": {"site": "Default Web Site", "path": "/", "machine_key": "portal"}},
        "rollout": {"grace": "2s", "health": {"url": "http://web1/health"}},
    }
    return load(Declaration(host="web1", value={**value, **changes}))


@pytest.mark.parametrize(
    "changes",
    [
        {"machine_keys": {"portal": {**KEY, "validation_key": "A8" * 64}, "other": KEY}},
        {"machine_keys": {"portal": {**KEY, "validation": "SHA1"}, "other": KEY}},
        {"machine_keys": {"portal": {**KEY, "compatibility_mode": "omit"}, "other": KEY}},
        {"machine_keys": {"portal": KEY, "third": KEY}},
        {"machine_keys": {"portal": KEY, "other": KEY, "third": KEY}},
        {"applications": {}},
        {"applications": {"portal": {"site": "Default Web Site", "path": "/", "machine_key": "other"}}},
        {"rollout": {"grace": "3s"}},
        {"rollout": {"require": {"all_but": ["web2"]}}},
        {"rollout": {"backups": {"keep": 4}}},
        {"rollout": {"backups": {"for": "29d"}}},
        {"rollout": {"commit": "waves"}},
        {"smart_cards": {"transaction_timeout": "100ms"}},
        {"smart_cards": {"transaction_timeout": {"ksp": "100ms"}}},
    ],
)
def test_what_members_must_agree_on_changes_it(changes: dict[str, Any]) -> None:
    assert spec(**changes).digest() != spec().digest()


@pytest.mark.parametrize(
    "changes",
    [
        {"machine_keys": {"other": KEY, "portal": {**KEY, "validation": "HMACSHA256", "decryption": "AES"}}},
        {"applications": {"portal": {"web_config": "C:\\portal\\web.config", "machine_key": "portal"}}},
        {"rollout": {"grace": "2000ms", "lease": "1m", "health": {"url": "http://web2/health", "expect": 204}}},
        {"rollout": {"require": {"all_but": []}, "backups": {"keep": 5, "for": "720h"}, "commit": "together"}},
    ],
)
def test_what_is_a_members_own_or_only_written_otherwise_does_not(changes: dict[str, Any]) -> None:
    assert spec(**changes).digest() == spec().digest()


@pytest.mark.parametrize(
    ("waves", "same"),
    [
        ({"canary": 1, "fractions": ["25.0%"], "pause": "0ms", "tolerate": 0}, True),
        ({"canary": 2}, False),
        ({"fractions": []}, False),
        ({"fractions": ["25%", "50%"]}, False),
        ({"pause": "1h"}, False),
        ({"tolerate": 1}, False),
    ],
)
def test_how_waves_go_is_agreed_on_and_who_takes_a_node_out_is_not(waves: dict[str, Any], same: bool) -> None:
    own = {"drain": {"tasks": "drain.yml"}, "undrain": {"url": "http://balancer/in"}}
    other = spec(rollout={"commit": "waves", "waves": waves, **own})
    assert (other.digest() == spec(rollout={"commit": "waves"}).digest()) is same


@pytest.mark.parametrize("show", [str, repr, lambda spec: spec.digest(), lambda spec: f"{spec.shared}"])
def test_nothing_that_can_be_shown_holds_a_key(show: Callable[[Spec], str]) -> None:
    assert KEY["decryption_key"] not in show(spec()).upper()
    assert KEY["validation_key"] not in show(spec()).upper()


def test_a_farm_without_secrets_has_a_digest_and_no_key_for_tags() -> None:
    bare = spec(machine_keys={}, applications={})
    assert bare.tag_key() is None
    assert bare.digest() == spec(machine_keys={}, applications={}).digest()
