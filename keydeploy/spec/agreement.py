"""What the members of a farm must declare alike: the one list of it.

It is read from declarations rather than from specs, so that members can be compared while
something else in them is still wrong.
"""

from collections.abc import Iterator
from typing import Any

from keydeploy.keys import machine_key
from keydeploy.spec import reading
from keydeploy.spec.declaration import DECLARED, UNRESOLVED, Path
from keydeploy.spec.lifetime import acceptance_attribute, lifetime_attributes
from keydeploy.spec.material_agreement import agreed_material, pool_settings, protected_sections
from keydeploy.spec.model import Backups, Rollout, Waves
from keydeploy.spec.names import attribute
from keydeploy.spec.smart_cards import TRANSACTION_TIMEOUT, transaction_timeouts

_MACHINE_KEY = {
    "validation": machine_key.DEFAULT_VALIDATION,
    "decryption": machine_key.DEFAULT_DECRYPTION,
    "compatibility_mode": machine_key.DEFAULT_MODE,
    "validation_key": None,
    "decryption_key": None,
    "data_protector_type": None,
    "application_name": None,
}
_KEYS = ("validation_key", "decryption_key")


def agreed(value: Any) -> dict[Path, Any]:
    """Answer by its path what the declaration *value* shares with its farm, UNRESOLVED where that is unknown.

    Values that mean the same are equal: hex digits in upper case, RSA keys and certificates in whatever they are
    written, times in seconds, shares from 0 to 1, names in order. It holds keys in clear.
    """
    return {
        **dict(reading.things(value, "machine_keys", _machine_key)),
        **dict(agreed_material(value)),
        **dict(reading.things(value, "applications", _application)),
        **dict(_machine(attribute(value, "spec", "machine"))),
        **dict(_rollout(attribute(value, "spec", "rollout", {}))),
        TRANSACTION_TIMEOUT: transaction_timeouts(value),
    }


def runtimes(value: Any) -> Any:
    """Answer the versions of .NET that *value* declares, None for all."""
    return None if value is None else reading.names(value)


def _machine_key(path: Path, key: Any) -> Iterator[tuple[Path, Any]]:
    for name, default in _MACHINE_KEY.items():
        text = reading.text(attribute(key, "machine_key", name, default))
        yield (*path, name), text.upper() if name in _KEYS and isinstance(text, str) else text
    yield from lifetime_attributes(path, key, "machine_key")
    yield from acceptance_attribute(path, key)


def _application(path: Path, application: Any) -> Iterator[tuple[Path, Any]]:
    tokens = attribute(application, "application", "session_tokens", {})
    of_tokens = attribute(tokens, "session_tokens", "machine_key")
    certificate = attribute(tokens, "session_tokens", "certificate")
    protected = protected_sections(attribute(application, "application", "protected_sections"))
    pool = pool_settings(attribute(application, "application", "app_pool", {}))
    yield (*path, "session_tokens", "machine_key"), reading.text(of_tokens)
    yield (*path, "session_tokens", "certificate"), reading.text(certificate)
    yield (*path, "machine_key"), reading.text(attribute(application, "application", "machine_key", of_tokens))
    yield (*path, "protected_sections"), reading.whole_mapping(protected)
    yield (*path, "app_pool"), reading.whole_mapping(pool)


def _machine(machine: Any) -> Iterator[tuple[Path, Any]]:
    path: Path = ("machine",)
    if machine is None:
        return
    if not isinstance(machine, dict):
        yield path, UNRESOLVED
        return
    protected = protected_sections(attribute(machine, "machine", "protected_sections"))
    yield path, DECLARED
    yield (*path, "level"), reading.text(attribute(machine, "machine", "level"))
    yield (*path, "machine_key"), reading.text(attribute(machine, "machine", "machine_key"))
    yield (*path, "runtimes"), runtimes(attribute(machine, "machine", "runtimes"))
    yield (*path, "protected_sections"), reading.whole_mapping(protected)


def _rollout(rollout: Any) -> Iterator[tuple[Path, Any]]:
    defaults, waves, backups = Rollout(), Waves(), Backups()
    for name in ("margin", "grace", "lease", "clock_drift_limit"):
        yield ("rollout", name), reading.read(rollout, "rollout", name, getattr(defaults, name), reading.duration)
    kept = attribute(rollout, "rollout", "backups", {})
    yield ("rollout", "backups", "keep"), reading.read(kept, "backups", "keep", backups.keep, reading.whole)
    yield ("rollout", "backups", "for"), reading.read(kept, "backups", "for", backups.expire, reading.duration)
    require = attribute(rollout, "rollout", "require", "all")
    dispensable = () if require == "all" else reading.read(require, "require", "all_but", UNRESOLVED, reading.names)
    yield ("rollout", "require", "all_but"), dispensable
    commit = reading.read(rollout, "rollout", "commit", "together", reading.text)
    yield ("rollout", "commit"), commit
    if commit == "waves":
        declared = attribute(rollout, "rollout", "waves", {})
        forms = {
            "canary": reading.whole,
            "fractions": reading.shares,
            "pause": reading.duration,
            "tolerate": reading.whole,
        }
        for name, form in forms.items():
            yield ("rollout", "waves", name), reading.read(declared, "waves", name, getattr(waves, name), form)
