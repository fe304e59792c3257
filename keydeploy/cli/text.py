"""Prints the report of a run for a person: line by line, then in sentences to read aloud, then how long it took."""

import argparse

from rich.text import Text

from keydeploy.cli import screen
from keydeploy.report import text, timings_text
from keydeploy.report.exit_code import ExitCode, exit_code
from keydeploy.report.model import Report, Verb
from keydeploy.report.summary import sentences
from keydeploy.report.wording import count

_LONG = 5.0
"""Seconds from which on a change tells what took so long without being asked."""


def print_text(report: Report, options: argparse.Namespace) -> None:
    """Print *report*; under `--quiet` only where something is not in order."""
    if not screen.shows(options, exit_code(report)):
        return
    console = screen.standard_output(options)
    screen.write(console, text.lines(report, with_diff=getattr(options, "diff", False)))
    if report.verb is Verb.VALIDATE and exit_code(report) is ExitCode.FINE:
        screen.write(console, [Text(f"the spec is valid for {count(len(report.declared))}")])
    elif report.farms:  # where there is none, it is told as an error
        screen.write(console, [Text(" ".join(sentences(report)), style="bold")])
    print_timings(report, options)


def print_timings(report: Report, options: argparse.Namespace) -> None:
    """Print how long *report* took: in full where it was asked for, in a line where a change took long."""
    console = screen.standard_output(options)
    if report.timings and (getattr(options, "timings", False) or options.verbose):
        screen.write(console, timings_text.in_full(report.timings))
    elif report.verb.changes and sum(step.seconds for step in report.timings) >= _LONG:
        screen.write(console, [Text(timings_text.in_a_line(report.timings) or "", style="dim")])
