"""What policy says of declared keys, as lint tells it: a publicly known one is a finding where it is declared."""

import re
from collections.abc import Iterable

from keydeploy.lint.model import Finding, Linted
from keydeploy.lint.rules.disclosed_key import RULE
from keydeploy.spec import Kind, Notice

_PLACE = re.compile(r"(.*):(\d+):(\d+)", re.DOTALL)


def look(notices: Iterable[Notice]) -> Linted:
    """Answer what *notices* tell of publicly known keys, and which keys no list could be asked about."""
    told = tuple(notices)
    unread = {f"{each.farm}/{each.address}": each.text for each in told if each.kind is Kind.NOT_CHECKED}
    return Linted(
        findings=tuple(_finding(each) for each in told if each.kind is Kind.DISCLOSED),
        unread=unread,
        broken=frozenset(unread),
    )


def _finding(notice: Notice) -> Finding:
    subject = f"{notice.farm}/{notice.address}"
    place = _PLACE.fullmatch(notice.place or "")
    return Finding(
        rule=RULE,
        file=place[1] if place else notice.place or subject,
        line=int(place[2]) if place else None,
        column=int(place[3]) if place else None,
        text=f"{subject}: {notice.text}",
        subject=subject,
    )
