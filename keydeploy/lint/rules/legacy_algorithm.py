"""Algorithms that still hold, but are kept for old applications only."""

from collections.abc import Iterator

from keydeploy.lint.machine_keys import views
from keydeploy.lint.model import Application, Finding, Rule, Severity

RULE = Rule(
    id="legacy-algorithm",
    severity=Severity.NOTE,
    title="legacy algorithm",
    reason=(
        "HMAC-SHA1, which SHA1 and AES as validation stand for, still holds, but new policies ask for "
        "SHA-2; .NET 4.0 and later know HMACSHA256."
    ),
    source="System.Web MachineKeySection; NIST SP 800-131A Rev. 2",
    remedy=(
        'write validation="HMACSHA256" where all applications that share the key run on .NET 4.0 or later, '
        "on all nodes at one instant"
    ),
)


_LEGACY = {
    "SHA1": "validation SHA1 means HMAC-SHA1",
    "AES": "validation AES means HMAC-SHA1, and AES for view state",
}


def check(application: Application) -> Iterator[Finding]:
    """Yield the legacy algorithms in effect that a file names."""
    for view in views(application):
        part, value = view.part("validation"), (view.value("validation") or "").strip()
        if part is not None and value in _LEGACY:
            yield part.finding(RULE, _LEGACY[value], attribute="validation")
