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

from keydeploy.errors import KeydeployError, Problem
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
_TOLD = (
    "this key is publicly known, it is on a list of disclosed keys: anybody can forge tickets and view state"
    " with it, and run code on the nodes"
)
_AHEAD = timedelta(days=1)
"""East of Greenwich a day begins before it does in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What specs are held to beside their rules."""

    today: date
    """In UTC."""
    disclosed: Mapping[str, DisclosedKeys] = field(default_factory=dict)
    """The keys that are known to be public, by the host that is held to them; none where there is no list."""
    missing: Mapping[str, KeydeployError] = field(default_factory=dict)
    """Why a list that is named cannot be had, by the host that should be held to it."""
    refuses: bool = True
    """Whether a public key is a mistake; where nodes are only looked at it is told, and they are looked at."""


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
    DISCLOSED = "disclosed"
    """A publicly known key that nobody has accepted, told by what only looks."""
    NOT_CHECKED = "not_checked"
    """Keys that could not be compared with a list that is named, told by what only looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that policy has to say of what is declared, without refusing it."""

    kind: Kind
    farm: str
    address: str
    text: str
    hint: str | None = None
    """The next step."""
    place: str | None = None
    """`FILE:LINE:COLUMN`, where it is about one value."""

    def __str__(self) -> str:
        place = f"{self.place}: " if self.place else ""
        return f"{place}{self.farm}/{self.address}: {self.text}"

    def to_json(self) -> dict[str, Any]:
        """Answer the notice as JSON values."""
        return {
            "kind": self.kind.value,
            "farm": self.farm,
            "address": self.address,
            "text": self.text,
            "hint": self.hint,
            "place": self.place,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Notice":
        """Read what `to_json` wrote."""
        return cls(**{**value, "kind": Kind(value["kind"])})


def problems_of_policy(declaration: Declaration, policy: Policy) -> Iterator[Problem]:
    """Yield what *declaration* must not declare on that day: a day to come, and a public key where that is refused."""
    for name, kind in AGING.items():
        things = attribute(declaration.value, "spec", name, {})
        for thing, declared in things.items() if isinstance(things, dict) else ():
            yield from _to_come(declaration, (name, thing, "created"), attribute(declared, kind, "created"), policy)
    for path, told in _public(declaration, policy) if policy.refuses else ():
        text = f"{told}; make a new one: keydeploy rotate INVENTORY {address(path[:-1])}"
        yield Problem(declaration.place_of_value(path), address(path), text, policy=True)


def notices_of_declarations(
    farm: str, declarations: Sequence[Declaration], policy: Policy, *, several: bool
) -> Iterator[Notice]:
    """Yield the public keys that the members of *farm* declare, where that is not refused, each place once."""
    found: dict[tuple[str | None, Path], str] = {}
    for declaration in declarations if not policy.refuses else ():
        for path, told in _public(declaration, policy):
            found.setdefault((declaration.place_of_value(path), path), told)
    for (place, path), told in found.items():
        hint = _rotate(farm, address(path[:-1]), several)
        yield Notice(kind=Kind.DISCLOSED, farm=farm, address=address(path), text=told, hint=hint, place=place)


def notices_of(specs: Sequence[Spec], policy: Policy, *, several: bool) -> Iterator[Notice]:
    """Yield what there is to say of the farm whose members have *specs*; *several* tells whether there are others."""
    spec = specs[0]
    for told, hint in dict.fromkeys((why.message, why.hint) for why in _missing(specs, policy)):
        yield Notice(kind=Kind.NOT_CHECKED, farm=spec.farm, address="machine_keys", text=told, hint=hint)
    lists = [policy.disclosed[each.host] for each in specs if each.host in policy.disclosed]
    for name, acceptance in spec.acceptances.items():
        key, where = spec.machine_keys[name], f"machine_keys.{name}"
        public = any(disclosed.holds(each) for disclosed in lists for each in (key.validation_key, key.decryption_key))
        if acceptance.until is not None and acceptance.until < policy.today and (public or not lists):
            continue  # it accepts nothing any more
        kind, hint = Kind.ACCEPTED, _rotate(spec.farm, where, several)
        until = f" until {acceptance.until}" if acceptance.until else ""
        if public:
            text = f"publicly disclosed, and accepted{until}: {acceptance.reason}"
        elif not lists:
            text = f"accepted{until} in case it is disclosed: {acceptance.reason}; no list was read"
        else:
            text = "accepted as publicly disclosed, but the list that was read holds neither of its keys"
            kind, hint = Kind.UNUSED, "remove accept_disclosed"
        yield Notice(kind=kind, farm=spec.farm, address=where, text=text, hint=hint)
    for where, lifetime in spec.lifetimes.items():
        yield from _age(spec.farm, where, lifetime, policy.today, _rotate(spec.farm, where, several))


def _missing(specs: Sequence[Spec], policy: Policy) -> Iterator[KeydeployError]:
    return (policy.missing[each.host] for each in specs if each.host in policy.missing)


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


def _public(declaration: Declaration, policy: Policy) -> Iterator[tuple[Path, str]]:
    """Yield the path of each public key that *declaration* does not accept, and what to say of it."""
    disclosed = policy.disclosed.get(declaration.host)
    keys = attribute(declaration.value, "spec", "machine_keys", {})
    if disclosed is None or not isinstance(keys, dict):
        return
    for name, key in keys.items():
        ended = _ended(key, policy.today)
        if attribute(key, "machine_key", "accept_disclosed") is not None and ended is None:
            continue
        for part in _KEYS:
            text = attribute(key, "machine_key", part)
            if isinstance(text, str) and text.isascii() and disclosed.holds(Secret.of(text)):
                told = f"; that it was accepted ended on {ended}" if ended else ""
                yield ("machine_keys", name, part), f"{_TOLD}{told}"


def _ended(key: Any, today: date) -> str | None:
    """Answer the day on which the acceptance of *key* has ended, None where it has not."""
    acceptance = attribute(key, "machine_key", "accept_disclosed")
    until = reading.day(attribute(acceptance, "accept_disclosed", "until")) if acceptance is not None else None
    return until if isinstance(until, str) and date.fromisoformat(until) < today else None


def _rotate(farm: str, where: str, several: bool) -> str:
    name = f"{farm}/{where}" if several else where
    return f"keydeploy rotate INVENTORY {shlex.quote(name)} replaces it on all nodes at one instant"


def _days(span: timedelta) -> str:
    return f"{span.days} day{'' if span.days == 1 else 's'}"
