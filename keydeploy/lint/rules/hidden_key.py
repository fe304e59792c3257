"""Keys that hide those of a file above."""

from collections.abc import Iterator

from keydeploy.lint.key_text import KeyText, Kind, read
from keydeploy.lint.machine_keys import KEYS, views
from keydeploy.lint.model import Application, Finding, Rule, Severity

RULE = Rule(
    id="hidden-key",
    severity=Severity.NOTE,
    title="key that hides the one of a file above",
    reason=(
        "The application has other keys than those around it: a ticket of one is refused by the other, and "
        "who rotates the key above forgets this one."
    ),
    source="System.Configuration BaseConfigurationRecord: the nearest file that sets an attribute counts",
    remedy=(
        "remove the key here where tickets are shared, or keep it where the application shall stand alone, "
        "and say so by a suppression"
    ),
)


def check(application: Application) -> Iterator[Finding]:
    """Yield the first key in effect that differs from an explicit one of a file above."""
    for view in views(application):
        for attribute in KEYS:
            part, key = view.part(attribute), view.key(attribute)
            if part is None or key is None or key.kind is Kind.FILLED_IN:
                continue
            above = [each for each in view.parts[: view.parts.index(part)] if each.file is not part.file]
            hidden = [each for each in above if _is_another(read(each.get(attribute) or ""), key)]
            if hidden:
                text = f"{attribute} hides a different one in {hidden[-1].path}"
                yield part.finding(RULE, text, attribute=attribute)
                break


def _is_another(above: KeyText, key: KeyText) -> bool:
    return above.kind is Kind.EXPLICIT and above.content is not None and above.content != key.content
