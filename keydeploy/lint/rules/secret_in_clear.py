"""Passwords in connection strings, settings, and the sections of ASP.NET that hold some."""

import re
from collections.abc import Iterator

from keydeploy.lint.key_text import is_password_token, is_tool_token
from keydeploy.lint.model import Application, Finding, Rule, Severity
from keydeploy.lint.setting_names import may_be_secret, names_a_secret
from keydeploy.lint.sight import Part, shown, with_moved, written
from keydeploy.webconfig.document import Element

RULE = Rule(
    id="secret-in-clear",
    severity=Severity.NOTE,
    title="password in clear in a section that could be encrypted",
    reason=(
        "Who reads the file, a backup or the repository has the password; connectionStrings and appSettings "
        "can be encrypted for the node's key container, and so can most other sections."
    ),
    source="Microsoft, 'Overview of Protected Configuration'",
    remedy=(
        "encrypt the section: declare it in protected_sections, or run aspnet_regiis -pe; or use an account "
        "without a password (Integrated Security), and for a NuGet feed a variable of the environment"
    ),
)


_CONNECTION_STRINGS, _APP_SETTINGS = "connectionStrings", "appSettings"
_PASSWORD = re.compile(
    r"""(?:^|[;"'])\s*(?:password|pwd|accountkey|sharedaccesskey|sharedsecret)\s*=\s*("[^"]*"|'[^']*'|[^;"']*)""",
    re.IGNORECASE,
)
_SESSION_STRINGS = ("sqlConnectionString", "stateConnectionString")
_IN_REGISTRY = "registry:"
_NUGET, _NUGET_PASSWORD = "packageSourceCredentials", "ClearTextPassword"


def check(application: Application) -> Iterator[Finding]:
    """Yield each password and each setting whose name says that it is a secret."""
    for part in _clear(application, _CONNECTION_STRINGS):
        yield from _connections(part)
    for part in with_moved(written(application, _APP_SETTINGS)):
        if not part.is_encrypted:
            yield from _settings(part)
    yield from _accounts(application)
    yield from _users(application)
    yield from _session_state(application)
    yield from _feeds(application)


def _clear(application: Application, section: str) -> Iterator[Part]:
    return (part for part in written(application, section) if not part.is_encrypted)


def _connections(part: Part) -> Iterator[Finding]:
    for entry in part.below("add"):
        if _has_password(entry.get("connectionString") or ""):
            name = shown(entry.get("name"))
            text = f"{f'the connection string {name}' if name else 'a connection string'} has a password in clear"
            yield part.finding(RULE, text, element=entry, attribute="connectionString", subject=_entry(name))


def _settings(part: Part) -> Iterator[Finding]:
    for entry in part.below("add"):
        key, value = entry.get("key") or "", entry.get("value") or ""
        has_password = _has_password(value)
        if has_password or (names_a_secret(key) and may_be_secret(value)):
            name = shown(key)
            setting = f"the setting {name}" if name else "a setting"
            text = f"{setting} has a password in clear" if has_password else f"{setting}, by its name, holds a secret"
            yield part.finding(RULE, text, element=entry, attribute="value", subject=_entry(name))


def _accounts(application: Application) -> Iterator[Finding]:
    """Yield the passwords of the accounts that ASP.NET and its mail log on with."""
    for section, below in (
        ("system.web/identity", ()),
        ("system.net/mailSettings/smtp", ("network",)),
    ):
        for part in _clear(application, section):
            for element in part.below(*below):
                if element.get("userName") and _is_clear(element):
                    path = "".join(f"/{name}" for name in below)
                    text = f"{section.rpartition('/')[2]}{path} has a password in clear"
                    yield part.finding(RULE, text, element=element, attribute="password", subject=path)


def _users(application: Application) -> Iterator[Finding]:
    """Yield the passwords of forms authentication; a placeholder that nobody replaced is one with which to log on."""
    for part in _clear(application, "system.web/authentication"):
        for credentials in part.below("forms", "credentials"):
            if (credentials.get("passwordFormat") or "").strip().lower() != "clear":
                continue
            for user in credentials.named("user"):
                password = user.get("password") or ""
                if password and not is_tool_token(password):
                    text = "a user of forms authentication has a password in clear"
                    subject = "/forms/credentials/user"
                    yield part.finding(RULE, text, element=user, attribute="password", subject=subject)


def _session_state(application: Application) -> Iterator[Finding]:
    for part in _clear(application, "system.web/sessionState"):
        for attribute in _SESSION_STRINGS:
            if _has_password(part.get(attribute) or ""):
                yield part.finding(RULE, f"{attribute} has a password in clear", attribute=attribute)


def _feeds(application: Application) -> Iterator[Finding]:
    """Yield the passwords of feeds in a NuGet.Config; what it calls `Password` is encrypted."""
    for part in _clear(application, _NUGET):
        for feed in part.element.children if part.element else ():
            for entry in feed.named("add"):
                is_password = entry.get("key") == _NUGET_PASSWORD
                if is_password and not is_password_token(entry.get("value") or ""):
                    text = "the password of a NuGet feed stands in clear"
                    yield part.finding(RULE, text, element=entry, attribute="value", subject="/add")


def _has_password(text: str) -> bool:
    found = (match[1].strip("\"' ") for match in _PASSWORD.finditer(text))
    return any(value and not is_password_token(value) for value in found)


def _is_clear(element: Element) -> bool:
    password = (element.get("password") or "").strip()
    return not password.lower().startswith(_IN_REGISTRY) and not is_password_token(password)


def _entry(name: str | None) -> str:
    return f"/add[{name}]" if name else "/add"
