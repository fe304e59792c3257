"""Which cookies ASP.NET protects by the machine key in an application, and how."""

from collections.abc import Iterator

from keydeploy.lint.model import Application
from keydeploy.lint.sight import Part, parts
from keydeploy.webconfig.document import Element

Protection = tuple[Part, Element, str, str]
"""The section, the element and the attribute of it that sets the protection, and its value."""


def protections(application: Application) -> Iterator[Protection]:
    """Yield the protections that files set for cookies which the application uses.

    Source: System.Web `FormsAuthenticationConfiguration`, `RoleManagerSection`, `AnonymousIdentificationSection`.
    """
    authentication = parts(application, "system.web/authentication")
    if _last(authentication, "mode") == "Forms":
        forms = [(part, element) for part in authentication for element in part.below("forms")]
        yield from _effective(forms, "protection")
    roles = parts(application, "system.web/roleManager")
    if _is_true(_last(roles, "enabled")) and _is_true(_last(roles, "cacheRolesInCookie")):
        yield from _effective([(part, part.element) for part in roles if part.element], "cookieProtection")
    anonymous = parts(application, "system.web/anonymousIdentification")
    if _is_true(_last(anonymous, "enabled")):
        yield from _effective([(part, part.element) for part in anonymous if part.element], "cookieProtection")


def _effective(found: list[tuple[Part, Element]], attribute: str) -> Iterator[Protection]:
    for part, element in reversed(found):
        value = element.get(attribute)
        if value is not None:
            yield part, element, attribute, value
            return


def _last(found: list[Part], attribute: str) -> str | None:
    values = [part.get(attribute) for part in found]
    return next((value for value in reversed(values) if value is not None), None)


def _is_true(value: str | None) -> bool:
    return (value or "").strip().lower() == "true"
