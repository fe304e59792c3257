"""Commands of the pages that are not run with them, each with the reason, or with the test that runs it elsewhere."""

import re

REASONS = {
    r"make demo\b": "tests/cli/test_demo.py runs it",
    r"make \w+": "it is the project's own tests, checks and packages",
    r"(sudo )?apt-get ": "installs software on the machine",
    r"(\S*/)?pip install ": "tests/packaging/test_packages.py installs the package",
    r"\. \.venv/": "tests run in an environment of their own",
    r"curl ": "needs the internet",
    r"kinit ": "needs a Kerberos server",
    r"git checkout v|sha256sum dist/": "that release is not at hand; tests/packaging builds and compares",
}
"""Patterns of commands."""

ELSEWHERE = {"docs/explain.md": "tests/cli/test_explain.py"}
"""Pages whose commands another test runs, and that test."""


def why_not(command: str) -> str | None:
    """Answer why *command* is not run with its page, or None where it is."""
    return next((reason for pattern, reason in REASONS.items() if re.match(pattern, command)), None)
