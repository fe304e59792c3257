"""Workflows and jobs are what GitHub and GitLab publish that they take, and their commands find drift under bash."""

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from keydeploy import __version__
from keydeploy.errors import KeydeployError
from keydeploy.schedule import Job, Password
from keydeploy.schedule.times import parse
from tests.engine.farm import COMMANDS, DECRYPTION_KEY, TIMEOUT, VALIDATION_KEY
from tests.engine.hunting import find, forms
from tests.published_schemas import validator
from tests.schedule.farms import VAULT_PASSWORD, Farm
from tests.schedule.jobs import elsewhere, text

GITHUB = "https://json.schemastore.org/github-workflow.json"
GITLAB = "https://gitlab.com/gitlab-org/gitlab/-/raw/master/app/assets/javascripts/editor/schema/ci.json"
SHAPES = {
    "as it is": elsewhere(),
    "with all that it can have": elsewhere(
        directory="farms/portal",
        passwords=(Password("x"), Password("y", "prod")),
        reports=(("junit", "drift.xml"), ("html", "drift.html")),
        on_drift="./notify",
        limited_to="web*",
        forks=5,
        options=("--extra-vars=@vars.yml",),
    ),
    "at a moment": elsewhere(times=parse("Mon..Fri 06:30"), delay=0, program=("/opt/keydeploy/bin/keydeploy",)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_github_would_take_the_workflow(shape: str) -> None:
    workflow = yaml.safe_load(text("github", SHAPES[shape]))

    validator(GITHUB).validate(workflow)
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["cancel-in-progress"] is False


@pytest.mark.parametrize("shape", SHAPES)
def test_gitlab_would_take_the_job(shape: str) -> None:
    pipeline = yaml.safe_load(text("gitlab", SHAPES[shape]))

    validator(GITLAB).validate(pipeline)
    assert pipeline["keydeploy-drift"]["resource_group"] == "keydeploy-drift"


def test_the_schemas_would_find_a_mistake() -> None:
    workflow = yaml.safe_load(text("github", elsewhere()))
    assert not validator(GITHUB).is_valid({**workflow, "permissions": "much"})
    assert not validator(GITLAB).is_valid({"drift": {"script": [], "when": "sometimes"}})


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_a_runner_gets_the_version_that_printed_it(kind: str) -> None:
    assert f"keydeploy=={__version__}" in text(kind, elsewhere())


def test_github_is_not_told_what_it_would_not_do() -> None:
    with pytest.raises(KeydeployError, match="that often"):
        text("github", elsewhere(times=parse("1m"), limit=20, delay=0))


@pytest.mark.parametrize("kind", ["github", "gitlab"])
@pytest.mark.parametrize(
    "changes",
    [
        {"inventories": ("/srv/inventory.yml",)},
        {"directory": "../other"},
        {"reports": (("json", "/tmp/report.json"),)},  # noqa: S108
        {"options": ("--extra-vars=@/etc/vars.yml",)},
    ],
)
def test_what_is_outside_of_the_repository_is_refused(kind: str, changes: dict[str, Any]) -> None:
    with pytest.raises(KeydeployError, match="not below the top of the repository"):
        text(kind, elsewhere(**changes))


@pytest.mark.parametrize(
    "changes", [{"reports": (("junit", "${{ secrets.X }}.xml"),)}, {"directory": "farms/${{ secrets.X }}"}]
)
def test_github_fills_nothing_into_names_of_reports_and_folders(changes: dict[str, Any]) -> None:
    with pytest.raises(KeydeployError, match="GitHub would fill in"):
        text("github", elsewhere(**changes))
    assert text("gitlab", elsewhere(**changes))


def job_of(notify: str) -> Job:
    return elsewhere(
        name="on-a-runner",
        delay=1,
        passwords=(Password("vault-password"), Password("vault-password", "it's")),
        program=(str(COMMANDS / "keydeploy"),),
        reports=(("junit", "drift.xml"),),
        on_drift=notify,
    )


def notify(out: Path) -> str:
    """Answer a command that keeps what it was told, and how the process that told it was started."""
    kept = "; ".join(f"tr '\\0' '\\n' < /proc/$PPID/{name} > {name}" for name in ("cmdline", "environ"))
    return f'cd {shlex.quote(str(out))} && cat > report.json; {kept}; printf %s "$KEYDEPLOY_SUMMARY" > summary'


def run(command: str, farm: Farm, **environment: str) -> int:
    """Run *command* as a runner does, and answer its exit code."""
    done = subprocess.run(
        ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command],
        cwd=farm.folder,
        env=farm.environment() | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert VAULT_PASSWORD not in done.stdout
    return done.returncode


def check_what_was_told(out: Path, farm: Farm) -> None:
    assert json.loads((out / "report.json").read_text("utf-8"))["exit_code"] == 2
    assert (out / "summary").read_text("utf-8").startswith("Farm portal: 2 of 2 nodes have drifted")
    assert "<testsuite" in (farm.folder / "drift.xml").read_text("utf-8")
    secrets = forms((VALIDATION_KEY, DECRYPTION_KEY), (VAULT_PASSWORD,))
    assert [each for file in out.iterdir() for each in find(file.read_bytes(), secrets)] == []


def test_the_steps_of_the_workflow_find_drift_and_leave_no_password(
    farm: Farm, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    workflow = yaml.safe_load(text("github", job_of(notify(tmp_path))))
    steps = [step for step in workflow["jobs"]["drift"]["steps"] if "run" in step]
    where = {"GITHUB_RUN_ID": f"test-{os.getpid()}", "GITHUB_RUN_ATTEMPT": "2", "RUNNER_TEMP": str(tmp_path)}
    folder = Path(f"/dev/shm/on-a-runner-{where['GITHUB_RUN_ID']}-2")  # noqa: S108
    killed = folder.with_name(f"on-a-runner-{where['GITHUB_RUN_ID']}-1")
    killed.mkdir()
    request.addfinalizer(killed.rmdir)
    codes, modes = {}, set()
    for step in steps:
        names = {name: value for name, value in step.get("env", {}).items() if value == f"${{{{ secrets.{name} }}}}"}
        codes[step["name"]] = run(step["run"], farm, **where, **dict.fromkeys(names, VAULT_PASSWORD))
        modes |= {each.stat().st_mode & 0o077 for each in (folder, *folder.glob("*")) if each.exists()}

    assert codes == {
        "Begin at some moment": 0,
        "Put vault passwords into files in memory": 0,
        "Look for drift": 2,
        "Forget vault passwords": 0,
    }
    assert modes == {0}
    assert not folder.exists()
    assert str(folder) in (tmp_path / "cmdline").read_text("utf-8")
    check_what_was_told(tmp_path, farm)


def test_the_script_of_the_job_finds_drift(farm: Farm, tmp_path: Path) -> None:
    script = yaml.safe_load(text("gitlab", job_of(notify(tmp_path))))["on-a-runner"]["script"]
    names = ("KEYDEPLOY_VAULT_PASSWORD", "KEYDEPLOY_VAULT_PASSWORD_IT_S")

    assert run("\n".join(script), farm, **dict.fromkeys(names, str(farm.password_file))) == 2
    check_what_was_told(tmp_path, farm)
