"""AWX as code: the playbook that sets AWX up is one that AWX's own collection understands."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from dateutil.rrule import rrulestr
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from benchmarks.rival_collections import AWX, NotToBeHad, fetch
from keydeploy.schedule import Password
from plugins.action.plan import ARTEFACT
from tests.conftest import missing
from tests.engine.farm import CALLBACKS
from tests.runner.image import COMMANDS, ROOT, done
from tests.schedule.jobs import elsewhere, text

SETTING_UP, FARMS = ROOT / "awx/controller.yml", ROOT / "awx/farms.yml"
IN_SPECIFICATIONS = {"type", "required", "choices", "elements", "default", "aliases"}
MADE = (
    "credential",
    "execution_environment",
    "inventory",
    "job_template",
    "notification_template",
    "project",
    "workflow_job_template",
)
KNOWN = {"state", "name", "loop", "loop_control", "vars", "no_log"}
ADDRESS = "https://chat.example.com/hooks/Marked-Address"
PASSWORDS = {"vault_password": "Marked-Passw0rd of the vault", "password": "Marked-Passw0rd of the nodes"}
VAULT = {"vault_awx": {"messages_to": ADDRESS, "farms": {"portal": PASSWORDS}}}
SECRETS = {ADDRESS, *PASSWORDS.values()}
ECHO = """
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        return {"failed": task_vars["fails"], "changed": True, "given": self._task.args}
"""
"""Stands in for a module of AWX's; it is as talkative as a module can be."""


class Unsafe(str):
    """A text that Ansible shall not resolve."""

    __slots__ = ()


class _Loader(yaml.SafeLoader):
    pass


class _Dumper(yaml.SafeDumper):
    pass


_Loader.add_constructor("!unsafe", lambda _loader, node: Unsafe(node.value))
_Dumper.add_representer(Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text)))
PLAY = yaml.load(SETTING_UP.read_text("utf-8"), _Loader)[0]  # noqa: S506 - a safe loader with one tag more


@pytest.fixture(scope="module")
def awx() -> Path:
    """Answer the folder with AWX's collection."""
    try:
        return fetch(collections=AWX)
    except NotToBeHad as why:
        missing(f"the collection awx.awx: {why}")


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """Answer what each module is given for the farms of `farms.yml`: Ansible resolves it, and nothing is called."""
    folder = tmp_path_factory.mktemp("given")
    told = [{"ansible.builtin.debug": {"msg": task.pop(module)}, **without(task, "no_log")} for module, task in tasks()]
    playbook, vault = folder / "told.yml", folder / "vault.yml"
    playbook.write_text(yaml.dump([{**PLAY, "tasks": told}], Dumper=_Dumper, sort_keys=False), "utf-8")
    vault.write_text(json.dumps(VAULT), "utf-8")
    command = (COMMANDS / "ansible-playbook", playbook, "-e", f"@{FARMS}", "-e", f"@{vault}")
    dumping = {"ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS), "ANSIBLE_CALLBACKS_ENABLED": "dump"}
    done(*command, cwd=folder, DUMP_FILE=str(folder / "dump"), **dumping)
    results = [json.loads(line)["result"] for line in (folder / "dump").read_text("utf-8").splitlines()]
    found: dict[str, list[dict[str, Any]]] = {}
    for (module, _), result in zip(tasks(), results, strict=True):
        found.setdefault(module, []).extend(each["msg"] for each in result.get("results", [result]))
    return found


def tasks() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each task that calls a module of AWX's, with the module."""
    for task in PLAY["tasks"]:
        (module,) = task.keys() - KNOWN
        if module.startswith("awx.awx."):
            yield module, dict(task)


def without(task: dict[str, Any], name: str) -> dict[str, Any]:
    """Answer *task* without one of its keywords."""
    return {key: value for key, value in task.items() if key != name}


@dataclass(frozen=True)
class Talkative:
    """A folder where the modules of AWX tell all that they were given."""

    folder: Path

    def play(self, tasks: Sequence[dict[str, Any]], vault: dict[str, Any] = VAULT, *, fails: bool = False) -> str:
        """Answer what is shown of *tasks*, each of which is run whatever became of the one before."""
        playbook, kept = self.folder / "told.yml", self.folder / "vault.yml"
        play = {**PLAY, "ignore_errors": True, "tasks": tasks}
        playbook.write_text(yaml.dump([play], Dumper=_Dumper, sort_keys=False), "utf-8")
        kept.write_text(json.dumps({**vault, "fails": fails}), "utf-8")
        command = (COMMANDS / "ansible-playbook", playbook, "-vvv", "-e", f"@{FARMS}", "-e", f"@{kept}")
        log = self.folder / "log"  # has what goes to the standard error too
        log.write_bytes(b"")
        told = done(*command, cwd=self.folder, ANSIBLE_COLLECTIONS_PATH=str(self.folder), ANSIBLE_LOG_PATH=str(log))
        return told + log.read_text("utf-8")


@pytest.fixture(scope="module")
def talkative(tmp_path_factory: pytest.TempPathFactory) -> Talkative:
    folder = tmp_path_factory.mktemp("talkative")
    actions = folder / "ansible_collections/awx/awx/plugins/action"
    actions.mkdir(parents=True)
    for module, _ in tasks():
        (actions / f"{module.rpartition('.')[2]}.py").write_text(ECHO, "utf-8")
    return Talkative(folder)


def test_ansible_can_read_the_playbook(awx: Path) -> None:
    syntax = (COMMANDS / "ansible-playbook", SETTING_UP, "--syntax-check", "-e", f"@{FARMS}")
    assert "awx/controller.yml" in done(*syntax, cwd=ROOT, ANSIBLE_COLLECTIONS_PATH=str(awx))


def test_each_module_takes_what_it_is_given(awx: Path, given: dict[str, list[dict[str, Any]]]) -> None:
    validate(awx, given)


def validate(awx: Path, given: dict[str, list[dict[str, Any]]]) -> None:
    """Hold what modules are *given* against their argument specifications."""
    doc = [str(COMMANDS / "ansible-doc"), "--json", "--type", "module", *given]
    known = json.loads(done(*doc, cwd=ROOT, ANSIBLE_COLLECTIONS_PATH=str(awx)))
    for module, calls in given.items():
        options = known[module]["doc"]["options"].items()
        specification = {
            name: {key: option[key] for key in IN_SPECIFICATIONS & option.keys()} for name, option in options
        }
        for call in calls:
            assert ArgumentSpecValidator(specification).validate(call).error_messages == [], module


def test_a_name_that_one_task_makes_is_what_the_next_ones_refer_to(given: dict[str, list[dict[str, Any]]]) -> None:
    made = {kind: {call["name"] for call in given[f"awx.awx.{kind}"]} for kind in MADE}
    (farm,) = yaml.safe_load(FARMS.read_text("utf-8"))["farms"]
    for job in given["awx.awx.job_template"]:
        assert {job["project"]} == made["project"]
        assert {job["execution_environment"]} == made["execution_environment"]
        assert {job["inventory"]} == made["inventory"]
        assert set(job["credentials"]) == made["credential"]
        assert set(job["notification_templates_error"]) == made["notification_template"]
        assert (ROOT / "awx/project" / job["playbook"]).is_file()
        assert job["forks"] == farm["forks"]
    for node in given["awx.awx.workflow_job_template_node"]:
        assert node["unified_job_template"] in made["job_template"]
    assert {each["unified_job_template"] for each in given["awx.awx.schedule"]} == made["workflow_job_template"]


def test_what_keydeploy_schedule_prints_refers_to_what_the_playbook_has_made(
    awx: Path, given: dict[str, list[dict[str, Any]]]
) -> None:
    made = {kind: {call["name"] for call in given[f"awx.awx.{kind}"]} for kind in MADE}
    (inventory,) = made["inventory"]
    printed = text("awx", elsewhere(inventories=(inventory,), passwords=(Password("vault", "prod"),)))
    (play,) = yaml.safe_load(printed)
    template, schedule = play["tasks"][0]["awx.awx.job_template"], play["tasks"][1]["awx.awx.schedule"]
    assert set(template["credentials"]) == made["credential"]
    assert {template["project"]} == made["project"]
    assert {template["execution_environment"]} == made["execution_environment"]
    assert (ROOT / "awx/project" / template["playbook"]).is_file()
    (organization,) = (task[module]["name"] for module, task in tasks() if module == "awx.awx.organization")
    assert template["organization"] == schedule["organization"] == organization
    assert template["name"] not in made["job_template"]
    assert "-e @awx/farms.yml" in printed
    validate(awx, {"awx.awx.job_template": [template], "awx.awx.schedule": [schedule]})


def test_the_page_names_the_variables_of_the_playbooks_and_no_others() -> None:
    """Those of the playbooks that its jobs run stand in the page on playbooks, in a table."""
    rows = re.findall(r"^\| (`keydeploy_\w+`.*?) \|", (ROOT / "docs/ansible.md").read_text("utf-8"), re.MULTILINE)
    known = set(re.findall(r"keydeploy_\w+", " ".join(rows)))
    named = set(re.findall(r"\bkeydeploy_\w+", (ROOT / "docs/awx.md").read_text("utf-8")))
    assert named - {ARTEFACT} == known
    assert {name for job in PLAY["vars"]["jobs"] for name in job.get("variables", ())} <= known


def test_nothing_may_cut_a_farm_run_twice_or_be_asked_at_a_launch(given: dict[str, list[dict[str, Any]]]) -> None:
    for job in given["awx.awx.job_template"]:
        assert job["job_slice_count"] == 1
        assert not any(value for name, value in job.items() if name.startswith(("ask_", "survey", "allow_", "limit")))


def test_the_update_of_an_inventory_cannot_open_the_vault(given: dict[str, list[dict[str, Any]]]) -> None:
    assert not any("credential" in source for source in given["awx.awx.inventory_source"])


def test_passwords_come_from_the_vault_alone(given: dict[str, list[dict[str, Any]]]) -> None:
    inputs = [call["inputs"] for call in given["awx.awx.credential"]]
    given_away = {value for each in inputs for name, value in each.items() if name.endswith("password")}
    assert given_away == set(PASSWORDS.values())
    assert "password" not in str(yaml.safe_load(FARMS.read_text("utf-8")))


@pytest.mark.parametrize("fails", [False, True], ids=["succeeds", "fails"])
def test_no_task_shows_a_password_or_the_address_of_messages_whether_it_succeeds_or_fails(
    talkative: Talkative, fails: bool
) -> None:
    shown = talkative.play(PLAY["tasks"], fails=fails)
    assert [secret for secret in SECRETS if secret in shown] == []
    assert re.search(rf"ignored={len(list(tasks())) if fails else 0}\s", shown)
    assert "portal/inventory.yml" in shown  # all else is shown


def test_the_hunt_finds_what_a_task_would_show_of_the_vault(talkative: Talkative) -> None:
    shown = talkative.play([without(task, "no_log") for task in PLAY["tasks"]], fails=True)
    assert {secret for secret in SECRETS if secret in shown} == SECRETS


def test_a_farm_without_its_passwords_is_named_before_anything_is_made(talkative: Talkative) -> None:
    shown = talkative.play(PLAY["tasks"][:1], {"vault_awx": {"messages_to": ADDRESS, "farms": {}}})
    assert "vault_password and password of portal; see awx/farms.yml" in shown


@pytest.mark.parametrize(
    ("artefacts", "text"),
    [
        ({}, "keydeploy portal drift: failed, https://awx.example.com/#/jobs/7"),
        (
            {
                "keydeploy_drift": {
                    "web1": 'drift: readers: absent → IIS AppPool\\Portal, "SYSTEM"',
                    "web2": "overdue: it",
                }
            },
            "keydeploy portal drift: failed, https://awx.example.com/#/jobs/7\n"
            'web1: drift: readers: absent → IIS AppPool\\Portal, "SYSTEM"\n'
            "web2: overdue: it",
        ),
    ],
)
def test_a_message_tells_which_nodes_are_not_in_order_and_is_json_whatever_it_quotes(
    artefacts: dict[str, Any], text: str
) -> None:
    """AWX renders it in such an environment, and takes the body of a webhook for a mapping in JSON."""
    (message,) = (task[module]["messages"]["error"] for module, task in tasks() if "notification" in module)
    job = {"name": "keydeploy portal drift", "status": "failed", "artifacts": artefacts}
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    shown = environment.from_string(message["body"]).render(job=job, url="https://awx.example.com/#/jobs/7")
    assert json.loads(shown) == {"text": text}


def test_the_schedule_is_one_by_the_rules_of_calendars(given: dict[str, list[dict[str, Any]]]) -> None:
    (schedule,) = given["awx.awx.schedule"]
    first, second = islice(rrulestr(schedule["rrule"].replace(" ", "\n")), 2)
    assert (second - first).total_seconds() == 4 * 60 * 60
