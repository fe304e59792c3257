"""References to certificates that nothing uses any more."""

from collections.abc import Iterator

from keydeploy.lint import wif
from keydeploy.lint.certificates import Reference, references
from keydeploy.lint.model import Application, Finding, Rule, Severity

RULE = Rule(
    id="stale-certificate",
    severity=Severity.NOTE,
    title="reference to a certificate that may be stale",
    reason=(
        "Where the machine key protects session cookies, serviceCertificate is needed only to read "
        "encrypted tokens of the issuer; where WIF 3.5 and 4.5 name different certificates, one of them was "
        "forgotten. A forgotten reference is renewed, or missed, for nothing."
    ),
    source=(
        "Microsoft, 'Windows Identity Foundation Configuration Schema' (serviceCertificate); "
        "'Guidelines for Migrating an "
        "Application Built Using WIF 3.5 to WIF 4.5'"
    ),
    remedy=(
        "remove the reference that nothing uses; keep it with a suppression where the issuer encrypts its tokens for it"
    ),
)


def check(application: Application) -> Iterator[Finding]:
    """Yield the references of WIF that something else has replaced."""
    found = [each for each in references(application) if each.is_of_wif]
    if wif.encrypts_with_machine_key(application):
        for reference in found:
            text = "session cookies are protected by the machine key; the certificate only reads encrypted tokens"
            yield reference.finding(RULE, text, "findValue")
    else:
        yield from _between_versions(found)


def _between_versions(found: list[Reference]) -> Iterator[Finding]:
    new = {each.thumbprint for each in found if not each.is_of_wif_3_5}
    for reference in found:
        if reference.is_of_wif_3_5 and new and reference.thumbprint not in new:
            yield reference.finding(RULE, "WIF 3.5 and WIF 4.5 name different certificates", "findValue")
