"""Keys that ASP.NET refuses."""

from collections.abc import Iterator

from keydeploy.keys.machine_key import DECRYPTIONS, decryption_key_lengths
from keydeploy.lint.key_text import KeyText, Kind, is_hex
from keydeploy.lint.machine_keys import FRAMEWORK_45, KEYS, MachineKeyView, views
from keydeploy.lint.model import Application, Finding, Rule, Severity

RULE = Rule(
    id="invalid-key",
    severity=Severity.ERROR,
    title="key that ASP.NET refuses",
    reason=(
        "A key must be an even number of hexadecimal digits of a length that its algorithm takes: the "
        "application fails at its start, or at the first ticket."
    ),
    source=(
        "System.Web MachineKeySection (before Framework45: validationKey of 40 digits or more), "
        "MachineKeyMasterKeyProvider (Framework45: no modifiers)"
    ),
    remedy="make a new pair for all nodes: keydeploy generate machine-key",
)


_MISSPELT = "is not written as ASP.NET knows it: AutoGenerate or a key, then ,IsolateApps, then ,IsolateByAppId"
_SHORTEST_VALIDATION_KEY = 40
_LONGEST_VALIDATION_KEY = 128
_LONGEST_WIDE_VALIDATION_KEY = 256
_WIDE = ("HMACSHA384", "HMACSHA512")


def check(application: Application) -> Iterator[Finding]:
    """Yield each key in effect that cannot work, told by its length."""
    for view in views(application):
        if view.mode is None or view.uses_data_protector:
            continue
        for attribute in KEYS:
            part, key = view.part(attribute), view.key(attribute)
            if part is None or key is None:
                continue
            fault = _fault(view, attribute, key)
            if fault is not None:
                yield part.finding(RULE, f"{attribute} {fault}", attribute=attribute)


def _fault(view: MachineKeyView, attribute: str, key: KeyText) -> str | None:
    match key.kind:
        case Kind.AUTOMATIC:
            return None if key.is_spelled_right else _MISSPELT
        case Kind.FILLED_IN:
            return "is a token that no tool has filled in" if view.application.node is not None else None
        case Kind.EXPLICIT:
            return (
                _not_hex(key.digits) or _refused(view, attribute, key) or (None if key.is_spelled_right else _MISSPELT)
            )


def _not_hex(digits: str) -> str | None:
    if not digits:
        return "is empty"
    if not is_hex(digits):
        return "holds characters other than the hex digits 0-9 and a-f"
    return f"has {len(digits)} hex digits, an odd number" if len(digits) % 2 else None


def _refused(view: MachineKeyView, attribute: str, key: KeyText) -> str | None:
    if view.mode == FRAMEWORK_45 and key.lost_bits:
        return "is explicit and has an Isolate modifier, which Framework45 refuses"
    if attribute == "decryptionKey":
        return _decryption_key(view, len(key.digits))
    return None if view.mode == FRAMEWORK_45 else _old_validation_key(view, len(key.digits))


def _old_validation_key(view: MachineKeyView, length: int) -> str | None:
    wide = (view.value("validation") or "").strip() in _WIDE
    longest = _LONGEST_WIDE_VALIDATION_KEY if wide else _LONGEST_VALIDATION_KEY
    if _SHORTEST_VALIDATION_KEY <= length <= longest:
        return None
    return f"has {length} hex digits; mode {view.mode} takes {_SHORTEST_VALIDATION_KEY} to {longest}"


def _decryption_key(view: MachineKeyView, length: int) -> str | None:
    algorithm = (view.value("decryption") or "").strip()
    if algorithm not in DECRYPTIONS:
        return None
    lengths = decryption_key_lengths(algorithm, view.mode)
    if length in lengths or (algorithm == "DES" and view.mode != FRAMEWORK_45 and length > lengths[-1]):
        return None
    return f"has {length} hex digits; {algorithm} takes {', '.join(map(str, lengths))}"
