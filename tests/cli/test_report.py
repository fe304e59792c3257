"""`keydeploy report`: saved reports of real runs in every form, and what has changed between two of them."""

import json
import subprocess
from pathlib import Path

import pytest

from keydeploy.cli import main
from keydeploy.schema import validator
from tests.engine.farm import COMMANDS, DECRYPTION_KEY, OTHER_KEYS, Ran, Stand, fault
from tests.engine.hunting import declared, find, forms, leaks
from tests.engine.ten_keys import APPLICATIONS, StandOfTenKeys
from tests.engine.ten_keys import declared as ten_keys
from tests.report.html.reading import cells, read, section

RUNS = {"planned.json": 2, "applied.json": 0, "well.json": 0, "drifted.json": 1}
FORMS = ("text", "json", "junit", "sarif", "prometheus", "html")
PORTAL = "applications.portal.machine_key"


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    """Answer a farm of ten keys, with the reports of its life: planned, applied, well, then drifted and cut off."""
    stand = StandOfTenKeys(tmp_path_factory.mktemp("stand")).add_farm("portal", "web1", "web2", "web3", **ten_keys())
    save(stand, "plan", "planned.json")
    save(stand, "apply", "applied.json")
    save(stand, "drift", "well.json")
    stand.own_config("web2").write_bytes(OTHER_KEYS)
    stand.behave("web3", fault("file.read", "cut"))
    save(stand, "drift", "drifted.json", "-vvvvv", "--diff")
    return stand


def save(stand: Stand, verb: str, name: str, *arguments: str) -> None:
    """Run *verb* and save its report as *name*."""
    ran = stand.tell(verb, *arguments)
    assert ran.code == RUNS[name], ran.text
    (stand.folder / name).write_text(ran.out[ran.out.index("{\n") :], "utf-8")


def report(stand: Stand, *arguments: str, code: int = 0, given: str = "") -> Ran:
    """Run `keydeploy report` in the folder of *stand*, with *given* on its standard input."""
    done = subprocess.run(
        [COMMANDS / "keydeploy", "report", *arguments],
        cwd=stand.folder,
        env=stand.environment(),
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


def test_a_report_of_drift_is_told_in_every_form_and_none_holds_a_secret(stand: Stand) -> None:
    runs = [report(stand, name, "--format", form) for name in RUNS for form in FORMS]
    runs += [report(stand, "well.json", "drifted.json", "--format", form) for form in ("text", "json", "html")]
    for number, ran in enumerate(runs):
        (stand.folder / f"told-{number}").write_text(ran.out, "utf-8")

    assert all(ran.err == "" for ran in runs)
    assert leaks(stand, *runs) == []
    planted = f"<p>{DECRYPTION_KEY}</p>".encode()
    assert find(planted, forms() | declared(stand.inventory))


def test_a_page_shows_every_node_and_key_of_a_real_run(stand: Stand) -> None:
    document = read(report(stand, "drifted.json", "--format", "html").out)
    shown = cells(document)

    assert document.one("h1").text == "Cannot be told"
    assert shown["web1", PORTAL] == "✓ as declared"
    assert shown["web2", PORTAL] == "≠ differs"
    assert {words for (node, _), words in shown.items() if node == "web3"} == {"? cannot be told"}
    assert {f"applications.{name}.machine_key" for name in APPLICATIONS} <= {column for _, column in shown}
    told = section(document, "Farm portal").text
    assert "validationKey: another key → wanted: machine_keys.portal.validation_key" in told
    assert "≠ nodes differ" in told
    assert "IIS AppPool\\Portal" in told


def test_a_page_of_a_roll_out_says_how_it_was_proved(stand: Stand) -> None:
    document = read(report(stand, "applied.json", "--format", "html").out)

    assert document.one("h1").text == "Applied and verified"
    assert set(cells(document).values()) == {"● changed and verified"}
    assert section(document, "Farm portal").text.count("all 3 nodes show the same key") == 10
    assert "After the commit every node was observed again" in section(document, "How it was proved").text
    assert {"staging", "committing", "judging"} <= set(section(document, "How it was proved").text.split())


def test_a_saved_report_and_the_run_itself_tell_the_same(stand: Stand) -> None:
    assert json.loads(report(stand, "drifted.json", "--format", "json").out) == json.loads(
        (stand.folder / "drifted.json").read_text("utf-8")
    )


def test_reading_a_report_is_no_verdict(stand: Stand) -> None:
    text = report(stand, "drifted.json", "--diff", "--timings").out

    assert "farm portal: cannot tell" in text
    assert "+(machine_keys.portal.validation_key)" in text
    assert "observing" in text


def test_a_report_comes_from_the_standard_input_too(stand: Stand) -> None:
    given = (stand.folder / "well.json").read_text("utf-8")

    assert "All 3 nodes of farm portal are as declared." in report(stand, "-", given=given).out
    assert "drifted since on web2" in report(stand, "-", "drifted.json", given=given).out


def test_two_runs_are_compared(stand: Stand) -> None:
    value = json.loads(report(stand, "well.json", "drifted.json", "--format", "json").out)
    validator("comparison").validate(value)
    (farm,) = value["farms"]
    by_node = {(each["node"], each["change"]) for each in farm["changes"]}

    assert (value["old"]["exit_code"], value["new"]["exit_code"]) == (0, 1)
    assert by_node == {("web2", "drifted"), ("web3", "not_told_now")}
    assert [(key["address"], key["nodes"]) for key in farm["keys"]] == [(PORTAL, ["web2"])]
    assert farm["same_spec"] is True


def test_a_roll_out_replaces_the_keys_of_before(stand: Stand) -> None:
    text = report(stand, "planned.json", "well.json").out

    assert "! the reports are of different verbs, plan and drift, which ask different things" in text
    assert "farm portal: changes pending → in order" in text
    assert "mended since on web1, web2, web3" in text
    for name in APPLICATIONS:
        assert f"another key, or the same with other algorithms: applications.{name}.machine_key: sha256:" in text


def test_nothing_has_changed_between_a_run_and_itself(stand: Stand) -> None:
    text = report(stand, "well.json", "well.json").out
    assert "! both reports are of the same run" in text
    assert text.endswith("nothing has changed between the two runs\n")


@pytest.mark.parametrize("form", ["html", "json", "text"])
def test_a_file_is_replaced_whole(stand: Stand, form: str) -> None:
    for number, names in enumerate((("well.json",), ("well.json", "drifted.json"))):
        out = stand.folder / f"out-{form}-{number}"
        out.write_bytes((stand.folder / "planned.json").read_bytes())
        assert report(stand, *names, "--format", form, "--out", out.name).text == ""
        written = out.read_text("utf-8")
        if form == "text" and len(names) == 1:  # what is filed says first which run it is of
            first, _, written = written.partition("\n")
            assert first.startswith("keydeploy drift of 2")
        assert written == report(stand, *names, "--format", form).out
        assert not list(stand.folder.glob(".out-*"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("gone.json",), "gone.json: it cannot be read: No such file or directory\n"),
        (("gone.json", "gone too.json"), "gone too.json: it cannot be read: No such file or directory\n"),
        (("-", "-"), "keydeploy: error: the standard input can be read once only"),
        (("a.json", "b.json", "--format", "sarif"), "two runs cannot be told as sarif; choose text, json, html"),
        (("a.json", "--out", "-"), "--out -: it names no file; without --out it is printed"),
        (("a.json", "--out", "a.json"), "--out a.json: this is a report that is to be read"),
        (("a.json", "--out", "nowhere/a.html"), "--out nowhere/a.html: there is no folder "),
        (("a.json", "--out", "."), "--out .: it is no file"),
        (("a.json", "--out", "inventory.yml"), "--out inventory.yml: it is there and holds something else than a rep"),
        (("a.json", "--out", "b.txt", "--diff"), "--diff is for what is printed, not for --out"),
        (("a.json", "--out", "b.txt", "--timings"), "--timings is for what is printed, not for --out"),
        (("loop.json", "--out", "b.txt"), "loop.json: it cannot be read: Too many levels of symbolic links"),
        (("a.json", "--out", "loop.json"), "--out loop.json: Too many levels of symbolic links"),
    ],
)
def test_what_cannot_be_done_is_said_with_the_next_step(
    arguments: tuple[str, ...],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("inventory.yml").write_text("all:\n  hosts:\n", "utf-8")
    Path("loop.json").symlink_to("loop.json")
    assert main(["report", *arguments]) == 1

    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
    assert "keydeploy: hint: " in err


def test_a_page_can_be_printed_whatever_the_locale(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("well.json", "drifted.json", "--format", "html")
    whole = report(stand, *arguments).out
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    assert report(stand, *arguments).out == whole


def test_every_problem_of_both_files_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new, out = (tmp_path / name for name in ("old.json", "new.json", "out.html"))
    old.write_text('{"report": 2}', "utf-8")
    new.write_text('{"report": 1, "verb": "conjure"}', "utf-8")

    assert main(["report", str(old), str(new), "--format", "html", "--out", str(out)]) == 1

    err = capsys.readouterr().err.splitlines()
    assert err[0] == f"{old}: report: this is a report of version 2; this keydeploy reads version 1"
    assert f"{new}: verb: expected one of validate, plan, apply, rollback, drift" in err
    assert err[-2] == "keydeploy: error: 3 problems; nothing was told"
    assert err[-1].startswith("keydeploy: hint: use the keydeploy that made it, or a newer one; keydeploy drift ")
    assert not out.exists()
