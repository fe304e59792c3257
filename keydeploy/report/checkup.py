"""What the doctor found, as text and as JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from rich.text import Text

from keydeploy import __version__
from keydeploy.checkup import Check, Finding, controller_clock, unreached
from keydeploy.report.exit_code import ExitCode

VERSION = 1

_STYLES = {Finding.OK: "green", Finding.WARN: "yellow", Finding.FAIL: "red"}
_SYMBOLS = {Finding.OK: "=", Finding.WARN: "~", Finding.FAIL: "!"}

_NEEDED = ("ansible-core", "pywinrm")
_OPTIONAL = {
    "pykerberos": "kerberos over winrm: pip install 'keydeploy[kerberos]'",
    "requests-credssp": "credssp over winrm: pip install 'pywinrm[credssp]'",
    "pypsrp": "ansible_connection psrp: pip install 'keydeploy[psrp]'",
}


@dataclass(frozen=True, slots=True)
class NodeCheckup:
    """One node."""

    reached: bool
    checks: tuple[Check, ...]
    offset: float | None = None
    """Seconds by which its clock is ahead of the controller's."""

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> "NodeCheckup":
        """Read what the examination of a host answered."""
        if "checks" not in result:
            hint = "a connection variable cannot be resolved; see ansible-inventory --host"
            return cls(False, tuple(unreached(result.get("cause") or "it gave no answer", result.get("hint") or hint)))
        checks = tuple(Check.from_json(value) for value in result["checks"])
        return cls(result["state"] != "unreachable", checks, result.get("offset"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """Controller and nodes."""

    controller: tuple[Check, ...]
    nodes: Mapping[str, NodeCheckup]

    @property
    def exit_code(self) -> ExitCode:
        """Answer 4 where a node was not reached, 1 where something must be mended, 3 where there is no node."""
        if not self.nodes:
            return ExitCode.SPEC
        if not all(node.reached for node in self.nodes.values()):
            return ExitCode.UNREACHABLE
        failed = any(check.finding is Finding.FAIL for check in self._all())
        return ExitCode.ERROR if failed else ExitCode.FINE

    def to_json(self, time: str) -> dict[str, Any]:
        """Answer the checkup as JSON values; *time* is when it was made (RFC 3339)."""
        return {
            "checkup": VERSION,
            "keydeploy": __version__,
            "time": time,
            "exit_code": int(self.exit_code),
            "controller": [check.to_json() for check in self._controller()],
            "nodes": {
                name: {"reached": node.reached, "checks": [check.to_json() for check in node.checks]}
                for name, node in self.nodes.items()
            },
        }

    def lines(self) -> Iterator[Text]:
        """Yield the checkup line by line: what is in order briefly, the rest with its fix."""
        yield from _section("controller", self._controller())
        for name, node in self.nodes.items():
            yield from _section(name, node.checks)

    def _controller(self) -> tuple[Check, ...]:
        offsets = [node.offset for node in self.nodes.values() if node.offset is not None]
        return (*self.controller, *controller_clock(offsets))

    def _all(self) -> Iterator[Check]:
        yield from self._controller()
        for node in self.nodes.values():
            yield from node.checks


def controller() -> tuple[Check, ...]:
    """Look at what is installed beside keydeploy."""
    checks = [Check(name, Finding.OK, metadata.version(name)) for name in _NEEDED]
    for name, purpose in _OPTIONAL.items():
        try:
            checks.append(Check(name, Finding.OK, metadata.version(name)))
        except metadata.PackageNotFoundError:
            checks.append(Check(name, Finding.OK, f"not installed; for {purpose}"))
    return tuple(checks)


def _section(name: str, checks: tuple[Check, ...]) -> Iterator[Text]:
    worst = max((check.finding for check in checks), key=list(Finding).index)
    yield Text.assemble((name, "bold"), f": {_SUMMARIES[worst]}", style=_STYLES[worst])
    for check in checks:
        yield Text(f"  {_SYMBOLS[check.finding]} {check.name}: {check.reason}", style=_STYLES[check.finding])
        if check.fix:
            yield Text(f"    hint: {check.fix}")


_SUMMARIES = {
    Finding.OK: "in order",
    Finding.WARN: "works; something could be better",
    Finding.FAIL: "not fit for a roll-out",
}
