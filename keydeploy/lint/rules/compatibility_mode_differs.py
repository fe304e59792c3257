"""Modes that differ between the files of an application."""

from collections.abc import Iterator

from keydeploy.lint.machine_keys import FRAMEWORK_45, MachineKeyView, views
from keydeploy.lint.model import Application, Finding, Rule, Severity
from keydeploy.webconfig.effective import DEFAULT

RULE = Rule(
    id="compatibility-mode-differs",
    severity=Severity.WARNING,
    title="compatibilityMode differs between levels",
    reason=(
        "The same keys make other tickets in another mode: applications that inherit them do not understand each other."
    ),
    source=(
        "System.Web MachineKeyCompatibilityMode, ConfigUtil.SetFX45DefaultValue: an inherited mode beats "
        "targetFramework"
    ),
    remedy="write the same compatibilityMode at every level, or at the highest alone",
)


def check(application: Application) -> Iterator[Finding]:
    """Yield the mode in effect when a file above has another, or when it beats the application's targetFramework."""
    for view in views(application):
        yield from _between_levels(view)


def _between_levels(view: MachineKeyView) -> Iterator[Finding]:
    part = view.part("compatibilityMode")
    if part is None:
        return
    above = [each for each in view.parts[: view.parts.index(part)] if each.file is not part.file]
    others = [each for each in above if each.get("compatibilityMode") not in (None, view.mode)]
    if others:
        text = f"{others[-1].path} sets a different compatibilityMode"
        yield part.finding(RULE, text, attribute="compatibilityMode")
    target = view.target_mode
    own_target = target.source == view.application.own.level.name
    if target.source != DEFAULT and own_target and not part.is_own and target.value == FRAMEWORK_45 != view.mode:
        text = f"it beats targetFramework of {view.application.own.path}, which asks for {FRAMEWORK_45}"
        yield part.finding(RULE, text, attribute="compatibilityMode")
