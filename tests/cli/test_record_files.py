"""What a record may replace, and what becomes of a record that cannot be made."""

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keydeploy.cli.recording import Wanted, refusal, wanted, write
from keydeploy.errors import KeydeployError
from keydeploy.report import records
from keydeploy.report.model import Made, Report, Verb
from keydeploy.report.records import KINDS

MADE = Made(datetime(2026, 11, 21, tzinfo=UTC).isoformat())
REPORT = Report(verb=Verb.DRIFT, failure="there is no inventory")
SOMETHING_ELSE = "it is there and holds something else than a report; name another file, or remove it"


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_takes_the_place_of_an_empty_file_and_of_a_record(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "a"
    file.touch()
    for _ in range(2):
        assert refusal(file) is None
        assert write([Wanted(kind, file)], REPORT, MADE)
    assert records.is_record(file.read_bytes())


@pytest.mark.parametrize("text", ["password\n", "machine_keys:\n  portal: {}\n", "$ANSIBLE_VAULT;1.1;AES256\n", " "])
def test_anything_else_is_left_alone_however_the_command_uses_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "a").write_text(text, "utf-8")
    with pytest.raises(KeydeployError) as refused:
        wanted(argparse.Namespace(report=[f"json={tmp_path}/a"]))
    assert refused.value.message == f"--report json={tmp_path}/a: {SOMETHING_ELSE}"


def test_the_file_that_the_standard_output_goes_to_is_not_replaced(tmp_path: Path) -> None:
    kept = os.dup(1)
    try:
        with (tmp_path / "out").open("wb") as out:
            os.dup2(out.fileno(), 1)
            found = refusal(tmp_path / "out")
    finally:
        os.dup2(kept, 1)
        os.close(kept)
    assert found == "this is where the standard output, or the standard error, goes"


def test_a_link_that_leads_to_itself_is_refused_as_any_other_file(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    options = argparse.Namespace(report=[f"json={tmp_path}/loop"], inventory=str(tmp_path / "inventory.yml"))
    with pytest.raises(KeydeployError, match="Too many levels of symbolic links"):
        wanted(options)


def test_a_record_that_cannot_be_made_is_told_and_the_others_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    render = records.render

    def fail_at_html(kind: str, *rest: object) -> str:
        if kind == "html":
            raise ValueError
        return render(kind, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(records, "render", fail_at_html)
    asked = [Wanted(kind, tmp_path / kind) for kind in ("html", "json")]

    assert not write(asked, REPORT, MADE)
    assert [file.name for file in tmp_path.iterdir()] == ["json"]
    assert f"the report {tmp_path}/html was not made: internal error: ValueError" in capsys.readouterr().err
