"""Algorithms that no longer protect."""

from collections.abc import Iterator

from keydeploy.lint.machine_keys import DES_DIGITS, FRAMEWORK_45, MachineKeyView, views
from keydeploy.lint.model import Application, Finding, Rule, Severity

RULE = Rule(
    id="weak-algorithm",
    severity=Severity.WARNING,
    title="weak algorithm",
    reason=(
        "DES has keys of 56 bits that are found by trying; 3DES has blocks of 64 bits and at most 112 bits "
        "of strength; validation by MD5 is a bare hash and no HMAC."
    ),
    source="System.Web MachineKeySection; NIST SP 800-131A Rev. 2 (DES, TDEA), RFC 6151 (MD5)",
    remedy='write validation="HMACSHA256" and decryption="AES" with keys for them, on all nodes at one instant',
)


_WEAK = {
    "validation": {
        "MD5": "validation by MD5 is a bare hash and no HMAC",
        "3DES": "validation 3DES means HMAC-SHA1, and 3DES for view state",
    },
    "decryption": {
        "DES": "decryption by DES: 56 bits are found by trying",
        "3DES": "decryption by 3DES: blocks of 64 bits, at most 112 bits of strength",
    },
}


def check(application: Application) -> Iterator[Finding]:
    """Yield the weak algorithms in effect that a file names, and DES by the length of the key."""
    for view in views(application):
        for attribute, weak in _WEAK.items():
            part = view.part(attribute)
            value = (view.value(attribute) or "").strip()
            if part is not None and value in weak:
                yield part.finding(RULE, weak[value], attribute=attribute)
        yield from _des_by_length(view)


def _des_by_length(view: MachineKeyView) -> Iterator[Finding]:
    """Yield a key by whose length `Auto` means DES, as it does before Framework45."""
    part, key = view.part("decryptionKey"), view.key("decryptionKey")
    if part is None or key is None or key.content is None or len(key.digits) != DES_DIGITS:
        return
    if (view.value("decryption") or "").strip() == "Auto" and view.mode not in (None, FRAMEWORK_45):
        text = f"a decryptionKey of {DES_DIGITS} hex digits makes decryption Auto mean DES"
        yield part.finding(RULE, text, attribute="decryptionKey")
