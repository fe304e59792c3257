"""What nodes of one farm must not differ in: their keys, the mode, certificates and the profile of app pools.

Pure. Keys are compared by their fingerprints: of more than that nothing leaves the worker that talks to a node.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from keydeploy.iis import Runtime
from keydeploy.lint.model import Finding, Rule, Severity

_SHORT = len("sha256:") + 16

KEY_DIFFERS = Rule(
    id="key-differs-between-nodes",
    severity=Severity.ERROR,
    title="nodes of one farm use different machine keys",
    reason="A ticket, a session cookie or view state that one node made is refused by the others: people are signed"
    " out, or see `Validation of viewstate MAC failed`, whenever the load balancer sends them elsewhere.",
    source="System.Web.txt, text of the view state error; System.Web MachineKeySection",
    remedy="keydeploy plan shows what each node has; declare one machine key for the farm and keydeploy apply it",
)
MODE_DIFFERS = Rule(
    id="compatibility-mode-differs-between-nodes",
    severity=Severity.ERROR,
    title="nodes of one farm protect in different compatibility modes",
    reason="Framework45 and the modes before it write other bytes with the same keys, so nodes do not read what the"
    " others wrote. A mode that nobody states follows from targetFramework, which a deployment may change.",
    source="System.Web ConfigUtil.SetFX45DefaultValue; System.Web.Security.Cryptography",
    remedy="state compatibilityMode beside the keys, as keydeploy does for declared machine keys",
)
RUNTIMES_DIFFER = Rule(
    id="key-differs-between-runtimes",
    severity=Severity.WARNING,
    title="the configuration files of .NET on one node hold different machine keys",
    reason="Each version and bitness of .NET has files of its own. An application without a key of its own gets"
    " another one as soon as its pool is switched to 32 bits or to another version.",
    source="Four root configurations: Framework and Framework64, v2.0.50727 and v4.0.30319, each read by its own pools",
    remedy="declare the key as `machine`: keydeploy keeps the files of all runtimes equal",
)
CERTIFICATE_DIFFERS = Rule(
    id="certificate-differs-between-nodes",
    severity=Severity.ERROR,
    title="nodes of one farm protect session cookies with different certificates",
    reason="Only the key of the certificate that encrypted a session cookie decrypts it: a node with another one"
    " refuses it, and people are sent to sign in again.",
    source="WIF Configuration Reference, serviceCertificate and certificateReference",
    remedy="install one certificate with its key on all nodes and name it by its thumbprint:"
    " declare it as `session_tokens: {certificate: NAME}`",
)
PROFILE_DIFFERS = Rule(
    id="load-user-profile-differs-between-nodes",
    severity=Severity.WARNING,
    title="app pools of one name load the user profile on some nodes only",
    reason="What needs the profile (DPAPI of the user, and with it WIF's default session cookies) works on some nodes"
    " and fails on others, depending on where the load balancer sends people.",
    source="IIS schema, processModel loadUserProfile; DPAPI needs a loaded profile",
    remedy="declare `app_pool: {load_user_profile: true}` for the application, or turn it off on all nodes",
)

RULES = (KEY_DIFFERS, MODE_DIFFERS, RUNTIMES_DIFFER, CERTIFICATE_DIFFERS, PROFILE_DIFFERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One thing that nodes are compared by, and where it stands."""

    value: str
    """A fingerprint, a thumbprint or a word; equal values mean the same. Nothing secret."""
    file: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenApplication:
    """What one application uses on one node; None: there is none, or it cannot be told."""

    name: str
    key: Seen | None = None
    """The fingerprint of the machine key in effect, with modifiers behind a blank, or `automatic`."""
    mode: Seen | None = None
    certificate: Seen | None = None
    profile: Seen | None = None
    pool: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRuntime:
    """The machine key that the files of one runtime hold, `none` where they hold none."""

    runtime: Runtime
    key: Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenNode:
    """What one node of a farm is compared by."""

    node: str
    farm: str
    applications: tuple[SeenApplication, ...] = ()
    runtimes: tuple[SeenRuntime, ...] = ()


AUTOMATIC, NONE = "automatic", "none"
"""In place of a fingerprint: ASP.NET makes up a key, or the files say nothing."""

_Pair = tuple[str, Seen]
"""A node, and what it shows."""


def compare(nodes: Sequence[SeenNode]) -> Iterator[Finding]:
    """Yield where *nodes* differ from those of their farm, or one of them within itself."""
    for _, members in groupby(sorted(nodes, key=lambda node: node.farm), key=lambda node: node.farm):
        farm = list(members)
        found = [finding for name in _applications(farm) for finding in _compare(name, farm)]
        told = {(finding.node, finding.file) for finding in found if finding.rule is KEY_DIFFERS}
        yield from found
        yield from (finding for finding in _of_runtimes(farm) if (finding.node, finding.file) not in told)
        for node in farm:
            yield from _within(node)


def _applications(farm: Iterable[SeenNode]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(application.name for node in farm for application in node.applications))


def _compare(name: str, farm: Sequence[SeenNode]) -> Iterator[Finding]:
    here = [(node.node, each) for node in farm for each in node.applications if each.name == name]

    def of(rule: Rule, subject: str, pairs: list[tuple[str, Seen | None]]) -> Iterator[Finding]:
        return _deviating(rule, subject, [(node, seen) for node, seen in pairs if seen is not None], name)

    yield from of(KEY_DIFFERS, "system.web/machineKey", [(node, each.key) for node, each in here])
    keyed = [(node, each) for node, each in here if each.key is not None and each.key.value != AUTOMATIC]
    yield from of(MODE_DIFFERS, "system.web/machineKey@compatibilityMode", [(node, each.mode) for node, each in keyed])
    certificates = [(node, each.certificate) for node, each in here]
    yield from of(CERTIFICATE_DIFFERS, "serviceCertificate/certificateReference", certificates)
    pool = next((each.pool for _, each in here if each.pool), "")
    profiles = [(node, each.profile) for node, each in here if each.pool == pool]
    yield from of(PROFILE_DIFFERS, f"applicationPools/{pool}@loadUserProfile", profiles)


def _of_runtimes(farm: Sequence[SeenNode]) -> Iterator[Finding]:
    """Yield where the files of one runtime differ between nodes that have it."""
    for runtime in dict.fromkeys(each.runtime for node in farm for each in node.runtimes):
        pairs = [(node.node, each.key) for node in farm for each in node.runtimes if each.runtime == runtime]
        yield from _deviating(KEY_DIFFERS, "system.web/machineKey", pairs, None)


def _within(node: SeenNode) -> Iterator[Finding]:
    """Yield where the runtimes of one node hold different keys, against the one that most have."""
    for runtime, seen, usual in _unusual([(_called(each.runtime), each.key) for each in node.runtimes]):
        where = _listed(name for name, _ in usual)
        yield Finding(
            rule=RUNTIMES_DIFFER,
            file=seen.file,
            line=seen.line,
            column=seen.column,
            text=f"{runtime} has {_key(seen.value)}, {where} {_has(usual)} {_key(usual[0][1].value)}",
            subject=f"system.web/machineKey ({runtime})",
            node=node.node,
        )


def _deviating(rule: Rule, subject: str, pairs: list[_Pair], application: str | None) -> Iterator[Finding]:
    """Yield a finding for each node that shows something else than most do."""
    for node, seen, usual in _unusual(pairs):
        where = _listed(name for name, _ in usual)
        yield Finding(
            rule=rule,
            file=seen.file,
            line=seen.line,
            column=seen.column,
            text=f"{node} has {_told(rule, seen.value)}, {where} {_has(usual)} {_told(rule, usual[0][1].value)}",
            subject=subject,
            node=node,
            application=application,
        )


def _unusual(pairs: Sequence[_Pair]) -> Iterator[tuple[str, Seen, list[_Pair]]]:
    """Yield what differs from the value that most show, with those; where two are as frequent, from the first one."""
    values = [seen.value for _, seen in pairs]
    if len({*values}) < 2:
        return
    usual = max(dict.fromkeys(values), key=values.count)
    most = [pair for pair in pairs if pair[1].value == usual]
    yield from ((name, seen, most) for name, seen in pairs if seen.value != usual)


def _told(rule: Rule, value: str) -> str:
    if rule is KEY_DIFFERS:
        return _key(value)
    what = {MODE_DIFFERS: "the mode", CERTIFICATE_DIFFERS: "the certificate", PROFILE_DIFFERS: "loadUserProfile"}
    return f"{what[rule]} {value}"


def _key(value: str) -> str:
    words = {AUTOMATIC: "an automatic key", NONE: "no explicit key"}
    fingerprint, *modifiers = value.split(" ")
    behind = f" with {' and '.join(modifiers)}" if modifiers else ""
    return words.get(value) or f"the key {fingerprint[:_SHORT]}{behind}"


def _called(runtime: Runtime) -> str:
    return f"{'Framework' if runtime.is_32_bit else 'Framework64'} {runtime.version}"


def _has(pairs: Sequence[_Pair]) -> str:
    return "has" if len(pairs) == 1 else "have"


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
