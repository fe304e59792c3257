"""The playbook for AWX makes a job template and its schedule; what a job of AWX cannot do is refused."""

from typing import Any

import pytest
import yaml

from keydeploy.errors import KeydeployError
from keydeploy.schedule import Password
from tests.schedule.jobs import elsewhere, text


def tasks(**changes: Any) -> list[dict[str, Any]]:
    (play,) = yaml.safe_load(text("awx", elsewhere(**{"inventories": ("portal",), **changes})))
    assert (play["hosts"], play["gather_facts"]) == ("localhost", False)
    found: list[dict[str, Any]] = play["tasks"]
    return found


def test_the_template_runs_one_at_a_time_with_a_limit_and_asks_nothing() -> None:
    template = tasks()[0]["awx.awx.job_template"]
    assert (template["allow_simultaneous"], template["timeout"]) == (False, 300)
    assert (template["survey_enabled"], template["ask_variables_on_launch"]) == (False, False)


def test_one_vault_password_is_the_credential_that_awx_controller_makes_whatever_its_label() -> None:
    for password in (Password("/home/me/vault"), Password("vault", "prod")):
        assert tasks(passwords=(password,))[0]["awx.awx.job_template"]["credentials"] == [
            "portal vault",
            "portal nodes",
        ]


def test_of_several_vault_passwords_each_is_told_to_be_made() -> None:
    several = elsewhere(inventories=("portal",), passwords=(Password("x", "prod"), Password("y", "dev")))
    assert "# Make a Vault credential for each of these vault identities: prod, dev.\n" in text("awx", several)
    assert "Make a Vault credential" not in text("awx", elsewhere(passwords=(Password("x", "prod"),)))


def test_two_farms_of_one_awx_have_a_template_and_a_schedule_each() -> None:
    names = [
        task[f"awx.awx.{kind}"]["name"]
        for of in ("portal", "shop")
        for task, kind in zip(tasks(inventories=(of,)), ("job_template", "schedule"), strict=True)
    ]
    assert names == ["portal keydeploy-drift"] * 2 + ["shop keydeploy-drift"] * 2


def test_passwords_and_the_log_on_to_nodes_are_credentials_of_the_controller() -> None:
    given = tasks(passwords=(Password("/home/me/vault"), Password("/x", "prod")))
    assert given[0]["awx.awx.job_template"]["credentials"] == [
        "portal vault",
        "portal vault prod",
        "portal nodes",
    ]
    assert "/home/me" not in str(given)


def test_the_schedule_names_the_template() -> None:
    template, schedule = (next(value for name, value in task.items() if name != "name") for task in tasks())
    assert schedule["unified_job_template"] == template["name"]
    assert schedule["rrule"] == "DTSTART:20260105T000000Z RRULE:FREQ=MINUTELY;INTERVAL=15"


@pytest.mark.parametrize(
    "changes",
    [
        {"on_drift": "./notify"},
        {"reports": (("json", "x"),)},
        {"options": ("--extra-vars=@x",)},
        {"inventories": ("one", "two")},
    ],
)
def test_what_a_job_of_awx_cannot_do_is_refused_with_what_can(changes: dict[str, Any]) -> None:
    with pytest.raises(KeydeployError) as caught:
        tasks(**changes)
    assert caught.value.hint
