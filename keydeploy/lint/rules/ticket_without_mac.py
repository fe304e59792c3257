"""Cookies that anybody can write."""

from collections.abc import Iterator

from keydeploy.lint.model import Application, Finding, Rule, Severity
from keydeploy.lint.tickets import protections

RULE = Rule(
    id="ticket-without-mac",
    severity=Severity.ERROR,
    title="ticket that is not signed",
    reason=(
        "With the protection None or Encryption nothing proves that the application wrote the cookie: a "
        "caller makes his own, with any name and any role."
    ),
    source=(
        "System.Web FormsProtectionEnum, CookieProtection; "
        "Microsoft, 'FormsAuthenticationConfiguration.Protection Property'"
    ),
    remedy='write protection="All", or remove the attribute: All is the default',
)


def check(application: Application) -> Iterator[Finding]:
    """Yield each kind of cookie in use whose protection has no MAC."""
    for part, element, attribute, value in protections(application):
        if value in ("None", "Encryption"):
            text = f"{element.name}: {attribute} {value} leaves the cookie unsigned"
            subject = f"/{element.name}" if element is not part.element else ""
            yield part.finding(RULE, text, element=element, attribute=attribute, subject=subject)
