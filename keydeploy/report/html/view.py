"""All that a page about one report shows, as values: the templates decide nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from keydeploy.report.equality import Equality, equalities
from keydeploy.report.exit_code import ExitCode, exit_code
from keydeploy.report.findings import Finding, findings
from keydeploy.report.html.access import Access, accesses
from keydeploy.report.html.ageing import Ages, ages
from keydeploy.report.html.differences import Edits, Topic, edits, ends, topics
from keydeploy.report.html.headline import headline
from keydeploy.report.html.matrix import Matrix, matrix
from keydeploy.report.html.proof import proof, steps
from keydeploy.report.html.untold import Untold, untold
from keydeploy.report.model import FarmReport, Made, NodeReport, Report, Verb
from keydeploy.report.signs import EXIT_CODES, Sign, sign_of_farm
from keydeploy.report.summary import sentences
from keydeploy.report.timings import StepTime
from keydeploy.spec import Kind, Notice

_FAILS = (Kind.OVERDUE, Kind.DISCLOSED, Kind.NOT_CHECKED)
"""Notices that fail a look."""
_COMPARES = (Verb.PLAN, Verb.APPLY, Verb.DRIFT)
"""What looks at everything that is declared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FarmView:
    """One farm; *key* begins the ids of its parts."""

    key: str
    farm: FarmReport
    sign: Sign
    matrix: Matrix
    topics: tuple[tuple[str, Topic], ...]
    """With the id of each."""
    edits: tuple[Edits, ...]
    ends: tuple[NodeReport, ...]
    equalities: tuple[Equality, ...]
    ages: Ages
    accesses: tuple[Access, ...]
    proof: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One report."""

    report: Report
    made: Made
    head: Sign
    code: ExitCode
    code_words: str
    sentences: tuple[str, ...]
    farms: tuple[FarmView, ...]
    untold: tuple[Untold, ...]
    policy: tuple[tuple[Notice, bool], ...]
    """What policy has to say, and whether it fails a look."""
    findings: tuple[Finding, ...]
    """What it has against things on nodes."""
    unseen: int
    """How many nodes there are of which nothing is known that must not be used."""
    steps: tuple[tuple[str, StepTime, bool], ...]

    @property
    def compares(self) -> bool:
        """Tell whether the run compared nodes with what is declared."""
        return self.report.verb in _COMPARES

    @property
    def command(self) -> str:
        """Answer what was run."""
        return f"{self.report.verb.value}{' --check' if self.report.check else ''}"


def view(report: Report, made: Made) -> View:
    """Answer what a page about *report*, which was *made* so, shows."""
    code = exit_code(report)
    return View(
        report=report,
        made=made,
        head=headline(report),
        code=code,
        code_words=EXIT_CODES[code],
        sentences=sentences(report),
        farms=tuple(_farms(report, made)),
        untold=untold(report),
        policy=tuple((notice, notice.kind in _FAILS) for notice in report.shown_policy),
        findings=tuple(finding for farm in report.farms for finding in findings(farm)),
        unseen=_unseen(report),
        steps=steps(report),
    )


def _unseen(report: Report) -> int:
    """Answer how many nodes were not asked what they use; rollback looks at what a run has changed alone."""
    seen = {node.node for farm in report.farms for node in farm.nodes if node.plan is not None}
    members = [name for farm in report.farms for name in (*(node.node for node in farm.nodes), *farm.not_looked_at)]
    return len({*report.declared, *members} - (seen if report.verb in _COMPARES else set()))


def _farms(report: Report, made: Made) -> Iterator[FarmView]:
    today = datetime.fromisoformat(made.time).astimezone(UTC).date()
    for number, farm in enumerate(report.farms, start=1):
        told = tuple((f"farm-{number}-{place}", each) for place, each in enumerate(topics(farm, report.verb), start=1))
        yield FarmView(
            key=f"farm-{number}",
            farm=farm,
            sign=sign_of_farm(farm, report.verb, check=report.check),
            matrix=matrix(farm, report.verb, {topic.address: key for key, topic in told}),
            topics=told,
            edits=edits(farm),
            ends=ends(farm),
            equalities=equalities(farm),
            ages=ages(farm.materials, today),
            accesses=accesses(farm),
            proof=proof(farm, report),
        )
