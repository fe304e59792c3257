"""Prints the report of a run."""

import argparse
import sys

from keydeploy.cli.text import print_text
from keydeploy.report import records
from keydeploy.report.model import Made, Report


def print_report(report: Report, made: Made, options: argparse.Namespace) -> None:
    """Print *report*, which was *made* so, in the format that *options* name; beside a record there is nothing."""
    if options.format == "text":
        print_text(report, options)
        return
    sys.stdout.buffer.write(
        records.render(options.format, report, made).encode(errors="replace")
    )  # whatever the locale
