"""What the doctor asks a node and what the answer means: each check with a verdict, a reason and the fix.

Pure, as a plan is: a node's facts go in, findings come out. Nothing here is secret.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from keydeploy import iis
from keydeploy.errors import DocumentError, NodeError
from keydeploy.node.contract import FileState, JournalState, ReadFile, ReadJournal, ReadSystem, Response, SystemState
from keydeploy.webconfig.document import parse

FULL_MESSAGE = 200_000
"""Bytes of one WSMan Send as Ansible cuts them; the doctor's request fills one, to prove that the node takes it."""

_DOTNET_45 = 378389
"""https://learn.microsoft.com/dotnet/framework/install/how-to-determine-which-versions-are-installed"""
_SLOW_CALL = 10.0
_KERBEROS_SKEW = 300.0
_UNEASY_SKEW = 5.0
_EXPIRY_WARNING = 30
"""Days before a listener's certificate expires."""


class Finding(Enum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    finding: Finding
    reason: str
    fix: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Answer the check as JSON values."""
        return {"name": self.name, "finding": self.finding.value, "reason": self.reason, "fix": self.fix}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Check":
        """Read what `to_json` wrote."""
        return cls(value["name"], Finding(value["finding"]), value["reason"], value["fix"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How the node is reached, as the connection plugin was set up; None for a sandbox."""

    kind: str
    """`winrm`, `psrp` or another connection of Ansible."""
    log_on: str
    """Such as `kerberos`."""
    tls: bool
    encrypted: bool
    verified: bool
    """Whether the node's certificate is checked."""
    days_left: int | None
    """Days until the certificate expires."""


_FILES = (ReadFile(iis.APPLICATION_HOST), ReadFile(iis.REDIRECTION))
QUESTIONS = (ReadJournal(), *_FILES, ReadSystem())


def examine(response: Response, line: Line | None, *, seconds: float, offset: float) -> list[Check]:
    """Judge a node's *response* to `QUESTIONS`, which took *seconds*; its clock is ahead by *offset* seconds."""
    system = response.system()
    application_host, redirection = (_file(response, question) for question in _FILES)
    checks = [Check("reached", Finding.OK, f"answered as {system.machine} ({system.os})")]
    if line is not None:
        checks += [_log_on(line), _wire(line), *_certificate(line), _message_size()]
    checks += [_clock(offset), *_powershell(system), *_process(system), _iis(application_host), *_sharing(redirection)]
    return [*checks, _journal(response), _duration(seconds)]


def unreached(cause: str, hint: str | None) -> list[Check]:
    """Answer the checks of a node that gave no answer."""
    return [Check("reached", Finding.FAIL, cause, hint)]


def controller_clock(offsets: Sequence[float]) -> list[Check]:
    """Tell whether it is rather the controller whose clock is wrong: all nodes agree, and not with it."""
    if len(offsets) < 2 or abs(statistics.median(offsets)) < _UNEASY_SKEW:
        return []
    if max(offsets) - min(offsets) > _UNEASY_SKEW:
        return []
    reason = f"all nodes differ from the controller by about {statistics.median(offsets):+.0f} s"
    return [Check("clock", Finding.WARN, reason, "set the controller's clock by NTP")]


def _log_on(line: Line) -> Check:
    plain = {"basic", "plaintext", "ssl"} & set(line.log_on.split("/"))
    if plain:
        fix = "kerberos, or ntlm for local accounts: ansible_winrm_transport"
        return Check("log-on", Finding.WARN, f"{', '.join(sorted(plain))} sends the password itself", fix)
    return Check("log-on", Finding.OK, line.log_on)


def _wire(line: Line) -> Check:
    if line.tls:
        return Check("encryption", Finding.OK, "TLS")
    if line.encrypted:
        return Check("encryption", Finding.OK, f"messages are encrypted by {line.log_on}")
    return Check("encryption", Finding.FAIL, "keys would cross the wire in clear", "use HTTPS, kerberos or ntlm")


def _certificate(line: Line) -> list[Check]:
    if not line.tls:
        return []
    if not line.verified:
        fix = "name the certificate authority in ansible_winrm_ca_trust_path and drop the setting that ignores it"
        return [Check("certificate", Finding.WARN, "the node's certificate is not checked", fix)]
    if line.days_left is not None and line.days_left < _EXPIRY_WARNING:
        reason = f"the listener's certificate expires in {line.days_left} days"
        return [Check("certificate", Finding.WARN, reason, "renew it; winrm enumerate winrm/config/listener shows it")]
    days = f", {line.days_left} days left" if line.days_left is not None else ""
    return [Check("certificate", Finding.OK, f"trusted{days}")]


def _message_size() -> Check:
    return Check("message size", Finding.OK, f"a full message of {FULL_MESSAGE // 1000} kB got through")


def _clock(offset: float) -> Check:
    reason = f"{offset:+.1f} s against the controller"
    if abs(offset) > _KERBEROS_SKEW:
        return Check("clock", Finding.FAIL, reason, "set the clock by NTP; Kerberos allows five minutes")
    if abs(offset) > _UNEASY_SKEW:
        return Check("clock", Finding.WARN, reason, "set the clock by NTP: w32tm /resync")
    return Check("clock", Finding.OK, reason)


def _powershell(system: SystemState) -> list[Check]:
    checks = []
    if system.powershell is not None:
        version = tuple(int(part) for part in system.powershell.split(".")[:2] if part.isdigit())
        good = version >= (5, 1)
        fix = None if good else "install Windows Management Framework 5.1"
        checks.append(Check("PowerShell", Finding.OK if good else Finding.FAIL, system.powershell, fix))
    if system.language_mode is not None:
        good = system.language_mode == "FullLanguage"
        fix = None if good else "exempt the account from the AppLocker or App Control policy"
        checks.append(Check("language mode", Finding.OK if good else Finding.FAIL, system.language_mode, fix))
    return checks


def _process(system: SystemState) -> list[Check]:
    checks = []
    if system.dotnet is not None:
        good = system.dotnet >= _DOTNET_45
        fix = None if good else "install .NET Framework 4.5 or newer"
        checks.append(Check(".NET Framework", Finding.OK if good else Finding.FAIL, f"release {system.dotnet}", fix))
    if system.elevated is not None:
        reason = "an administrator's full rights" if system.elevated else "without an administrator's rights"
        fix = None if system.elevated else "use an administrator; local ones need LocalAccountTokenFilterPolicy = 1"
        checks.append(Check("rights", Finding.OK if system.elevated else Finding.FAIL, reason, fix))
    if system.bits is not None and system.bits != 64:
        fix = "use the 64-bit PowerShell for WinRM: the default of Microsoft.PowerShell"
        checks.append(Check("process", Finding.FAIL, f"{system.bits} bits; the registry and IIS look different", fix))
    return checks


def _iis(application_host: FileState | NodeError) -> Check:
    if isinstance(application_host, NodeError):
        return Check("IIS", Finding.FAIL, application_host.message, "the user needs to read applicationHost.config")
    if application_host.content is None:
        fix = "install it, or declare applications by web_config"
        return Check("IIS", Finding.WARN, "IIS is not installed", fix)
    return Check("IIS", Finding.OK, "installed")


def _sharing(redirection: FileState | NodeError) -> list[Check]:
    if isinstance(redirection, NodeError) or redirection.content is None:
        return []
    try:
        iis.refuse_shared_configuration(parse(redirection.content.reveal()))
    except DocumentError as error:
        return [Check("configuration", Finding.FAIL, error.message, error.hint)]
    return [Check("configuration", Finding.OK, "local to the node")]


def _file(response: Response, question: ReadFile) -> FileState | NodeError:
    try:
        return response.to(question, FileState)
    except NodeError as error:
        return error


def _journal(response: Response) -> Check:
    try:
        journal = response.to(ReadJournal(), JournalState)
    except NodeError as error:
        return Check("journal", Finding.FAIL, error.message, "docs/windows-nodes.md says what belongs there")
    if journal.run is not None:
        reason = f"run {journal.run} is unfinished"
        return Check("journal", Finding.WARN, reason, "keydeploy apply brings it to its end")
    return Check("journal", Finding.OK, f"held by {journal.holder}" if journal.holder else "no run is unfinished")


def _duration(seconds: float) -> Check:
    reason = f"{seconds:.1f} s"
    if seconds < _SLOW_CALL:
        return Check("call", Finding.OK, reason)
    fix = "run ngen on PowerShell's assemblies, and look at antivirus: docs/windows-nodes.md says how"
    return Check("call", Finding.WARN, reason, fix)
