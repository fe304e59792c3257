"""What goes into the vault: the secrets of what is proposed, as YAML in clear that nobody but `ansible-vault` reads."""

import json
from collections.abc import Callable, Mapping

from keydeploy.adoption.machine_keys import matches
from keydeploy.adoption.proposal import Proposal, ProposedKey
from keydeploy.errors import KeyMaterialError
from keydeploy.keys.variables import Value, as_yaml
from keydeploy.secret import Secret


def sealed_keys(keys: Mapping[str, Mapping[str, Secret]]) -> Secret:
    """Write the machine keys of a node, by their identities, as they go sealed."""
    clear = {identity: {name: value.reveal().decode() for name, value in key.items()} for identity, key in keys.items()}
    return Secret.of(json.dumps(clear))


def write(proposal: Proposal, opened: Mapping[str, Secret], containers: Mapping[str, Secret]) -> Secret | None:
    """Answer the text of the vault, None where there is nothing to keep.

    *opened* are the `sealed_keys` of each node, *containers* the keys that were brought, as PEM. Raises
    `KeyMaterialError` where a node sealed another key than it told of.
    """
    variables: dict[str, Value | Mapping[str, Value]] = {
        key.variable: _secrets(key, opened[key.holder]) for key in proposal.keys
    }
    variables |= {each.variable: containers[each.name] for each in proposal.containers}
    return as_yaml(variables) if variables else None


def disclosed(proposal: Proposal, opened: Mapping[str, Secret], is_known: Callable[[Secret], bool]) -> tuple[str, ...]:
    """Answer the names of the machine keys of which *is_known* tells that they are publicly known."""
    return tuple(
        key.name
        for key in proposal.keys
        for secrets in (_secrets(key, opened[key.holder]),)
        if any(is_known(secrets[name]) for name in ("validation_key", "decryption_key"))
    )


def _secrets(key: ProposedKey, opened: Secret) -> dict[str, Secret]:
    found = json.loads(opened.reveal()).get(key.facts.identity) or {}
    secrets = {name: Secret.of(text) for name, text in found.items()}
    if not secrets or not matches(key.facts, secrets):
        raise KeyMaterialError(
            f"{key.holder} sealed another key than it told of",
            hint="run keydeploy adopt again; its files may be changing",
        )
    return secrets
