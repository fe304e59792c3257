"""App pools of a sandbox node: settings in applicationHost.config, what runs in `app_pools.json`.

    {"Portal": {"state": "stopped", "recycled": 0}}

A pool that is not named there is started, and was never recycled.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from keydeploy.errors import NodeError
from keydeploy.node.contract import AppPoolList, AppPoolSettings, AppPoolState, RecycleAppPool, StageAppPool
from keydeploy.node.contract.codec import decode, encode
from keydeploy.node.sandbox.application_host import ApplicationHost, below
from keydeploy.node.sandbox.change import Change, Content, Staging
from keydeploy.node.sandbox.json_file import discard_new, read_json, write_json

_IDENTITY = "ApplicationPoolIdentity"
_LOAD, _SET = "loadUserProfile", "setProfileEnvironment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of an app pool."""

    own: AppPoolSettings
    """What stands at the pool itself."""
    in_force: AppPoolSettings
    """With the defaults of all pools."""


class AppPools:
    """The app pools of *host*; what runs lies in the folder *root*."""

    def __init__(self, root: Path, host: ApplicationHost) -> None:
        self._file = root / "app_pools.json"
        self._host = host

    def list_all(self) -> AppPoolList:
        """List the pools with the settings in force."""
        root = self._host.read()
        return AppPoolList(app_pools=tuple(self._state(root, pool) for pool in below(root, "applicationPools", "add")))

    def stage(self, operation: StageAppPool) -> Staging:
        """Prepare the settings of a pool."""
        return Staging(
            change=AppPoolChange(self, operation.name),
            is_as_observed=lambda shown: shown is not None and _of(shown).in_force == operation.before,
            before=lambda shown: shown,
            after=lambda shown: None if shown is None else _content(_merged(_of(shown), operation.after)),
        )

    def stage_recycling(self, operation: RecycleAppPool) -> Staging:
        """Prepare a pool to begin anew."""
        return Staging(
            change=Recycling(self, operation.name),
            is_as_observed=lambda _shown: self.settings(operation.name) is not None,
            before=lambda _shown: None,
            after=lambda _shown: None,
        )

    def of(self, target: dict[str, Any]) -> "AppPoolChange":
        """Answer the change of the settings that the journal names."""
        return AppPoolChange(self, target["name"])

    def recycling_of(self, target: dict[str, Any]) -> "Recycling":
        """Answer the recycling that the journal names."""
        return Recycling(self, target["name"])

    def settings(self, name: str) -> Settings | None:
        """Answer the settings of a pool, None where there is none of this name."""
        root = self._host.read()
        pool = _find(root, name)
        return None if pool is None else _settings(root, pool)

    def put(self, name: str, own: AppPoolSettings) -> None:
        """Let *own* stand at the pool itself."""
        root = self._host.read()
        pool = _find(root, name)
        if pool is None:
            raise NodeError("changed", "an app pool has gone")
        model = pool.find("processModel")
        model = SubElement(pool, "processModel") if model is None else model
        for attribute, value in ((_LOAD, own.load_user_profile), (_SET, own.set_profile_environment)):
            if value is not None:
                model.set(attribute, "true" if value else "false")
            elif attribute in model.attrib:
                del model.attrib[attribute]
        if not model.attrib and len(model) == 0:
            pool.remove(model)
        self._host.write(root)

    def recycle(self, name: str) -> None:
        """Let a pool begin anew; one that is stopped, or has gone, stays so."""
        if self.settings(name) is None or self._runtime(name).get("state", "started") != "started":
            return
        recycled = {**self._runtime(name), "recycled": self._runtime(name).get("recycled", 0) + 1}
        others = {other: held for other, held in self._runtimes().items() if other.lower() != name.lower()}
        write_json(self._file, {**others, name: recycled})

    def tidy(self) -> None:
        """Remove what a crash may have left."""
        self._host.tidy()
        discard_new(self._file)

    def _state(self, root: Element, pool: Element) -> AppPoolState:
        name = pool.get("name", "")
        return AppPoolState(
            name=name,
            state=self._runtime(name).get("state", "started"),
            identity=_setting(root, pool, "identityType") or _IDENTITY,
            user=_setting(root, pool, "userName") or None,
            settings=_settings(root, pool).in_force,
        )

    def _runtime(self, name: str) -> dict[str, Any]:
        return next((held for other, held in self._runtimes().items() if other.lower() == name.lower()), {})

    def _runtimes(self) -> dict[str, dict[str, Any]]:
        return read_json(self._file) or {}


class AppPoolChange(Change):
    """The settings of an app pool."""

    noun = "app_pool"

    def __init__(self, pools: AppPools, name: str) -> None:
        self._pools = pools
        self._name = name

    def place(self) -> str:
        return f"app pool {self._name.lower()}"

    def target(self) -> dict[str, Any]:
        return {"name": self._name}

    def show(self) -> Content:
        settings = self._pools.settings(self._name)
        return None if settings is None else _content(settings)

    def same(self, shown: Content, kept: Content) -> bool:
        """Compare what is in force, wherever it stands."""
        return shown is not None and kept is not None and _of(shown).in_force == _of(kept).in_force

    def tidy(self) -> None:
        self._pools.tidy()

    def put(self, kept: Content) -> None:
        if kept is not None and self.show() != kept:
            self._pools.put(self._name, _of(kept).own)


class Recycling(Change):
    """An app pool that begins anew."""

    noun = "recycling"
    is_effect = True

    def __init__(self, pools: AppPools, name: str) -> None:
        self._pools = pools
        self._name = name

    def place(self) -> str:
        return f"recycling {self._name.lower()}"

    def target(self) -> dict[str, Any]:
        return {"name": self._name}

    def show(self) -> Content:
        return None

    def tidy(self) -> None:
        self._pools.tidy()

    def put(self, kept: Content) -> None:  # noqa: ARG002 - nothing is kept of it
        self._pools.recycle(self._name)


def _find(root: Element, name: str) -> Element | None:
    pools = below(root, "applicationPools", "add")
    return next((pool for pool in pools if pool.get("name", "").lower() == name.lower()), None)


def _settings(root: Element, pool: Element) -> Settings:
    own = _own(pool, _LOAD), _own(pool, _SET)
    in_force = _setting(root, pool, _LOAD), _setting(root, pool, _SET)
    return Settings(own=_pair(*own), in_force=_pair(*in_force))


def _setting(root: Element, pool: Element, attribute: str) -> str | None:
    """Answer what is in force: the pool's own, else the default of all pools."""
    defaults = below(root, "applicationPools", "applicationPoolDefaults")
    found = (_own(element, attribute) for element in (pool, *defaults))
    return next((value for value in found if value is not None), None)


def _own(element: Element, attribute: str) -> str | None:
    model = element.find("processModel")
    return None if model is None else model.get(attribute)


def _pair(load: str | None, environment: str | None) -> AppPoolSettings:
    return AppPoolSettings(load_user_profile=_flag(load), set_profile_environment=_flag(environment))


def _flag(text: str | None) -> bool | None:
    return None if text is None else text.lower() == "true"


def _merged(settings: Settings, after: AppPoolSettings) -> Settings:
    """Answer the settings with those of *after* that are given; what is in force already stays where it stands."""

    def merged(name: str) -> tuple[bool | None, bool | None]:
        own, in_force, wanted = (getattr(each, name) for each in (settings.own, settings.in_force, after))
        return (own, in_force) if wanted is None or wanted == in_force else (wanted, wanted)

    pairs = {name: merged(name) for name in ("load_user_profile", "set_profile_environment")}
    return Settings(
        own=AppPoolSettings(**{name: own for name, (own, _) in pairs.items()}),
        in_force=AppPoolSettings(**{name: in_force for name, (_, in_force) in pairs.items()}),
    )


def _content(settings: Settings) -> bytes:
    return json.dumps(encode(settings)).encode()


def _of(content: bytes) -> Settings:
    settings: Settings = decode(Settings, json.loads(content))
    return settings
