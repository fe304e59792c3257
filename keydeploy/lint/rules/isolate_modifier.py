"""IsolateApps and IsolateByAppId in the modes in which they cost entropy."""

from collections.abc import Iterator

from keydeploy.lint.key_text import KeyText, Kind
from keydeploy.lint.machine_keys import FRAMEWORK_45, KEYS, MachineKeyView, views
from keydeploy.lint.model import Application, Finding, Rule, Severity

RULE = Rule(
    id="isolate-modifier",
    severity=Severity.WARNING,
    title="Isolate modifier overwrites a part of the key",
    reason=(
        "Before Framework45, IsolateApps overwrites the first 32 bits of the key by a hash of the "
        "application's path, and IsolateByAppId the next 32 by one of its id: who knows the path knows "
        "these bits. It also gives every path a key of its own."
    ),
    source="System.Web MachineKeySection; Microsoft, 'Cryptographic Improvements in ASP.NET 4.5, pt. 2'",
    remedy=(
        "write an explicit key of the application's own without a modifier; Framework45 takes a modifier "
        "with AutoGenerate only, where it costs nothing, and refuses an explicit key with one"
    ),
)


_AUTOMATIC_VALIDATION_BITS = 512
_AUTOMATIC_WIDE_VALIDATION_BITS = 1024
_WIDE = ("HMACSHA384", "HMACSHA512")
_AUTOMATIC_DECRYPTION_BITS = 192
_DES_BITS = 64


def check(application: Application) -> Iterator[Finding]:
    """Yield each key in effect that is written with a modifier, with the entropy that is left."""
    for view in views(application):
        if view.mode is None or view.mode == FRAMEWORK_45:
            continue
        for attribute in KEYS:
            part, key = view.part(attribute), view.key(attribute)
            if part is None or key is None or not key.lost_bits or not key.is_spelled_right:
                continue
            bits = _bits(view, attribute, key)
            if bits is None:
                continue
            modifiers = [("IsolateApps", key.isolate_apps), ("IsolateByAppId", key.isolate_by_app_id)]
            names = " and ".join(name for name, is_set in modifiers if is_set)
            left = max(bits - key.lost_bits, 0)
            text = f"{attribute} has {names}: {left} of {bits} bits are left in mode {view.mode}"
            yield part.finding(RULE, text, attribute=attribute)


def _bits(view: MachineKeyView, attribute: str, key: KeyText) -> int | None:
    """Answer the length of the key before the modifiers; None where it is none."""
    if key.kind is Kind.AUTOMATIC:
        if attribute == "validationKey":
            wide = (view.value("validation") or "").strip() in _WIDE
            return _AUTOMATIC_WIDE_VALIDATION_BITS if wide else _AUTOMATIC_VALIDATION_BITS
        return _DES_BITS if (view.value("decryption") or "").strip() == "DES" else _AUTOMATIC_DECRYPTION_BITS
    return None if key.content is None else 8 * len(key.content.reveal())
