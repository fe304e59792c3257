"""`keydeploy schedule`: let a scheduler run `keydeploy drift`, told in its own words."""

import argparse
from typing import Any

from keydeploy.cli.options import add_disclosed, verb

_KINDS = ("systemd", "cron", "windows-task", "github", "gitlab", "awx")

_EXPLANATION = """

KIND is one of
  systemd       a service and a timer; of the system, run as --run-as, or with --user your own
  cron          a file for /etc/cron.d, or with --user a line for your crontab
  windows-task  XML for Windows' Task Scheduler; it runs keydeploy in WSL, as Ansible does not run on Windows
  github        a workflow
  gitlab        a job, and how to make its pipeline schedule
  awx           a playbook that makes a job template and its schedule in AWX
It prints what the scheduler is told: one run at a time, with a time limit, and with no secret in it.
Commands that are still to be typed stand in it as comments."""


def add(commands: Any) -> None:
    """Add the verb."""
    parser = verb(
        commands,
        "schedule",
        "print or install a schedule that runs drift",
        "keydeploy schedule systemd inventory.yml --every 15m --vault-password-file /etc/keydeploy/vault-password",
    )
    parser.description = f"{parser.description}{_EXPLANATION}"
    parser.add_argument(
        "kind", choices=_KINDS, metavar="KIND", help="systemd, cron, windows-task, github, gitlab or awx"
    )
    parser.add_argument(
        "inventories",
        nargs="*",
        metavar="INVENTORY",
        help="an Ansible inventory: file, folder or script; its name in AWX",
    )
    parser.add_argument(
        "-i", "--inventory", dest="more", action="append", default=[], help="an inventory, as for Ansible"
    )
    parser.add_argument("-l", "--limit", metavar="HOSTS", help="look at these hosts only")
    parser.add_argument("-f", "--forks", type=int, metavar="N", help="nodes at a time")
    parser.add_argument(
        "-e", "--extra-vars", action="append", default=[], metavar="@FILE", help="a file of variables; never a value"
    )
    parser.add_argument("--vault-id", action="append", default=[], metavar="NAME@FILE", help="a vault identity to use")
    parser.add_argument(
        "--vault-password-file", action="append", default=[], metavar="FILE", help="a file with the vault password"
    )
    add_disclosed(parser)
    _add_when(parser)
    _add_what_for(parser)
    _add_where(parser)
    parser.set_defaults(run=run)


def _add_when(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--every",
        default="hourly",
        metavar="TIME",
        help="15m, 2h, hourly, daily, weekly, 06:30, Mon..Fri 06:30, *:0/15 (default: %(default)s)",
    )
    parser.add_argument(
        "--time-limit",
        metavar="TIME",
        help="end a run that lasts longer, such as 20m (default: half of the time between two, 30m at most)",
    )
    parser.add_argument(
        "--random-delay",
        metavar="TIME",
        help="begin so much later at most, at a moment that is left to chance"
        " (default: a tenth of the time between two, 15m at most)",
    )


def _add_what_for(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--report",
        action="append",
        default=[],
        metavar="KIND=FILE",
        help="let drift write this report, as its --report",
    )
    parser.add_argument(
        "--on-drift", metavar="COMMAND", help="let drift run this where not all is well, as its --on-drift"
    )


def _add_where(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", default="keydeploy-drift", help="what the schedule is called (default: %(default)s)")
    parser.add_argument("--run-as", metavar="ACCOUNT", help="systemd, cron, WSL: who runs it (default: keydeploy)")
    parser.add_argument("--user", action="store_true", help="systemd, cron: a schedule of your own, run as you")
    parser.add_argument(
        "--directory",
        metavar="FOLDER",
        help="where it runs, and names of files begin (default: this folder; the top of the repository)",
    )
    parser.add_argument(
        "--program",
        metavar="PATH",
        help="keydeploy on the machine that runs it (default: this one; pipelines install it)",
    )
    parser.add_argument("--install", action="store_true", help="put it in place, after it was shown and confirmed")
    parser.add_argument("--remove", action="store_true", help="take away what --install has put in place")
    parser.add_argument(
        "--root", default="/", metavar="FOLDER", help="install below this folder, such as that of an image (default: /)"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask; without a terminal it is needed")


def run(options: argparse.Namespace) -> int:
    """Carry it out."""
    from keydeploy.cli import scheduling  # noqa: PLC0415

    return scheduling.run(options)
