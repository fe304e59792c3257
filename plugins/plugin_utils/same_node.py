"""Finds hosts of a run that are one and the same sandbox node: two would overwrite each other's work."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from .declarations import origin
from .node import SANDBOX

if TYPE_CHECKING:
    from keydeploy.errors import Problem


def shared_folders(templar: Any, hostvars: Any, hosts: Iterable[str]) -> Iterator[Problem]:
    """Yield a problem for each of *hosts* whose sandbox folder is that of a host before it.

    A folder that cannot be resolved is told where the node is asked.
    """
    from keydeploy.errors import Problem  # noqa: PLC0415

    owners: dict[str, str] = {}
    for host in hosts:
        variables = hostvars.raw_get(host)
        if SANDBOX not in variables:
            continue
        folder = _resolved(templar, variables, hostvars)
        owner = owners.setdefault(folder, host) if folder else host
        if owner != host:
            text = f"{host} is in the same folder as {owner}, so one node would be two members; give each its own"
            yield Problem(origin(variables[SANDBOX]), SANDBOX, text)


def _resolved(templar: Any, variables: Any, hostvars: Any) -> str | None:
    try:
        available = {**variables, "hostvars": hostvars}
        folder = templar.copy_with_new_env(available_variables=available).template(variables[SANDBOX])
    except Exception:  # whatever it is, the call to the node tells it, and nothing of it may be shown here
        return None
    return os.path.realpath(str(folder))
