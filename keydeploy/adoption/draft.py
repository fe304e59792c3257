"""A declaration that shrinks until a node is exactly as it says: what is left is true, the rest is told.

There is one comparison, that of a plan: whatever it would change or refuse here is taken out, and looked at again.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from keydeploy.edit import Difference
from keydeploy.errors import KeydeployError
from keydeploy.node.contract import Response
from keydeploy.observation import Subject, observe
from keydeploy.spec import load
from keydeploy.spec.declaration import Declaration
from keydeploy.spec.load import problems_of

_ORDER = ("session_tokens", "protected_sections", "machine_key")
"""One refusal may hold for all that is declared for an application; it goes in this order."""


def settle(value: dict[str, Any], host: str, response: Response) -> dict[str, str]:
    """Take out of the declaration *value* all that the node of *host* is not, and answer it: why, by its address.

    Raises `KeydeployError` where what is wrong cannot be taken out.
    """
    taken: dict[str, str] = {}
    while wrong := _wrong(value, host, response):
        left = _count(value)
        for address, why in wrong.items():
            _take(value, address)
            taken[address] = why
        if _count(value) >= left:
            raise KeydeployError(f"{', '.join(wrong)} cannot be adopted", hint="report this as a bug of keydeploy")
    return taken


def refusals(value: Mapping[str, Any], host: str, response: Response) -> dict[str, str]:
    """Answer what of the declaration *value* could not be brought about on the node: why, by its address."""
    subjects = observe(load(Declaration(host=host, value={**value})), response).subjects
    return {subject.address: subject.refusal for subject in subjects if subject.refusal is not None}


def _wrong(value: dict[str, Any], host: str, response: Response) -> dict[str, str]:
    declaration = Declaration(host=host, value=value)
    problems = problems_of(declaration)
    if problems:
        return {problem.address: problem.text for problem in problems}
    subjects = observe(load(declaration), response).subjects
    found = {subject.address: _would_change(subject) for subject in subjects if subject.differences}
    refused = {subject.address: subject.refusal for subject in subjects if subject.refusal is not None}
    return found | dict(_first(refused))


def _would_change(subject: Subject) -> str:
    return f"keydeploy would change it: {', '.join(map(_told, subject.differences))}"


def _told(difference: Difference) -> str:
    return f"{difference.name} from {difference.found} to {difference.wanted}"


def _first(refused: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield of each application the first refusal in the order in which they go, and all others."""
    of_applications: dict[str, list[str]] = {}
    for address, why in refused.items():
        kind, _, rest = address.partition(".")
        name, _, aspect = rest.partition(".")
        if kind == "applications" and aspect.partition(".")[0] in _ORDER:
            of_applications.setdefault(name, []).append(address)
        else:
            yield address, why
    for name, addresses in of_applications.items():
        first = next(
            address for aspect in _ORDER for address in addresses if address.startswith(f"applications.{name}.{aspect}")
        )
        yield first, refused[first]


def _take(value: dict[str, Any], address: str) -> None:
    """Take what stands at *address*, and what cannot be without it, out of *value*."""
    kind, _, rest = address.partition(".")
    match kind:
        case "applications":
            _take_of_application(value["applications"], *rest.partition(".")[::2])
        case "machine":
            value.pop("machine", None)
        case "smart_cards":
            timeouts = value.get("smart_cards", {}).get("transaction_timeout", {})
            timeouts.pop(rest.rpartition(".")[2], None)
            if not timeouts:
                value.pop("smart_cards", None)
        case "key_containers":
            held = value["key_containers"]
            name = _container(held, rest)
            held.pop(name, None)
            for application in value["applications"].values():
                if application.get("protected_sections", {}).get("container") == name:
                    del application["protected_sections"]
        case _:
            raise KeydeployError(f"{address} cannot be adopted", hint="report this as a bug of keydeploy")


def _container(names: Iterable[str], address: str) -> str | None:
    """Answer which of *names*, which may have dots in them, *address* is of or begins with; the longest one counts."""
    fitting = (name for name in names if address == name or address.startswith(f"{name}."))
    return max(fitting, key=len, default=None)


def _count(value: Any) -> int:
    """Answer how much there is in *value*."""
    match value:
        case dict():
            return sum(1 + _count(each) for each in value.values())
        case list():
            return len(value)
    return 0


def _take_of_application(applications: dict[str, Any], name: str, rest: str) -> None:
    application = applications.get(name, {})
    aspect, _, inner = rest.partition(".")
    if aspect == "protected_sections" and inner in application.get(aspect, {}).get("sections", ()):
        application[aspect]["sections"].remove(inner)
        if application[aspect]["sections"]:
            return
    if aspect not in application or aspect in ("site", "path"):
        applications.pop(name, None)
        return
    del application[aspect]
    if aspect == "machine_key":
        application.pop("session_tokens", None)
