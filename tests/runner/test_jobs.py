"""Jobs under ansible-runner, as AWX runs them: what their end tells, and that they keep no secret."""

import json

from tests.engine.farm import DECLARED_KEYS, VALIDATION_KEY
from tests.engine.hunting import find
from tests.engine.vaults import PASSWORDS
from tests.runner.conftest import Jobs
from tests.runner.job import unpacked

DRIFT = (
    "keydeploy: drift: key_containers.Portal: key: absent → sha256:",
    "applications.portal.machine_key: validationKey: another key → machine_keys.portal.validation_key",
)


def test_drift_fails_the_job_and_each_node_tells_what_differs(jobs: Jobs) -> None:
    assert (jobs.found.status, jobs.found.code) == ("failed", 2)
    assert set(jobs.found.messages()) == {"web1", "web2"}
    assert all(part in message for message in jobs.found.messages().values() for part in DRIFT)
    assert all(part in jobs.found.out for part in DRIFT)


def test_a_worker_elsewhere_finds_the_same_with_keys_that_it_alone_can_read(jobs: Jobs) -> None:
    assert (jobs.remote.status, jobs.remote.code) == ("failed", 2)
    assert jobs.remote.messages() == jobs.found.messages()


def test_a_plan_is_a_success_and_shows_the_edits_without_the_keys(jobs: Jobs) -> None:
    assert (jobs.planned.status, jobs.planned.code) == ("successful", 0)
    assert jobs.planned.states("show") == {"web1": "pending", "web2": "pending"}
    assert "+(machine_keys.portal.validation_key)" in jobs.planned.out


def test_a_worker_elsewhere_applies_what_the_vault_and_its_own_files_declare(jobs: Jobs) -> None:
    assert (jobs.applied.status, jobs.applied.code) == ("successful", 0)
    assert jobs.applied.states("conclude") == {"web1": "applied", "web2": "applied"}
    assert jobs.farm.own_config("web1").read_bytes() == DECLARED_KEYS


def test_a_farm_that_is_in_order_is_a_success(jobs: Jobs) -> None:
    assert (jobs.in_order.status, jobs.in_order.code) == ("successful", 0)
    assert jobs.in_order.states("drift") == {"web1": "in_order", "web2": "in_order"}
    assert jobs.in_order.kept == {"keydeploy_drift": {}}


def test_a_node_that_cannot_be_reached_fails_the_job_and_is_named(jobs: Jobs) -> None:
    assert (jobs.unreachable.status, jobs.unreachable.code) == ("failed", 2)
    assert "web2" in jobs.unreachable.messages()["web1"]
    assert all(message.startswith("keydeploy: cannot tell: ") for message in jobs.unreachable.messages().values())


def test_a_job_keeps_why_nodes_are_not_in_order_for_workflows_and_notifications(jobs: Jobs) -> None:
    for job in (jobs.found, jobs.remote, jobs.unreachable):
        kept = job.kept["keydeploy_drift"]
        assert {host: f"keydeploy: {why}" for host, why in kept.items()} == job.messages()


def test_nothing_secret_is_left_behind_or_shown_however_much_is_logged(jobs: Jobs) -> None:
    assert all((job.artefacts / "fact_cache").is_dir() for job in jobs.all)
    shown = {f"{job.name}, shown": job.shown for job in jobs.all}
    assert jobs.farm.hunt(shown) == []


def test_nothing_secret_crosses_to_a_worker_or_back(jobs: Jobs) -> None:
    for job in (jobs.remote, jobs.applied):
        script = jobs.crossed[f"{job.name} there: inventory/hosts"]
        assert script.count(b"$ANSIBLE_VAULT;1.2;AES256;prod") == 2
        lines = (json.loads(jobs.crossed[part]) for part in jobs.crossed if part.startswith(f"{job.name} back: line "))
        assert len([line for line in lines if "event" in line]) == len(job.events)
    assert jobs.farm.hunt(jobs.crossed) == []


def test_the_hunt_finds_what_an_archive_on_its_way_would_hold(jobs: Jobs) -> None:
    folder = jobs.farm.prepare("betrayed", f"--extra-vars key={VALIDATION_KEY}")
    stream = jobs.farm._runner("transmit", folder, "-p", "drift.yml")
    found = {part for part, content in unpacked(stream) if find(content, jobs.farm.secrets())}
    (folder / "env/cmdline").unlink()
    assert found == {"env/cmdline"}


def test_the_environment_of_a_job_is_among_its_artefacts_so_no_key_may_stand_there(jobs: Jobs) -> None:
    for job in jobs.all:
        kept = json.loads((job.artefacts / "command").read_text("utf-8"))["env"]
        assert kept["HOME"] == jobs.farm.environment()["HOME"]


def test_an_inventory_update_without_a_password_keeps_the_vaults_values_encrypted(jobs: Jobs) -> None:
    told = json.loads(jobs.farm.exported().stdout)["portal"]["vars"]["vault_portal"]
    assert all(list(value) == ["__ansible_vault"] for value in told.values())


def test_a_file_that_is_encrypted_as_a_whole_stops_such_an_update_and_comes_out_in_clear_with_a_password(
    jobs: Jobs,
) -> None:
    whole = jobs.farm.keep(name="all/whole.yml", label="prod")
    refused = jobs.farm.exported()
    told = jobs.farm.exported("--vault-id", f"prod@{jobs.farm.folder}/prod.password")
    whole.unlink()
    assert refused.returncode != 0
    assert "no vault secrets" in refused.stderr
    assert VALIDATION_KEY in told.stdout
    assert PASSWORDS["prod"] not in told.stdout
