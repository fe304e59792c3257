"""The registry of a sandbox node: `registry.json`, its keys by view and the values of each key.

    {"64": {"HKLM\\\\SOFTWARE\\\\Contoso": {"Timeout": {"kind": "dword", "data": 100}}}, "32": {}}

As on Windows, programs of 32 bits have a SOFTWARE of their own and share everything else.
"""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keydeploy.errors import NodeError
from keydeploy.node.contract import ReadRegistry, RegistryState, RegistryValue, StageRegistry
from keydeploy.node.contract.codec import decode, encode
from keydeploy.node.sandbox.change import Change, Content, Staging
from keydeploy.node.sandbox.json_file import discard_new, read_json, write_json

Keys = dict[str, dict[str, dict[str, Any]]]
"""The keys of one view, by their paths, and the values of each, by their names."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A value, by the one view and path that it has; names keep the case in which they were asked for."""

    view: str
    key: str
    value: str


class Registry:
    """`HKLM` of the node in the folder *root*."""

    def __init__(self, root: Path) -> None:
        self._file = root / "registry.json"

    def read(self, operation: ReadRegistry) -> RegistryState:
        """Answer a value."""
        place = _place(operation.view, operation.key, operation.value)
        return RegistryState(key_exists=self.has_key(place), value=self.value(place))

    def stage(self, operation: StageRegistry) -> Staging:
        """Prepare a value; raises `NodeError` where it is none of its kind, or its key is not below `HKLM`."""
        place = _place(operation.view, operation.key, operation.value)
        before, after = _content(operation.before), _content(operation.after)
        return Staging(
            change=RegistryChange(self, place, is_new_key=not self.has_key(place)),
            is_as_observed=lambda shown: shown == before,
            before=lambda shown: shown,
            after=lambda _shown: after,
        )

    def of(self, target: dict[str, Any]) -> "RegistryChange":
        """Answer the change of the value that the journal names."""
        place = _Place(target["view"], target["key"], target["value"])
        return RegistryChange(self, place, is_new_key=target["is_new_key"])

    def has_key(self, place: _Place) -> bool:
        """Tell whether the key is there; one with keys below it is."""
        key = place.key.lower()
        return any(f"{other.lower()}\\".startswith(f"{key}\\") for other in self._keys(place.view))

    def value(self, place: _Place) -> RegistryValue | None:
        """Answer what the value holds."""
        values = self._keys(place.view).get(self._spelling(place), {})
        found = next((held for name, held in values.items() if name.lower() == place.value.lower()), None)
        value: RegistryValue | None = None if found is None else decode(RegistryValue, found)
        return value

    def put(self, place: _Place, value: RegistryValue | None) -> None:
        """Set or delete the value; its key is made where it is absent."""
        views, key = self._views(), self._spelling(place)
        keys = views.setdefault(place.view, {})
        others = {name: held for name, held in keys.get(key, {}).items() if name.lower() != place.value.lower()}
        keys[key] = others if value is None else {**others, place.value: encode(value)}
        write_json(self._file, views)

    def drop_empty_key(self, place: _Place) -> None:
        """Delete the key unless it holds something."""
        views, key = self._views(), self._spelling(place)
        if views.get(place.view, {}).get(key) == {}:
            del views[place.view][key]
            write_json(self._file, views)

    def tidy(self) -> None:
        """Remove what a crash may have left beside the file."""
        discard_new(self._file)

    def _spelling(self, place: _Place) -> str:
        """Answer how the key is written in the file; as in the place where it is not there."""
        return next((key for key in self._keys(place.view) if key.lower() == place.key.lower()), place.key)

    def _keys(self, view: str) -> Keys:
        return self._views().get(view, {})

    def _views(self) -> dict[str, Keys]:
        return read_json(self._file) or {}


class RegistryChange(Change):
    """A value of the registry."""

    noun = "registry"

    def __init__(self, registry: Registry, place: _Place, *, is_new_key: bool) -> None:
        self._registry = registry
        self._place = place
        self._is_new_key = is_new_key

    def place(self) -> str:
        return f"registry {self._place.view} {self._place.key}: {self._place.value}".lower()

    def target(self) -> dict[str, Any]:
        place = self._place
        return {"view": place.view, "key": place.key, "value": place.value, "is_new_key": self._is_new_key}

    def show(self) -> Content:
        return _content(self._registry.value(self._place))

    def tidy(self) -> None:
        self._registry.tidy()

    def put(self, kept: Content) -> None:
        if self.show() != kept:
            self._registry.put(self._place, None if kept is None else decode(RegistryValue, json.loads(kept)))
        if kept is None and self._is_new_key:
            self._registry.drop_empty_key(self._place)


def _place(view: int, key: str, value: str) -> _Place:
    hive, *parts = key.split("\\")
    if hive.upper() != "HKLM" or not parts or "" in parts:
        raise NodeError("path", "the registry key is not below HKLM")
    if parts[0].lower() != "software":
        return _Place("64", key, value)
    if [part.lower() for part in parts[1:2]] == ["wow6432node"]:
        return _Place("32", "\\".join([hive, parts[0], *parts[2:]]), value)
    return _Place(str(view), key, value)


def _content(value: RegistryValue | None) -> Content:
    return None if value is None else json.dumps(encode(_checked(value))).encode()


def _checked(value: RegistryValue) -> RegistryValue:
    """Answer *value*, base64 in its one form; raises `NodeError` where it is none of its kind."""
    match value:
        case RegistryValue(kind="dword", data=int(number)) if 0 <= number < 1 << 32:
            return value
        case RegistryValue(kind="qword", data=int(number)) if 0 <= number < 1 << 64:
            return value
        case RegistryValue(kind="multi_string", data=tuple(texts)) if all(text and "\0" not in text for text in texts):
            return value  # the registry ends a list by an empty text
        case RegistryValue(kind="string" | "expand_string", data=str(text)) if "\0" not in text:
            return value
        case RegistryValue(kind="binary" | "none", data=str(text)) if (content := _decoded(text)) is not None:
            return RegistryValue(kind=value.kind, data=base64.b64encode(content).decode("ascii"))
    raise NodeError("request", "a registry value is none of its kind")


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None
