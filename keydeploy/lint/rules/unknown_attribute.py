"""Attributes that machineKey does not have."""

from collections.abc import Iterator
from dataclasses import replace

from keydeploy.lint.machine_keys import SECTION
from keydeploy.lint.model import Application, Finding, Rule, Severity
from keydeploy.lint.sight import written
from keydeploy.webconfig.document import is_namespace_declaration
from keydeploy.webconfig.machine_key import ATTRIBUTES, COMMON_ATTRIBUTES
from keydeploy.webconfig.sections import PROVIDER

RULE = Rule(
    id="unknown-attribute",
    severity=Severity.ERROR,
    title="unknown attribute of machineKey",
    reason=("ASP.NET knows seven attributes and fails at any other: Unrecognized attribute. Names are case-sensitive."),
    source="System.Web MachineKeySection; System.Configuration ConfigurationElement",
    remedy=(
        "remove the attribute, or write its name as ASP.NET does: validationKey, decryptionKey, validation, "
        "decryption, compatibilityMode, dataProtectorType, applicationName"
    ),
)


_KNOWN = {*ATTRIBUTES, *COMMON_ATTRIBUTES, PROVIDER, "configSource"}


def check(application: Application) -> Iterator[Finding]:
    """Yield each attribute of a machineKey that is not known; its name may be anything and is shown only so far."""
    for part in written(application, SECTION):
        for attribute in part.element.attributes if part.element else ():
            if attribute.name in _KNOWN or is_namespace_declaration(attribute.name):
                continue
            same = next((name for name in ATTRIBUTES if name.lower() == attribute.name.lower()), None)
            text = f"the attribute must be written {same}" if same else "ASP.NET does not know this attribute"
            found = part.finding(RULE, text, attribute=attribute.name)
            yield replace(found, subject=f"{SECTION}@{same or 'unknown'}")
