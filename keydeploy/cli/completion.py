"""`keydeploy completion`: print what lets a shell complete keydeploy's commands, options and files.

The script is made once, so that a shell need not start Python at each tab.
"""

import argparse
from typing import Any

from keydeploy.cli.options import verb

SHELLS = ("bash", "zsh", "fish")

_EXAMPLE = """\
keydeploy completion bash > ~/.local/share/bash-completion/completions/keydeploy
  keydeploy completion zsh > ~/.zfunc/_keydeploy   # a folder of $fpath
  keydeploy completion fish > ~/.config/fish/completions/keydeploy.fish"""
_FILES = frozenset({"FILE", "INVENTORY", "PATH|INVENTORY", "PATH|URL", "CODE|TEXT|FILE|-", "OLD", "NEW", "PATH"})
_FOLDERS = frozenset({"DIR", "FOLDER"})
"""What arguments are called whose values are names of files or of folders."""


def add(commands: Any) -> None:
    """Add the verb."""
    parser = verb(
        commands, "completion", "print a script that lets a shell complete commands, options and files", _EXAMPLE
    )
    parser.add_argument("shell", choices=SHELLS, help="whose script")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry it out."""
    import sys  # noqa: PLC0415

    import shtab  # noqa: PLC0415

    from keydeploy.cli import parser  # noqa: PLC0415

    understood = parser()
    _tell_files(understood)
    sys.stdout.write(shtab.complete(understood, shell=options.shell) + "\n")
    return 0


def _tell_files(parser: argparse.ArgumentParser) -> None:
    """Mark the arguments of *parser*, and of the commands below it, whose values are files or folders."""
    import shtab  # noqa: PLC0415

    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                _tell_files(command)
        elif action.metavar in _FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        elif action.metavar in _FOLDERS:
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
