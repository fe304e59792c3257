"""Whether an application uses the session management of Windows Identity Foundation, and what protects its cookies.

Only the module tells that there are such cookies: the sections of WIF configure web services and consoles as well.
"""

from collections.abc import Iterator
from typing import Final

from keydeploy.lint.certificates import references
from keydeploy.lint.model import Application, Finding, Rule
from keydeploy.lint.sight import Part, parts
from keydeploy.webconfig.document import Element
from keydeploy.webconfig.identity_model import IDENTITY_MODEL, SERVICES, WIF_3_5
from keydeploy.webconfig.session_tokens import SessionHandlers, session_handlers, session_handlers_3_5

_MODULES: Final = ("system.webServer/modules", "system.web/httpModules")
_MODULE: Final = "SessionAuthenticationModule"
_MODULE_3_5: Final = "Microsoft.IdentityModel."
_MACHINE_KEY_HANDLER: Final = "MachineKeySessionSecurityTokenHandler"

Place = tuple[Part, Element]
"""The section, and the element in it."""


def encrypts_with_node_key(application: Application) -> bool:
    """Tell whether session management is in use and its cookies depend on DPAPI, as far as configuration tells."""
    modules = [*_modules(application)]
    if not modules or any(each.is_of_wif for each in references(application)):
        return False
    is_3_5 = any((element.get("type") or "").strip().startswith(_MODULE_3_5) for _, element in modules)
    handlers = _handlers_3_5(application) if is_3_5 else _handlers(application)
    return handlers is not None and handlers.by_node_key and not handlers.other


def encrypts_with_machine_key(application: Application) -> bool:
    """Tell whether the handler that uses the machine key protects session cookies."""
    handlers = _handlers(application)
    return handlers is not None and handlers.by_machine_key and not handlers.by_node_key


def machine_key_handler(application: Application) -> Place | None:
    """Answer where a handler of session cookies is added that uses the machine key, WIF's or one called the same."""
    for section in (IDENTITY_MODEL, WIF_3_5):
        for part in parts(application, section):
            for element in part.element.walk() if part.element else ():
                if element.name == "add" and _MACHINE_KEY_HANDLER in (element.get("type") or "").partition(",")[0]:
                    return part, element
    return None


def found(application: Application, rule: Rule, text: str) -> Finding:
    """Answer that *rule* strikes where the application switches session management on; it must do so."""
    part, element = next(_modules(application))
    return part.finding(rule, text, element=element, subject=f"/add[{_MODULE}]")


def _modules(application: Application) -> Iterator[Place]:
    """Yield where the module is registered that reads and writes session cookies, if it is not removed afterwards."""
    for section in _MODULES:
        added: dict[str, Place] = {}
        for part in parts(application, section):
            for element in part.element.children if part.element else ():
                match element.name:
                    case "clear":
                        added.clear()
                    case "remove":
                        added.pop(_name(element), None)
                    case "add" if _MODULE in (element.get("type") or "").partition(",")[0]:
                        added[_name(element)] = part, element
        yield from added.values()


def _name(element: Element) -> str:
    return (element.get("name") or "").strip().lower()


def _handlers(application: Application) -> SessionHandlers | None:
    services, models = _readable(application, SERVICES), _readable(application, IDENTITY_MODEL)
    return None if services is None or models is None else session_handlers(services, models)


def _handlers_3_5(application: Application) -> SessionHandlers | None:
    sections = _readable(application, WIF_3_5)
    return None if sections is None else session_handlers_3_5(sections)


def _readable(application: Application, section: str) -> list[Element] | None:
    """Answer what applies of *section*; None where a part is encrypted or in a file that was not read."""
    elements = [part.element for part in parts(application, section)]
    return None if None in elements else [element for element in elements if element is not None]
