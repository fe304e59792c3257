"""The forms in which a run can be told, each rendered from the report alone, so that a saved one does as well.

Pure: whoever prints or writes them is elsewhere. None holds a secret, because a report has none.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from keydeploy.report.model import Made, Report, Verb


@dataclass(frozen=True, slots=True)
class Earlier:
    """The record that is going to be replaced, and its *name*: one that counts over runs goes on from it."""

    name: str
    text: str = ""


Render = Callable[[Report, Made, Earlier | None], str]


def render(kind: str, report: Report, made: Made, earlier: Earlier | None = None) -> str:
    """Answer *report*, which was *made* so, as a record of *kind*, one of `KINDS`; it ends with a line break."""
    return _RENDERERS[kind](report, made, earlier)


def is_record(beginning: bytes) -> bool:
    """Tell whether a file with this *beginning*, `BEGINNING` bytes of it, is a record, or a comparison of two runs."""
    return any(pattern.match(beginning) for pattern in _BEGINNINGS)


def _text(report: Report, made: Made, _earlier: Earlier | None) -> str:
    from keydeploy.report import text  # noqa: PLC0415 - each form is imported where it is asked for
    from keydeploy.report.summary import sentences  # noqa: PLC0415
    from keydeploy.report.visible import visible  # noqa: PLC0415

    verb = f"{report.verb.value}{' --check' if report.check else ''}"
    first = f"keydeploy {verb} of {made.time}, version {made.version}, run {report.run or 'without a name'}"
    lines = [first, *(line.plain for line in text.lines(report)), " ".join(sentences(report))]
    if report.hint:
        lines.append(f"hint: {report.hint}")
    return "".join(f"{visible(line)}\n" for line in lines)


def _json(report: Report, made: Made, _earlier: Earlier | None) -> str:
    from keydeploy.report import data  # noqa: PLC0415

    return json.dumps(data.to_json(report, made), indent=2) + "\n"


def _junit(report: Report, made: Made, _earlier: Earlier | None) -> str:
    from keydeploy.report import junit  # noqa: PLC0415

    return junit.render(report, made)


def _sarif(report: Report, made: Made, _earlier: Earlier | None) -> str:
    from keydeploy.report import run_sarif  # noqa: PLC0415

    return json.dumps(run_sarif.to_sarif(report, made), indent=2) + "\n"


def _prometheus(report: Report, made: Made, earlier: Earlier | None) -> str:
    from keydeploy.report import prometheus  # noqa: PLC0415

    if earlier is None:
        return prometheus.render(report, made)
    return prometheus.render(report, made, record=earlier.name, before=earlier.text)


def _html(report: Report, made: Made, _earlier: Earlier | None) -> str:
    from keydeploy.report import html  # noqa: PLC0415

    return html.render(report, made)


_RENDERERS: Mapping[str, Render] = {
    "text": _text,
    "json": _json,
    "junit": _junit,
    "sarif": _sarif,
    "prometheus": _prometheus,
    "html": _html,
}

KINDS = tuple(_RENDERERS)
"""The names of the forms, as `--format` and `--report` take them."""
GO_ON = ("prometheus",)
"""Those for which the text of the record that is replaced matters."""

BEGINNING = 4096
"""Bytes after which it is known whether a file is a record."""
_VERBS = "|".join(verb.value for verb in Verb).encode()
_BEGINNINGS = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        rb"keydeploy (%b)( --check)? of [0-9]{4}-" % _VERBS,
        rb"old: (%b)( --check)? of [0-9]{4}-" % _VERBS,
        rb'\{\s*"(report|comparison)":\s*[0-9]+,\s*"keydeploy":',
        rb'\{\s*"\$schema":\s*"[^"]*sarif[^"]*",.*"name":\s*"keydeploy ',
        rb'<\?xml [^>]*\?>\s*<testsuites name="keydeploy ',
        rb"# HELP keydeploy_",
        rb'<!DOCTYPE html>.*<meta name="generator" content="keydeploy">',
    )
)
