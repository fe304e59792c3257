"""Words that several texts share: how many, and which."""

from collections.abc import Iterable, Iterator

from keydeploy.plan import Reason

_NAMES_SHOWN = 6


def count(number: int, noun: str = "node") -> str:
    """Answer such as `1 node` and `3 nodes`; *noun* is in the singular and takes an `s`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def names(of: Iterable[str]) -> str:
    """Answer the names, and of many the first and how many there are beside."""
    found = list(of)
    rest = len(found) - _NAMES_SHOWN
    return ", ".join(found[:_NAMES_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def alike(reasons: Iterable[Reason]) -> Iterator[tuple[Reason, tuple[str, ...]]]:
    """Yield each reason once, with the nodes for which it is the same; none where it is no node's."""
    found: dict[tuple[str, str | None], tuple[Reason, list[str]]] = {}
    for reason in reasons:
        _, nodes = found.setdefault((reason.text, reason.hint), (reason, []))
        nodes += [reason.node] if reason.node else []
    for reason, nodes in found.values():
        yield reason, tuple(nodes)
