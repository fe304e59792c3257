"""An old mode that somebody keeps by hand."""

from collections.abc import Iterator

from keydeploy.lint.machine_keys import FRAMEWORK_45, views
from keydeploy.lint.model import Application, Finding, Rule, Severity

RULE = Rule(
    id="compatibility-mode-legacy",
    severity=Severity.NOTE,
    title="old compatibilityMode kept by hand",
    reason=(
        "The modes before Framework45 use the two keys themselves for everything; Framework45 derives keys for each "
        "purpose, so that what was made for one, such as a ticket, is worth nothing in the place of another."
    ),
    source="Microsoft, MachineKeyCompatibilityMode Enum; 'Cryptographic Improvements in ASP.NET 4.5, pt. 2'",
    remedy=(
        "write Framework45 for all applications that share tickets, on all nodes at one instant; or say by a "
        "suppression which application still needs the old mode"
    ),
)


def check(application: Application) -> Iterator[Finding]:
    """Yield the old mode that the application's own file sets though its targetFramework asks for Framework45."""
    for view in views(application):
        part, mode = view.part("compatibilityMode"), view.mode
        is_old = mode is not None and mode != FRAMEWORK_45
        if part is not None and part.is_own and is_old and view.target_mode.value == FRAMEWORK_45:
            text = f"compatibilityMode is {mode}, though httpRuntime's targetFramework asks for {FRAMEWORK_45}"
            yield part.finding(RULE, text, attribute="compatibilityMode")
