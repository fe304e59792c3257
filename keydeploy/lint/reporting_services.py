"""The keys of SQL Server Reporting Services, whose nodes share one pair as those of ASP.NET do.

Its rsreportserver.config is no configuration file of .NET and has a MachineKey with attributes of its own spelling.
Source: github.com/microsoft/Reporting-Services, issue 121.
"""

from dataclasses import replace
from typing import Final

from keydeploy.webconfig.document import Document, Element

FILE: Final = "rsreportserver.config"
_ROOT, _MACHINE_KEY = "Configuration", "MachineKey"


def machine_key(document: Document) -> Document | None:
    """Answer *document* as if its MachineKey were a machineKey that stands in a file of its own; None without one."""
    found = next(document.root.named(_MACHINE_KEY), None) if document.root.name == _ROOT else None
    return None if found is None else replace(document, root=_spelled_as_in_asp_net(found))


def _spelled_as_in_asp_net(element: Element) -> Element:
    attributes = tuple(replace(each, name=_camel(each.name)) for each in element.attributes)
    return replace(element, name=_camel(element.name), attributes=attributes)


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]
