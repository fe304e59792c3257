"""Machine keys in clear."""

from collections.abc import Iterator

from keydeploy.lint.key_text import Kind
from keydeploy.lint.machine_keys import SECTION, keys_written
from keydeploy.lint.model import Application, Finding, Rule, Severity

RULE = Rule(
    id="key-in-clear",
    severity=Severity.WARNING,
    title="machine key in clear",
    reason=(
        "Who reads the file, a backup or the repository has the keys, and with them tickets of any user and "
        "code on the node; the section can be encrypted for the node's key container."
    ),
    source=("Microsoft, 'Overview of Protected Configuration'; System.Configuration RsaProtectedConfigurationProvider"),
    remedy=(
        "encrypt the section: declare system.web/machineKey in protected_sections, or run aspnet_regiis -pe "
        "system.web/machineKey; keep it out of the repository"
    ),
)


def check(application: Application) -> Iterator[Finding]:
    """Yield each machineKey that is written, wherever, with a key in clear."""
    told = set()
    for part, attribute, key in keys_written(application):
        if key.kind is Kind.EXPLICIT and key.content is not None and not part.is_encrypted and part.anchor not in told:
            told.add(part.anchor)
            text = f"{SECTION.rpartition('/')[2]} stands in clear"
            yield part.finding(RULE, text, attribute=attribute)
