"""Which settings are secrets, as far as their names and values tell; in doubt none is.

A name is taken apart into words; what it ends in counts: `SmtpPassword` is a password, `PasswordResetUrl` is none.
"""

import re
from typing import Final

from keydeploy.lint.key_text import is_password_token

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SECRETS: Final = frozenset(
    (
        "accesskey",
        "accountkey",
        "apikey",
        "passphrase",
        "passwd",
        "password",
        "privatekey",
        "pwd",
        "secret",
        "secretkey",
    )
)
_KEYS: Final = frozenset(
    (
        *("access", "account", "aes", "api", "crypto", "decryption", "encryption", "hmac", "jwt", "machine", "master"),
        *("private", "secret", "security", "shared", "signing", "storage", "validation"),
    )
)
"""What stands before `key` where that is secret: `Jwt:Key`, but not `PrimaryKey`."""

_LOGINS: Final = frozenset(
    (
        *("account", "admin", "api", "auth", "database", "db", "email", "ftp", "imap", "ldap", "login", "mail", "mq"),
        *("pop", "proxy", "redis", "service", "sftp", "smtp", "sql", "user"),
    )
)
"""What stands before `pass` where that is a password: `MailPass`, but not `SeasonPass`."""

_OPEN: Final = frozenset(
    (
        *("analytics", "browser", "captcha", "hcaptcha", "instrumentation", "javascript", "js", "map", "maps"),
        *("public", "publishable", "recaptcha", "site", "turnstile"),
    )
)
"""Of keys that every browser is sent: `GoogleMapsApiKey`."""

_VALUE = re.compile(r"\S{6,}")
_NO_SECRET = re.compile(r"true|false|\w+://.*|~?/.*|[A-Za-z]:\\.*|\\\\.*|pk_(?:test|live)_.*", re.IGNORECASE)


def names_a_secret(name: str) -> bool:
    """Tell whether a setting called *name* is a password or a key that must not be known."""
    words = [word.lower() for word in _WORD.findall(name)]
    last, before = (words or [""])[-1], (words[-2:-1] or [""])[0]
    if last == "pass":
        return before in _LOGINS
    if last == "key":
        is_certain = before in ("private", "secret")
        return before in _KEYS and (is_certain or not _OPEN.intersection(words))
    return last in _SECRETS and (last != "apikey" or not _OPEN.intersection(words))


def may_be_secret(value: str) -> bool:
    """Tell whether *value* looks like a password or a key: no address, no path, nothing that is filled in later."""
    value = value.strip()
    return bool(_VALUE.fullmatch(value)) and not _NO_SECRET.fullmatch(value) and not is_password_token(value)
