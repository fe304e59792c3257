"""`keydeploy init`: the files of a new farm, with keys of its own that are encrypted from the first moment."""

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from keydeploy.cli.generating.printing import today
from keydeploy.cli.generating.vault_password import vault_options
from keydeploy.cli.options import add_vault, verb

if TYPE_CHECKING:
    from keydeploy.new_files import NewFile
    from keydeploy.starter import NewFarm
    from keydeploy.starter.repository import Hooks

_SANDBOX_HOSTS = "web1,web2,web3"
_WINDOWS_HOSTS = "web1.example.com,web2.example.com,web3.example.com"

_ELSEWHERE = "name a new folder, such as keydeploy init farm; its .gitignore and hook work below another repository too"

_EXPLANATION = """

It makes, in FOLDER, which may be there already:
  inventory.yml                   the farm: its nodes and every setting, those that are optional commented out
  group_vars/FARM/connection.yml  how the nodes are reached
  group_vars/FARM/vault.yml       a new machine key, encrypted by Ansible's vault before it is written
  .gitignore                      private keys, vault passwords, saved plans, sandbox nodes
  .githooks/pre-commit            runs keydeploy lint on what is about to be committed; a repository without
                                  hooks of its own runs it from then on
Nothing is overwritten: where one of them is there already, none is written. The nodes are folders on this
machine first, so that all commands can be tried at once; --windows is for servers."""


def add(commands: Any) -> None:
    """Add the verb."""
    parser = verb(
        commands, "init", "make the files of a new farm", "keydeploy init farm --farm portal --hosts web1,web2 -J"
    )
    parser.description = f"{parser.description}{_EXPLANATION}"
    parser.add_argument("folder", nargs="?", default=".", metavar="FOLDER", help="where (default: this folder)")
    parser.add_argument("--farm", default="portal", metavar="NAME", help="the name of the farm (default: %(default)s)")
    parser.add_argument("--hosts", metavar="NAMES", help="the nodes, with commas (default: web1,web2,web3)")
    parser.add_argument("--windows", action="store_true", help="reach the nodes over WinRM, in place of sandbox nodes")
    add_vault(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry it out."""
    from keydeploy import new_files, starter  # noqa: PLC0415
    from keydeploy.starter.files import HOOKS  # noqa: PLC0415
    from keydeploy.starter.repository import turn_on  # noqa: PLC0415

    hosts = options.hosts or (_WINDOWS_HOSTS if options.windows else _SANDBOX_HOSTS)
    farm = starter.NewFarm.of(options.farm, hosts.split(","))
    folder = Path(options.folder)
    connection = starter.connection(farm, "windows" if options.windows else "sandbox")
    new_files.refuse_existing(folder, [file.path for file in starter.files(farm, connection, "")], hint=_ELSEWHERE)
    password = vault_options(options)
    files = starter.files(farm, connection, _encrypted(farm, password))
    new_files.write(folder, files, hint=_ELSEWHERE)
    hooks = turn_on(folder, HOOKS)
    print("\n".join((*_made(folder, files), "", *_next(options, farm, password), *_told(folder, hooks))))  # noqa: T201
    return 0


def _encrypted(farm: "NewFarm", password: list[str]) -> str:
    """Make a machine key for *farm* and answer its vault file, encrypted."""
    import os  # noqa: PLC0415

    from keydeploy.keys import machine_key, variables  # noqa: PLC0415
    from keydeploy.starter import vault_text  # noqa: PLC0415
    from keydeploy.vault import encrypt  # noqa: PLC0415

    fields = variables.of_machine_key(machine_key.generate(os.urandom), today())
    return encrypt(vault_text(farm, variables.as_yaml({f"vault_{farm.group}": fields})), password)


def _made(folder: Path, files: "tuple[NewFile, ...]") -> list[str]:
    paths = [str(folder / file.path) for file in files]
    width = max(map(len, paths))
    return [f"made {path:{width}}  {file.about}" for path, file in zip(paths, files, strict=True)]


def _next(options: argparse.Namespace, farm: "NewFarm", password: list[str]) -> list[str]:
    """Answer the next steps, as they can be typed where this was."""
    folder = Path(options.folder)
    inventory = " ".join(map(shlex.quote, (str(folder / "inventory.yml"), *map(_short, password))))
    if options.windows:
        connection = shlex.quote(str(folder / "group_vars" / farm.group / "connection.yml"))
        return [
            f"next, once {connection} and the hosts in the inventory are yours:",
            f"  keydeploy validate {inventory}",
            f"  keydeploy doctor   {inventory}",
            f"  keydeploy plan     {inventory}",
            f"  keydeploy rehearse {inventory}",
            f"  keydeploy apply    {inventory}",
        ]
    nodes = " ".join(shlex.quote(str(folder / "nodes" / host)) for host in farm.hosts)
    return [
        "next:",
        f"  keydeploy sandbox create {nodes} --application {farm.path}",
        f"  keydeploy validate {inventory}",
        f"  keydeploy plan     {inventory}",
        f"  keydeploy apply    {inventory}",
        f"  keydeploy drift    {inventory}",
    ]


def _short(option: str) -> str:
    return "-J" if option == "--ask-vault-pass" else option


def _told(folder: Path, hooks: "Hooks") -> list[str]:
    """Answer what there is to know of the hook."""
    from keydeploy.starter.repository import Standing  # noqa: PLC0415

    here, path = shlex.quote(str(folder)), shlex.quote(str(hooks.path))
    hook = shlex.quote(str(hooks.path / "pre-commit"))
    match hooks.standing:
        case Standing.ON:
            return [
                f"git runs {hook} before each commit from now on; in other clones:",
                f"  git config core.hooksPath {path}",
            ]
        case Standing.NO_REPOSITORY:
            return ["to let git run the hook:", f"  git init {here}", f"  git -C {here} config core.hooksPath {path}"]
        case Standing.OTHER_HOOKS:
            return [
                "this repository has hooks of its own, which stay; let its pre-commit hook run this one too:",
                f"  {hook} || exit",
            ]
        case _:
            assert_never(hooks.standing)
