"""Thumbprints with characters that nobody sees."""

from collections.abc import Iterator

from keydeploy.lint.model import Application, Finding, Rule, Severity
from keydeploy.lint.sight import every
from keydeploy.webconfig.document import Element
from keydeploy.webconfig.service_certificate import THUMBPRINT, as_written, without_invisible

RULE = Rule(
    id="invisible-character",
    severity=Severity.ERROR,
    title="thumbprint with an invisible character",
    reason=(
        "The certificate dialog of Windows puts U+200E before the thumbprint that is copied from it; .NET "
        "does not find the certificate then, though the text looks right."
    ),
    source=(
        "Microsoft KB 2023835, 'Certificate thumbprint displayed in MMC certificate snap-in has extra invisible "
        "unicode character'"
    ),
    remedy="type the thumbprint, or copy it from certutil -store My or from Get-ChildItem Cert:",
)


def check(application: Application) -> Iterator[Finding]:
    """Yield each attribute of the own file that would be a thumbprint without such characters."""
    for part in every(application):
        for name in _suspect(part.element):
            text = f"{name} is a thumbprint with a character that is not shown"
            yield part.finding(RULE, text, attribute=name)


def _suspect(element: Element | None) -> Iterator[str]:
    by_thumbprint = element is not None and element.get("x509FindType") == "FindByThumbprint"
    for name in ("thumbprint", "findValue" if by_thumbprint else "thumbprint"):
        value = as_written(element.get(name) or "") if element else ""
        if not THUMBPRINT.fullmatch(value) and THUMBPRINT.fullmatch(without_invisible(value)):
            yield name
            return
