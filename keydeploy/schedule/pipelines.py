"""Writes a workflow of GitHub and a job of GitLab; both run at the top of the repository that holds the inventory."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import yaml

from keydeploy import __version__
from keydeploy.errors import KeydeployError
from keydeploy.new_files import NewFile
from keydeploy.schedule import shell
from keydeploy.schedule.job import Job, Password, minutes
from keydeploy.schedule.made import Schedule, watching
from keydeploy.schedule.times import cron

_GITHUB = PurePosixPath(".github/workflows")
_GITLAB = PurePosixPath(".gitlab")
_SHORTEST = 5 * 60
"""GitHub starts a workflow every five minutes at most."""
_KEPT_DAYS = 30
_STOPPING = 90
"""Seconds in which a run that was told to end may write its reports and call for help."""
_SECRET = "KEYDEPLOY_VAULT_PASSWORD"  # noqa: S105 - the name of one


def of_github(job: Job) -> Schedule:
    """Answer a workflow, which may read the repository and nothing else."""
    _check_names(job)
    if any("${{" in name for name in (job.directory or "", *(file for _, file in job.reports))):
        raise KeydeployError(
            "GitHub would fill in what stands behind ${{ in the name of a report or folder", hint="rename it"
        )
    if job.times.seconds < _SHORTEST:
        raise KeydeployError("GitHub starts no workflow that often", hint="--every 5m or longer")
    secrets = [_variable(each) for each in job.passwords]
    commands = [
        *(f"gh secret set {name} < FILE" for name in secrets),
        f"git add {_GITHUB / job.name}.yml   # and push it",
    ]
    remarks = (
        "The runner has to reach the nodes: runs-on names one of yours. Times are UTC, and GitHub may be late.",
        "A job that has failed tells the verdict by its exit code; GitHub tells those who watch the repository.",
    )
    workflow = {
        "name": job.name,
        "on": {"schedule": [{"cron": cron(job.times)}], "workflow_dispatch": {}},
        "permissions": {"contents": "read"},
        "concurrency": {"group": job.name, "cancel-in-progress": False},
        "jobs": {
            "drift": {
                "runs-on": ["self-hosted", "linux"],
                "timeout-minutes": minutes(job.delay + job.limit) + 5,
                "defaults": {
                    "run": {"shell": "bash", **({"working-directory": job.directory} if job.directory else {})}
                },
                "steps": [*_github_steps(job)],
            }
        },
    }
    text = watching(job.inventories, remarks, commands) + _as_yaml(workflow)
    file = NewFile(path=PurePosixPath(f"{job.name}.yml"), text=text, about="a workflow of GitHub")
    return Schedule(files=(file,), folder=_GITHUB, after_install=tuple(commands))


def of_gitlab(job: Job) -> Schedule:
    """Answer a job that a pipeline schedule runs, and nothing else."""
    _check_names(job)
    path = _GITLAB / f"{job.name}.yml"
    commands = (
        f"# in .gitlab-ci.yml:   include: [{{local: {path}}}]",
        f"glab schedule create --cron '{cron(job.times)}' --description {job.name} --ref main"
        f" --variable KEYDEPLOY_SCHEDULE:{job.name}",
    )
    variables = [_variable(each) for each in job.passwords]
    remarks = (
        "The runner has to reach the nodes. The verdict is the exit code: the pipeline fails; GitLab tells its owner.",
        *(f"The variable {name}, of type File, protected and masked, holds the vault password." for name in variables),
    )
    given = [shell.line([each.option("")]) + f'"${_variable(each)}"' for each in job.passwords]
    words = job.words([], program=job.program or ["keydeploy"])
    run = " ".join([shell.line(words), *given])
    files = [str(PurePosixPath(job.directory or ".", file)) for _, file in job.reports]
    junit = [str(PurePosixPath(job.directory or ".", file)) for kind, file in job.reports if kind == "junit"]
    artifacts = {
        "when": "always",
        "expire_in": f"{_KEPT_DAYS} days",
        "paths": files,
        **({"reports": {"junit": junit}} if junit else {}),
    }
    pipeline = {
        job.name: {
            "rules": [{"if": f'$CI_PIPELINE_SOURCE == "schedule" && $KEYDEPLOY_SCHEDULE == "{job.name}"'}],
            "resource_group": job.name,
            "timeout": f"{minutes(job.delay + job.limit) + 5} minutes",
            "interruptible": False,
            **({} if job.program else {"image": "python:3.12-slim"}),
            "script": [
                *([] if job.program else [f"pip install --quiet keydeploy=={__version__}"]),
                *([f'sleep "$(shuf -i 0-{job.delay} -n 1)"'] if job.delay else []),
                *([f"cd {shell.line([job.directory])}"] if job.directory else []),
                f"timeout --kill-after={_STOPPING} {job.limit} {run}",
            ],
            **({"artifacts": artifacts} if files else {}),
        }
    }
    file = NewFile(
        path=PurePosixPath(path.name),
        text=watching(job.inventories, remarks, commands) + _as_yaml(pipeline),
        about="a job of GitLab",
    )
    return Schedule(files=(file,), folder=_GITLAB, after_install=commands)


def _github_steps(job: Job) -> Iterator[dict[str, Any]]:
    yield {"uses": "actions/checkout@v4", "with": {"persist-credentials": False}}
    if not job.program:
        install = [
            'python3 -m venv "$RUNNER_TEMP/keydeploy"',
            f'"$RUNNER_TEMP/keydeploy/bin/pip" install --quiet keydeploy=={__version__}',
        ]
        yield {"name": "Install keydeploy", "run": "\n".join(install) + "\n"}
    if job.delay:
        yield {"name": "Begin at some moment", "run": f'sleep "$(shuf -i 0-{job.delay} -n 1)"\n'}
    folder = f"/dev/shm/{job.name}-$GITHUB_RUN_ID-$GITHUB_RUN_ATTEMPT"  # noqa: S108 - in memory, and made for this user alone
    if job.passwords:
        names = [_variable(each) for each in job.passwords]
        write = ["umask 077", f'mkdir "{folder}"', *(f'printf %s "${name}" > "{folder}/{name}"' for name in names)]
        yield {
            "name": "Put vault passwords into files in memory",
            "env": {name: f"${{{{ secrets.{name} }}}}" for name in names},
            "run": "\n".join(write) + "\n",
        }
    program = shell.for_github(job.program) if job.program else '"$RUNNER_TEMP/keydeploy/bin/keydeploy"'
    options = [shell.for_github([each.option("")]) + f'"{folder}/{_variable(each)}"' for each in job.passwords]
    words = shell.for_github(job.words([], program=[]))
    look = " ".join([f"timeout --kill-after={_STOPPING} {job.limit} {program}", words, *options])
    yield {"name": "Look for drift", "run": look + "\n"}
    if job.passwords:
        yield {"name": "Forget vault passwords", "if": "always()", "run": f'rm -rf "{folder}"\n'}
    if job.reports:
        files = [str(PurePosixPath(job.directory or ".", file)) for _, file in job.reports]
        more = {"name": job.name, "path": "\n".join(files) + "\n", "retention-days": _KEPT_DAYS}
        yield {"name": "Keep the reports", "if": "always()", "uses": "actions/upload-artifact@v4", "with": more}


def _variable(password: Password) -> str:
    """Answer the name of the variable that holds *password*."""
    if not password.label:
        return _SECRET
    name = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in password.label)
    return f"{_SECRET}_{name.upper()}"


def _check_names(job: Job) -> None:
    """Raise `KeydeployError` where a file is not one of the repository."""
    names = [*job.inventories, job.directory or ".", *(file for _, file in job.reports)]
    names += [option.partition("@")[2] for option in job.options]
    if any(PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts for name in names):
        raise KeydeployError(
            "a file is named that is not below the top of the repository",
            hint="name files from there on, such as inventories/prod/inventory.yml; --directory names one to run in",
        )
    if any(each.label and not each.label.isascii() for each in job.passwords):
        raise KeydeployError(
            "a vault identity has a name that no secret can have", hint="letters, digits and underscores"
        )
    if len({_variable(each) for each in job.passwords}) != len(job.passwords):
        raise KeydeployError(
            "two vault passwords would have the same name there", hint="give each a --vault-id of its own"
        )


def _as_yaml(value: dict[str, Any]) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=100_000, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Writes commands as they are typed, and everything where it stands."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
