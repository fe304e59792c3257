"""Sections that stand twice."""

from collections.abc import Iterator

from keydeploy.lint.model import Application, Finding, Rule, Severity
from keydeploy.lint.sight import every
from keydeploy.webconfig.document import Element
from keydeploy.webconfig.sections import segments

RULE = Rule(
    id="duplicate-section",
    severity=Severity.ERROR,
    title="section that stands twice for one place",
    reason=(
        "System.Configuration refuses a file in which a section stands twice for the same place: the "
        "application does not start."
    ),
    source="System.Configuration BaseConfigurationRecord (Config_sections_must_be_unique)",
    remedy="remove one of the two by hand",
)


_SECTIONS = frozenset(
    (
        "appSettings",
        "connectionStrings",
        "microsoft.identityModel",
        "system.identityModel",
        "system.identityModel.services",
        "system.web/authentication",
        "system.web/identity",
        "system.web/machineKey",
        "system.web/pages",
    )
)
"""Those that key material depends on."""


def check(application: Application) -> Iterator[Finding]:
    """Yield each further section of the application's own file for a place that has it already."""
    root = application.own.level.document.root
    holders = [root, *root.named("location")]
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for part in every(application) if root.name == "configuration" else ():
        if part.section in _SECTIONS:
            place = part.section, _path(holders, part.anchor)
            if place in seen:
                yield part.finding(RULE, f"a second {part.anchor.name} for the same place")
            seen.add(place)


def _path(holders: list[Element], element: Element) -> tuple[str, ...]:
    """Answer the path of the `<location>` that *element* stands in."""
    inner = [each for each in holders if each.start <= element.start < each.end]
    return segments(inner[-1].get("path") or "")
