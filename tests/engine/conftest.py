"""A run of plain Ansible under a hostile configuration, which several tests look at."""

from dataclasses import dataclass

import pytest

from tests.engine.farm import QUICK, Ran, Stand, fault

HOSTILE = {
    "any_errors_fatal": True,
    "strategy": "free",
    "forks": 50,
    "no_log": True,
    "task_timeout": 1,
    "gathering": "implicit",
    "fact_caching": "jsonfile",
    "fact_caching_connection": "facts",
    "log_path": "ansible.log",
    "display_args_to_stdout": True,
    "display_traceback": "always",
    "retry_files_enabled": True,
    "retry_files_save_path": "retry",
    "result_format": "yaml",
}
"""An ansible.cfg that would change every decision, were it left to Ansible."""


@dataclass(frozen=True)
class HostileRun:
    """The run and its stand: what is expected of each farm is in its name."""

    stand: Stand
    ran: Ran


@pytest.fixture(scope="session")
def hostile_run(tmp_path_factory: pytest.TempPathFactory) -> HostileRun:
    """Roll farms out with `-vvvvv`: one that is well and waits longer than any task may take, and ones that are not."""
    stand = Stand(tmp_path_factory.mktemp("stand"))
    stand.configure(**HOSTILE)
    stand.add_farm("well", "well1", "well2", rollout={**QUICK, "margin": "2500ms"})
    stand.add_farm("fails", "fails1", "fails2")
    stand.behave("fails2", fault("file.stage", "fail"))
    stand.add_farm("cut", "cut1", "cut2")
    stand.behave("cut1", fault("journal.commit", "cut"))
    stand.add_farm("unseen", "unseen1", "unseen2")
    stand.behave("unseen1", fault("file.read", "cut"))
    stand.add_hosts("lonely")
    return HostileRun(stand, stand.playbook("keydeploy.core.apply", "-vvvvv", "--diff"))
