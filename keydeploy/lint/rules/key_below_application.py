"""A machineKey in a folder below the application."""

import re
from collections.abc import Iterator

from keydeploy.lint.machine_keys import SECTION
from keydeploy.lint.model import Application, Finding, Rule, Severity
from keydeploy.lint.sight import written

RULE = Rule(
    id="key-below-application",
    severity=Severity.WARNING,
    title="machineKey below the level of the application",
    reason=(
        "machineKey may stand in machine.config and in the web.config of a site or an application; in that "
        "of a folder ASP.NET refuses it."
    ),
    source=(
        "machine.config: allowDefinition='MachineToApplication'; System.Web, message 'It is an error to use "
        "a section registered as allowDefinition=MachineToApplication beyond application level'"
    ),
    remedy="move it into the web.config of the application, or make the folder an application in IIS",
)


_WEB_CONFIG = re.compile(r"(?:.*[\\/])?web\.config", re.IGNORECASE)


def check(application: Application) -> Iterator[Finding]:
    """Yield the machineKey of a web.config that lies below another; on a node, what is looked at is an application."""
    above = [file for file in application.files[:-1] if _WEB_CONFIG.fullmatch(file.path)]
    if application.node is not None or not above:
        return
    for part in written(application, SECTION):
        if part.is_own:
            text = f"machineKey in a folder below {above[-1].path}: refused unless the folder is an application in IIS"
            yield part.finding(RULE, text)
