"""How long steps took, as the events of a run tell."""

from hypothesis import given
from hypothesis import strategies as st

from keydeploy.engine import Event
from keydeploy.report.timings import NodeTime, StepTime, Stopwatch


def task(name: str, at: float) -> Event:
    return Event("task", name, at=at)


def result(name: str, host: str, at: float, seconds: float | None) -> Event:
    return Event("result", name, host, "ok", at=at, seconds=seconds)


def times(*events: Event) -> tuple[StepTime, ...]:
    watch = Stopwatch()
    for event in events:
        watch.record(event)
    return watch.times()


def test_a_step_lasts_until_the_next_one_begins() -> None:
    told = times(
        task("validate", 10.0), result("validate", "web1", 10.4, 0.3), task("observe", 10.5), task("plan", 12.0)
    )
    assert [(step.step, step.seconds) for step in told] == [("validate", 0.5), ("observe", 1.5)]


def test_the_last_step_lasts_until_its_last_word() -> None:
    (step,) = times(task("observe", 1.0), result("observe", "web1", 3.0, 1.0), result("observe", "web2", 4.25, 3.0))
    assert (step.seconds, step.nodes) == (3.25, 2)


def test_the_slowest_nodes_come_first_and_no_more_than_five_are_told() -> None:
    events = [result("observe", f"web{number}", 9.0, float(number % 6)) for number in range(9)]
    (step,) = times(task("observe", 0.0), *events)

    assert step.nodes == 9
    assert step.slowest == (
        NodeTime("web5", 5.0),
        NodeTime("web4", 4.0),
        NodeTime("web3", 3.0),
        NodeTime("web2", 2.0),
        NodeTime("web8", 2.0),
    )


def test_the_passes_of_a_roll_out_in_waves_are_one_step() -> None:
    told = times(
        task("stage", 0.0),
        result("stage", "web1", 1.0, 1.0),
        task("commit", 2.0),
        result("commit", "web1", 3.0, 0.5),
        task("stage", 4.0),
        result("stage", "web1", 7.0, 2.0),
    )
    assert told == (
        StepTime(step="stage", seconds=5.0, nodes=1, slowest=(NodeTime("web1", 3.0),)),
        StepTime(step="commit", seconds=2.0, nodes=1, slowest=(NodeTime("web1", 0.5),)),
    )


def test_a_node_whose_time_nobody_knows_is_not_told() -> None:
    (step,) = times(task("observe", 0.0), result("observe", "web1", 1.0, None))
    assert (step.seconds, step.nodes, step.slowest) == (1.0, 0, ())


def test_before_the_first_step_there_is_nothing() -> None:
    assert times(Event("play", "Look for drift", at=5.0)) == ()


@given(st.lists(st.floats(0, 1e5), max_size=20).map(sorted))
def test_the_steps_together_last_as_long_as_the_run(instants: list[float]) -> None:
    told = times(*(task(f"step {number % 3}", at) for number, at in enumerate(instants)))
    whole = instants[-1] - instants[0] if len(instants) > 1 else 0.0
    assert abs(sum(step.seconds for step in told) - whole) < 0.01
