"""Looks up what somebody typed: an id of an entry, codes in any spelling; and what comes near to what is not known."""

from dataclasses import dataclass
from difflib import get_close_matches

from keydeploy.explain.codes import BY_VALUE, Code, number, parse
from keydeploy.explain.entries import BY_ID, ENTRIES, OF_CODE
from keydeploy.explain.recognition import Recognition, recognise

_NEARBY = 3
_CUTOFF = 0.75
"""How alike a name must be to be taken for the one that was meant; 1 is equal."""
_LONGEST = 40
"""Characters of what may be a misspelt name."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that explain has no causes for."""

    code: Code | None
    """Where Windows' name and message are known, and no more."""
    number: int | None
    """An HRESULT, where it is one."""
    nearest: tuple[str, ...]
    """What comes near to it, as explain would take it."""


def look_up(text: str) -> tuple[Recognition, ...] | None:
    """Answer the errors that *text* names, as the id of an entry or as nothing but codes; None where it is a text."""
    if entry := BY_ID.get(text.strip().casefold()):
        return (Recognition(entry=entry, by=(), points=(), weight=0),)
    words = text.split()
    if not words or not all(parse(word) for word in words):
        return None
    found = {one.entry.id: one for word in words for one in recognise(word)[:1]}
    return tuple(found.values())


def nearest_to(text: str) -> Unknown:
    """Answer what is known that comes near to *text*."""
    spelling = text.strip()
    code, value = parse(spelling), number(spelling)
    if code is not None or value is not None:
        wanted = code.value if code is not None else value or 0
        alike = sorted((known for known in OF_CODE if _is_slip(known, wanted)), key=lambda known: abs(known - wanted))
        near = () if code is not None else tuple(str(BY_VALUE[known]) for known in alike[:_NEARBY])
        return Unknown(code, wanted, near)
    if len(spelling) > _LONGEST:
        return Unknown(None, None, ())
    names = {name.casefold(): name for entry in ENTRIES for name in (*entry.codes, *entry.ids, entry.id)}
    alike_names = get_close_matches(spelling.casefold(), names, n=_NEARBY, cutoff=_CUTOFF)
    return Unknown(None, None, tuple(names[name] for name in alike_names))


def _is_slip(known: int, wanted: int) -> bool:
    """Tell whether two HRESULTs differ in one of their eight digits."""
    return sum(one != other for one, other in zip(f"{known:08X}", f"{wanted:08X}", strict=True)) == 1
