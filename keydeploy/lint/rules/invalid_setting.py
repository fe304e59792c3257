"""Values of validation, decryption and compatibilityMode that ASP.NET refuses."""

from collections.abc import Iterator

from keydeploy.keys.machine_key import COMPATIBILITY_MODES, DECRYPTIONS, LEGACY_VALIDATIONS, MODERN_VALIDATIONS
from keydeploy.lint.key_text import is_token
from keydeploy.lint.machine_keys import FRAMEWORK_45, MachineKeyView, views
from keydeploy.lint.model import Application, Finding, Rule, Severity

RULE = Rule(
    id="invalid-setting",
    severity=Severity.ERROR,
    title="algorithm or mode that ASP.NET refuses",
    reason=(
        "The names are case-sensitive, and Framework45 knows fewer of them: the application fails at its "
        "start, or at the first ticket."
    ),
    source=(
        "System.Web MachineKeyValidationConverter, MachineKeyCompatibilityMode; System.Configuration "
        "GenericEnumConverter"
    ),
    remedy="write one of the values that the finding names, in the same upper and lower case",
)


def check(application: Application) -> Iterator[Finding]:
    """Yield each of the three attributes whose value in effect is refused."""
    for view in views(application):
        yield from _attribute(view, "validation", LEGACY_VALIDATIONS)
        yield from _attribute(view, "decryption", DECRYPTIONS)
        yield from _attribute(view, "compatibilityMode", COMPATIBILITY_MODES)
        part, value = view.part("validation"), (view.value("validation") or "").strip()
        refused = value in LEGACY_VALIDATIONS and value not in MODERN_VALIDATIONS and view.mode == FRAMEWORK_45
        if part is not None and refused and not view.uses_data_protector:
            text = f"validation {value} is unknown to Framework45; it takes {', '.join(MODERN_VALIDATIONS)}"
            yield part.finding(RULE, text, attribute="validation")


def _attribute(view: MachineKeyView, attribute: str, known: tuple[str, ...]) -> Iterator[Finding]:
    part, value = view.part(attribute), view.value(attribute)
    if part is None or value is None:
        return
    if attribute != "compatibilityMode":  # Of this one ASP.NET does not cut off white space.
        value = value.strip()
    if value in known or value.lower().startswith("alg:") or (is_token(value) and not application_is_seen(view)):
        return
    same = next((each for each in known if each.lower() == value.strip().lower()), None)
    text = f"{attribute} must be written {same}" if same else f"{attribute} is none of {', '.join(known)}"
    yield part.finding(RULE, text, attribute=attribute)


def application_is_seen(view: MachineKeyView) -> bool:
    """Tell whether the file is in use on a node, where no tool will fill in anything."""
    return view.application.node is not None
