"""Tell for this host what lint found; fails where an error was found, or where that cannot be told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..plugin_utils.inspected import COMPARED, INSPECTED, differing, linted
from ..plugin_utils.last_step import LastStep
from ..plugin_utils.run import Run
from ..plugin_utils.standing import standing

if TYPE_CHECKING:
    from keydeploy.lint.model import Finding

BASELINE = "keydeploy_baseline"
"""The variable that names the file with findings that are accepted."""


class ActionModule(LastStep):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy.lint import declared  # noqa: PLC0415
        from keydeploy.lint.model import Severity  # noqa: PLC0415

        run = Run(task_vars)
        if run.problems or run.unchecked or run.farm is None:
            return standing(run)
        known = {"run": run.name, "farm": run.farm}
        found = linted(run, run.host)
        if found is None:
            answer = run.answer(INSPECTED, run.host)
            state = "unreachable" if answer.get("state") == "unreachable" else "failed"
            return {"state": state, **known, "reasons": [answer.get("cause") or "it was not inspected"]}
        if run.step(COMPARED).get("state") != "compared":
            return {"state": "failed", **known, "reasons": ["the nodes of its farm were not compared"]}
        policy = declared.look(run.notices(run.farm))
        findings = self._counting([*found.findings, *differing(run, run.host), *policy.findings], task_vars)
        errors = [finding for finding in findings if finding.rule.severity is Severity.ERROR]
        unread = {**found.unread, **policy.unread}
        reasons = [_line(finding) for finding in errors] + [f"{file}: {why}" for file, why in unread.items()]
        if not reasons:
            return {"state": "in_order", **known}
        return {"state": "against_policy" if errors else "failed", **known, "reasons": reasons}

    def _counting(self, findings: list[Finding], task_vars: dict[str, Any]) -> list[Finding]:
        """Answer those of *findings* that no baseline accepts."""
        from keydeploy.lint.baseline import Baseline, marked  # noqa: PLC0415

        named = self._templar.template(task_vars.get(BASELINE))
        if not named:
            return findings
        baseline = Baseline.read(Path(str(named)))
        return [finding for finding, mark in marked(findings, baseline.folder) if baseline.entry(mark) is None]


def _line(finding: Finding) -> str:
    place = ":".join(str(part) for part in (finding.file, finding.line, finding.column) if part is not None)
    return f"{place}: {finding.text} [{finding.rule.id}]"
