"""Sections that DPAPI encrypts."""

from collections.abc import Iterator

from keydeploy.lint.model import Application, Finding, Rule, Severity
from keydeploy.lint.sight import every, local_name
from keydeploy.webconfig.document import Document
from keydeploy.webconfig.sections import PROVIDER

RULE = Rule(
    id="section-by-node-key",
    severity=Severity.WARNING,
    title="section encrypted with a key of one node, on a farm",
    reason=(
        "DataProtectionConfigurationProvider encrypts with DPAPI, whose keys never leave the node: the file "
        "works on one node alone."
    ),
    source=(
        "System.Configuration DpapiProtectedConfigurationProvider; Microsoft, 'Specifying a Protected "
        "Configuration Provider'"
    ),
    remedy=(
        "decrypt it on its node (aspnet_regiis -pd), declare the section in protected_sections with a key "
        "container that all nodes have"
    ),
)


_DPAPI = "DataProtectionConfigurationProvider"
_TYPE = "DpapiProtectedConfigurationProvider"


def check(application: Application) -> Iterator[Finding]:
    """Yield each section of the application's own file whose provider is DPAPI's."""
    if not application.on_farm:
        return
    names = {_DPAPI, *_named(application.own.level.document)}
    for part in every(application):
        if part.anchor.get(PROVIDER) in names:
            yield part.finding(RULE, f"{local_name(part.anchor)} is encrypted by DPAPI, with a key of one node")


def _named(document: Document) -> Iterator[str]:
    """Yield the names that the file itself gives to providers of that type."""
    for section in document.root.named("configProtectedData"):
        for providers in section.named("providers"):
            for entry in providers.named("add"):
                if _TYPE in (entry.get("type") or ""):
                    yield entry.get("name") or ""
