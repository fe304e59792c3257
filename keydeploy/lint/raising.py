"""Rules that somebody counts as errors, for one run."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from difflib import get_close_matches

from keydeploy.errors import KeydeployError
from keydeploy.lint.model import Finding, Linted, Rule, Severity
from keydeploy.lint.rules import RULES
from keydeploy.lint.sight import shown


def rules(names: Iterable[str]) -> frozenset[str]:
    """Answer *names* as ids of rules; raises `KeydeployError`, with what comes near, where one of them is none."""
    return frozenset(rule(name).id for name in names)


def rule(name: str) -> Rule:
    """Answer the rule called *name*; raises `KeydeployError`, with what comes near, where there is none."""
    known = {rule.id: rule for rule in RULES}
    if name in known:
        return known[name]
    near = get_close_matches(name.lower(), known)
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    called = f": {name}" if shown(name.replace("-", " ")) else ""
    raise KeydeployError(f"there is no such rule{called}", hint=f"{meant}keydeploy lint --rules lists them")


def raised(linted: Linted, rules: Collection[str]) -> Linted:
    """Answer *linted* with the findings of *rules* as errors."""
    return replace(
        linted,
        findings=tuple(_raised(finding, rules) for finding in linted.findings),
        suppressed=tuple(replace(each, finding=_raised(each.finding, rules)) for each in linted.suppressed),
    )


def _raised(finding: Finding, rules: Collection[str]) -> Finding:
    is_meant = finding.rule.id in rules
    return replace(finding, rule=replace(finding.rule, severity=Severity.ERROR)) if is_meant else finding
