"""What is sent to a Windows node, built once for all nodes, with gaps for what differs: the request, and a folder.

Ansible builds it anew for each call, for 10 ms and a dozen copies of 300 kB. The process that forks the workers builds
it once; where that was not done, or a call is not the usual one, Ansible builds it as ever.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from ansible import constants as C  # noqa: N812 - Ansible's own name for it
from ansible.executor.module_common import modify_module
from ansible.plugins.loader import module_loader

from .lighter import lighter
from .windows import MODULES

_FOLDER, _REQUEST = "the folder for temporary files stands here", "the request stands here"
_NAMES_OF_FOLDER = ("_ansible_tmpdir", "_ansible_remote_tmp")
"""Of the arguments, the first of which counts that is there."""


@dataclass(frozen=True)
class _Frame:
    built: Any
    """What Ansible has built, with the gaps."""
    path: str
    """Of the module."""
    parts: tuple[bytes, bytes, bytes]
    """What stands before the folder, between it and the request, and behind that."""


_frames: dict[str, _Frame] = {}


def prepare() -> None:
    """Build what the workers that are forked from this process from now on will send."""
    for name in MODULES:
        with suppress(Exception):  # whatever it is, the workers meet it too, and tell it
            frame = _built(name)
            if frame is not None:
                _frames[name] = frame


def filled(name: str, arguments: Mapping[str, Any]) -> tuple[Any, str] | None:
    """Answer what Ansible would build for the module *name*, and the module's path; None where nothing is prepared.

    *arguments* holds Ansible's own too, of which a node gets the folder for temporary files.
    """
    frame = _frames.get(name)
    own = {name: value for name, value in arguments.items() if not name.startswith("_ansible_")}
    if frame is None or own.keys() != {"request"}:
        return None
    folder = next((arguments[each] for each in _NAMES_OF_FOLDER if arguments.get(each)), None)
    before, between, behind = frame.parts
    data = b"".join((before, _written(folder), between, _written(own["request"]), behind))
    return replace(frame.built, b_module_data=data), frame.path


def is_usual(action: Any, task_vars: Mapping[str, Any]) -> bool:
    """Tell whether nothing is to be wrapped around the module that *action* sends."""
    task = action._task
    wrapped = task.delegate_to or task.async_val or any(task.environment or ()) or action._connection.become
    return not wrapped and not C.config.get_config_value("COVERAGE_REMOTE_OUTPUT", variables=task_vars)


def _built(name: str) -> _Frame | None:
    found = module_loader.find_plugin_with_context(name, ".ps1")
    built = modify_module(
        module_name=name,
        module_path=found.plugin_resolved_path,
        module_args={"request": _REQUEST, _NAMES_OF_FOLDER[-1]: _FOLDER},
        templar=None,
        task_vars={},
        environment={},
    )
    light = lighter(built.b_module_data)
    before, gap, rest = light.partition(_written(_FOLDER))
    between, other_gap, behind = rest.partition(_written(_REQUEST))
    if light is built.b_module_data or not gap or not other_gap or _written(_FOLDER) in rest:
        return None  # Ansible's own arguments are in it, or it is not as it is known here
    return _Frame(built, found.plugin_resolved_path, (before, between, behind))


def _written(value: str | None) -> bytes:
    return json.dumps(value).encode()
