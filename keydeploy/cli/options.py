"""The options that all verbs over an inventory share; they are Ansible's own."""

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keydeploy.engine import Arguments
    from keydeploy.secret import Secret


def verb(commands: Any, name: str, summary: str, example: str) -> argparse.ArgumentParser:
    """Add the verb *name* with its one-line *summary* and an *example*."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=summary[:1].upper() + summary[1:] + ".",
        epilog=f"example:\n  {example}\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def add_inventory(parser: argparse.ArgumentParser) -> None:
    """Add what says where the spec is and how to read it."""
    parser.add_argument(
        "inventory", nargs="?", metavar="INVENTORY", help="an Ansible inventory: file, folder or script"
    )
    parser.add_argument(
        "-i", "--inventory", dest="more", action="append", default=[], help="an inventory, as for Ansible"
    )
    parser.add_argument("-e", "--extra-vars", action="append", default=[], metavar="VARS", help="name=value or @FILE")
    add_vault(parser)
    parser.add_argument("-v", "--verbose", action="count", default=0, help="show Ansible's own output; -vvv shows more")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print the result")
    parser.add_argument("--no-color", action="store_true", help="plain text, as with NO_COLOR")


def add_nodes(parser: argparse.ArgumentParser) -> None:
    """Add what says how to work on the nodes."""
    parser.add_argument("-l", "--limit", metavar="HOSTS", help="look at these hosts only")
    parser.add_argument(
        "-f", "--forks", type=int, metavar="N", help="nodes at a time; a change needs all at once, which is the default"
    )
    parser.add_argument(
        "--diff", action="store_true", help="show the edits, with secrets as the address they come from"
    )


def add_vault(parser: argparse.ArgumentParser) -> None:
    """Add Ansible's vault options."""
    parser.add_argument("--vault-id", action="append", default=[], metavar="ID", help="a vault identity to use")
    parser.add_argument(
        "--vault-password-file", action="append", default=[], metavar="FILE", help="a file with the vault password"
    )
    parser.add_argument("-J", "--ask-vault-pass", action="store_true", help="ask for the vault password")


def arguments(options: argparse.Namespace) -> "Arguments":
    """Answer what *options* say to Ansible; raises `EngineError` when an inventory is not there."""
    from pathlib import Path  # noqa: PLC0415

    from keydeploy.engine import Arguments  # noqa: PLC0415
    from keydeploy.errors import EngineError  # noqa: PLC0415

    inventories = [name for name in (options.inventory, *options.more) if name is not None]
    for inventory in inventories:
        if "," not in inventory and not Path(inventory).exists():
            raise EngineError(f"there is no inventory {inventory}", hint="name a file, a folder, or hosts with a comma")
    return Arguments(
        inventories=inventories,
        limit=getattr(options, "limit", None),
        extra_vars=[*options.extra_vars, *_saved_plan(options)],
        vault_ids=options.vault_id,
        vault_password_files=options.vault_password_file,
        vault_password=_ask(options),
        forks=getattr(options, "forks", None),
        check=getattr(options, "check", False),
        diff=getattr(options, "diff", False),
        verbosity=min(options.verbose, 6),
    )


def _saved_plan(options: argparse.Namespace) -> list[str]:
    """Answer the variable that names the saved plan, where there is one."""
    import json  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    file = getattr(options, "plan", None)
    return [json.dumps({"keydeploy_saved_plan": str(Path(file).absolute())})] if file else []


def _ask(options: argparse.Namespace) -> "Secret | None":
    """Ask for the vault password where *options* say so; Ansible, which runs without a terminal, gets it by a pipe."""
    import getpass  # noqa: PLC0415

    from keydeploy.errors import EngineError  # noqa: PLC0415
    from keydeploy.secret import Secret  # noqa: PLC0415

    prompts = [identity for identity in options.vault_id if identity.endswith("@prompt")]
    if len(prompts) + options.ask_vault_pass > 1:
        raise EngineError("only one vault password can be asked for", hint="name files for the others")
    if not prompts and not options.ask_vault_pass:
        return None
    return Secret.of(getpass.getpass("Vault password: "))
