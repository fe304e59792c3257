"""Cookies that can be read."""

from collections.abc import Iterator

from keydeploy.lint.model import Application, Finding, Rule, Severity
from keydeploy.lint.tickets import protections

RULE = Rule(
    id="ticket-not-encrypted",
    severity=Severity.WARNING,
    title="ticket that is not encrypted",
    reason=(
        "With the protection Validation the cookie is signed but not encrypted: whoever sees it reads the "
        "name, the user data and the roles in it."
    ),
    source=(
        "System.Web FormsProtectionEnum, CookieProtection; "
        "Microsoft, 'FormsAuthenticationConfiguration.Protection Property'"
    ),
    remedy='write protection="All", or remove the attribute: All is the default',
)


def check(application: Application) -> Iterator[Finding]:
    """Yield each kind of cookie in use that is signed alone."""
    for part, element, attribute, value in protections(application):
        if (
            value == "Validation" and element.name != "anonymousIdentification"
        ):  # Its default; it holds a random number.
            text = f"{element.name}: {attribute} {value} leaves the cookie readable"
            subject = f"/{element.name}" if element is not part.element else ""
            yield part.finding(RULE, text, element=element, attribute=attribute, subject=subject)
