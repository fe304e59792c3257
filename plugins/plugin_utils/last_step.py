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


class LastStep(Step):
    """A step that fails where its answer is a refusal, with the reasons as the message."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Carry out the step and fail where that is due."""
        result = super().run(tmp, task_vars)
        if result["state"] not in REFUSALS:
            return result
        told = [text for text in (result.get("cause"), *result.get("reasons", ())) if text]
        why = "; ".join(told) or "the node is not as declared"
        return {**result, "failed": True, "msg": f"keydeploy: {result['state'].replace('_', ' ')}: {why}"}
