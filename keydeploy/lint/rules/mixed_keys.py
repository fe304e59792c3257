"""One key is spelled out, the other made up."""

from collections.abc import Iterator

from keydeploy.lint.key_text import Kind
from keydeploy.lint.machine_keys import KEYS, views
from keydeploy.lint.model import Application, Finding, Rule, Severity

RULE = Rule(
    id="mixed-keys",
    severity=Severity.WARNING,
    title="one explicit and one automatic key",
    reason=(
        "Tickets are signed with the key that is written and encrypted with one that every node and account "
        "makes up, or the other way round: only a part of what another node wrote can be read."
    ),
    source="System.Web MachineKeySection: each key is made up on its own",
    remedy="write both keys: keydeploy generate machine-key makes a pair",
)


def check(application: Application) -> Iterator[Finding]:
    """Yield the key that is spelled out when the other one is not."""
    for view in views(application):
        kinds = {attribute: key.kind for attribute in KEYS if (key := view.key(attribute)) is not None}
        if set(kinds.values()) != {Kind.EXPLICIT, Kind.AUTOMATIC} or view.uses_data_protector:
            continue
        explicit, automatic = sorted(KEYS, key=lambda attribute: kinds[attribute] is Kind.AUTOMATIC)
        part = view.part(explicit)
        if part is not None:
            text = f"{explicit} is written, but {automatic} is made up by each node"
            yield part.finding(RULE, text, attribute=explicit)
