"""All that a page about two runs shows, as values."""

from dataclasses import dataclass

from keydeploy.report.comparison import Comparison, FarmComparison
from keydeploy.report.comparison_text import WORDS, grouped, verdicts
from keydeploy.report.exit_code import ExitCode, exit_code
from keydeploy.report.html.headline import headline
from keydeploy.report.moved import Change
from keydeploy.report.saved import Saved
from keydeploy.report.signs import DASH, EXIT_CODES, Sign
from keydeploy.report.summary import sentences

_SIGNS = {
    Change.DRIFTED: ("bad", "≠"),
    Change.OTHERWISE: ("bad", "≠"),
    Change.FOUND: ("bad", "≠"),
    Change.NEW_DIFFERS: ("bad", "≠"),
    Change.NOT_TOLD_NOW: ("doubt", "?"),
    Change.NEW_NOT_TOLD: ("doubt", "?"),
    Change.NEVER_TOLD: ("doubt", "?"),
    Change.STILL: ("warn", "≠"),
    Change.NEW: ("new", "+"),
    Change.GONE: ("off", DASH),
    Change.TOLD_AGAIN: ("fine", "✓"),
    Change.MENDED: ("fine", "✓"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two runs."""

    name: str
    saved: Saved
    head: Sign
    code: ExitCode
    code_words: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FarmChanges:
    """One farm; *key* is the id of its part."""

    key: str
    farm: FarmComparison
    verdicts: str
    changes: tuple[tuple[Sign, tuple[str, ...], tuple[str, ...]], ...]
    """Each with its addresses and the nodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two runs."""

    comparison: Comparison
    head: Sign
    sides: tuple[Side, Side]
    farms: tuple[FarmChanges, ...]


def compared(comparison: Comparison) -> Compared:
    """Answer what a page about *comparison* shows."""
    return Compared(
        comparison=comparison,
        head=_headline(comparison),
        sides=(_side("old", comparison.old), _side("new", comparison.new)),
        farms=tuple(
            FarmChanges(
                key=f"farm-{number}",
                farm=farm,
                verdicts=verdicts(farm, comparison),
                changes=tuple(
                    (Sign(*_SIGNS[change], WORDS[change]), addresses, nodes)
                    for change, addresses, nodes in grouped(farm)
                ),
            )
            for number, farm in enumerate(comparison.farms, start=1)
        ),
    )


def _headline(comparison: Comparison) -> Sign:
    if comparison.is_worse:
        return Sign("bad", "≠", "Something has become worse, or cannot be told any more")
    if comparison.is_same:
        return Sign("fine", "=", "Nothing has changed")
    if not comparison.farms:
        return Sign("doubt", "?", "Neither report tells of a farm")
    if not comparison.has_changed:
        return Sign("doubt", "?", "No change is known, but not everything can be told")
    return Sign("new", "●", "Something has changed")


def _side(name: str, saved: Saved) -> Side:
    code = exit_code(saved.report)
    return Side(
        name=name,
        saved=saved,
        head=headline(saved.report),
        code=code,
        code_words=EXIT_CODES[code],
        sentences=sentences(saved.report),
    )
