"""The files of a new farm, from the templates beside this module. Pure: nothing is written here.

In a template `@name@` stands for what is known of the farm; Jinja would get in the way of Ansible's own.
"""

import re
from collections.abc import Iterator
from importlib import resources
from pathlib import PurePosixPath

from keydeploy.new_files import NewFile
from keydeploy.secret import Secret
from keydeploy.starter.farm import NewFarm

INVENTORY = PurePosixPath("inventory.yml")
HOOKS = PurePosixPath(".githooks")
_PLACEHOLDER = re.compile(r"@(\w+)@")


def files(farm: NewFarm, connection_text: str, vault: str) -> tuple[NewFile, ...]:
    """Answer the files of *farm*; *vault* is the text of `vault_text`, encrypted."""
    variables = PurePosixPath("group_vars", farm.group)
    return (
        NewFile(path=INVENTORY, text=_filled("inventory.yml", farm), about="the farm; every setting is shown"),
        NewFile(path=variables / "connection.yml", text=connection_text, about="how its nodes are reached"),
        NewFile(path=variables / "vault.yml", text=vault, about="a new machine key, encrypted"),
        NewFile(path=PurePosixPath(".gitignore"), text=_read("gitignore"), about="what does not belong in git"),
        NewFile(
            path=HOOKS / "pre-commit",
            text=(resources.files(__package__) / "pre_commit.py").read_text("utf-8"),
            about="refuses commits with keys in clear",
            is_program=True,
        ),
    )


def connection(farm: NewFarm, kind: str) -> str:
    """Answer the text of `connection.yml` for nodes of the *kind* `windows` or `sandbox`.

    For sandbox nodes that of Windows stands there too, as settings to take the `#` away from.
    """
    windows = _filled("windows.yml", farm)
    if kind == "windows":
        return f"## How the nodes of {farm.name} are reached.\n{windows}"
    return _filled("sandbox.yml", farm) + "".join(_commented(windows))


def vault_text(farm: NewFarm, secrets: Secret) -> Secret:
    """Answer what `vault.yml` holds before it is encrypted; *secrets* is YAML."""
    before, after = _filled("vault.yml", farm).split("@secrets@\n")
    return Secret(before.encode() + secrets.reveal() + after.encode())


def _commented(text: str) -> Iterator[str]:
    for line in text.splitlines(keepends=True):
        yield line if line.startswith(("#", "\n")) else f"# {line}"


def _filled(template: str, farm: NewFarm) -> str:
    known = {
        "farm": farm.name,
        "group": farm.group,
        "container": farm.container,
        "pool": farm.pool,
        "hosts": "\n".join(f"        {host}:" for host in farm.hosts),
        "last": farm.hosts[-1],
        "folders": " ".join(f"nodes/{host}" for host in farm.hosts),
        "secrets": "@secrets@",
    }
    return _PLACEHOLDER.sub(lambda found: known[found[1]], _read(template))


def _read(template: str) -> str:
    return (resources.files(__package__) / "templates" / template).read_text("utf-8")
