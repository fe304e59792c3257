"""How old key material is and may become, and a disclosed key that somebody has accepted: as declared."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

from keydeploy.errors import Problem
from keydeploy.spec import reading
from keydeploy.spec.declaration import UNRESOLVED, Declaration, Path, address
from keydeploy.spec.model import Acceptance, Lifetime
from keydeploy.spec.names import attribute

AGING: Final = {"machine_keys": "machine_key", "key_containers": "key_container"}
"""What has a lifetime, and what the schema calls one of it."""


def lifetime_attributes(path: Path, thing: Any, kind: str) -> Iterator[tuple[Path, Any]]:
    """Yield what *thing* of *kind* declares of its age, for the comparison of members."""
    yield (*path, "created"), reading.day(attribute(thing, kind, "created"))
    yield (*path, "max_age"), reading.days(attribute(thing, kind, "max_age"))


def acceptance_attribute(path: Path, key: Any) -> Iterator[tuple[Path, Any]]:
    """Yield what the machine key *key* declares of its acceptance, for the comparison of members."""
    declared = attribute(key, "machine_key", "accept_disclosed")
    if declared is None:
        yield (*path, "accept_disclosed"), None
        return
    reason = reading.text(attribute(declared, "accept_disclosed", "reason"))
    until = reading.day(attribute(declared, "accept_disclosed", "until"))
    yield (*path, "accept_disclosed"), UNRESOLVED if UNRESOLVED in (reason, until) else (reason, until)


def lifetime_of(thing: Mapping[str, Any]) -> Lifetime | None:
    """Answer the lifetime that *thing*, which has no problems, declares; None where it declares none."""
    if "created" not in thing:
        return None
    days = reading.days(thing.get("max_age"))
    return Lifetime(_date(thing["created"]), None if days is None else timedelta(days))


def acceptance_of(key: Mapping[str, Any]) -> Acceptance | None:
    """Answer the acceptance that the machine key *key*, which has no problems, declares; None where it has none."""
    declared = key.get("accept_disclosed")
    if declared is None:
        return None
    return Acceptance(declared["reason"], _date(declared["until"]) if "until" in declared else None)


def problems_of_lifetime(declaration: Declaration, path: Path, thing: Any, kind: str) -> Iterator[Problem]:
    """Check what *thing* of *kind* at *path* declares of its age, and yield every problem."""
    if not isinstance(thing, dict):
        return
    yield from _no_day(declaration, (*path, "created"), thing.get("created"))
    acceptance = thing.get("accept_disclosed")
    if isinstance(acceptance, dict):
        yield from _no_day(declaration, (*path, "accept_disclosed", "until"), acceptance.get("until"))
    if "max_age" in thing and attribute(thing, kind, "created") is None:
        where: Path = (*path, "max_age")
        text = (
            "without created nobody knows when it is due; declare created, the day on which the key was made;"
            " keydeploy generate prints it"
        )
        yield Problem(declaration.place_of_name(where), address(where), text)


def _no_day(declaration: Declaration, where: Path, value: Any) -> Iterator[Problem]:
    if reading.is_day_text(value) and reading.day(value) is UNRESOLVED:
        text = "no calendar has this day; write year, month and day, such as 2026-11-21"
        yield Problem(declaration.place_of_value(where), address(where), text)


def _date(value: Any) -> date:
    return date.fromisoformat(reading.day(value))
