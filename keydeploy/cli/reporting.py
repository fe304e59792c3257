"""Reads saved reports, and tells one of them or what has changed between two."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from keydeploy import new_files
from keydeploy.cli import complain, recording, screen, tell
from keydeploy.cli.printing import print_report
from keydeploy.errors import KeydeployError, Problem
from keydeploy.report import comparison_data, comparison_text
from keydeploy.report.comparison import Comparison, compare
from keydeploy.report.exit_code import ExitCode
from keydeploy.report.saved import Saved, SavedReportError, read

_COMPARED = ("text", "json", "html")
"""The forms in which two runs can be told."""
_STANDARD_INPUT = "-"


def run(options: argparse.Namespace) -> int:
    """Tell what *options* ask for; reading a report is no verdict, so that the exit code is 0 where it can be told."""
    names = [name for name in (options.file, options.new) if name is not None]
    _refuse(names, options)
    reports = _read_all(names)
    if reports is None:
        return int(ExitCode.ERROR)
    if len(reports) == 1:
        return _tell(reports[0], options)
    return _tell_both(compare(*reports), options)


def _refuse(names: Sequence[str], options: argparse.Namespace) -> None:
    """Raise `KeydeployError` with what cannot be done, before anything is read."""
    problems = []
    if names.count(_STANDARD_INPUT) > 1:
        problems.append("the standard input can be read once only; save one of the reports to a file")
    if len(names) > 1 and options.format not in _COMPARED:
        problems.append(f"two runs cannot be told as {options.format}; choose {', '.join(_COMPARED)}")
    if options.out is not None:
        problems += [f"--out {options.out}: {why}" for why in _of_out(names, options.out)]
    for option in ("diff", "timings"):
        if options.out is not None and options.format == "text" and getattr(options, option):
            problems.append(f"--{option} is for what is printed, not for --out; redirect the output instead")
    if problems:
        raise KeydeployError("; ".join(problems), hint="keydeploy report --help shows what it takes")


def _of_out(names: Sequence[str], out: str) -> list[str]:
    if out in ("", _STANDARD_INPUT):
        return ["it names no file; without --out it is printed"]
    if any(os.path.realpath(name) == os.path.realpath(out) for name in names if name != _STANDARD_INPUT):
        return ["this is a report that is to be read"]
    why = recording.refusal(Path(out))
    return [why] if why else []


def _read_all(names: Sequence[str]) -> list[Saved] | None:
    """Read all reports; where one of them is none, tell all that is wrong with any."""
    reports: list[Saved] = []
    refused: list[SavedReportError] = []
    for name in names:
        try:
            reports.append(_read(name))
        except SavedReportError as error:
            refused.append(error)
    if not refused:
        return reports
    problems = [problem for error in refused for problem in error.problems]
    for problem in problems:
        tell(str(problem))
    hints = dict.fromkeys(error.hint for error in refused if error.hint)
    complain(f"{len(problems)} problem{'' if len(problems) == 1 else 's'}; nothing was told", "; ".join(hints))
    return None


def _read(name: str) -> Saved:
    if name == _STANDARD_INPUT:
        return read("standard input", sys.stdin.buffer.read())
    try:
        return read(name, Path(name).read_bytes())
    except OSError as error:
        hint = "name a file that --format json or --report json=FILE has made"
        raise SavedReportError((Problem(name, "", f"it cannot be read: {error.strerror}"),), hint=hint) from None


def _tell(saved: Saved, options: argparse.Namespace) -> int:
    if options.out is None:
        print_report(saved.report, saved.made, options)
        return int(ExitCode.FINE)
    wanted = [recording.Wanted(options.format, Path(options.out))]
    return int(ExitCode.FINE if recording.write(wanted, saved.report, saved.made) else ExitCode.ERROR)


def _tell_both(comparison: Comparison, options: argparse.Namespace) -> int:
    if options.out is None and options.format == "text":
        screen.write(screen.standard_output(options), comparison_text.lines(comparison))
        return int(ExitCode.FINE)
    text = _rendered(comparison, options.format)
    if options.out is None:
        sys.stdout.buffer.write(text.encode(errors="replace"))  # whatever the locale
        return int(ExitCode.FINE)
    try:
        new_files.replace(Path(options.out), text)
    except OSError as error:
        raise KeydeployError(
            f"{options.out} cannot be written: {error.strerror}", hint="look at the file system, and run it again"
        ) from None
    return int(ExitCode.FINE)


def _rendered(comparison: Comparison, form: str) -> str:
    if form == "json":
        return json.dumps(comparison_data.to_json(comparison), indent=2) + "\n"
    if form == "html":
        from keydeploy.report import html  # noqa: PLC0415 - jinja2 is imported where a page is asked for

        return html.render_comparison(comparison)
    return "".join(f"{line.plain}\n" for line in comparison_text.lines(comparison))
