"""The options that all verbs over an inventory share; they are Ansible's own."""

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keydeploy.disclosed import DisclosedList
    from keydeploy.engine import Arguments
    from keydeploy.secret import Secret

CODES: Mapping[int, str] = {
    0: "done",
    1: "an error, or wrong usage",
    3: "the spec is invalid, or no node is declared; no node was contacted",
    4: "a node could not be reached",
    5: "a farm may be split, or a node holds an unfinished run",
    6: "policy: something must not be used",
    130: "interrupted",
}
"""What exit codes mean where a verb has nothing more exact to say."""

RECORDS = ("text", "json", "junit", "sarif", "prometheus", "html")
"""The forms of a run's report; what else is printed has the first two alone."""


def codes(own: Mapping[int, str], *others: int) -> Mapping[int, str]:
    """Answer what a verb's exit codes mean: *own* in its own words, *others* in those that all verbs share."""
    return dict(sorted({**{code: CODES[code] for code in others}, **own}.items()))


_PLAIN = codes({}, 0, 1)


def verb(
    commands: Any, name: str, summary: str, example: str, ends: Mapping[int, str] = _PLAIN
) -> argparse.ArgumentParser:
    """Add the verb *name* with its one-line *summary*, an *example* and its exit codes (*ends*)."""
    told = "\n".join(f"  {code:<3} {meaning}" for code, meaning in ends.items())
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=summary[:1].upper() + summary[1:] + ".",
        epilog=f"example:\n  {example}\n\nexit codes:\n{told}\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def add_inventory(parser: argparse.ArgumentParser, formats: Sequence[str] = RECORDS[:2]) -> None:
    """Add what says where the spec is and how to read it, and in which *formats* the result can be printed."""
    parser.add_argument(
        "inventory", nargs="?", metavar="INVENTORY", help="an Ansible inventory: file, folder or script"
    )
    add_reading(parser, formats)


def add_reading(parser: argparse.ArgumentParser, formats: Sequence[str] = RECORDS[:2]) -> None:
    """Add what says how to read the inventory that is named, and how to tell of it."""
    parser.add_argument(
        "-i",
        "--inventory",
        dest="more",
        action="append",
        default=[],
        metavar="INVENTORY",
        help="an inventory, as for Ansible",
    )
    parser.add_argument("-e", "--extra-vars", action="append", default=[], metavar="VARS", help="name=value or @FILE")
    add_vault(parser)
    parser.add_argument("-v", "--verbose", action="count", default=0, help="show Ansible's own output; -vvv shows more")
    parser.add_argument("--format", choices=formats, default="text", help="how to print the result")
    add_telling(parser)


def add_report(parser: argparse.ArgumentParser) -> None:
    """Add what writes the result to files as well."""
    parser.add_argument(
        "--report",
        action="append",
        default=[],
        metavar="KIND=FILE",
        help=f"write a report to a file, too, however the run ends; KIND is one of {', '.join(RECORDS)};"
        " may be given more than once; docs/reports.md",
    )


def add_telling(parser: argparse.ArgumentParser) -> None:
    """Add what says how much to tell beside the result."""
    parser.add_argument(
        "-q",
        "--quiet",
        action="store_true",
        help="no progress, no notes, and no text where all is well (exit code 0); errors and other formats as ever",
    )
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
    parser.add_argument(
        "--timings", action="store_true", help="tell how long each step took, and which nodes were the slowest"
    )


def add_change(parser: argparse.ArgumentParser) -> None:
    """Add what says how to change nodes."""
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 2 when something would change")
    parser.add_argument(
        "--leave-changed",
        action="store_true",
        help="end an unfinished run also where somebody has changed what it had put in place; that stays as it is",
    )


def add_acceptance(parser: argparse.ArgumentParser) -> None:
    """Add what lets keys go that cannot be put back."""
    parser.add_argument(
        "--accept-irreversible",
        action="store_true",
        help="also take away keys that cannot be put back: those that the plan marks so, and those of superseded"
        " certificates",
    )


def add_disclosed(parser: argparse.ArgumentParser) -> None:
    """Add what names lists of publicly disclosed keys; playbooks are told by a variable, see `arguments`."""
    parser.add_argument(
        "--disclosed-keys",
        action="append",
        default=[],
        type=_list_named,
        metavar="PATH|URL",
        help="compare machine keys with this list of publicly known ones, by their hashes; docs/disclosed-keys.md",
    )


def _list_named(name: str) -> str:
    """Answer *name* where nothing in it may be secret; raises `ArgumentTypeError`, which does not quote it."""
    from keydeploy.disclosed import check_typed  # noqa: PLC0415
    from keydeploy.errors import DisclosedKeysError  # noqa: PLC0415

    try:
        check_typed(name)
    except DisclosedKeysError as error:
        raise argparse.ArgumentTypeError(error.told) from None
    return name


def disclosed_keys(options: argparse.Namespace) -> "DisclosedList":
    """Answer the list that *options* name, or the one at its usual place; raises `DisclosedKeysError`.

    For what is looked at without Ansible: a playbook finds its list by itself.
    """
    import os  # noqa: PLC0415
    import time  # noqa: PLC0415

    from keydeploy.disclosed import find  # noqa: PLC0415

    return find(options.disclosed_keys, now=time.time(), environment=os.environ)


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
        extra_vars=[*options.extra_vars, *_variables(options)],
        vault_ids=options.vault_id,
        vault_password_files=options.vault_password_file,
        vault_password=_ask(options),
        forks=getattr(options, "forks", None),
        check=getattr(options, "check", False),
        diff=getattr(options, "diff", False),
        verbosity=min(options.verbose, 6),
    )


def _variables(options: argparse.Namespace) -> list[str]:
    """Answer what the playbook is to know of *options*, as the variables that a user of the playbook would give."""
    import json  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    from keydeploy.disclosed import VARIABLE, absolute  # noqa: PLC0415

    plan = getattr(options, "plan", None)
    values = {
        "keydeploy_saved_plan": str(Path(plan).absolute()) if plan else None,
        "keydeploy_accept_irreversible": getattr(options, "accept_irreversible", None),
        "keydeploy_compromised": getattr(options, "compromised", None),
        "keydeploy_leave_changed": getattr(options, "leave_changed", None),
        "keydeploy_to": getattr(options, "to", None),
        "keydeploy_force": getattr(options, "force", None),
        VARIABLE: [absolute(name) for name in getattr(options, "disclosed_keys", ())],
    }
    given = {name: value for name, value in values.items() if value}
    return [json.dumps(given)] if given else []


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
    try:
        return Secret.of(getpass.getpass("Vault password: "))
    except EOFError:
        told = "there is no terminal to ask for the vault password"
        raise EngineError(told, hint="name a file that holds it with --vault-password-file") from None
