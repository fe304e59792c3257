"""The records of real runs: every form of each, however it ended, and all of them made of the saved report as well."""

import json
import signal
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keydeploy.report import data, records
from keydeploy.report.records import KINDS, Earlier
from keydeploy.schema import validator
from tests.engine.conftest import HOSTILE
from tests.engine.farm import COMMANDS, DECLARED_KEYS, QUICK, TIMEOUT, Ran, Stand, fault
from tests.engine.hunting import leaks
from tests.report import reading

VERIFIED = "keydeploy_farm_last_verified_timestamp_seconds"
SMART_CARDS: dict[str, Any] = {
    "machine_keys": {},
    "applications": {},
    "smart_cards": {"transaction_timeout": {"ksp": "100ms"}},
}


class Runs:
    """Runs that have ended, with their records."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ended: dict[str, Ran] = {}
        folder.mkdir()

    def run(self, name: str, stand: Stand, *arguments: str) -> Ran:
        """Run the command line with *arguments*, and let it write a record of each kind."""
        self.ended[name] = stand.keydeploy(*arguments, *self.wanted(name))
        return self.ended[name]

    def wanted(self, name: str) -> list[str]:
        return [part for kind in KINDS for part in ("--report", f"{kind}={self.file(name, kind)}")]

    def file(self, name: str, kind: str) -> Path:
        return self.folder / f"{name}.{kind}"

    def text(self, name: str, kind: str) -> str:
        return self.file(name, kind).read_text("utf-8")

    def report(self, name: str) -> dict[str, Any]:
        """Answer the JSON record, checked against its schema."""
        value: dict[str, Any] = json.loads(self.text(name, "json"))
        validator("report").validate(value)
        return value


NAMES = (
    "validate",
    "plan",
    "drift",
    "limited",
    "invalid",
    "nowhere",
    "applied",
    "in order",
    "taken back",
    "rolled back",
    "in waves",
    "interrupted",
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Answer runs of every verb and end."""
    runs = Runs(tmp_path_factory.mktemp("runs") / "records")
    look(runs, Stand(tmp_path_factory.mktemp("looks")))
    change(runs, Stand(tmp_path_factory.mktemp("changes")))
    go_in_waves(runs, Stand(tmp_path_factory.mktemp("waves")))
    interrupt(runs, Stand(tmp_path_factory.mktemp("interrupted")))
    return runs


def look(runs: Runs, stand: Stand) -> None:
    stand.add_farm("drifted", "a1").add_farm("away", "b1", "b2").add_farm("broken", "c1").add_farm("stays", "d1")
    stand.add_hosts("lonely")
    stand.behave("b1", fault("system.read", "unreachable"))
    stand.own_config("c1").write_bytes(b"<configuration><unclosed></configuration>")
    stand.own_config("d1").write_bytes(DECLARED_KEYS)
    stand.groups["stays"]["vars"]["keydeploy"]["machine_keys"]["portal"] |= {
        "created": "2026-01-02",
        "max_age": "3650d",
    }
    stand.write_inventory()
    for verb in ("validate", "plan", "drift"):
        runs.run(verb, stand, verb)
    runs.run("limited", stand, "drift", "-l", "d1")
    stand.groups["stays"]["vars"]["keydeploy"]["nonsense"] = 1
    stand.write_inventory()
    runs.run("invalid", stand, "drift")
    stand.inventory.unlink()
    runs.run("nowhere", stand, "drift")


def change(runs: Runs, stand: Stand) -> None:
    stand.add_farm("portal", "web1", "web2")
    runs.run("applied", stand, "apply")
    runs.run("in order", stand, "drift")
    runs.run("taken back", stand, "rollback")
    stand.behave("web2", fault("journal.commit", "cut"))
    runs.run("rolled back", stand, "apply")


def go_in_waves(runs: Runs, stand: Stand) -> None:
    stand.add_farm(
        "portal", "web1", "web2", rollout={**QUICK, "commit": "waves", "waves": {"canary": 1}}, **SMART_CARDS
    )
    runs.run("in waves", stand, "apply")


def interrupt(runs: Runs, stand: Stand) -> None:
    stand.add_farm("portal", "web1")
    stand.behave("web1", fault("system.read", "late", seconds=30))
    ran = while_running(stand, lambda child: child.send_signal(signal.SIGTERM), *runs.wanted("interrupted"))
    runs.ended["interrupted"] = ran


def while_running(stand: Stand, do: Callable[[subprocess.Popen[str]], object], *arguments: str) -> Ran:
    """Look for drift, and *do* something when the node web1 is being asked."""
    child = subprocess.Popen(
        [COMMANDS / "keydeploy", "drift", stand.inventory, *arguments],
        cwd=stand.folder,
        env=stand.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + TIMEOUT
    while not (stand.folder / "web1.calls").exists():
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)
    do(child)
    out, err = child.communicate(timeout=TIMEOUT)
    return Ran(child.returncode, out, err)


def test_the_runs_ended_as_they_were_meant_to(runs: Runs) -> None:
    assert {name: runs.ended[name].code for name in NAMES} == {
        "validate": 0,
        "plan": 4,
        "drift": 4,
        "limited": 0,
        "invalid": 3,
        "nowhere": 1,
        "applied": 0,
        "in order": 0,
        "taken back": 0,
        "rolled back": 1,
        "in waves": 0,
        "interrupted": 130,
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_saved_report_is_whole_and_every_record_can_be_made_of_it(runs: Runs, name: str) -> None:
    value = runs.report(name)
    report, made = data.from_json(value), data.made_of(value)

    assert data.to_json(report, made) == value
    assert value["exit_code"] == runs.ended[name].code
    for kind in KINDS:
        again = records.render(kind, report, made, Earlier(runs.file(name, kind).stem))
        assert again == runs.text(name, kind), kind


@pytest.mark.parametrize("name", NAMES)
def test_ci_servers_see_a_pass_where_the_exit_code_is_0(runs: Runs, name: str) -> None:
    results = reading.results(runs.text(name, "junit"))
    assert (set(results.values()) <= {"passed", "skipped"}) == (runs.ended[name].code == 0)


@pytest.mark.parametrize("name", NAMES)
def test_code_scanning_and_prometheus_can_read_it(runs: Runs, name: str) -> None:
    run = reading.sarif(json.loads(runs.text(name, "sarif")))
    samples = reading.prometheus(runs.text(name, "prometheus"))

    assert run["invocations"][0]["exitCode"] == runs.ended[name].code
    assert reading.value(samples, "keydeploy_run_exit_code") == runs.ended[name].code
    is_up = name not in ("invalid", "nowhere", "interrupted")
    assert reading.value(samples, "keydeploy_up") == is_up
    checked = reading.promtool("check", "metrics", text=runs.text(name, "prometheus"))
    assert (checked.returncode, checked.stdout) == (0, "")


def test_what_cannot_be_told_passes_nowhere(runs: Runs) -> None:
    results = reading.results(runs.text("drift", "junit"))
    told = {name: result for (suite, name), result in results.items() if suite in ("away", "broken")}
    assert told == {
        "farm": "error",
        "b1 applications.portal.machine_key": "error",
        "b2 applications.portal.machine_key": "failure",
        "c1 applications.portal.machine_key": "error",
    }
    samples = reading.prometheus(runs.text("drift", "prometheus"))
    nodes = ("a1", "b1", "b2", "c1", "d1")
    drift = {node: reading.value(samples, "keydeploy_node_drift", node=node) for node in nodes}
    assert drift == {"a1": 1, "b1": None, "b2": 1, "c1": None, "d1": 0}


def test_a_report_tells_what_is_declared_what_was_confirmed_and_what_took_how_long(runs: Runs) -> None:
    stays = next(farm for farm in runs.report("drift")["farms"] if farm["farm"] == "stays")
    key = {"address": "machine_keys.portal", "created": "2026-01-02", "due": "2035-12-31", "fingerprint": None}
    assert stays["materials"] == [key]
    nowhere = runs.report("nowhere")
    assert nowhere["failure"].startswith("there is no inventory ")
    assert nowhere["hint"] == "name a file, a folder, or hosts with a comma"
    assert runs.report("validate")["declared"] == ["a1", "b1", "b2", "c1", "d1"]

    applied, later = runs.report("applied"), runs.report("in order")
    confirmed = {node["confirmed"] for report in (applied, later) for node in report["farms"][0]["nodes"]}
    assert confirmed == {applied["run"]}
    assert [step["step"] for step in later["timings"]] == ["validate", "observe", "plan", "drift"]
    observing = later["timings"][1]
    assert (observing["nodes"], {each["node"] for each in observing["slowest"]}) == (2, {"web1", "web2"})


def test_beside_a_record_there_is_nothing_on_the_standard_output(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", "web1")
    junit = stand.keydeploy("drift", "--format", "junit", env={"PYTHONIOENCODING": "latin-1"})
    sarif = stand.keydeploy("plan", "--format", "sarif")
    assert (junit.code, sarif.code) == (2, 2)
    assert reading.results(junit.out)["portal", "farm"] == "failure"
    assert reading.sarif(json.loads(sarif.out))["results"][0]["ruleId"] == "changed"
    assert junit.err == ""


def test_a_run_that_ends_by_an_error_of_its_own_has_records_too(tmp_path: Path) -> None:
    """There is nobody to ask for the password."""
    stand = Stand(tmp_path).add_farm("portal", "web1")
    ran = stand.keydeploy("drift", "-J", "--report", "prometheus=a.prom", "--report", "junit=a.xml")

    assert ran.code == 1
    samples = reading.prometheus((tmp_path / "a.prom").read_text("utf-8"))
    assert [reading.value(samples, name) for name in ("keydeploy_up", "keydeploy_run_exit_code")] == [0, 1]
    assert reading.results((tmp_path / "a.xml").read_text("utf-8")) == {("keydeploy", "run"): "error"}
    assert stand.calls("web1") == []


def test_what_cannot_be_written_is_refused_at_once_and_before_any_contact(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", "web1")
    asked = (
        "xml=a",
        "json=-",
        "json=none/a",
        "text=inventory.yml",
        "junit=a.xml",
        "sarif=./a.xml",
        "odd",
        "html=nodes",
    )
    ran = stand.keydeploy("apply", *(part for each in asked for part in ("--report", each)))

    assert ran.code == 1
    wrong = (
        "xml=a: there is no kind xml",
        "json=-: it names no file; --format json prints it",
        f"json=none/a: there is no folder {tmp_path}/none",
        "text=inventory.yml: this is the inventory",
        "sarif=./a.xml: junit is written to the same file",
        "odd: it is no KIND=FILE",
        "html=nodes: it is no file",
    )
    hint = f"KIND is one of {', '.join(KINDS)}, and FILE a file in a folder that is there"
    told = "; ".join(f"--report {each}" for each in wrong)
    assert ran.err == f"keydeploy: error: {told}\nkeydeploy: hint: {hint}\n"
    assert stand.calls("web1") == []
    assert not (tmp_path / "a.xml").exists()


def test_a_record_that_cannot_be_written_in_the_end_is_told_and_is_an_error(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", "web1")
    stand.behave("web1", fault("system.read", "late", seconds=0.5))
    (tmp_path / "gone").mkdir()

    wanted = ("--report", "json=gone/a.json", "--report", "text=kept.txt")
    ran = while_running(stand, lambda _child: (tmp_path / "gone").rmdir(), *wanted)

    assert ran.code == 1
    assert "keydeploy: error: the report gone/a.json cannot be written: No such file or directory\n" in ran.err
    assert "drift on 1 of 1 node" in ran.out
    assert (tmp_path / "kept.txt").exists()


def test_the_last_proof_stays_while_a_farm_cannot_be_proved_and_moves_when_it_can(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", "web1")
    stand.own_config("web1").write_bytes(DECLARED_KEYS)

    def look_again(code: int) -> dict[str, float | None]:
        assert stand.keydeploy("drift", "--report", "prometheus=keydeploy.prom").code == code
        samples = reading.prometheus((tmp_path / "keydeploy.prom").read_text("utf-8"))
        names = ("keydeploy_run_timestamp_seconds", VERIFIED, "keydeploy_node_drift", "keydeploy_up")
        return {name: reading.value(samples, name) for name in names}

    proved = look_again(0)
    stand.behave("web1", fault("system.read", "unreachable"))
    away = look_again(4)
    inventory = stand.inventory.read_text("utf-8")
    stand.inventory.write_text("all: [", "utf-8")
    broken = look_again(1)
    stand.inventory.write_text(inventory, "utf-8")
    stand.behave("web1")
    again = look_again(0)

    assert proved[VERIFIED] == away[VERIFIED] == broken[VERIFIED] == proved["keydeploy_run_timestamp_seconds"]
    assert again[VERIFIED] == again["keydeploy_run_timestamp_seconds"] != proved[VERIFIED]
    assert [each["keydeploy_node_drift"] for each in (proved, away, broken, again)] == [0, None, None, 0]
    assert [each["keydeploy_up"] for each in (proved, away, broken, again)] == [1, 1, 0, 1]


def test_another_user_can_read_what_is_for_prometheus(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", "web1")
    strict = "umask 077; exec keydeploy validate inventory.yml --report prometheus=a.prom --report json=a.json"
    subprocess.run(["sh", "-c", strict], cwd=tmp_path, env=stand.environment(), check=True, capture_output=True)

    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a.prom", "a.json")]
    assert modes == [0o644, 0o600]


def test_no_record_holds_a_secret_however_much_is_logged(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("well", "well1", "well2").add_farm("cut", "cut1", "cut2")
    stand.configure(**HOSTILE)
    stand.behave("cut2", fault("journal.commit", "cut"))
    found = Runs(tmp_path / "records")

    apply = found.run("apply", stand, "apply", "-vvvvv", "--diff")
    drift = found.run("drift", stand, "drift", "-vvvvv", "--diff")
    stand.set("cut1", vault_portal={"validation_key": "0" * 7, "decryption_key": ["x"]})
    broken = found.run("broken", stand, "apply", "-vvvvv")

    assert (apply.code, drift.code, broken.code) == (1, 2, 3)
    assert len(list(found.folder.iterdir())) == 3 * len(KINDS)
    assert all(file.stat().st_size for file in found.folder.iterdir())
    assert leaks(stand, apply, drift, broken) == []
