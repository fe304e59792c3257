"""The doctor: what each fact about a node means for a roll-out."""

from dataclasses import replace
from typing import Any

import pytest

from keydeploy.checkup import QUESTIONS, Check, Finding, Line, controller_clock, examine, unreached
from keydeploy.errors import NodeError
from keydeploy.node.contract import Answer, FileState, JournalState, Response, SystemState
from keydeploy.report.checkup import Checkup, NodeCheckup
from keydeploy.report.exit_code import ExitCode
from keydeploy.secret import Secret

WELL = SystemState(
    clock=1_800_000_000.0,
    os="Windows Server 2022",
    machine="WEB1",
    bits=64,
    elevated=True,
    dotnet=528449,
    powershell="5.1.20348.2700",
    language_mode="FullLanguage",
)
IIS = FileState(path="C:\\host", content=Secret(b"<configuration/>"), tag="0")
NO_FILE = FileState(path="C:\\none", content=None, tag=None)
SHARED = b'<configuration><configurationRedirection enabled="true" path="x"/></configuration>'
FREE = JournalState()
LINE = Line(kind="winrm", log_on="kerberos", tls=True, encrypted=True, verified=True, days_left=200)


def checks(
    system: SystemState = WELL,
    host: Answer | NodeError = IIS,
    journal: Answer | NodeError = FREE,
    redirection: Answer | NodeError = NO_FILE,
    line: Line | None = LINE,
    **measured: float,
) -> dict[str, Check]:
    response = Response(list(zip(QUESTIONS, (journal, host, redirection, system), strict=True)))
    found = examine(response, line, **{"seconds": 1.0, "offset": 0.1, **measured})
    return {check.name: check for check in found}


def test_a_node_that_is_well_passes_every_check() -> None:
    found = checks()

    assert {check.finding for check in found.values()} == {Finding.OK}
    assert list(found) == [
        "reached",
        "log-on",
        "encryption",
        "certificate",
        "message size",
        "clock",
        "PowerShell",
        "language mode",
        ".NET Framework",
        "rights",
        "IIS",
        "journal",
        "call",
    ]


@pytest.mark.parametrize(
    ("facts", "name", "finding", "fix"),
    [
        ({"powershell": "4.0"}, "PowerShell", Finding.FAIL, "5.1"),
        ({"powershell": "5.0.10586"}, "PowerShell", Finding.FAIL, "5.1"),
        ({"powershell": "7.6.0"}, "PowerShell", Finding.OK, None),
        ({"language_mode": "ConstrainedLanguage"}, "language mode", Finding.FAIL, "AppLocker"),
        ({"dotnet": 378388}, ".NET Framework", Finding.FAIL, "4.5"),
        ({"dotnet": 378389}, ".NET Framework", Finding.OK, None),
        ({"elevated": False}, "rights", Finding.FAIL, "LocalAccountTokenFilterPolicy"),
        ({"bits": 32}, "process", Finding.FAIL, "64-bit"),
    ],
)
def test_each_fact_about_the_system_is_judged(
    facts: dict[str, Any], name: str, finding: Finding, fix: str | None
) -> None:
    check = checks(replace(WELL, **facts))[name]

    assert check.finding is finding
    assert (fix or "") in (check.fix or "")


@pytest.mark.parametrize(
    ("offset", "finding"),
    [(0.0, Finding.OK), (-4.9, Finding.OK), (5.1, Finding.WARN), (-299.0, Finding.WARN), (301.0, Finding.FAIL)],
)
def test_a_clock_is_bearable_up_to_what_kerberos_bears(offset: float, finding: Finding) -> None:
    assert checks(offset=offset)["clock"].finding is finding


def test_a_slow_call_is_warned_of() -> None:
    assert checks(seconds=12.5)["call"].finding is Finding.WARN


@pytest.mark.parametrize(
    ("line", "name", "finding"),
    [
        (replace(LINE, log_on="basic"), "log-on", Finding.WARN),
        (replace(LINE, log_on="ntlm/plaintext"), "log-on", Finding.WARN),
        (replace(LINE, log_on="kerberos/ntlm"), "log-on", Finding.OK),
        (replace(LINE, tls=False), "encryption", Finding.OK),
        (replace(LINE, tls=False, encrypted=False), "encryption", Finding.FAIL),
        (replace(LINE, verified=False), "certificate", Finding.WARN),
        (replace(LINE, days_left=29), "certificate", Finding.WARN),
        (replace(LINE, days_left=None), "certificate", Finding.OK),
    ],
)
def test_each_fact_about_the_connection_is_judged(line: Line, name: str, finding: Finding) -> None:
    assert checks(line=line)[name].finding is finding


def test_a_node_without_iis_can_still_have_files_and_one_that_hides_it_is_not_fit() -> None:
    assert checks(host=NO_FILE)["IIS"].finding is Finding.WARN
    assert checks(host=NodeError("access_denied", "access is denied"))["IIS"].finding is Finding.FAIL


@pytest.mark.parametrize(
    ("journal", "finding"),
    [
        (JournalState(holder="operator@controller"), Finding.OK),
        (JournalState(run="run-1", phase="staged"), Finding.WARN),
        (NodeError("folder", "the folder was made by somebody else"), Finding.FAIL),
    ],
)
def test_a_journal_that_is_unfinished_or_not_ours_is_told(journal: Answer | NodeError, finding: Finding) -> None:
    assert checks(journal=journal)["journal"].finding is finding


def test_shared_configuration_is_refused() -> None:
    shared = replace(NO_FILE, content=Secret(SHARED))
    local = replace(NO_FILE, content=Secret(SHARED.replace(b"true", b"false")))

    assert checks(redirection=shared)["configuration"].finding is Finding.FAIL
    assert checks(redirection=local)["configuration"].finding is Finding.OK


def test_a_sandbox_node_has_no_connection_and_no_powershell() -> None:
    system = SystemState(clock=1.0, os="sandbox", machine="web1")

    assert list(checks(system, line=None)) == ["reached", "clock", "IIS", "journal", "call"]


@pytest.mark.parametrize(
    ("offsets", "warned"),
    [([], False), ([60.0], False), ([0.1, -0.2], False), ([60.0, 61.0, 59.5], True), ([60.0, 0.0, 90.0], False)],
)
def test_the_controller_is_suspected_when_all_nodes_agree_against_it(offsets: list[float], warned: bool) -> None:
    assert bool(controller_clock(offsets)) is warned


def test_the_exit_code_tells_the_worst() -> None:
    well = NodeCheckup(True, tuple(checks().values()))
    unfit = NodeCheckup(True, (Check("rights", Finding.FAIL, "none", None),))
    away = NodeCheckup(False, tuple(unreached("no route", None)))

    def code(**nodes: NodeCheckup) -> ExitCode:
        return Checkup(controller=(), nodes=nodes).exit_code

    assert code() is ExitCode.SPEC
    assert code(web1=well) is ExitCode.FINE
    assert code(web1=well, web2=unfit) is ExitCode.ERROR
    assert code(web1=away, web2=unfit) is ExitCode.UNREACHABLE


def test_a_host_that_answered_nothing_is_told_as_not_reached() -> None:
    node = NodeCheckup.of({})

    assert not node.reached
    assert node.checks[0].reason == "it gave no answer"


@pytest.mark.parametrize("check", [Check("a", Finding.WARN, "b", "c"), Check("a", Finding.OK, "b")])
def test_a_check_survives_json(check: Check) -> None:
    assert Check.from_json(check.to_json()) == check
