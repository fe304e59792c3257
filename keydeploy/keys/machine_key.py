"""The ASP.NET machine key: its rules, its generation and its fingerprint.

Source of the rules: System.Web `MachineKeySection`, `MachineKeyValidationConverter` and
`MachineKeyCompatibilityMode` of .NET Framework 4.8, and what they were seen to do. Where the old
pipelines and Framework45 differ, a key must satisfy both: Membership passwords and
`MachineKey.Encode` take the old path in every mode.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from keydeploy.errors import KeyMaterialError
from keydeploy.secret import Secret

MODERN_VALIDATIONS = ("SHA1", "HMACSHA256", "HMACSHA384", "HMACSHA512")
LEGACY_VALIDATIONS = (*MODERN_VALIDATIONS, "MD5", "3DES", "AES")
DECRYPTIONS = ("AES", "3DES", "DES", "Auto")
COMPATIBILITY_MODES = ("Framework20SP1", "Framework20SP2", "Framework45")
OMIT = "omit"
"""Declared in place of a mode for applications older than .NET 4.5, which do not know the attribute."""

DEFAULT_VALIDATION = "HMACSHA256"
DEFAULT_DECRYPTION = "AES"
DEFAULT_MODE = "Framework45"

_SHORTEST_VALIDATION_KEY = 40
_LONGEST_VALIDATION_KEY = 128
_LONGEST_WIDE_VALIDATION_KEY = 256
_WIDE_VALIDATIONS = ("HMACSHA384", "HMACSHA512")
"""Their HMAC block is 128 bytes; a key above 64 bytes breaks the old pipeline with the others."""

_DECRYPTION_KEY_LENGTHS = {"DES": (16,), "3DES": (32, 48), "AES": (32, 48, 64)}
_HEX = re.compile(r"[0-9A-Fa-f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineKey:
    """One set of `<machineKey>` attributes, all of them explicit."""

    validation: str
    decryption: str
    compatibility_mode: str | None
    """None renders no attribute, for applications older than .NET 4.5."""
    validation_key: Secret
    """Hexadecimal text as declared."""
    decryption_key: Secret
    """Hexadecimal text as declared."""
    data_protector_type: str | None = None
    application_name: str | None = None

    @property
    def fingerprint(self) -> str:
        """Identify the pair of keys with its algorithms; see `fingerprint`."""
        return fingerprint(
            self.validation,
            self.decryption,
            self.validation_key.reveal().decode(errors="replace"),
            self.decryption_key.reveal().decode(errors="replace"),
        )


def fingerprint(validation: str, decryption: str, validation_key: str, decryption_key: str) -> str:
    """Answer `sha256:` and the SHA-256 (hex) over both keys and both algorithms.

    Never of one key alone: a short key could be guessed from its own hash. The case of the
    hexadecimal digits does not count. Raises `KeyMaterialError` when a key is not hexadecimal.
    """
    digest = hashlib.sha256(f"keydeploy machine key\n{validation}\n{decryption}\n".encode())
    for key in (validation_key, decryption_key):
        content = key_bytes(key)
        digest.update(len(content).to_bytes(4, "big") + content)
    return f"sha256:{digest.hexdigest()}"


def key_bytes(text: str) -> bytes:
    """Decode hexadecimal *text*; raises `KeyMaterialError` when it is anything else."""
    if not _HEX.fullmatch(text) or len(text) % 2:
        raise KeyMaterialError(
            "the key is not an even number of hexadecimal digits", hint="make one with keydeploy generate machine-key"
        )
    return bytes.fromhex(text)


def is_automatic(text: str) -> bool:
    """Tell whether *text* asks ASP.NET to make up a key (`AutoGenerate`, with or without modifiers)."""
    return text.strip().lower().startswith("autogenerate")


def check_validation(validation: str, mode: str) -> None:
    """Raise `KeyMaterialError` when *mode* (or `OMIT`) does not know the algorithm *validation*."""
    _refuse_custom(validation, "validation")
    known = MODERN_VALIDATIONS if mode == "Framework45" else LEGACY_VALIDATIONS
    if validation in known:
        return
    if validation in LEGACY_VALIDATIONS:
        raise KeyMaterialError(
            "Framework45 does not know this algorithm and fails at the first ticket",
            hint=f"use one of {', '.join(known)}",
        )
    _refuse_name(validation, known, "validation")


def check_decryption(decryption: str) -> None:
    """Raise `KeyMaterialError` when ASP.NET does not know the algorithm *decryption*."""
    _refuse_custom(decryption, "decryption")
    if decryption not in DECRYPTIONS:
        _refuse_name(decryption, DECRYPTIONS, "decryption")


def check_mode(mode: str) -> None:
    """Raise `KeyMaterialError` when *mode* is neither a compatibility mode nor `OMIT`."""
    if mode not in (*COMPATIBILITY_MODES, OMIT):
        _refuse_name(mode, (*COMPATIBILITY_MODES, OMIT), "compatibility_mode")


def check_validation_key(text: str, validation: str | None) -> None:
    """Raise `KeyMaterialError` when *text* is no key for *validation*; None means that the algorithm is unknown."""
    check_digits(text)
    wide = validation is None or validation in _WIDE_VALIDATIONS
    longest = _LONGEST_WIDE_VALIDATION_KEY if wide else _LONGEST_VALIDATION_KEY
    if not _SHORTEST_VALIDATION_KEY <= len(text) <= longest:
        raise KeyMaterialError(
            f"{len(text)} hex digits; {validation or 'every algorithm'} takes {_SHORTEST_VALIDATION_KEY} to {longest}",
            hint="make a new pair with keydeploy generate machine-key",
        )


def check_decryption_key(text: str, decryption: str | None, mode: str | None) -> None:
    """Raise `KeyMaterialError` when *text* is no key for *decryption* in *mode*; None means unknown."""
    check_digits(text)
    if decryption is None or (decryption == "Auto" and mode is None):
        return
    lengths = decryption_key_lengths(decryption, mode)
    if len(text) not in lengths:
        takes = " or ".join(filter(None, [", ".join(map(str, lengths[:-1])), str(lengths[-1])]))
        raise KeyMaterialError(
            f"{len(text)} hex digits; {decryption} takes {takes}",
            hint="make a new pair with keydeploy generate machine-key",
        )


def decryption_key_lengths(decryption: str, mode: str | None) -> tuple[int, ...]:
    """Answer the lengths in hex digits that *decryption* takes.

    `Auto` means AES; before Framework45 it means DES for a key of that length.
    """
    if decryption != "Auto":
        return _DECRYPTION_KEY_LENGTHS[decryption]
    if mode == "Framework45":
        return _DECRYPTION_KEY_LENGTHS["AES"]
    return _DECRYPTION_KEY_LENGTHS["DES"] + _DECRYPTION_KEY_LENGTHS["AES"]


def decryption_in_effect(decryption: str, mode: str | None, digits: int) -> str:
    """Answer what encrypts with a key of *digits* hex digits: what `Auto` stands for, else *decryption*."""
    if decryption != "Auto":
        return decryption
    is_des = digits in _DECRYPTION_KEY_LENGTHS["DES"] and mode != "Framework45"
    return "DES" if is_des else "AES"


def check_digits(text: str) -> None:
    """Raise `KeyMaterialError` when *text* is not an explicit hexadecimal key."""
    if is_automatic(text):
        raise KeyMaterialError(
            "AutoGenerate gives every node and account a key of its own, which can neither be proved nor rotated",
            hint="declare an explicit key; keydeploy generate machine-key makes one",
        )
    _, comma, modifiers = text.partition(",")
    if comma and re.fullmatch(r"(\s*,?\s*Isolate(Apps|ByAppId))+\s*", modifiers, re.IGNORECASE):
        raise KeyMaterialError(
            "an Isolate modifier replaces key bits by a hash of the application's path; the key in use is another",
            hint="leave the modifier out and give each application a machine key of its own",
        )
    if text != text.strip():
        raise KeyMaterialError("white space around the key", hint="remove it; in Jinja, add | trim")
    if not text:
        raise KeyMaterialError("the key is empty", hint="keydeploy generate machine-key makes one")
    if not _HEX.fullmatch(text):
        raise KeyMaterialError(
            "the key holds characters other than the hex digits 0-9 and a-f",
            hint="check for a cut or pasted-over value",
        )
    if len(text) % 2:
        raise KeyMaterialError(
            f"{len(text)} hex digits, an odd number; two digits make a byte", hint="check for a cut value"
        )


def check_runtime(key: MachineKey, version: str) -> None:
    """Raise `KeyMaterialError` when ASP.NET of *version* (`v2.0` or `v4.0`) does not know what *key* declares.

    Source: the attributes and values of `<machineKey>` by version of .NET.
    """
    modern_mode = key.compatibility_mode == "Framework45" or key.data_protector_type is not None
    if version == "v2.0" and (modern_mode or key.validation.startswith("HMAC")):
        raise KeyMaterialError(
            "the application's pool loads .NET 2.0, which knows neither HMAC algorithms by name nor Framework45",
            hint="declare SHA1 with compatibility_mode Framework20SP2 or omit, or set the pool to v4.0",
        )


def generate(
    random_bytes: Callable[[int], bytes],
    *,
    validation: str = DEFAULT_VALIDATION,
    decryption: str = DEFAULT_DECRYPTION,
    mode: str = DEFAULT_MODE,
) -> MachineKey:
    """Make a new pair from *random_bytes*, such as `os.urandom`.

    64 bytes for validation, and for decryption the longest key that the algorithm takes. Raises
    `KeyMaterialError` for algorithms that *mode* does not know.
    """
    check_mode(mode)
    check_validation(validation, mode)
    check_decryption(decryption)
    digits = decryption_key_lengths(decryption, mode)[-1]
    return MachineKey(
        validation=validation,
        decryption=decryption,
        compatibility_mode=None if mode == OMIT else mode,
        validation_key=Secret.of(random_bytes(64).hex().upper()),
        decryption_key=Secret.of(random_bytes(digits // 2).hex().upper()),
    )


def _refuse_custom(name: str, attribute: str) -> None:
    if name.lower().startswith("alg:"):
        raise KeyMaterialError(
            "a custom algorithm (alg:) depends on what is installed on a node, so agreement cannot be proved",
            hint=f"declare one of the named {attribute} algorithms",
        )


def _refuse_name(name: str, known: tuple[str, ...], attribute: str) -> None:
    for spelled in _same_but_for_case(name, known):
        raise KeyMaterialError(f"{attribute} is case-sensitive", hint=f"write {spelled}")
    raise KeyMaterialError(f"unknown {attribute}", hint=f"use one of {', '.join(known)}")


def _same_but_for_case(name: str, known: tuple[str, ...]) -> Iterator[str]:
    return (spelled for spelled in known if spelled.lower() == name.strip().lower())
