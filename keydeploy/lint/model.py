"""What lint looks at and what it finds, as values.

A finding never holds a value that may be a key: it names a place and a rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from keydeploy.iis import Runtime
from keydeploy.webconfig.document import Document
from keydeploy.webconfig.effective import Level, Opener


class Severity(Enum):
    """How much a finding weighs; only an error fails a run."""

    ERROR = "error"
    """Policy: it must not stay so. The run ends with exit code 6."""
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that is wrong wherever it is found; its page is `docs/rules/ID.md`."""

    id: str
    """Words in lower case with hyphens, such as `automatic-key`; it never changes."""
    severity: Severity
    title: str
    """What is wrong, in one line."""
    reason: str
    """Why it is wrong."""
    source: str
    """Where the reason comes from."""
    remedy: str
    """The next step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One place where a rule strikes."""

    rule: Rule
    file: str
    """The path as it is shown: below the folder that was named, or on the node."""
    line: int | None
    """From 1; None where the finding is about something that is not there."""
    column: int | None
    text: str
    """What was found here, without any value that may be a key."""
    subject: str
    """What of the file it is about, the same when lines move: `system.web/machineKey@validationKey`."""
    node: str | None = None
    application: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ConfigFile:
    """One configuration file of an application."""

    path: str
    """As findings show it."""
    level: Level
    """The file that configSource of its machineKey names is `level.external`."""
    moved: Mapping[str, Document] = field(default_factory=dict)
    """What configSource of other sections, and `file` of appSettings, name: by section, such as `connectionStrings`."""
    moved_to: Mapping[str, str] = field(default_factory=dict)
    """The paths of these and of `level.external`, as findings show them; without one, what configSource says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What is known of the node that an application runs on, beside configuration files; None: not known."""

    name: str
    runtime: Runtime | None = None
    pool: str | None = None
    load_user_profile: bool | None = None
    readable_containers: tuple[str, ...] | None = None
    """The machine-wide key containers, of those that were looked at, whose key the account of the pool may use."""
    thumbprints: frozenset[str] | None = None
    """The certificates in LocalMachine's store My, in upper-case hex."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Application:
    """One application as its configuration files make it, on a node or in a folder."""

    name: str
    """As findings call it: the name in the spec, or the folder."""
    files: tuple[ConfigFile, ...]
    """From machine.config down; the application's own web.config is the last. In a folder, only what lies there."""
    on_farm: bool = True
    """Whether more than one node serves it, so that its keys must be the same elsewhere."""
    node: Node | None = None
    """None where files were looked at without a node."""
    opener: Opener | None = None
    """Opens encrypted sections where their key is known; without it they stay closed and nothing is said of them."""

    @property
    def own(self) -> ConfigFile:
        """Answer the application's own web.config."""
        return self.files[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """A finding that somebody has accepted, with the reason that was given for it."""

    finding: Finding
    reason: str
    by: Literal["comment", "spec"] = "comment"
    """Where it was accepted: in the file itself, or by the spec."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linted:
    """All that a run of lint tells."""

    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...] = ()
    """Inline, or by a baseline."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Files that could not be looked at, with the reason."""
    broken: frozenset[str] = frozenset()
    """Those of `unread` that are there, are meant as configuration and cannot be read: they may hold anything."""
    notes: tuple[str, ...] = ()
    """What was not looked at, such as a list of disclosed keys that is missing."""
