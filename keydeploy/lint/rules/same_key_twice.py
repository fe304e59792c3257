"""One key for two purposes."""

from collections.abc import Iterator

from keydeploy.lint.machine_keys import KEYS, explicit_keys, views
from keydeploy.lint.model import Application, Finding, Rule, Severity

RULE = Rule(
    id="same-key-twice",
    severity=Severity.WARNING,
    title="validationKey and decryptionKey are the same",
    reason=(
        "One key for signing and for encryption: what weakens or discloses one use gives away the other, "
        "and together they hold no more secret than the shorter one."
    ),
    source="NIST SP 800-57 Part 1 Rev. 5, section 5.2: a key is used for one purpose only",
    remedy="make a new pair for all nodes: keydeploy generate machine-key",
)


def check(application: Application) -> Iterator[Finding]:
    """Yield the decryption key in effect when it is the validation key, or the beginning of it."""
    for view in views(application):
        keys = {attribute: (part, key.content) for part, attribute, key in explicit_keys(view)}
        if len(keys) < len(KEYS):
            continue
        (_, validation), (part, decryption) = keys["validationKey"], keys["decryptionKey"]
        if validation is None or decryption is None:
            continue
        longer, shorter = sorted([validation.reveal(), decryption.reveal()], key=len, reverse=True)
        if longer.startswith(shorter):
            same = "the same as" if longer == shorter else "the beginning of"
            text = f"decryptionKey and validationKey: one is {same} the other"
            yield part.finding(RULE, text, attribute="decryptionKey")
