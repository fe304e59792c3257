"""How long a run took, as text: in one line, or step by step with the slowest nodes."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from keydeploy.report.phases import WORDS
from keydeploy.report.timings import NodeTime, StepTime

_WAITING = ("commit", "pause")
"""In these all nodes wait for an instant, so that none of them is slow."""


def in_a_line(timings: Sequence[StepTime]) -> str | None:
    """Answer such as `took 12.3 s; slowest: web7 in staging, 4.1 s`; None where there is nothing to tell."""
    if not timings:
        return None
    took = f"took {_seconds(sum(step.seconds for step in timings))}"
    slowest = [(node, step) for step in timings if step.step not in _WAITING for node in step.slowest]
    if not slowest:
        return took
    node, step = max(slowest, key=lambda each: each[0].seconds)
    return f"{took}; slowest: {node.node} in {_word(step)}, {_seconds(node.seconds)}"


def in_full(timings: Sequence[StepTime]) -> Iterator[Text]:
    """Yield each step and its slowest nodes, and the whole in the end."""
    yield Text("timings", style="bold")
    for step in timings:
        nodes = f", {step.nodes} nodes" if step.nodes > 1 else ""
        yield Text(f"  {_word(step)}: {_seconds(step.seconds)}{nodes}{_slowest(step.slowest)}")
    yield Text(f"  all together: {_seconds(sum(step.seconds for step in timings))}")


def _slowest(nodes: Sequence[NodeTime]) -> str:
    if len(nodes) < 2:  # one node, or a step on the controller
        return ""
    return f"; slowest: {', '.join(f'{node.node} {_seconds(node.seconds)}' for node in nodes)}"


def _word(step: StepTime) -> str:
    return WORDS.get(step.step, step.step)


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s"
