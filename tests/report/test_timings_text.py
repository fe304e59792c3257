"""How long a run took is told in a line, or step by step with the nodes that were slowest."""

from keydeploy.report.timings import NodeTime, StepTime
from keydeploy.report.timings_text import in_a_line, in_full

TIMINGS = (
    StepTime(step="validate", seconds=0.4),
    StepTime(step="observe", seconds=3.0, nodes=3, slowest=(NodeTime("web2", 2.9), NodeTime("web1", 0.2))),
    StepTime(step="stage", seconds=4.2, nodes=3, slowest=(NodeTime("web7", 4.1), NodeTime("web1", 0.2))),
    StepTime(step="commit", seconds=9.0, nodes=3, slowest=(NodeTime("web1", 8.9), NodeTime("web2", 8.8))),
)


def test_a_line_names_the_slowest_node_of_the_steps_in_which_none_waits_for_the_others() -> None:
    assert in_a_line(TIMINGS) == "took 16.6 s; slowest: web7 in staging, 4.1 s"


def test_a_run_without_nodes_has_no_slowest_one() -> None:
    assert in_a_line(TIMINGS[:1]) == "took 0.4 s"
    assert in_a_line(()) is None


def test_in_full_every_step_is_told_and_the_whole() -> None:
    assert [line.plain for line in in_full(TIMINGS)] == [
        "timings",
        "  checking the spec: 0.4 s",
        "  observing: 3.0 s, 3 nodes; slowest: web2 2.9 s, web1 0.2 s",
        "  staging: 4.2 s, 3 nodes; slowest: web7 4.1 s, web1 0.2 s",
        "  committing: 9.0 s, 3 nodes; slowest: web1 8.9 s, web2 8.8 s",
        "  all together: 16.6 s",
    ]


def test_a_single_node_is_not_told_to_be_the_slowest() -> None:
    alone = StepTime(step="observe", seconds=1.0, nodes=1, slowest=(NodeTime("web1", 0.9),))
    assert [line.plain for line in in_full((alone,))][1] == "  observing: 1.0 s"
