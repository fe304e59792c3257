"""Whatever ansible.cfg says, the same farms are applied and the same go back."""

from pathlib import Path

from tests.engine.conftest import HOSTILE, HostileRun
from tests.engine.farm import DECLARED_KEYS, OTHER_KEYS, Stand


def states(run: HostileRun, step: str) -> dict[str, str]:
    return {host: result["state"] for host, result in run.ran.results(step).items()}


def test_the_decisions_are_those_of_any_other_configuration(hostile_run: HostileRun) -> None:
    assert hostile_run.ran.code != 0
    assert states(hostile_run, "conclude") == {
        "well1": "applied",
        "well2": "applied",
        "fails1": "unstaged",
        "fails2": "unstaged",
        "cut1": "rolled_back",
        "cut2": "rolled_back",
        "unseen1": "refused",
        "unseen2": "refused",
        "lonely": "skipped",
    }
    for host, content in {
        "well1": DECLARED_KEYS,
        "well2": DECLARED_KEYS,
        "fails1": OTHER_KEYS,
        "cut2": OTHER_KEYS,
    }.items():
        assert hostile_run.stand.own_config(host).read_bytes() == content
        assert hostile_run.stand.is_at_rest(host)


def test_a_commit_waits_longer_than_the_users_task_timeout(hostile_run: HostileRun) -> None:
    waited = {
        host: result["committed_at"] for host, result in hostile_run.ran.results("commit").items() if "well" in host
    }
    staged = hostile_run.ran.results("stage")

    assert all(at - staged[host]["ended"] > HOSTILE["task_timeout"] for host, at in waited.items())


def test_nobody_leaves_the_play_before_the_last_task(hostile_run: HostileRun) -> None:
    failed = [seen["action"] for seen in hostile_run.ran.dumped if seen["status"] != "ok"]

    assert set(failed) == {"keydeploy.core.conclude"}


def test_the_results_are_not_censored_by_no_log(hostile_run: HostileRun) -> None:
    assert all("state" in seen["result"] for seen in hostile_run.ran.dumped)


def test_the_command_line_forces_what_must_not_be_the_users(tmp_path: Path) -> None:
    """Few forks would stop a roll-out; debugging and kept files would betray it; tags would leave its steps out."""
    stand = Stand(tmp_path).add_farm("portal", "web1", "web2", "web3")
    stand.configure(**HOSTILE, stdout_callback="dump")
    dangerous = {"ANSIBLE_DEBUG": "1", "ANSIBLE_KEEP_REMOTE_FILES": "1", "ANSIBLE_RUN_TAGS": "mine"}

    ran = stand.keydeploy("apply", env={**dangerous, "ANSIBLE_FORKS": "1"})

    assert ran.code == 0, ran.text
    assert all(stand.own_config(host).read_bytes() == DECLARED_KEYS for host in ("web1", "web2", "web3"))
