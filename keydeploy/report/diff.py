"""A plan's edits as a diff that shows where and what, and each secret as the address it comes from."""

from collections.abc import Iterator

from keydeploy.observation import FileChange
from keydeploy.plan import Action, NodePlan


def redacted_diff(node: NodePlan) -> str:
    """Answer the edits of one node; what they replace is told in words, because it may be a secret."""
    lines = []
    for operation in node.operations:
        if operation.action is Action.NO_OP:
            continue
        lines.append(f"@@ {operation.address} @@")
        for difference in operation.differences:
            lines.append(f"-{difference.name}: {difference.found}")
            lines.append(f"+{difference.name}: {difference.wanted}")
    for change in node.to_stage:
        if isinstance(change, FileChange):
            lines.extend(_edits(change))
    return "\n".join(lines) + "\n"


def _edits(change: FileChange) -> Iterator[str]:
    yield f"--- {change.path}"
    yield f"+++ {change.path}"
    for edit in change.edits:
        removed = edit.end - edit.start
        yield f"@@ byte {edit.start}, {removed} byte{'' if removed == 1 else 's'} replaced @@"
        yield from (f"+{line}" for line in edit.redacted().splitlines())
