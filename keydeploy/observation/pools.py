"""The app pools of one node: which one an application runs in, as whom, and with which settings.

Source: the schema of applicationHost.config, `processModel`; settings that an app pool does not have itself are those
of `applicationPoolDefaults`, as the node answers them.
"""

from collections.abc import Iterable
from dataclasses import fields

from keydeploy import iis
from keydeploy.access import POOLS, known_sid, pool_sid
from keydeploy.edit import Difference
from keydeploy.errors import DocumentError, NodeError
from keydeploy.node.contract import AppPoolList, AppPoolSettings, AppPoolState, ListAppPools, Response
from keydeploy.observation.files import Files
from keydeploy.observation.model import AppPoolChange, Change, Recycling, Subject
from keydeploy.spec.model import Application, AppPool, Spec

_QUESTION = ListAppPools()
_NOTHING = AppPoolSettings(load_user_profile=None, set_profile_environment=None)
_CONTRADICTION = "another application of the spec wants other settings for the same app pool; declare one of them"
RECYCLES = "recycles app pool {0}: sessions in the memory of its workers end"


def questions(spec: Spec) -> tuple[ListAppPools, ...]:
    """Answer what a node must be asked about app pools; any account that may use keys may be that of one."""
    keys = bool(spec.key_containers or spec.certificates)
    return (_QUESTION,) if keys or any(each.app_pool for each in spec.applications.values()) else ()


class Pools:
    """The app pools of one node."""

    def __init__(self, spec: Spec, files: Files, response: Response) -> None:
        self._files = files
        self._unknown: NodeError | None = None
        self._pools: tuple[AppPoolState, ...] = ()
        if questions(spec):
            try:
                self._pools = response.to(_QUESTION, AppPoolList).app_pools
            except NodeError as error:
                self._unknown = error

    def all(self) -> tuple[AppPoolState, ...]:
        """Answer the pools; none where the node cannot tell, as without IIS."""
        return self._pools

    def named(self, name: str) -> AppPoolState | None:
        """Answer the pool *name*, None where there is none."""
        return next((pool for pool in self._pools if pool.name.lower() == name.lower()), None)

    def of(self, application: Application) -> AppPoolState:
        """Answer the pool of *application*; raises `DocumentError` where it cannot be told."""
        host = self._files.document("iis", "host")
        if host is None or application.site is None or application.path is None:
            raise DocumentError("IIS is not installed", hint="install it, or declare web_config")
        name = iis.pool_of(host, application.site, application.path)
        if self._unknown is not None:
            told = f"the app pools of IIS cannot be listed: {self._unknown.message}"
            raise DocumentError(told, hint=self._unknown.hint)
        pool = self.named(name)
        if pool is None:
            raise DocumentError(f"IIS has no app pool {name}, which the application names", hint="create the app pool")
        return pool

    def unknown(self, readers: Iterable[str]) -> tuple[str, ...]:
        """Answer a warning for each of *readers* that is the account of an app pool which IIS does not have."""
        names = (reader[len(POOLS) :] for reader in readers if reader.lower().startswith(POOLS))
        return tuple(f"IIS has no app pool {name}" for name in names if self._pools and self.named(name) is None)

    def workers(self, applications: Iterable[Application], readers: Iterable[str]) -> frozenset[str]:
        """Answer the accounts (SIDs) of the pools of *applications*, which must use a key that *readers* may use.

        Raises `DocumentError` where a pool runs as somebody whose SID only Windows knows and who is none of *readers*.
        """
        found = set()
        for pool in map(self.of, applications):
            name, sid = account_of(pool)
            if sid is not None:
                found.add(sid)
            elif not any(_may_be(name, reader) for reader in readers):
                raise DocumentError(
                    f"app pool {pool.name} runs as {name}, which is none of the readers", hint="declare it among them"
                )
        return frozenset(found)


def _may_be(account: str, reader: str) -> bool:
    """Tell whether *reader* may stand for *account*: a domain's SIDs and its other names are known to Windows alone."""
    return reader.lower() == account.lower() or "@" in reader or reader.upper().startswith("S-1-5-21-")


def account_of(pool: AppPoolState) -> tuple[str, str | None]:
    """Answer as whom the workers of *pool* run: the account's name, and its SID where no node need be asked."""
    if pool.identity == "ApplicationPoolIdentity":
        return f"IIS AppPool\\{pool.name}", pool_sid(pool.name)
    if pool.identity == "SpecificUser":
        return pool.user or "", known_sid(pool.user or "")
    return pool.identity, known_sid(pool.identity)


def observe(spec: Spec, pools: Pools) -> tuple[list[Subject], list[Change]]:
    """Compare what is declared of the pools of the spec's applications."""
    subjects: list[Subject] = []
    wanted: dict[str, AppPoolChange] = {}
    for name, application in spec.applications.items():
        if application.app_pool is None:
            continue
        address = f"applications.{name}.app_pool"
        try:
            pool = pools.of(application)
        except DocumentError as error:
            subjects.append(Subject(address=address, target=None, refusal=error.told))
            continue
        before = wanted.get(pool.name.lower())
        after = _joined(before.after if before else _NOTHING, _settings(application.app_pool))
        if after is None:
            subjects.append(Subject(address=address, target=f"app pool {pool.name}", refusal=_CONTRADICTION))
            continue
        wanted[pool.name.lower()] = AppPoolChange(name=pool.name, before=pool.settings, after=after)
        subjects.append(_compare(address, application.app_pool, pool))
    changed = [change for change in wanted.values() if _differs(change)]
    recycled = [Recycling(name=change.name) for change in changed]
    return subjects, [*changed, *recycled]


def _compare(address: str, declared: AppPool, pool: AppPoolState) -> Subject:
    differences = tuple(
        Difference(_IN_IIS[field.name], _word(found), _word(wanted))
        for field in fields(AppPoolSettings)
        for found, wanted in ((getattr(pool.settings, field.name), getattr(declared, field.name)),)
        if wanted is not None and found != wanted
    )
    return Subject(
        address=address,
        target=f"app pool {pool.name}",
        differences=differences,
        in_waves=True,
        impact=(RECYCLES.format(pool.name),) if differences else (),
        warnings=_unexpected(declared.identity, pool),
    )


_IN_IIS = {"load_user_profile": "loadUserProfile", "set_profile_environment": "setProfileEnvironment"}


def _unexpected(expected: str | None, pool: AppPoolState) -> tuple[str, ...]:
    name, sid = account_of(pool)
    accepted = {pool.identity.lower(), name.lower()}
    if expected is None or expected.lower() in accepted or (sid is not None and known_sid(expected) == sid):
        return ()
    return (f"it runs as {name}, not as {expected}; keydeploy does not change that",)


def _settings(declared: AppPool) -> AppPoolSettings:
    return AppPoolSettings(
        load_user_profile=declared.load_user_profile, set_profile_environment=declared.set_profile_environment
    )


def _joined(one: AppPoolSettings, other: AppPoolSettings) -> AppPoolSettings | None:
    """Answer what both want, None where they want two things of one setting."""
    pairs = {each.name: (getattr(one, each.name), getattr(other, each.name)) for each in fields(AppPoolSettings)}
    if any(None not in pair and pair[0] != pair[1] for pair in pairs.values()):
        return None
    return AppPoolSettings(**{name: second if first is None else first for name, (first, second) in pairs.items()})


def _differs(change: AppPoolChange) -> bool:
    pairs = ((getattr(change.before, each.name), getattr(change.after, each.name)) for each in fields(AppPoolSettings))
    return any(wanted is not None and found != wanted for found, wanted in pairs)


def _word(value: bool | None) -> str:
    return {True: "true", False: "false", None: "unknown"}[value]
