"""What must not be used although it could be: keys that are publicly known, and keys that are too old.

Pure: the day and the lists are arguments.
"""

import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum
from typing import Any

from keydeploy.errors import Problem
from keydeploy.keys.disclosed import DisclosedKeys
from keydeploy.secret import Secret
from keydeploy.spec import reading
from keydeploy.spec.declaration import Declaration, Path, address
from keydeploy.spec.lifetime import AGING
from keydeploy.spec.model import Lifetime, Spec
from keydeploy.spec.names import attribute

_KEYS = ("validation_key", "decryption_key")
_SOON = timedelta(days=30)
_LAST_PART = 10
"""A key is due in the last tenth of its life, and not longer than `_SOON`."""
_AHEAD = timedelta(days=1)
"""East of Greenwich a day begins before it does in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What specs are held to beside their rules."""

    today: date
    """In UTC."""
    disclosed: Mapping[str, DisclosedKeys] = field(default_factory=dict)
    """The keys that are known to be public, by the host that is held to them; none where there is no list."""


class Kind(Enum):
    """What a notice is about."""

    ACCEPTED = "disclosed_accepted"
    """A publicly known key that the spec accepts."""
    UNUSED = "acceptance_unused"
    """A key that the spec accepts although it is on no list that was read."""
    DUE = "due"
    """A key that is to be replaced soon."""
    OVERDUE = "overdue"
    """A key that should have been replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that policy has to say of what is declared, without refusing it."""

    kind: Kind
    farm: str
    address: str
    text: str
    hint: str | None = None
    """The next step."""

    def __str__(self) -> str:
        return f"{self.farm}/{self.address}: {self.text}"

    def to_json(self) -> dict[str, Any]:
        """Answer the notice as JSON values."""
        return {
            "kind": self.kind.value,
            "farm": self.farm,
            "address": self.address,
            "text": self.text,
            "hint": self.hint,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Notice":
        """Read what `to_json` wrote."""
        return cls(**{**value, "kind": Kind(value["kind"])})


def problems_of_policy(declaration: Declaration, policy: Policy) -> Iterator[Problem]:
    """Yield what *declaration* must not declare on that day: a public key, a day to come."""
    for name, kind in AGING.items():
        things = attribute(declaration.value, "spec", name, {})
        for thing, declared in things.items() if isinstance(things, dict) else ():
            yield from _to_come(declaration, (name, thing, "created"), attribute(declared, kind, "created"), policy)
    disclosed = policy.disclosed.get(declaration.host)
    keys = attribute(declaration.value, "spec", "machine_keys", {})
    if disclosed is not None and isinstance(keys, dict):
        for name, key in keys.items():
            yield from _public(declaration, ("machine_keys", name), key, disclosed, policy.today)


def notices_of(specs: Sequence[Spec], policy: Policy, *, several: bool) -> Iterator[Notice]:
    """Yield what there is to say of the farm whose members have *specs*; *several* tells whether there are others."""
    spec = specs[0]
    lists = [policy.disclosed[each.host] for each in specs if each.host in policy.disclosed]
    for name, acceptance in spec.acceptances.items():
        key = spec.machine_keys[name]
        where = f"machine_keys.{name}"
        public = any(disclosed.holds(each) for disclosed in lists for each in (key.validation_key, key.decryption_key))
        until = f" until {acceptance.until}" if acceptance.until else ""
        if public or not lists:
            text = f"publicly disclosed, and accepted{until}: {acceptance.reason}"
            yield Notice(
                kind=Kind.ACCEPTED, farm=spec.farm, address=where, text=text, hint=_rotate(spec, where, several)
            )
        else:
            text = "accepted as publicly disclosed, but the list that was read holds neither of its keys"
            yield Notice(kind=Kind.UNUSED, farm=spec.farm, address=where, text=text, hint="remove accept_disclosed")
    for where, lifetime in spec.lifetimes.items():
        yield from _age(spec.farm, where, lifetime, policy.today, _rotate(spec, where, several))


def _age(farm: str, where: str, lifetime: Lifetime, today: date, hint: str) -> Iterator[Notice]:
    if lifetime.max_age is None:
        return
    due, age = lifetime.created + lifetime.max_age, lifetime.max_age.days
    why = f"it was made on {lifetime.created}, and its max_age is {age}d"
    if today > due:
        text = f"overdue since {due}, for {_days(today - due)}; {why}"
        yield Notice(kind=Kind.OVERDUE, farm=farm, address=where, text=text, hint=hint)
    elif due - today <= min(_SOON, timedelta(days=math.ceil(age / _LAST_PART))):
        when = "today" if due == today else f"on {due}, in {_days(due - today)}"
        text = f"due {when}; {why}"
        yield Notice(kind=Kind.DUE, farm=farm, address=where, text=text, hint=hint)


def _to_come(declaration: Declaration, where: Path, value: Any, policy: Policy) -> Iterator[Problem]:
    created = reading.day(value)
    if isinstance(created, str) and date.fromisoformat(created) > policy.today + _AHEAD:
        text = f"this day is to come, by this machine's clock it is {policy.today}; declare when the key was made"
        yield Problem(declaration.place_of_value(where), address(where), text)


def _public(declaration: Declaration, path: Path, key: Any, disclosed: DisclosedKeys, today: date) -> Iterator[Problem]:
    acceptance = attribute(key, "machine_key", "accept_disclosed")
    until = reading.day(attribute(acceptance, "accept_disclosed", "until")) if acceptance is not None else None
    ended = isinstance(until, str) and date.fromisoformat(until) < today
    if acceptance is not None and not ended:
        return
    for name in _KEYS:
        text = attribute(key, "machine_key", name)
        if not isinstance(text, str) or not text.isascii() or not disclosed.holds(Secret.of(text)):
            continue
        where: Path = (*path, name)
        told = (
            "this key is publicly known, it is on a list of disclosed keys: anybody can forge tickets and view state"
            " with it, and run code on the nodes"
        )
        if ended:
            told += f"; that it was accepted ended on {until}"
        told += f"; make a new one: keydeploy rotate INVENTORY {address(path)}"
        yield Problem(declaration.place_of_value(where), address(where), told, policy=True)


def _rotate(spec: Spec, where: str, several: bool) -> str:
    name = f"{spec.farm}/{where}" if several else where
    return f"keydeploy rotate INVENTORY {shlex.quote(name)} replaces it on all nodes at one instant"


def _days(span: timedelta) -> str:
    return f"{span.days} day{'' if span.days == 1 else 's'}"
