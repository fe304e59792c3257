"""Lengths that work for a part of ASP.NET only."""

from collections.abc import Iterator

from keydeploy.lint.machine_keys import DES_DIGITS, FRAMEWORK_45, MachineKeyView, explicit_keys, views
from keydeploy.lint.model import Application, Finding, Rule, Severity

RULE = Rule(
    id="key-length",
    severity=Severity.WARNING,
    title="key of a length that not all of ASP.NET takes",
    reason=(
        "Framework45 takes validation keys of any length, but Membership passwords and MachineKey.Encode "
        "take the old path in every mode, which fails with fewer than 40 or more than 128 hex digits (256 "
        "with HMACSHA384 and HMACSHA512); DES before Framework45 uses the first 16 digits alone."
    ),
    source="System.Web MachineKeySection, as measured on Microsoft's source",
    remedy=(
        "make a new pair for all nodes: keydeploy generate machine-key makes 128 digits for validation and 64 for AES"
    ),
)


_SHORTEST, _LONGEST, _LONGEST_WIDE = 40, 128, 256
_WIDE = ("HMACSHA384", "HMACSHA512")


def check(application: Application) -> Iterator[Finding]:
    """Yield the keys in effect that ASP.NET takes, but not everywhere or not in full."""
    for view in views(application):
        for part, attribute, key in explicit_keys(view):
            if key.content is None or view.mode is None or view.uses_data_protector:
                continue
            fault = _fault(view, attribute, len(key.digits))
            if fault is not None:
                yield part.finding(RULE, f"{attribute} has {len(key.digits)} hex digits; {fault}", attribute=attribute)


def _fault(view: MachineKeyView, attribute: str, length: int) -> str | None:
    if attribute == "validationKey":
        wide = (view.value("validation") or "").strip() in _WIDE
        longest = _LONGEST_WIDE if wide else _LONGEST
        refused = view.mode == FRAMEWORK_45 and not _SHORTEST <= length <= longest
        return f"the older paths take {_SHORTEST} to {longest}" if refused else None
    is_cut = (view.value("decryption") or "").strip() == "DES" and view.mode != FRAMEWORK_45 and length > DES_DIGITS
    return f"DES uses the first {DES_DIGITS} alone" if is_cut else None
