"""Prints the report of a run."""

import argparse
import json
import sys
from datetime import UTC, datetime

from rich.console import Console

from keydeploy.report import data, text
from keydeploy.report.exit_code import ExitCode, exit_code
from keydeploy.report.model import Made, Report, Verb


def print_report(report: Report, options: argparse.Namespace) -> None:
    """Print *report* in the format that *options* name."""
    if options.format == "json":
        now = datetime.now(UTC).isoformat(timespec="seconds")
        json.dump(data.to_json(report, Made(now)), sys.stdout, indent=2)
        sys.stdout.write("\n")
        return
    console = Console(no_color=options.no_color or None, highlight=False, soft_wrap=True)
    for line in text.lines(report, with_diff=getattr(options, "diff", False)):
        console.print(line)
    if report.verb is Verb.VALIDATE and exit_code(report) is ExitCode.FINE:
        console.print(f"the spec is valid for {len(report.declared)} node{'' if len(report.declared) == 1 else 's'}")
