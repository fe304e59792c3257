"""View state without a signature."""

from collections.abc import Iterator

from keydeploy.lint.model import Application, Finding, Rule, Severity
from keydeploy.lint.sight import written
from keydeploy.lint.transforms import takes_away

RULE = Rule(
    id="view-state-mac-off",
    severity=Severity.ERROR,
    title="view state is not signed",
    reason=(
        "Without its MAC anybody can write view state, which the application deserializes: that runs code "
        "on the node. .NET 4.5.2, and the updates of September 2014 for older versions, ignore the setting."
    ),
    source="Microsoft KB 2905247; .NET Blog, 9 September 2014, 'Farewell, EnableViewStateMac!'",
    remedy="remove enableViewStateMac; where pages then fail, give all nodes the same machineKey",
)


def check(application: Application) -> Iterator[Finding]:
    """Yield each pages section that switches the MAC off."""
    for part in written(application, "system.web/pages"):
        if (part.get("enableViewStateMac") or "").strip().lower() == "false" and not takes_away(part):
            yield part.finding(RULE, "enableViewStateMac is false", attribute="enableViewStateMac")
