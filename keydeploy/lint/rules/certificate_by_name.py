"""Certificates that are found by something else than their thumbprint."""

from collections.abc import Iterator

from keydeploy.lint.certificates import references
from keydeploy.lint.model import Application, Finding, Rule, Severity

RULE = Rule(
    id="certificate-by-name",
    severity=Severity.WARNING,
    title="certificate found by its name, not its thumbprint",
    reason=(
        "After a renewal the store holds two certificates of one subject, and WIF wants to find exactly one: the "
        "application fails (ID1025) on the nodes that hold both. Without x509FindType, certificateReference looks for "
        "a distinguished name."
    ),
    source="System.IdentityModel X509Util.TryResolveCertificate; System.ServiceModel CertificateReferenceElement",
    remedy=(
        'write x509FindType="FindByThumbprint" with the thumbprint; declare session_tokens: {certificate: '
        "NAME} and keydeploy writes it"
    ),
)


def check(application: Application) -> Iterator[Finding]:
    """Yield each reference of WIF that is not by thumbprint; those of WCF services say nothing about cookies."""
    for reference in references(application):
        if reference.is_of_wif and reference.find_type != "FindByThumbprint":
            how = reference.find_type if reference.is_known_type else "something else"
            text = f"{reference.element.name}: the certificate is found by {how}"
            yield reference.finding(RULE, text, "x509FindType" if reference.is_written else "findValue")
