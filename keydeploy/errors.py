"""The errors that keydeploy raises and the problems that it collects.

A message names a place and a rule. It never quotes a value: the value may be a key.
"""

from dataclasses import dataclass


class KeydeployError(Exception):
    """Something that keydeploy cannot do, told in one line, with the next step in *hint*."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def told(self) -> str:
        """Answer the message and the hint in one line."""
        return f"{self.message}; {self.hint}" if self.hint else self.message


class SpecError(KeydeployError):
    """A spec that may not be rolled out; *problems* holds all of its mistakes."""

    def __init__(self, problems: "tuple[Problem, ...]") -> None:
        super().__init__(f"the spec has {len(problems)} problem{'s' if len(problems) != 1 else ''}")
        self.problems = problems


class KeyMaterialError(KeydeployError):
    """Key material that is not what it claims to be."""


class PasswordMissing(KeyMaterialError):
    """Key material that is encrypted, and no password is given."""


class DisclosedKeysError(KeydeployError):
    """A list of publicly disclosed keys that is none, or that cannot be had."""


class DocumentError(KeydeployError):
    """A configuration file that cannot be edited safely and is therefore left untouched."""


class NodeError(KeydeployError):
    """A node that refused or could not carry out an operation.

    *code* is one of the contract's error codes (`schemas/node.schema.json`), *hresult* Windows' own number
    such as `0x80070020`, where there is one.
    """

    def __init__(self, code: str, message: str, *, hint: str | None = None, hresult: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.hresult = hresult


class Unreachable(KeydeployError):
    """A node that did not answer."""


class EngineError(KeydeployError):
    """Ansible could not run the playbook to its end."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake, where it was made."""

    place: str | None
    """`FILE:LINE:COLUMN`, or None where nobody knows it."""
    address: str
    """What the mistake is about, such as `machine_keys.portal.decryption_key`."""
    text: str
    """What is wrong; why; what to do."""
    policy: bool = False
    """It could be rolled out, but must not be used, such as a key that is publicly known."""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.place, self.address, self.text) if part)
