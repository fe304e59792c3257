"""Transforms (XDT), by which a build changes a web.config, as far as rules must know them.

Source: Microsoft, "Web.config Transformation Syntax for Web Project Deployment Using Visual Studio".
"""

from keydeploy.lint.sight import Part
from keydeploy.webconfig.document import Element

_TRANSFORM = "Transform"
_REMOVE = "remove"


def takes_away(part: Part) -> bool:
    """Tell whether *part* stands in a transform that removes it, or attributes of it, or what it stands in."""
    return any(
        _transform(element).startswith(_REMOVE)
        for element in part.document.root.walk()
        if element.start <= part.anchor.start < element.end
    )


def _transform(element: Element) -> str:
    found = (attribute.value for attribute in element.attributes if attribute.name.rpartition(":")[2] == _TRANSFORM)
    return next(found, "").strip().lower()
