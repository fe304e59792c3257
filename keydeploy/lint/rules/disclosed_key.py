"""Keys that are publicly known."""

from collections.abc import Iterator

from keydeploy.keys.disclosed import DisclosedKeys
from keydeploy.lint.key_text import Kind
from keydeploy.lint.machine_keys import keys_written
from keydeploy.lint.model import Application, Finding, Rule, Severity
from keydeploy.secret import Secret

RULE = Rule(
    id="disclosed-key",
    severity=Severity.ERROR,
    title="publicly disclosed key",
    reason=(
        "The key is on the list of those that were found in public: whoever knows it signs view state that "
        "the application deserializes, and runs code on the node."
    ),
    source=(
        "Microsoft Threat Intelligence, 6 February 2025, 'Code injection attacks using publicly disclosed "
        "ASP.NET machine keys'"
    ),
    remedy=(
        "replace the pair on all nodes at one instant, with keydeploy rotate --compromised, and look for "
        "traces of an intrusion"
    ),
)


def check(application: Application, disclosed: DisclosedKeys) -> Iterator[Finding]:
    """Yield each key that is written, wherever, and on the list."""
    for part, attribute, key in keys_written(application):
        if key.kind is Kind.EXPLICIT and disclosed.holds(Secret.of(part.get(attribute) or "")):
            yield part.finding(RULE, f"{attribute} is on the list of disclosed keys", attribute=attribute)
