"""Runs a playbook that asks each node one thing, and prints what was found."""

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Protocol

from rich.text import Text

from keydeploy.cli import screen
from keydeploy.cli.options import arguments
from keydeploy.cli.progress import progress
from keydeploy.cli.running import complain_of_nothing_declared
from keydeploy.engine import Engine
from keydeploy.report.exit_code import ExitCode


class Found(Protocol):
    """What can be shown as text and as JSON."""

    @property
    def exit_code(self) -> ExitCode:
        """Answer what the run ends with."""
        ...

    def to_json(self, time: str) -> dict[str, Any]:
        """Answer it as JSON values; *time* is when it was made (RFC 3339)."""
        ...

    def lines(self) -> Iterator[Text]:
        """Yield it line by line."""
        ...


def results(playbook: str, options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Run *playbook* and answer the result of each node that declares something."""
    messages = screen.standard_error(options)
    engine = Engine(playbook, arguments(options))
    found = {}
    try:
        with progress(messages) as show:
            for event in engine.events():
                show(event)
                if event.kind == "result" and event.host and event.result.get("state") != "skipped":
                    found[event.host] = event.result
    finally:
        engine.kill()
    return found


def show(found: Found, options: argparse.Namespace, *, looked: bool) -> None:
    """Print what was *found*; *looked* tells whether there was any node to look at."""
    if options.format == "json":
        json.dump(found.to_json(datetime.now(UTC).isoformat(timespec="seconds")), sys.stdout, indent=2)
        sys.stdout.write("\n")
    elif screen.shows(options, found.exit_code):
        screen.write(screen.standard_output(options), found.lines())
    if not looked:
        complain_of_nothing_declared()
