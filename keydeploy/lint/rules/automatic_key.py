"""A key that ASP.NET makes up by itself, on a farm."""

from collections.abc import Iterator

from keydeploy.lint.key_text import Kind
from keydeploy.lint.machine_keys import KEYS, keys_written, views
from keydeploy.lint.model import Application, Finding, Rule, Severity
from keydeploy.lint.sight import Part
from keydeploy.lint.transforms import takes_away

RULE = Rule(
    id="automatic-key",
    severity=Severity.ERROR,
    title="automatic key on a farm",
    reason=(
        "AutoGenerate makes another key on every node, and for every account on it: what one node signs or "
        "encrypts, another refuses."
    ),
    source=(
        "System.Web MachineKeySection and HttpRuntime.SetAutogenKeys; Microsoft, 'Generate a Machine Key for a Web "
        "Farm (IIS 7)'"
    ),
    remedy=(
        "write one explicit pair of keys for all nodes: keydeploy generate machine-key makes it, keydeploy "
        "apply rolls it out"
    ),
)


def check(application: Application) -> Iterator[Finding]:
    """Yield each key in effect that a file asks to be made up."""
    for view in views(application) if application.on_farm else ():
        if view.uses_data_protector:
            continue
        for attribute in KEYS:
            part, key = view.part(attribute), view.key(attribute)
            if part is not None and key is not None and key.kind is Kind.AUTOMATIC:
                yield _finding(part, attribute)


def check_content(application: Application) -> Iterator[Finding]:
    """Yield each key that a transform, or a part of a file, asks to be made up."""
    for part, attribute, key in keys_written(application) if application.on_farm else ():
        if key.kind is Kind.AUTOMATIC and not part.get("dataProtectorType") and not takes_away(part):
            yield _finding(part, attribute)


def _finding(part: Part, attribute: str) -> Finding:
    return part.finding(RULE, f"{attribute} is made up by each node (AutoGenerate)", attribute=attribute)
