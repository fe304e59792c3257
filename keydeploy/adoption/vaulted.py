"""What goes into the vault: the secrets of what is proposed, as YAML in clear that nobody but `ansible-vault` reads."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from keydeploy.adoption.machine_keys import matches
from keydeploy.adoption.proposal import Proposal, ProposedKey
from keydeploy.errors import KeyMaterialError
from keydeploy.secret import Secret


def sealed_keys(keys: Mapping[str, Mapping[str, str]]) -> Secret:
    """Write the machine keys of a node, by their identities, as they go sealed."""
    return Secret.of(json.dumps({identity: {**key} for identity, key in keys.items()}))


def write(proposal: Proposal, opened: Mapping[str, Secret], containers: Mapping[str, Secret]) -> str | None:
    """Answer the text of the vault, None where there is nothing to keep.

    *opened* are the `sealed_keys` of each node, *containers* the keys that were brought, as PEM. Raises
    `KeyMaterialError` where a node sealed another key than it told of.
    """
    variables: dict[str, Any] = {key.variable: _secrets(key, opened[key.holder]) for key in proposal.keys}
    variables |= {each.variable: containers[each.name].reveal().decode() for each in proposal.containers}
    if not variables:
        return None
    return yaml.dump(variables, Dumper=_Dumper, sort_keys=False, width=100_000, allow_unicode=True)


def disclosed(proposal: Proposal, opened: Mapping[str, Secret], is_known: Callable[[Secret], bool]) -> tuple[str, ...]:
    """Answer the names of the machine keys of which *is_known* tells that they are publicly known."""
    return tuple(
        key.name
        for key in proposal.keys
        for secrets in (_secrets(key, opened[key.holder]),)
        if any(is_known(Secret.of(secrets[name])) for name in ("validation_key", "decryption_key"))
    )


class _Dumper(yaml.SafeDumper):
    """Writes a key of several lines as a block."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


def _expression(text: str) -> bool:
    return "{{" in text or "{%" in text or "{#" in text


class _Unsafe(str):
    """Text that Ansible shall not take for an expression."""

    __slots__ = ()


_Dumper.add_representer(str, _text)
_Dumper.add_representer(_Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str.__str__(text)))


def _secrets(key: ProposedKey, opened: Secret) -> dict[str, str]:
    secrets = json.loads(opened.reveal()).get(key.facts.identity)
    if secrets is None or not matches(key.facts, secrets):
        raise KeyMaterialError(
            f"{key.holder} sealed another key than it told of",
            hint="run keydeploy adopt again; its files may be changing",
        )
    return {name: _Unsafe(value) if _expression(value) else value for name, value in secrets.items()}
