"""The rules, one module each, and the tables of them: what has no row here does not run."""

from collections.abc import Iterator
from typing import Protocol

from keydeploy.keys.disclosed import DisclosedKeys
from keydeploy.lint import farm
from keydeploy.lint.model import Application, Finding, Rule
from keydeploy.lint.rules import (
    automatic_key,
    automatic_key_by_default,
    certificate_by_name,
    compatibility_mode_differs,
    compatibility_mode_inferred,
    compatibility_mode_legacy,
    custom_algorithm,
    disclosed_key,
    duplicate_section,
    hidden_key,
    impersonation,
    invalid_key,
    invalid_setting,
    invisible_character,
    isolate_modifier,
    key_below_application,
    key_in_clear,
    key_in_inventory,
    key_length,
    legacy_algorithm,
    legacy_encryption,
    missing_certificate,
    mixed_keys,
    private_key_file,
    same_key_twice,
    sample_key,
    secret_in_clear,
    section_by_node_key,
    session_cookies,
    stale_certificate,
    suppressions,
    ticket_not_encrypted,
    ticket_without_mac,
    unknown_attribute,
    user_profile,
    view_state_mac_off,
    weak_algorithm,
)


class ApplicationRule(Protocol):
    """What a module with a rule about one application has."""

    RULE: Rule

    def check(self, application: Application) -> Iterator[Finding]:
        """Yield where the rule strikes."""


_OF_CONTENT: tuple[ApplicationRule, ...] = (sample_key, key_in_clear, secret_in_clear, view_state_mac_off)
"""Those about what is written, whatever becomes of it: also in a transform or in a part of a file."""

_ON_A_FARM: tuple[ApplicationRule, ...] = (
    automatic_key,
    automatic_key_by_default,
    section_by_node_key,
    session_cookies,
)
_ON_A_NODE: tuple[ApplicationRule, ...] = (missing_certificate, user_profile)
_ANYWHERE: tuple[ApplicationRule, ...] = (
    certificate_by_name,
    compatibility_mode_differs,
    compatibility_mode_inferred,
    compatibility_mode_legacy,
    custom_algorithm,
    duplicate_section,
    hidden_key,
    impersonation,
    invalid_key,
    invalid_setting,
    invisible_character,
    isolate_modifier,
    key_below_application,
    key_length,
    legacy_algorithm,
    legacy_encryption,
    mixed_keys,
    same_key_twice,
    stale_certificate,
    ticket_not_encrypted,
    ticket_without_mac,
    unknown_attribute,
    weak_algorithm,
)
_OF_APPLICATIONS = (*_OF_CONTENT, *_ON_A_FARM, *_ON_A_NODE, *_ANYWHERE)

RULES: tuple[Rule, ...] = (
    disclosed_key.RULE,
    *(module.RULE for module in _OF_APPLICATIONS),
    key_in_inventory.RULE,
    private_key_file.RULE,
    *suppressions.RULES,
    *farm.RULES,
)
"""All of them."""


def check(application: Application, disclosed: DisclosedKeys | None) -> Iterator[Finding]:
    """Yield what the rules about one application find; without a list nothing is said about disclosed keys.

    Raises nothing for what files hold. What is found in a file above the application's own has no application, and is
    yielded for each application below it.
    """
    yield from _disclosed(application, disclosed)
    for module in _OF_APPLICATIONS:
        yield from module.check(application)


def check_content(application: Application, disclosed: DisclosedKeys | None) -> Iterator[Finding]:
    """Yield what is to be said of a file that is no configuration by itself, such as a transform."""
    yield from _disclosed(application, disclosed)
    for module in _OF_CONTENT:
        yield from module.check(application)
    yield from automatic_key.check_content(application)


def check_keys(application: Application, disclosed: DisclosedKeys | None) -> Iterator[Finding]:
    """Yield what is to be said of keys wherever ASP.NET's way of sharing them is used by something else."""
    yield from _disclosed(application, disclosed)
    yield from sample_key.check(application)


def judged_offline(disclosed: DisclosedKeys | None, *, on_farm: bool) -> frozenset[str]:
    """Answer the ids of the rules that may strike where files alone are looked at."""
    modules = (*_OF_CONTENT, *_ANYWHERE, *(_ON_A_FARM if on_farm else ()))
    found = {key_in_inventory.RULE.id, private_key_file.RULE.id, *(module.RULE.id for module in modules)}
    return frozenset(found | ({disclosed_key.RULE.id} if disclosed is not None else set()))


def _disclosed(application: Application, disclosed: DisclosedKeys | None) -> Iterator[Finding]:
    if disclosed is not None:
        yield from disclosed_key.check(application, disclosed)
