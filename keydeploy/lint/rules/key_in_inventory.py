"""Key material in clear in inventories and other YAML or JSON files."""

import re
from collections.abc import Iterable, Iterator

from keydeploy.lint.key_text import is_hex, is_password_token
from keydeploy.lint.model import Finding, Rule, Severity
from keydeploy.lint.rules.private_key_file import holds_private_key, opens_without_password
from keydeploy.lint.sight import shown
from keydeploy.lint.variables import Value

RULE = Rule(
    id="key-in-inventory",
    severity=Severity.ERROR,
    title="key or password in clear in an inventory",
    reason=(
        "Whoever reads the file or the history of its repository has the key, for as long as it is in use; "
        "deleting it later does not take it back."
    ),
    source="Ansible, 'Protecting sensitive data with Ansible vault'",
    remedy=(
        "encrypt it with ansible-vault encrypt_string, or take it from a lookup; where it was committed, "
        "rotate it: keydeploy rotate --compromised"
    ),
)


_KEYS = ("validation_key", "decryption_key")
_NAME = re.compile(r"(?:.*_)?(validation_key|decryption_key|private_key|previous_key|pfx|password|passphrase)")
_PASSWORDS = ("password", "passphrase")
_PFX_NAME = re.compile(r"(?:.*_)?pfx(?:_(?!password|passphrase).*)?")
_PFX_FILE = re.compile(r".*\.(?:pfx|p12)(?:\.b64)?", re.IGNORECASE)
_SHORTEST_KEY = 16
_NO_PASSWORD = re.compile(r"true|false|yes|no|~", re.IGNORECASE)
_VAULT = "$ANSIBLE_VAULT"
_MAY_HOLD = re.compile(
    rb"validation_key|decryption_key|private_key|previous_key|pfx|password|passphrase|PRIVATE KEY|RSAKeyValue",
    re.IGNORECASE,
)
_OF_GROUPS = ("vars", "children")


def may_strike(content: bytes) -> bool:
    """Tell whether the file *content* is worth being read value by value, which takes long."""
    return not content.startswith(_VAULT.encode()) and _MAY_HOLD.search(content) is not None


def check(file: str, values: Iterable[Value], *, is_inventory: bool) -> Iterator[Finding]:
    """Yield each of *values* that is key material in clear.

    Passwords count in inventories alone, which the file's place tells, *is_inventory*, or its content; and elsewhere
    beside a PFX. Raises what reading *values* raises.
    """
    values = [*values]
    passwords_count = is_inventory or any(_is_of_inventory(value.path) for value in values)
    beside_pfx = {value.path[:-1] for value in values if _is_pfx(value)}
    for value in values:
        what = _clear(value, passwords_count=passwords_count or value.path[:-1] in beside_pfx)
        if what is not None:
            yield Finding(
                rule=RULE,
                file=file,
                line=value.line,
                column=value.column,
                text=what,
                subject="/".join(shown(name) or "?" for name in value.path),
            )


def _clear(value: Value, *, passwords_count: bool) -> str | None:
    """Answer what *value* is, where it is key material that anybody can read."""
    text = value.text
    if value.is_vaulted or text.startswith(_VAULT) or "{{" in text:
        return None
    if holds_private_key(text):
        return "a private key stands in clear"
    found = _NAME.fullmatch(value.path[-1].lower()) if value.path else None
    if found is None:
        return None
    is_secret = (
        (found[1] in _KEYS and is_hex(text) and len(text) >= _SHORTEST_KEY)
        or (found[1] == "pfx" and opens_without_password(text.encode()))
        or (found[1] in _PASSWORDS and passwords_count and not _is_no_password(text))
    )
    return f"{found[1]} stands in clear" if is_secret else None


def _is_pfx(value: Value) -> bool:
    """Tell whether *value* is a PFX, by its name or as the path of one."""
    name = value.path[-1].lower() if value.path else ""
    return bool(value.text) and (_PFX_NAME.fullmatch(name) or _PFX_FILE.fullmatch(value.text)) is not None


def _is_no_password(text: str) -> bool:
    return is_password_token(text) or _NO_PASSWORD.fullmatch(text) is not None


def _is_of_inventory(path: tuple[str, ...]) -> bool:
    """Tell whether a value at *path* is one of an inventory, or one that is declared for keydeploy."""
    in_yaml = path[:1] == ("keydeploy",) or "vars" in path[:2] or (len(path) > 2 and path[1] in ("hosts", "children"))
    in_ini = len(path) == 2 and (path[0].rpartition(":")[2] in _OF_GROUPS or path[1].startswith("ansible_"))
    return in_yaml or in_ini
