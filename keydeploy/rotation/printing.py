"""New keys in clear, as a user asked for them: for another secret store."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from keydeploy.errors import KeydeployError
from keydeploy.keys import machine_key, rsa_key, variables
from keydeploy.rotation.proposal import Replaced
from keydeploy.secret import Secret


def successors(keys: Sequence[Replaced], day: str, random_bytes: Callable[[int], bytes], *, form: str) -> Secret:
    """Answer a successor of each of *keys* below its address: as JSON where that is the *form*, as YAML otherwise.

    Raises `KeydeployError` for a certificate, which others issue.
    """
    fields = _all(keys, date.fromisoformat(day), random_bytes)
    return variables.as_json(fields) if form == "json" else variables.as_yaml(fields)


def _all(keys: Sequence[Replaced], day: date, random_bytes: Callable[[int], bytes]) -> dict[str, Any]:
    return {str(key.target): _fields(key, day, random_bytes) for key in keys}


def _fields(key: Replaced, day: date, random_bytes: Callable[[int], bytes]) -> variables.Fields:
    match key.kind:
        case "machine_keys":
            like = {name: key.like[name] for name in ("validation", "decryption", "mode")}
            return variables.of_machine_key(machine_key.generate(random_bytes, **like), day)
        case "key_containers":
            return variables.of_rsa_key(rsa_key.generate(key.like["bits"]), day)
        case _:
            raise KeydeployError(
                f"{key.target}: a certificate is issued by others", hint="put the new one where the inventory reads it"
            )
