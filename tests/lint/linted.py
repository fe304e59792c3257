"""Findings to report on, without anything having been looked at."""

from dataclasses import replace
from typing import Any

from keydeploy.lint.model import Finding, Rule, Severity


def rule(name: str = "sample-key", severity: Severity = Severity.ERROR) -> Rule:
    """Answer a rule of the table where it has one of that name."""
    return Rule(
        id=name, severity=severity, title=f"{name} is wrong", reason="because", source="a book", remedy="mend it"
    )


def finding(of: Rule | None = None, **different: Any) -> Finding:
    """Answer a finding that is *different* from the usual one."""
    usual = Finding(
        rule=of or rule(),
        file="src/web.config",
        line=12,
        column=5,
        text="what was found",
        subject="system.web/machineKey@validationKey",
    )
    return replace(usual, **different)
