"""Certificates that the node does not have."""

from collections.abc import Iterator

from keydeploy.lint.certificates import references
from keydeploy.lint.model import Application, Finding, Rule, Severity

RULE = Rule(
    id="missing-certificate",
    severity=Severity.ERROR,
    title="certificate that the node does not hold",
    reason=(
        "The application looks for the certificate by its thumbprint in LocalMachine\\My, where it is not: "
        "it fails at its start or at the first sign-in."
    ),
    source="System.IdentityModel X509Util.ResolveCertificate; System.ServiceModel",
    remedy=(
        "declare the certificate with its key in certificates, so that every node gets it, or correct the thumbprint"
    ),
)


def check(application: Application) -> Iterator[Finding]:
    """Yield each reference by thumbprint to a certificate that the node's store My does not have."""
    held = application.node.thumbprints if application.node else None
    if held is None:
        return
    for reference in references(application):
        if reference.thumbprint is not None and reference.is_in_my and reference.thumbprint not in held:
            yield reference.finding(
                RULE, "the node has no certificate of this thumbprint in LocalMachine\\My", "findValue"
            )
