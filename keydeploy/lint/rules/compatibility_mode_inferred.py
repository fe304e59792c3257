"""A mode that nobody wrote."""

import re
from collections.abc import Iterator

from keydeploy.lint.machine_keys import FRAMEWORK_45, MachineKeyView, explicit_keys, views
from keydeploy.lint.model import Application, Finding, Rule, Severity
from keydeploy.lint.sight import parts
from keydeploy.webconfig.effective import DEFAULT

RULE = Rule(
    id="compatibility-mode-inferred",
    severity=Severity.NOTE,
    title="compatibilityMode follows from targetFramework",
    reason=(
        "Without compatibilityMode, httpRuntime's targetFramework decides how tickets are made: "
        "applications that share the key, or one that is retargeted, no longer understand each other."
    ),
    source="System.Web ConfigUtil.SetFX45DefaultValue",
    remedy="write compatibilityMode beside the keys, with the value in effect, so that nothing changes",
)


_VERSION = re.compile(r"(\d+)\.(\d+)")


def check(application: Application) -> Iterator[Finding]:
    """Yield the machineKey that holds explicit keys and no mode, where a targetFramework is given."""
    for view in views(application):
        keys = [*explicit_keys(view)]
        if not keys or not view.is_readable or view.part("compatibilityMode") is not None:
            continue
        if view.target_mode.source != DEFAULT:
            text = f"compatibilityMode is not written: {view.mode} follows from httpRuntime's targetFramework"
        elif _compiles_for_4_5(view):
            text = (
                f"compatibilityMode is not written: {view.mode} applies, because targetFramework stands in compilation"
                " and not in httpRuntime"
            )
        else:
            continue
        yield keys[-1][0].finding(RULE, text)


def _compiles_for_4_5(view: MachineKeyView) -> bool:
    found = (part.get("targetFramework") for part in parts(view.application, "system.web/compilation"))
    versions = [match for value in found if value and (match := _VERSION.match(value.strip()))]
    return view.mode != FRAMEWORK_45 and any((int(each[1]), int(each[2])) >= (4, 5) for each in versions)
