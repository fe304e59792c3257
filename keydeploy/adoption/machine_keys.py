"""The machine key that one file holds: as a spec would declare it, or why none can.

A spec declares all five attributes and writes each of them, so a file that leaves one to a default or to a file above
does not say what the spec would.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from keydeploy.adoption.model import KeyFacts, short
from keydeploy.keys.machine_key import MachineKey, decryption_in_effect, fingerprint, is_automatic
from keydeploy.secret import Secret
from keydeploy.spec.declaration import Declaration
from keydeploy.spec.load import problems_of
from keydeploy.webconfig.effective import DEFAULT, Level, MachineKeyState, Opener, Setting, effective_machine_key
from keydeploy.webconfig.machine_key import fingerprint_of

_ALGORITHMS = ("validation", "decryption")
_OTHERS = ("data_protector_type", "application_name")
"""Texts of anybody's choosing, which may be anything."""
_KEYS = ("validation_key", "decryption_key")
_SECRET = (*_KEYS, *_OTHERS)
"""What goes sealed."""
_TRIMMED = (*_ALGORITHMS, *_KEYS)
"""ASP.NET does not count white space around them. Source: System.Web `MachineKeySection`."""
_IN_FILES = {
    "validation": "validation",
    "decryption": "decryption",
    "compatibility_mode": "compatibilityMode",
    "validation_key": "validationKey",
    "decryption_key": "decryptionKey",
    "data_protector_type": "dataProtectorType",
    "application_name": "applicationName",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a file says of the machine key."""

    facts: KeyFacts | None = None
    declared: Mapping[str, str | Secret] = field(default_factory=dict)
    """The key by the fields of a spec."""
    why: str | None = None
    """Why there is none, or why the file does not say all of it."""
    is_own: bool = True
    """False where the file says nothing of it."""

    def secrets(self) -> dict[str, Secret]:
        """Answer what of the key goes sealed."""
        return {name: value for name, value in self.declared.items() if isinstance(value, Secret)}

    def in_clear(self) -> dict[str, str]:
        """Answer the key as the variable of a spec holds it, to be compared where the node's files are."""
        return {name: _clear(value) for name, value in self.declared.items()}


def read(levels: Sequence[Level], opener: Opener, sealed_by: str | None = None) -> Found:
    """Read the key of the last of *levels*, which is opened by the key of *sealed_by* where it is encrypted.

    Raises `DocumentError` where the levels cannot be read.
    """
    own, state = levels[-1].name, effective_machine_key(levels, opener)
    settings = _settings(state)
    keys = [settings[name] for name in _KEYS]
    if all(setting.source != own for setting in keys):
        return Found(why=_from_elsewhere(state), is_own=False)
    declared = {name: _text(setting) for name, setting in settings.items() if _text(setting)}
    declared |= {name: declared[name].strip() for name in _TRIMMED if name in declared}
    if any(is_automatic(declared.get(name, "")) for name in _KEYS):
        return Found(why="AutoGenerate: every node and account makes up a key of its own, so there is none to read")
    declared["compatibility_mode"] = state.compatibility_mode.value if state.mode_is_explicit else "omit"
    problems = problems_of(Declaration(host="", value={"machine_keys": {"key": declared}}))
    if problems:
        told = "; ".join(f"{problem.address.rpartition('.')[2]}: {problem.text}" for problem in problems)
        return Found(why=f"its key may not be declared: {told}")
    missing = tuple(_missing(settings, state, own))
    why = (
        f"it leaves {', '.join(missing)} to files above or to defaults, and keydeploy writes them" if missing else None
    )
    kept = {name: Secret.of(text) if name in _SECRET else text for name, text in declared.items()}
    return Found(facts=_facts(declared, missing, sealed_by), declared=kept, why=why)


def matches(facts: KeyFacts, secrets: Mapping[str, Secret]) -> bool:
    """Tell whether *secrets*, which were sealed, are those of the key that *facts* tell of."""
    keys = (_clear(secrets[name]) for name in _KEYS)
    found = fingerprint(facts.validation, facts.decryption, *keys)
    return found == facts.fingerprint and all(name in secrets for name in facts.others)


def _settings(state: MachineKeyState) -> dict[str, Setting[str] | Setting[Secret]]:
    return {
        "validation": state.validation,
        "decryption": state.decryption,
        "compatibility_mode": state.compatibility_mode,
        "validation_key": state.validation_key,
        "decryption_key": state.decryption_key,
        "data_protector_type": state.data_protector_type,
        "application_name": state.application_name,
    }


def _text(setting: Setting[str] | Setting[Secret]) -> str:
    return _clear(setting.value)


def _clear(value: str | Secret) -> str:
    return value.reveal().decode() if isinstance(value, Secret) else value


def _from_elsewhere(state: MachineKeyState) -> str:
    """Answer in words which key is in effect where the file has none of its own."""
    validation, decryption = state.validation_key, state.decryption_key
    if any(is_automatic(_text(setting)) for setting in (validation, decryption)):
        where = "no file has a machineKey" if validation.source == DEFAULT else f"{validation.source} says AutoGenerate"
        return f"no key of its own; {where}, so every node and account makes one up"
    found = fingerprint_of(state)
    which = f", {short(found)}" if found else ""
    return f"no key of its own; it uses that of {validation.source}{which}"


def _missing(settings: Mapping[str, Setting[str] | Setting[Secret]], state: MachineKeyState, own: str) -> list[str]:
    needed = [*_ALGORITHMS, *_KEYS]
    needed += ["compatibility_mode"] if state.mode_is_explicit else []
    needed += [name for name in _OTHERS if _text(settings[name])]
    return [_IN_FILES[name] for name in needed if settings[name].source != own]


def _facts(declared: Mapping[str, str], missing: tuple[str, ...], sealed_by: str | None) -> KeyFacts:
    key = MachineKey(
        validation=declared["validation"],
        decryption=declared["decryption"],
        compatibility_mode=declared["compatibility_mode"],
        validation_key=Secret.of(declared["validation_key"]),
        decryption_key=Secret.of(declared["decryption_key"]),
    )
    others = [declared.get(name, "") for name in ("compatibility_mode", *_OTHERS)]
    digits = len(key.decryption_key.reveal())
    in_effect = replace(key, decryption=decryption_in_effect(key.decryption, key.compatibility_mode, digits))
    return KeyFacts(
        identity=_digest(key.fingerprint, *others),
        effect=_digest(in_effect.fingerprint, *others),
        fingerprint=key.fingerprint,
        validation=key.validation,
        decryption=key.decryption,
        mode=declared["compatibility_mode"],
        others=tuple(name for name in _OTHERS if name in declared),
        missing=missing,
        sealed_by=sealed_by,
    )


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
