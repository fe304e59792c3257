"""Settings that bring back old wire formats."""

from collections.abc import Iterator

from keydeploy.lint.model import Application, Finding, Rule, Severity
from keydeploy.lint.sight import with_moved, written

RULE = Rule(
    id="legacy-encryption",
    severity=Severity.WARNING,
    title="setting that brings back an old form of encryption",
    reason=(
        "The setting changes what tickets and view state look like, so that it must be the same on all "
        "nodes; aspnet:UseLegacyEncryption also takes away the signature of ciphertexts that MS10-070 "
        "brought."
    ),
    source="System.Web.Util AppSettings; Microsoft security bulletin MS10-070",
    remedy=(
        "remove the setting on all nodes at one instant; where an old application shares the tickets, "
        "update that one first"
    ),
)


_SETTINGS = frozenset(
    (
        "aspnet:UseLegacyEncryption",
        "aspnet:UseLegacyMachineKeyEncryption",
        "aspnet:UseLegacyFormsAuthenticationTicketCompatibility",
    )
)


def check(application: Application) -> Iterator[Finding]:
    """Yield each of the settings that is true."""
    for part in with_moved(written(application, "appSettings")):
        for entry in part.below("add"):
            name = entry.get("key")
            if name in _SETTINGS and (entry.get("value") or "").strip().lower() == "true":
                yield part.finding(RULE, f"{name} is true", element=entry, attribute="value", subject=f"/add[{name}]")
