"""Impersonation without a key container that was made beforehand."""

from collections.abc import Iterator

from keydeploy.lint.model import Application, Finding, Rule, Severity
from keydeploy.lint.sight import locations, parts

RULE = Rule(
    id="impersonation",
    severity=Severity.WARNING,
    title="impersonation without a provisioned key container",
    reason=(
        "An RSA key without a container's name is made in the profile of the caller who is impersonated; "
        "its finalizer runs as the pool's account, does not find it (Keyset does not exist) and ends the "
        "worker process: events 1334, 5000 and 1009."
    ),
    source=".NET Framework SafeProvHandle and RSACryptoServiceProvider; Microsoft, 'ASP.NET Impersonation'",
    remedy=(
        "declare a container in key_containers, with the pool and the callers' group as readers, and open "
        "it by name with UseMachineKeyStore and UseExistingKey"
    ),
)


_SECTION = "system.web/identity"


def check(application: Application) -> Iterator[Finding]:
    """Yield where impersonation is switched on, unless the pool's account may use a container on the node."""
    containers = application.node.readable_containers if application.node else None
    if containers:
        return
    text = "callers are impersonated; where the application uses RSA, look for a container that its pool may read"
    if containers is not None:
        text = "callers are impersonated, and the pool's account may use no key container that was looked at"
    told = set()
    for below in dict.fromkeys(locations(application, _SECTION)):
        found = [part for part in parts(application, _SECTION, below) if part.get("impersonate") is not None]
        is_on = found and (found[-1].get("impersonate") or "").strip().lower() == "true"
        if is_on and found[-1].anchor not in told:
            told.add(found[-1].anchor)
            yield found[-1].finding(RULE, text, attribute="impersonate")
