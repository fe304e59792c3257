"""What stands in the place of a key: a key, the wish for one, or a token that something will replace by one."""

import re
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from keydeploy.keys.machine_key import is_automatic
from keydeploy.secret import Secret

_MARKS = re.compile(
    r"[#$%@]\s?[{(\[]|[{}\[\]<>]|__|%\w+%|@\w+@|^\$\w+$|\*{3}|\.{3}|\u2026"  # {{ name }}, #{Name}, $(Name), __NAME__
)
"""What people and deployment tools write where a value is filled in later; no key has such characters."""

_OF_TOOLS = re.compile(
    r"#\{.*\}|\$\{.*\}|\$\(.*\)|\{.*\}|__.+__|%\w+%|@{1,2}[\w.]+@{1,2}|\$\w+", re.IGNORECASE | re.DOTALL
)
"""The same where any character may belong to the value, as in a password: then the whole of it must be a token."""

_OF_PEOPLE = re.compile(
    r"<.*>|\[.*\]|\(.*\)|\*+|\.+|\u2026|[xX]+|-+|insert[-_ ].*|enter[-_ ].*|replace[-_ ].*|your.*|none|null"
    r"|redacted|removed|(?:.*[^a-z])?(?:password|passwort|secret)[-_ ]?(?:here|goes here)",
    re.IGNORECASE | re.DOTALL,
)
_PLACEHOLDERS = frozenset(
    ("changeit", "changeme", "dummy", "example", "fixme", "placeholder", "sample", "tbd", "todo", "xxx", "xxxx", "your")
)
_LETTERS = re.compile(r"[A-Za-z]+")

_WORDS = re.compile(
    r"(?<![a-z])(?:your|my|the|here|insert|replace|generate|todo|change|changeme|placeholder|example|dummy|enter|paste"
    r"|goes|fill|token|secret|value|none|null|tbd|key|validation|decryption|machine|machinekey|validationkey"
    r"|decryptionkey|setme|removed|redacted|hidden|omitted|xxx+)(?![a-z])",
    re.IGNORECASE,
)
_HEX = re.compile(r"[0-9A-Fa-f]+")
_MODIFIERS = re.compile(r"\s*Isolate(Apps|ByAppId)\s*", re.IGNORECASE)
_AUTOMATIC = "AutoGenerate"
_IN_ORDER = ("IsolateApps", "IsolateByAppId")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Kind(Enum):
    """What the text is."""

    AUTOMATIC = "automatic"
    EXPLICIT = "explicit"
    """Meant as a key, whether or not it is one."""
    FILLED_IN = "filled in later"
    """Something that a tool or a person will replace by a key."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class KeyText:
    """The value of validationKey or decryptionKey, taken apart."""

    kind: Kind
    digits: str
    """The key itself, without modifiers and white space; it may be no hexadecimal text."""
    isolate_apps: bool
    isolate_by_app_id: bool
    modifiers: tuple[str, ...]
    """What stands behind commas, as written."""

    @property
    def is_spelled_right(self) -> bool:
        """Tell whether AutoGenerate and the modifiers are written, and in the order, that every mode knows.

        Upper and lower case count, and so does white space. Source: System.Web `MachineKeySection`, which cuts off
        `,IsolateByAppId` and then `,IsolateApps`, and compares the rest with `AutoGenerate`.
        """
        if self.kind is Kind.AUTOMATIC and self.digits != _AUTOMATIC:
            return False
        return self.modifiers in ((), *((each,) for each in _IN_ORDER), _IN_ORDER)

    @property
    def content(self) -> Secret | None:
        """Answer the bytes of an explicit key; None where it is not an even number of hex digits."""
        if self.kind is not Kind.EXPLICIT or not _HEX.fullmatch(self.digits) or len(self.digits) % 2:
            return None
        return Secret(bytes.fromhex(self.digits))

    @property
    def lost_bits(self) -> int:
        """Answer how many bits of the key the modes before Framework45 overwrite by what can be computed."""
        return 32 * self.isolate_apps + 32 * self.isolate_by_app_id


def read(text: str) -> KeyText:
    """Take apart *text*."""
    first, *rest = (part.strip() for part in text.strip().split(","))
    modifiers = [found[1].lower() if (found := _MODIFIERS.fullmatch(part)) else None for part in rest if part]
    known = None not in modifiers
    digits = first if known else text.strip()
    kind = Kind.AUTOMATIC if is_automatic(text) else Kind.FILLED_IN if is_token(digits) else Kind.EXPLICIT
    return KeyText(
        kind=kind,
        digits=digits,
        isolate_apps="apps" in modifiers,
        isolate_by_app_id="byappid" in modifiers,
        modifiers=tuple(text.strip().split(",")[1:]) if known else (),
    )


def is_token(text: str) -> bool:
    """Tell whether *text* stands for a value that is filled in later: `#{Key}`, `__KEY__`, `YOUR-KEY-HERE`."""
    text = text.strip()
    if not text or _HEX.fullmatch(text):
        return False
    words = _CAMEL.sub(" ", text)
    return bool(_MARKS.search(text) or _WORDS.search(words)) or len(set(text.lower())) == 1


def is_tool_token(text: str) -> bool:
    """Tell whether *text*, in the place of a password, is nothing, or what a tool of deployment replaces by one."""
    return not text.strip() or _OF_TOOLS.fullmatch(text.strip()) is not None or "{{" in text


def is_password_token(text: str) -> bool:
    """Tell whether *text*, in the place of a password, stands for one that a tool or a person fills in later.

    Passwords are made of anything: one that is taken for a placeholder is better than a placeholder that is told.
    """
    if is_tool_token(text) or _OF_PEOPLE.fullmatch(text.strip()) is not None or "***" in text or "\u2026" in text:
        return True
    words = [word.lower() for word in _LETTERS.findall(_CAMEL.sub(" ", text))]
    pairs = {first + second for first, second in pairwise(words)}
    return bool(_PLACEHOLDERS & {*words, *pairs}) or any(set(word) == {"x"} and len(word) > 2 for word in words)


def is_hex(text: str) -> bool:
    """Tell whether *text* holds hexadecimal digits only."""
    return _HEX.fullmatch(text) is not None
