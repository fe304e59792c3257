"""What the inspection of nodes found, read from its registered results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keydeploy.lint.farm import SeenNode
    from keydeploy.lint.model import Finding, Linted
    from keydeploy.lint.suppression import Suppression

    from .run import Run

INSPECTED = "keydeploy_inspected"
COMPARED = "keydeploy_compared"


def inspected(run: Run, host: str) -> dict[str, Any] | None:
    """Answer what the inspection of *host* told, None where there is none."""
    answer = run.answer(INSPECTED, host)
    return answer if answer.get("state") == "inspected" else None


def seen(run: Run, members: Iterable[str]) -> list[tuple[SeenNode, list[Suppression]]]:
    """Answer what those of *members* that were inspected are compared by, and the comments in their files about it."""
    from keydeploy.lint.codec import comment_from_json  # noqa: PLC0415
    from keydeploy.lint.farm import SeenNode  # noqa: PLC0415
    from keydeploy.node.contract.codec import decode  # noqa: PLC0415

    answers = (inspected(run, member) for member in members)
    return [
        (decode(SeenNode, answer["seen"]), [comment_from_json(comment) for comment in answer["comments"]])
        for answer in answers
        if answer is not None
    ]


def linted(run: Run, host: str) -> Linted | None:
    """Answer what rules found on *host*, None where it was not inspected."""
    from keydeploy.lint import codec  # noqa: PLC0415

    answer = inspected(run, host)
    return codec.from_json(answer["linted"]) if answer is not None else None


def differing(run: Run, host: str) -> list[Finding]:
    """Answer in what *host* differs from the other nodes of its farm."""
    from keydeploy.lint import codec  # noqa: PLC0415

    told = run.step(COMPARED).get("linted")
    return [finding for finding in codec.from_json(told).findings if finding.node == host] if told else []
