"""Comments that suppress findings and are no good themselves."""

from keydeploy.lint.model import Rule, Severity

_SOURCE = "keydeploy: `keydeploy: ignore RULE-ID: reason`"

WITHOUT_REASON = Rule(
    id="suppression-without-reason",
    severity=Severity.WARNING,
    title="suppression without a reason",
    reason="Who meets the comment later cannot tell whether it still holds; so it does not count, and what it was to"
    " suppress is told.",
    source=_SOURCE,
    remedy="write the reason behind the rule's id, after a colon, or remove the comment",
)
UNKNOWN = Rule(
    id="unknown-suppression",
    severity=Severity.WARNING,
    title="suppression of a rule that does not exist",
    reason="The comment suppresses nothing, though somebody relies on it.",
    source=_SOURCE,
    remedy="write the id of the rule as findings show it; keydeploy lint --rules lists them",
)
UNUSED = Rule(
    id="unused-suppression",
    severity=Severity.NOTE,
    title="suppression that suppresses nothing",
    reason="What it was for is mended or stands elsewhere; it would hide the next fault of that kind.",
    source=_SOURCE,
    remedy="remove the comment, or put it right before the element that it concerns",
)
RULES = (WITHOUT_REASON, UNKNOWN, UNUSED)
