"""What shall go wrong in a rehearsal, as it is written on the command line: `web2:journal.commit:fail`.

More can be said behind a comma, such as `web2:file.stage:fail,code=access_denied`; docs/sandbox.md tells what there is.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from keydeploy.errors import KeydeployError
from keydeploy.node.sandbox.faults import Fault

_FORM = re.compile(r"(.+?):([a-z_]+\.[a-z_]+):([a-z]+)((?:,[a-z]+=[^,]*)*)")
_EXAMPLE = "such as web2:journal.commit:fail or web2:file.stage:fail,code=access_denied; docs/sandbox.md tells all"
_TYPES = {field.name: field.type for field in fields(Fault)}
_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class HostFault:
    """What goes wrong on the copy of the node of *host*."""

    host: str
    fault: Fault


def read(texts: Iterable[str]) -> tuple[HostFault, ...]:
    """Read faults; raises `KeydeployError` with all that is wrong with any of them."""
    found: list[HostFault] = []
    mistakes: list[str] = []
    for text in texts:
        try:
            found.append(_read(text))
        except ValueError as error:
            mistakes.append(f"--fault {text}: {error}")
    if mistakes:
        raise KeydeployError("; ".join(mistakes), hint=_EXAMPLE)
    return tuple(found)


def check_hosts(faults: Iterable[HostFault], hosts: Iterable[str]) -> None:
    """Raise `KeydeployError` when one of *faults* is for none of *hosts*."""
    known = list(hosts)
    unknown = dict.fromkeys(each.host for each in faults if each.host not in known)
    if unknown:
        raise KeydeployError(
            f"--fault names {', '.join(unknown)}, of which there is no copy", hint=f"there are {', '.join(known)}"
        )


def _read(text: str) -> HostFault:
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError("is not HOST:OPERATION:WHAT")
    pairs = [pair.split("=", 1) for pair in found[4].split(",")[1:]]
    more = {name: _value(name, value) for name, value in pairs}
    return HostFault(found[1], Fault.of({"at": found[2], "do": found[3], **more}))


def _value(name: str, text: str) -> Any:
    """Read a value as the kind of its field; what is none stays text, at which `Fault.of` takes offence."""
    kinds = str(_TYPES.get(name, "str"))
    if "bool" in kinds and text in _TRUTH:
        return _TRUTH[text]
    if "int" in kinds and re.fullmatch(r"[0-9]{1,9}", text):
        return int(text)
    if "float" in kinds and re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,9})?", text):
        return float(text)
    return text
