"""What the settings of a roll-out and of smart cards become."""

import json
from typing import Any

import pytest

from keydeploy.errors import SpecError
from keydeploy.spec import Backups, Declaration, Health, Hook, Rollout, SmartCards, Spec, Waves, load
from keydeploy.spec.duration import milliseconds, seconds


def spec(**value: Any) -> Spec:
    return load(Declaration(host="web1", value=value))


def rollout(**settings: Any) -> Rollout:
    return spec(rollout=settings).rollout


def test_what_is_not_declared_is_as_the_classes_say() -> None:
    assert spec().rollout == rollout(commit="together", require="all", backups={}) == Rollout()
    assert rollout(commit="waves") == rollout(commit="waves", waves={}) == Rollout(waves=Waves())
    assert rollout(backups={"keep": 2}).backups == Backups(keep=2)
    assert rollout(backups={"for": "12h"}).backups == Backups(expire=12 * 3600.0)
    assert rollout(commit="waves", drain={"url": "http://lb/"}, undrain={"tasks": "in.yml"}) == Rollout(
        waves=Waves(), drain=Hook(url="http://lb/"), undrain=Hook(tasks="in.yml")
    )
    assert rollout(health={"url": "http://web1/"}).health == Health("http://web1/")


def test_everything_that_is_declared_is_there() -> None:
    waves = {"canary": 2, "fractions": ["12.5%", "50%", "100%"], "pause": "1.5m", "tolerate": 1}
    hook = {"url": "http://lb/", "method": "PUT", "expect": 204, "within": "5s", "wait": "1m"}
    times = {"margin": "1s", "grace": "3s", "lease": "1h", "clock_drift_limit": "100ms"}
    found = rollout(commit="waves", waves=waves, drain=hook, require={"all_but": ["web9", "web2", "web9"]}, **times)
    assert found == Rollout(
        margin=1.0,
        grace=3.0,
        lease=3600.0,
        clock_drift_limit=0.1,
        waves=Waves(canary=2, fractions=(0.125, 0.5, 1.0), pause=90.0, tolerate=1),
        may_be_missing=("web2", "web9"),
        drain=Hook(url="http://lb/", method="PUT", expect=204, within=5.0, wait=60.0),
    )


@pytest.mark.parametrize(
    "settings", [{}, {"commit": "waves", "drain": {"tasks": "x"}}, {"health": {"url": "http://x"}}]
)
def test_what_members_share_survives_json(settings: dict[str, Any]) -> None:
    found = rollout(require={"all_but": ["web2"]}, backups={"keep": 1}, **settings)
    again = Rollout.of_shared(json.loads(json.dumps(found.shared())))
    assert again.shared() == found.shared()
    assert (again.waves, again.may_be_missing, again.backups) == (found.waves, ("web2",), Backups(keep=1))
    assert (again.health, again.drain, again.undrain) == (None, None, None)


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        ("100ms", SmartCards(csp=100, ksp=100)),
        ({"csp": "1.5s"}, SmartCards(csp=1500)),
        ({"ksp": "1m"}, SmartCards(ksp=60_000)),
        ({"csp": "100ms", "ksp": "0.2s"}, SmartCards(csp=100, ksp=200)),
    ],
)
def test_a_time_out_is_for_both_providers_or_for_one(declared: Any, found: SmartCards) -> None:
    assert spec(smart_cards={"transaction_timeout": declared}).smart_cards == found


def test_no_time_out_is_declared_by_default() -> None:
    assert spec().smart_cards == SmartCards()


def test_times_are_exact_in_every_unit() -> None:
    assert seconds("0.7s") == seconds("700ms") == 0.7
    assert [seconds(text) for text in ("1.5m", "2h", "30d")] == [90.0, 7200.0, 2592000.0]
    assert milliseconds("0.001s") == milliseconds("1.000ms") == 1
    for text in ("0.5ms", "1 ms", "ms", "1w", "-1s"):
        with pytest.raises(ValueError, match="not a"):
            milliseconds(text)


def test_a_number_that_is_too_long_for_a_duration_is_refused() -> None:
    for setting in ({"lease": f"{'9' * 400}s"}, {"backups": {"for": f"{'9' * 400}d"}}):
        with pytest.raises(SpecError):
            rollout(**setting)
