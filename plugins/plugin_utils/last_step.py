"""The step that ends a playbook: only there does a play fail."""

from __future__ import annotations

from typing import Any

from .step import Step

REFUSALS = (
    "invalid",
    "refused",
    "failed",
    "unreachable",
    "drift",
    "not_checked",
    "overdue",
    "against_policy",
    "unstaged",
    "rolled_back",
    "finished",
    "ended",
    "not_begun",
    "left_out",
    "missing",
)
"""The states in which it fails."""

CANNOT_TELL = "cannot tell"
"""What a refusal is called where nothing was to be changed."""
_SHOWN = 3
"""Of what differs, in the message; the result has all of it."""


class LastStep(Step):
    """A step that fails where its answer is a refusal, with the reasons as the message."""

    REFUSED = "refused"
    """What a refusal is called."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Carry out the step and fail where that is due."""
        result = super().run(tmp, task_vars)
        why = refusal(result, self.REFUSED)
        return result if why is None else {**result, "failed": True, "msg": f"keydeploy: {why}"}


def refusal(result: dict[str, Any], refused: str) -> str | None:
    """Answer why a step fails that answers *result*, and None where it does not; a refusal is called *refused*."""
    if result["state"] not in REFUSALS:
        return None
    told = [text for text in (result.get("cause"), *result.get("reasons", ())) if text]
    why = "; ".join(told or _shown(result.get("differs", []))) or "the node is not as declared"
    hints = "".join(f"; hint: {each}" for each in (result.get("hint"), *result.get("hints", ())) if each)
    return f"{refused if result['state'] == 'refused' else result['state'].replace('_', ' ')}: {why}{hints}"


def _shown(differs: list[str]) -> list[str]:
    more = len(differs) - _SHOWN
    return [*differs[:_SHOWN], f"and {more} more"] if more > 0 else differs
