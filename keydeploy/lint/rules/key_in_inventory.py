"""Key material in clear in inventories and other YAML or JSON files."""

import re
from collections.abc import Iterable, Iterator

from keydeploy.lint.key_text import is_hex, is_password_token, read
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


_KEYS = {"validationkey": "validation_key", "decryptionkey": "decryption_key"}
_NAME = re.compile(r".*?(validationkey|decryptionkey|pfx|password|passphrase)")
_PASSWORDS = ("password", "passphrase")
_PAIR = re.compile(r"(?:.*machinekey)?(validation|decryption)")
"""How some call the two keys, as they call their algorithms."""

_PFX_NAME = re.compile(r".*pfx(?!password|passphrase).*")
_PFX_FILE = re.compile(r".*\.(?:pfx|p12)(?:\.b64)?", re.IGNORECASE)
_NO_PART_OF_A_NAME = re.compile(r"[^a-z0-9]")
_SHORTEST_KEY, _SHORTEST_OF_PAIR = 16, 40
_LIKE_A_KEY = range(96, 257, 2)
"""As many hex digits as keys have, and hardly anything else that is no hash."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_OF_NO_SECRET = re.compile(
    r"checksum|digest|hash|fingerprint|thumbprint|public|pubkey|signature|certificate|modulus|csum|md5"
)
"""In names of what is as long as a key and no secret."""

_NO_PASSWORD = re.compile(r"true|false|yes|no|~", re.IGNORECASE)
_VAULT = "$ANSIBLE_VAULT"
_MAY_HOLD = re.compile(
    rb"(?:validation|decryption|private|previous)[_-]?key|pfx|password|passphrase|PRIVATE KEY|RSAKeyValue"
    rb"|(?:validation|decryption)\W{1,80}[0-9a-f]{40}",
    re.IGNORECASE,
)
_MAY_HOLD_LONG = re.compile(rb"[0-9A-Fa-f]{96}")
_OF_GROUPS = ("vars", "children")


def is_encrypted(content: bytes) -> bool:
    """Tell whether the file *content* is encrypted by ansible-vault as a whole."""
    return content.startswith(_VAULT.encode())


def may_strike(content: bytes, *, is_inventory: bool) -> bool:
    """Tell whether the file *content* is worth being read value by value, which takes long; *is_inventory* by place."""
    if is_encrypted(content):
        return False
    return bool(_MAY_HOLD.search(content) or (is_inventory and _MAY_HOLD_LONG.search(content)))


def check(file: str, values: Iterable[Value], *, is_inventory: bool) -> Iterator[Finding]:
    """Yield each of *values* that is key material in clear.

    Passwords count in inventories alone, which the file's place tells, *is_inventory*, or its content; and elsewhere
    beside a PFX. By its length alone a value counts where the place tells. Raises what reading *values* raises.
    """
    values = [*values]
    passwords_count = is_inventory or any(_is_of_inventory(value.path) for value in values)
    beside_pfx = {value.path[:-1] for value in values if _is_pfx(value)}
    for value in values:
        what = _clear(value, passwords_count=passwords_count or value.path[:-1] in beside_pfx)
        if what is None and is_inventory and _is_like_a_key(value):
            what = f"{len(value.text)} hex digits, as many as a key may have, stand in clear"
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
    name, digits = _name(value), _digits(text)
    pair = _PAIR.fullmatch(name)
    if pair is not None and digits >= _SHORTEST_OF_PAIR:
        return f"{pair[1]}_key stands in clear"
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    is_secret = (
        (found[1] in _KEYS and digits >= _SHORTEST_KEY)
        or (found[1] == "pfx" and opens_without_password(text.encode()))
        or (found[1] in _PASSWORDS and passwords_count and not _is_no_password(text))
    )
    return f"{_KEYS.get(found[1], found[1])} stands in clear" if is_secret else None


def _name(value: Value) -> str:
    """Answer the name of *value* as it is in whatever spelling, `validation_key` or `MachineKey:ValidationKey`."""
    return _NO_PART_OF_A_NAME.sub("", value.path[-1].lower()) if value.path else ""


def _digits(text: str) -> int:
    """Answer how many hex digits the key *text* has, which modifiers may follow; 0 where it is no key."""
    digits = read(text).digits
    return len(digits) if is_hex(digits) else 0


def _is_like_a_key(value: Value) -> bool:
    """Tell whether *value* has as many hex digits as a key, and no name on the way to it says that it is no secret."""
    if value.is_vaulted or not is_hex(value.text) or len(value.text) not in _LIKE_A_KEY:
        return False
    return not any(_names_no_secret(name) for name in value.path)


def _names_no_secret(name: str) -> bool:
    """Tell whether a value called *name* is no secret: a hash, such as `archive_sha512`, or something public."""
    is_hash = any(word.lower().endswith("sha") for word in _WORD.findall(name))
    return is_hash or _OF_NO_SECRET.search(_NO_PART_OF_A_NAME.sub("", name.lower())) is not None


def _is_pfx(value: Value) -> bool:
    """Tell whether *value* is a PFX, by its name or as the path of one."""
    is_named = _PFX_NAME.fullmatch(_name(value)) is not None
    return bool(value.text) and (is_named or _PFX_FILE.fullmatch(value.text) is not None)


def _is_no_password(text: str) -> bool:
    return is_password_token(text) or _NO_PASSWORD.fullmatch(text) is not None


def _is_of_inventory(path: tuple[str, ...]) -> bool:
    """Tell whether a value at *path* is one of an inventory, or one that is declared for keydeploy."""
    in_yaml = path[:1] == ("keydeploy",) or "vars" in path[:2] or (len(path) > 2 and path[1] in ("hosts", "children"))
    in_ini = len(path) == 2 and (path[0].rpartition(":")[2] in _OF_GROUPS or path[1].startswith("ansible_"))
    return in_yaml or in_ini
