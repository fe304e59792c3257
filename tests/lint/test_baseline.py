"""A baseline accepts what was known, also after lines have moved, and nothing else."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from keydeploy.lint.baseline import Baseline, BaselineError, marked
from keydeploy.lint.model import Linted, Severity, Suppressed
from keydeploy.report.exit_code import ExitCode
from keydeploy.report.lint import LintReport, NodeLooked
from keydeploy.report.lint_text import lines, summary
from keydeploy.schema import validator
from tests.lint.linted import finding, rule

HERE = Path()


def report(*findings: object, baseline: Baseline | None = None, **more: object) -> LintReport:
    return LintReport(linted=Linted(findings=tuple(findings)), baseline=baseline, **more)  # type: ignore[arg-type]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    baseline = Baseline.of([finding(), finding(rule("weak-algorithm"), application="portal")], HERE)
    baseline.write(tmp_path / "baseline.json")

    assert Baseline.read(tmp_path / "baseline.json") == baseline
    validator("baseline").validate(baseline.to_json())
    assert [entry.reason for entry in baseline.entries] == ["", ""]


def test_an_accepted_finding_does_not_count_wherever_it_has_moved_to() -> None:
    baseline = Baseline.of([finding()], HERE)
    moved = report(finding(line=99, column=1), baseline=baseline)

    assert "note: 1 finding in the baseline without a reason; fill it in" in [line.plain for line in lines(moved)]
    assert (moved.exit_code, moved.findings) == (ExitCode.FINE, ())
    assert [each.by for each in moved.accepted] == ["baseline"]
    assert summary(moved) == "nothing to complain about; 1 finding accepted"


@pytest.mark.parametrize(
    "other",
    [
        finding(rule("weak-algorithm")),
        finding(file="other/web.config"),
        finding(subject="system.web/machineKey@decryptionKey"),
        finding(application="portal"),
    ],
    ids=["rule", "file", "subject", "application"],
)
def test_another_finding_counts(other: object) -> None:
    assert report(other, baseline=Baseline.of([finding()], HERE)).exit_code is ExitCode.POLICY


def test_one_more_of_the_same_counts() -> None:
    found = report(finding(), finding(line=20), baseline=Baseline.of([finding()], HERE))

    assert [each.line for each, _ in found.findings] == [20]


def test_the_same_on_another_node_is_accepted_too() -> None:
    baseline = Baseline.of([finding(node="web1"), finding(node="web2")], HERE)

    assert len(baseline.entries) == 1
    assert report(finding(node="web3"), baseline=baseline).exit_code is ExitCode.FINE


def test_slashes_of_either_kind_are_one_file() -> None:
    ((_, there),) = marked([finding(file="src\\web.config")], HERE)
    ((_, here),) = marked([finding(file="src/web.config")], HERE)

    assert here == there


def test_what_is_found_no_more_is_said() -> None:
    baseline = Baseline.of([finding(), finding(rule("weak-algorithm"))], HERE)
    found = report(finding(), baseline=baseline)

    assert [entry.rule for entry in found.stale] == ["weak-algorithm"]
    told = "\n".join(line.plain for line in lines(found))
    assert "remove it: weak-algorithm in src/web.config (system.web/machineKey@validationKey)" in told


def test_reasons_are_kept_when_the_baseline_is_written_anew() -> None:
    first = Baseline.of([finding()], HERE)
    known = Baseline(tuple(replace(entry, reason="a test server") for entry in first.entries))

    again = Baseline.of([finding(line=3), finding(rule("weak-algorithm"))], HERE, known)

    assert {entry.rule: entry.reason for entry in again.entries} == {
        "sample-key": "a test server",
        "weak-algorithm": "",
    }
    assert report(finding(), baseline=again).accepted[0].reason == "a test server"


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{", '{"baseline": 2, "entries": []}', '{"baseline": 1, "entries": [{"rule": "0123456789abcdef"}]}'],
)
def test_what_is_no_baseline_is_refused_without_being_quoted(tmp_path: Path, content: str) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(content, "utf-8")

    with pytest.raises(BaselineError) as refused:
        Baseline.read(file)
    assert str(file) in refused.value.message
    assert "0123456789abcdef" not in refused.value.told


def test_a_missing_baseline_is_told_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="cannot be read") as refused:
        Baseline.read(tmp_path / "none.json")
    assert "--write-baseline" in (refused.value.hint or "")


def test_no_fingerprint_is_made_from_what_a_finding_says() -> None:
    ((_, one),) = marked([finding()], HERE)
    ((_, other),) = marked([replace(finding(), text="something else")], HERE)

    assert one == other


def test_the_exit_code_says_what_counts() -> None:
    warning = finding(rule("weak-algorithm", Severity.WARNING))
    note = finding(rule("key-in-clear", Severity.NOTE))

    assert report(warning, note).exit_code is ExitCode.FINE
    assert report(warning, strict=True).exit_code is ExitCode.POLICY
    assert report(note, strict=True).exit_code is ExitCode.FINE
    assert report(finding(), warning).exit_code is ExitCode.POLICY
    assert report(finding(), nodes=(NodeLooked(node="web1", state="unreachable"),)).exit_code is ExitCode.UNREACHABLE
    assert report(nodes=(NodeLooked(node="web1", state="failed"),)).exit_code is ExitCode.ERROR
    by_comment = Linted(findings=(), suppressed=(Suppressed(finding=finding(), reason="known"),))
    assert LintReport(linted=by_comment).exit_code is ExitCode.FINE
    unread = Linted(findings=(), unread={"odd.config": "not XML"})
    assert LintReport(linted=unread).exit_code is ExitCode.FINE
    assert LintReport(linted=unread, strict=True).exit_code is ExitCode.ERROR


def test_the_json_report_is_as_its_schema_says() -> None:
    linted = Linted(
        findings=(finding(), finding(rule("weak-algorithm"), line=None, column=None, node="web1")),
        suppressed=(Suppressed(finding=finding(), reason="known"),),
        unread={"odd.config": "not XML"},
        notes=("no list",),
    )
    nodes = (
        NodeLooked(node="web1", state="looked_at", unread={"C:\\x": "gone"}),
        NodeLooked(node="web2", state="failed"),
    )
    told = LintReport(linted=linted, nodes=nodes, baseline=Baseline.of([finding()], HERE)).to_json(
        "2026-11-21T20:00:00Z"
    )

    validator("lint").validate(json.loads(json.dumps(told)))
    assert [each["by"] for each in told["accepted"]] == ["comment", "baseline"]
    assert told["summary"] == {"errors": 1, "warnings": 0, "notes": 0, "accepted": 2}
    assert told["unread"] == [
        {"node": None, "file": "odd.config", "reason": "not XML"},
        {"node": "web1", "file": "C:\\x", "reason": "gone"},
    ]


def test_names_that_would_steer_a_terminal_are_shown_and_written_without_harm(tmp_path: Path) -> None:
    odd = finding(file="\x1b[2J\udcff/web.config")
    found = report(odd)
    baseline = Baseline.of([odd], HERE)
    baseline.write(tmp_path / "baseline.json")

    told = "\n".join(line.plain for line in lines(found))
    assert told.startswith("?[2J?/web.config:12:5: error: ")
    assert "\x1b" not in told
    assert Baseline.read(tmp_path / "baseline.json") == baseline


@pytest.mark.parametrize(
    "file", ["src/web.config", "../repository/src/web.config", "{}/src/web.config", "linked/web.config"]
)
def test_a_file_is_the_same_however_it_is_named(file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "repository/src").mkdir(parents=True)
    (tmp_path / "repository/linked").symlink_to(tmp_path / "repository/src")
    monkeypatch.chdir(tmp_path / "repository")
    folder = Path("../repository")
    baseline = Baseline.of([finding(file="src/web.config")], folder)

    assert report(finding(file=file.format(Path.cwd())), baseline=baseline).exit_code is ExitCode.FINE
    assert [entry.file for entry in Baseline.of([finding(file=file.format(Path.cwd()))], folder).entries] == [
        "src/web.config"
    ]
    monkeypatch.chdir("src")
    assert (
        report(finding(file="web.config"), baseline=Baseline.of([finding(file="web.config")], Path(".."))).findings
        == ()
    )
    assert [entry.file for entry in Baseline.of([finding(file="web.config")], Path("..")).entries] == ["src/web.config"]


def test_a_file_on_a_node_is_called_as_the_node_does() -> None:
    path = "C:\\inetpub\\portal\\web.config"

    (entry,) = Baseline.of([finding(file=path, node="web1")], Path("/elsewhere")).entries
    assert entry.file == path
    assert entry == Baseline.of([finding(file=path, node="web1")], HERE).entries[0]


def test_reasons_are_kept_when_the_baseline_moves() -> None:
    first = Baseline.of([finding()], HERE)
    known = Baseline(tuple(replace(entry, reason="a test server") for entry in first.entries), HERE)

    (entry,) = Baseline.of([finding()], Path("src"), known).entries
    assert (entry.file, entry.reason) == ("web.config", "a test server")
    assert entry.fingerprint != known.entries[0].fingerprint


def test_a_baseline_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    baseline = Baseline.of([finding()], tmp_path)
    baseline.write(tmp_path / "baseline.json")
    (tmp_path / "marked.json").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "baseline.json").read_bytes())

    assert Baseline.read(tmp_path / "marked.json") == baseline


@pytest.mark.parametrize("content", ["[" * 100_000, '{"baseline": 1, "entries": ' + "[" * 900 + "]" * 900 + "}"])
def test_a_baseline_that_is_nested_deeply_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "baseline.json").write_text(content, "utf-8")

    with pytest.raises(BaselineError, match="baseline"):
        Baseline.read(tmp_path / "baseline.json")


def test_a_baseline_is_put_in_the_place_of_the_old_one_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "baseline.json").write_text("the old one", "utf-8")
    (tmp_path / "kept.json").hardlink_to(tmp_path / "baseline.json")
    (tmp_path / "linked.json").symlink_to("baseline.json")
    baseline = Baseline.of([finding()], tmp_path)
    baseline.write(tmp_path / "linked.json")

    assert (tmp_path / "kept.json").read_text("utf-8") == "the old one"
    assert Baseline.read(tmp_path / "baseline.json") == baseline
    assert {file.name for file in tmp_path.iterdir()} == {"baseline.json", "kept.json", "linked.json"}


def test_a_baseline_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "baseline.json").mkdir()

    with pytest.raises(BaselineError, match="cannot be written"):
        Baseline().write(tmp_path / "baseline.json")
    with pytest.raises(BaselineError, match="cannot be written"):
        Baseline().write(tmp_path / "none" / "baseline.json")
    assert [file.name for file in tmp_path.iterdir()] == ["baseline.json"]


def test_a_baseline_may_be_written_to_what_is_no_file() -> None:
    Baseline().write(Path("/dev/null"))

    assert not Path("/dev/null").is_file()
