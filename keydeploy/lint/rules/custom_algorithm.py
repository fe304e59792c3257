"""Algorithms by `alg:`."""

from collections.abc import Iterator

from keydeploy.lint.machine_keys import views
from keydeploy.lint.model import Application, Finding, Rule, Severity

RULE = Rule(
    id="custom-algorithm",
    severity=Severity.NOTE,
    title="custom algorithm (alg:)",
    reason=(
        "What alg: names depends on what is installed on each node, so that nobody can tell from the "
        "configuration that nodes agree."
    ),
    source="System.Web MachineKeySection; CryptoConfig.CreateFromName",
    remedy="name one of ASP.NET's own algorithms, such as HMACSHA256 and AES",
)


def check(application: Application) -> Iterator[Finding]:
    """Yield the attributes that name an algorithm by `alg:`."""
    for view in views(application):
        for attribute in ("validation", "decryption"):
            part, value = view.part(attribute), (view.value(attribute) or "").strip()
            if part is not None and value.lower().startswith("alg:"):
                yield part.finding(RULE, f"{attribute} is a custom algorithm (alg:)", attribute=attribute)
