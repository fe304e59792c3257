"""What every SARIF log of keydeploy has in common: its frame, how a rule is described, and where something is.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0". Columns are counted in characters.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from keydeploy import __version__
from keydeploy.lint.model import Rule, Severity

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "keydeploy/v1"

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def log(
    tool: str,
    rules: Sequence[Rule],
    invocation: Mapping[str, Any],
    results: Iterable[Mapping[str, Any]],
    version: str = __version__,
) -> dict[str, Any]:
    """Answer the log of one run of *tool*; *results* name their rule by its place in *rules*."""
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": tool,
                        "semanticVersion": version,
                        "rules": [_described(rule) for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [dict(invocation)],
                "results": [dict(result) for result in results],
            }
        ],
    }


def physical(file: str, *, node: str | None = None, line: int | None = None, column: int | None = None) -> Any:
    """Answer where in the *file*, here or on *node*, something is: from 1, as far as it is known."""
    place: dict[str, Any] = {"artifactLocation": {"uri": uri(file, node)}}
    if line is not None:
        place["region"] = {"startLine": line, **({"startColumn": column} if column is not None else {})}
    return place


def is_on_a_drive(path: str) -> bool:
    """Tell whether *path* is a file's of Windows, such as `C:\\inetpub\\web.config`."""
    return bool(_DRIVE.match(path))


def uri(path: str, node: str | None = None) -> str:
    """Answer where the file *path* is, on this machine or on *node*: `src/web.config`, `file://web1/C:/x/web.config`.

    Source: RFC 8089, file URIs with an authority.
    """
    written = quote(path.replace("\\", "/"), safe="/:@!$&'()*+,;=~", errors="replace")
    if is_on_a_drive(path) or node is not None:
        return f"file://{quote(node or '')}/{written.lstrip('/')}"
    if path.startswith("/"):
        return f"file://{written}"
    head, colon, tail = written.partition(":")  # which would make a scheme of the first folder
    return f"./{written}" if colon and "/" not in head else head + colon + tail


def _described(rule: Rule) -> dict[str, Any]:
    text = f"{rule.reason}\n\nSource: {rule.source}\n\nRemedy: {rule.remedy}"
    markdown = f"{rule.reason}\n\n**Source:** {rule.source}\n\n**Remedy:** {rule.remedy}"
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.reason},
        "help": {"text": text, "markdown": markdown},
        "defaultConfiguration": {"level": rule.severity.value},
        "properties": {"tags": ["security"], "problem.severity": _PROBLEM_SEVERITIES[rule.severity]},
    }


_PROBLEM_SEVERITIES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "recommendation"}
"""The words of GitHub's code scanning."""
