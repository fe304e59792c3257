"""How far a run has come is told from its events: who has answered, who is late, and who has failed."""

import io
import re
import time
from typing import Any

import pytest
from rich.console import Console

from keydeploy.cli.course import Course, Mark, Phase
from keydeploy.cli.live import View
from keydeploy.cli.progress import Log, told
from keydeploy.engine import Event

FARM: dict[str, Any] = {"state": "valid", "farms": {"portal": {"members": ["web1", "web2", "web3"]}}}
HOSTS = ("web1", "web2", "web3", "db1")


def result(step: str, host: str, status: str = "ok", **values: Any) -> Event:
    return Event("result", step, host, status, {"state": step, **values}, seconds=0.5)


def course(*events: Event, hosts: tuple[str, ...] = HOSTS) -> Course:
    """Answer the course of a run of which the spec has been checked and *events* have happened since, one a second."""
    found = Course()
    begin = (Event("play", "apply", hosts=hosts), Event("task", "validate"), result("validate", "localhost", **FARM))
    for second, event in enumerate((*begin, *events)):
        found.record(event, float(second))
    return found


def present(*events: Event) -> Phase:
    return course(*events).phases[-1]


OBSERVE = Event("task", "observe")


def test_those_who_are_late_are_known_by_name() -> None:
    phase = present(OBSERVE, result("observe", "web1"))
    assert (phase.answered, phase.asked, phase.missing) == (1, 3, ("web2", "web3"))


def test_hosts_that_declare_nothing_are_not_waited_for() -> None:
    phase = present(OBSERVE, result("observe", "db1", "skipped"))
    assert (phase.answered, phase.asked) == (0, 3)


def test_hosts_that_the_limit_leaves_out_are_not_waited_for() -> None:
    assert course(OBSERVE, hosts=("web2",)).phases[-1].missing == ("web2",)


def test_a_node_for_which_there_is_nothing_to_do_does_not_count() -> None:
    phase = present(Event("task", "commit"), result("commit", "web1"), result("commit", "web2", state="nothing"))
    assert (phase.answered, phase.asked, phase.missing) == (1, 2, ("web3",))
    assert phase.answers["web2"].mark is Mark.NOT_ASKED


@pytest.mark.parametrize("event", [result("stage", "web2", "failed"), result("stage", "web2", state="unreachable")])
def test_a_node_that_failed_is_named(event: Event) -> None:
    assert present(Event("task", "stage"), event).failed == ("web2",)


def test_a_phase_ends_where_the_next_one_begins() -> None:
    found = course(OBSERVE)
    ended = found.record(Event("task", "plan"), 9.5)
    assert ended is not None
    assert (ended.step, ended.lasted(100.0)) == ("observe", 6.5)
    assert found.phases[-1].step == "plan"


def test_tasks_of_others_change_nothing() -> None:
    assert present(OBSERVE, Event("task", "ansible.builtin.uri")).step == "observe"


def test_a_play_for_nobody_leaves_the_nodes_known() -> None:
    assert course(Event("play", "waves")).nodes == ("web1", "web2", "web3")


def test_a_commit_knows_its_instant() -> None:
    decided = result("gate", "localhost", farms={"portal": {"go": True, "at": 1700000000.0}})
    assert present(Event("task", "gate"), decided, Event("task", "commit")).at == 1700000000.0


def test_a_line_of_a_log_tells_the_answers_the_time_and_who_has_failed() -> None:
    found = course(OBSERVE, *(result("observe", node) for node in ("web1", "web2")))
    assert told(found.phases[-1], 7.0) == "observing: 2 of 3 nodes, 4.0 s so far; waiting for web3"
    found.record(result("observe", "web3", "unreachable"), 8.0)
    ended = found.end(8.0)
    assert ended is not None
    assert told(ended, 9.0) == "observing: 3 of 3 nodes, 5.0 s; failed: web3"


def test_a_log_hears_that_a_phase_still_lasts_and_who_is_late() -> None:
    file = io.StringIO()
    with Log(Console(file=file, soft_wrap=True), patience=0.01) as log:
        for event in (Event("play", "apply", hosts=HOSTS), OBSERVE, result("observe", "web1")):
            log(event)
        end = time.monotonic() + 30.0
        while "so far" not in file.getvalue() and time.monotonic() < end:
            time.sleep(0.01)
    assert re.match(
        r"keydeploy: observing: 1 of 4 nodes, 0\.\d s so far; waiting for web2, web3, db1\n", file.getvalue()
    )


def drawn(found: Course, width: int = 80, height: int = 24, *, now: float = 1700000000.0) -> list[str]:
    """Answer the lines that a terminal of that size shows, with the run in its 20th second."""
    file = io.StringIO()
    console = Console(width=width, height=height, file=file, force_terminal=True, color_system=None, soft_wrap=True)
    console.print(View(found, lambda: 20.0, lambda: now))
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_a_small_farm_is_drawn_node_by_node() -> None:
    lines = drawn(course(OBSERVE, result("observe", "web1"), result("observe", "web2", "unreachable")))
    assert lines[0].split() == ["✓", "checking", "the", "spec", "2.0", "s"]
    assert lines[1].split()[1:] == ["observing", "2", "of", "3", "17.0", "s"]
    assert lines[2:4] == ["  waiting for web3", "  failed: web2"]
    cells = [line.split() for line in lines[6:]]
    assert cells[:2] == [["web1", "0.5", "s"], ["web2", "failed", "0.5", "s"]]
    assert cells[2][0] == "web3"


def test_the_instant_is_counted_down() -> None:
    decided = result("gate", "localhost", farms={"portal": {"go": True, "at": 1700000002.5}})
    lines = drawn(course(Event("task", "gate"), decided, Event("task", "commit")))
    assert "  all nodes switch at the same instant, in 3 s" in lines


def test_the_pause_between_two_waves_is_counted_down_and_there_is_none_before_the_first() -> None:
    in_waves = {"members": ["web1"], "rollout": {"waves": {"pause": 30.0}}}
    found = Course()
    found.record(result("validate", "localhost", farms={"portal": in_waves}), 0.0)
    found.record(Event("task", "pause"), 1.0)
    assert not any("the next wave" in line for line in drawn(found)[1:])
    found.record(Event("task", "pause"), 5.0)
    assert "  the next wave begins in 15 s" in drawn(found)


@pytest.mark.parametrize("width", [20, 40, 59, 80, 200])
@pytest.mark.parametrize("height", [4, 10, 24])
@pytest.mark.parametrize("nodes", [1, 12, 200])
def test_it_fits_any_screen(width: int, height: int, nodes: int) -> None:
    names = tuple(f"a-long-name-of-node-{number}.example.org" for number in range(nodes))
    found = Course()
    found.record(Event("play", "apply", hosts=names), 0.0)
    for step in ("validate", "observe", "plan", "stage", "gate", "commit", "verdict", "end") * 3:
        found.record(Event("task", step), 1.0)
    found.record(Event("task", "observe"), 2.0)
    lines = drawn(found, width, height)
    assert len(lines) < height
    assert all(len(line) <= width for line in lines)
    assert any(line.endswith("3 s") or "waiting" in line for line in lines)
