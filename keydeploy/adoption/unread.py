"""What the nodes hold whose keys Windows does not give away: key containers and certificates; pure."""

from collections.abc import Iterable, Iterator, Mapping

from keydeploy.adoption.majority import Notes, by_line, majority
from keydeploy.adoption.model import CertificateFacts, ContainerFacts, NodeFacts, short
from keydeploy.adoption.proposal import ProposedContainer, Unread

_Nodes = Mapping[str, NodeFacts]


def brought(facts: _Nodes, variables: Mapping[str, str], notes: Notes) -> Iterator[ProposedContainer]:
    """Yield the containers whose keys were brought and are so on every node; *variables* are those of the vault."""
    of_nodes = _containers(facts)
    for name, variable in variables.items():
        states = {node: each.get(name) for node, each in of_nodes.items()}
        if not any(state is not None and state.is_exact for state in states.values()):
            continue
        values = {node: _identity(state) for node, state in states.items()}
        found = majority(values)
        labels = {value: _label(states[node]) for node, value in values.items()}
        why = None if found.is_unanimous else "a key container is declared where all nodes agree"
        notes.note(f"key_containers.{name}", found, labels.__getitem__, why)
        first = states[found.nodes[0]]
        if found.is_unanimous and first is not None and first.fingerprint is not None:
            yield ProposedContainer(
                name=name,
                variable=variable,
                readers=first.readers,
                exportable=first.exportable,
                fingerprint=first.fingerprint,
            )


def containers(facts: _Nodes, but_for: Iterable[str]) -> Iterator[Unread]:
    """Yield the key containers *but_for* those that are declared."""
    of_nodes, declared = _containers(facts), {*but_for}
    for name in dict.fromkeys(name for each in of_nodes.values() for name in each if name not in declared):
        present = {node: each[name] for node, each in of_nodes.items() if name in each}
        lines = by_line({node: (_label(each),) for node, each in present.items()}, facts)
        first = next(iter(present.values()))
        yield Unread(name=name, facts=tuple(lines), readers=first.readers, exportable=first.exportable)


def certificates(facts: _Nodes) -> Iterator[Unread]:
    """Yield the certificates with a private key."""
    of_nodes = {node: {each.thumbprint: each for each in node_facts.certificates} for node, node_facts in facts.items()}
    for thumbprint in dict.fromkeys(thumbprint for each in of_nodes.values() for thumbprint in each):
        present = {node: each[thumbprint] for node, each in of_nodes.items() if thumbprint in each}
        lines = by_line({node: _certificate_lines(each) for node, each in present.items()}, facts)
        yield Unread(name=thumbprint, facts=tuple(lines))


def _containers(facts: _Nodes) -> dict[str, dict[str, ContainerFacts]]:
    return {node: {each.name: each for each in node_facts.containers} for node, node_facts in facts.items()}


def _identity(facts: ContainerFacts | None) -> tuple[str | None, tuple[str, ...], bool, bool] | None:
    return None if facts is None else (facts.fingerprint, facts.readers, facts.exportable, facts.is_exact)


def _label(facts: ContainerFacts | None) -> str:
    if facts is None or facts.fingerprint is None:
        return (facts.why if facts is not None else None) or "absent"
    readers = f"readers {', '.join(facts.readers)}" if facts.readers else "no readers beside administrators"
    parts = [f"public key {short(facts.fingerprint)}", readers]
    parts += ["exportable"] if facts.exportable else []
    parts += [facts.why] if facts.why else []
    return ", ".join(parts)


def _certificate_lines(facts: CertificateFacts) -> Iterator[str]:
    yield f"{facts.subject}, until {facts.not_after}, key in container {facts.container}"
    yield from (f"used by {use}" for use in facts.uses)
