"""A machineKey that leaves both keys to the default, on a farm."""

from collections.abc import Iterator

from keydeploy.lint import wif
from keydeploy.lint.machine_keys import KEYS, SECTION, views
from keydeploy.lint.model import Application, Finding, Rule, Severity
from keydeploy.lint.sight import parts

RULE = Rule(
    id="automatic-key-by-default",
    severity=Severity.WARNING,
    title="no machine key on a farm that needs one",
    reason=("Where no file sets the keys, ASP.NET makes them up (AutoGenerate,IsolateApps), others on every node."),
    source=(
        "System.Web MachineKeySection: the defaults of validationKey and decryptionKey; Microsoft, 'WIF and Web Farms'"
    ),
    remedy=("write both keys, or check that machine.config or the root web.config of every node holds the same ones"),
)


def check(application: Application) -> Iterator[Finding]:
    """Yield the last machineKey in effect when no file sets a key, or the session handler that needs one."""
    if not application.on_farm:
        return
    for view in views(application):
        keys = [view.part(attribute) for attribute in KEYS]
        if view.parts and view.is_readable and not any(keys) and not view.uses_data_protector:
            yield view.parts[-1].finding(RULE, "machineKey sets no key, and no file above it that was looked at does")
    handler = wif.machine_key_handler(application)
    if handler is not None and not parts(application, SECTION):
        part, element = handler
        text = "the machine key is to protect session cookies, and no file that was looked at has a machineKey"
        yield part.finding(RULE, text, element=element, subject="/securityTokenHandlers/add")
