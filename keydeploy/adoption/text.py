"""Writes a proposal as a file of variables for Ansible, with what a person should know as comments.

It holds no secret: keys are references to variables of the vault. What somebody else wrote, such as the name of a
site, can neither end a comment nor be taken for an expression.
"""

from collections.abc import Iterable, Iterator

import yaml

from keydeploy.adoption.model import short
from keydeploy.adoption.naming import identifier
from keydeploy.adoption.proposal import (
    Disagreement,
    Proposal,
    ProposedApplication,
    ProposedContainer,
    ProposedKey,
    Unread,
)
from keydeploy.yaml_text import is_expression

_NOT_READ = (
    "Windows gives no private key away: bring the key, put it into the vault, and take the number signs away;",
    "keydeploy plan then shows what would change. docs/adopt.md says how.",
)
_WIDE = 100_000
"""Nothing is broken into lines."""


def write(proposal: Proposal, farm: str, day: str) -> str:
    """Answer the text of the file for *farm*, written on *day* (RFC 3339).

    What is only offered stands in its place as a comment: without the number signs it is declared.
    """
    lines = [*_head(proposal, day), "", "keydeploy:", *_indented(_spec(proposal, farm))]
    return "\n".join(lines) + "\n"


def scalar(text: str) -> str:
    """Answer *text* as YAML that Ansible takes as it is."""
    expression = is_expression(text)
    style = '"' if expression or not text.isprintable() else None
    written = yaml.safe_dump(text, width=_WIDE, allow_unicode=text.isprintable(), default_style=style)
    plain = written.removesuffix("\n").removesuffix("...").rstrip("\n")
    return f"!unsafe {plain}" if expression else plain


def _head(proposal: Proposal, day: str) -> Iterator[str]:
    yield f"# Written by keydeploy adopt on {day} from {', '.join(proposal.nodes)}."
    yield "# The keys are in vault.yml beside this file, encrypted. What stands behind a number sign is for people."
    if proposal.disagreements:
        yield "#"
        yield "# Nodes differ. What most of them have is proposed; keydeploy plan shows what the others would change."
        for each in proposal.disagreements:
            yield from map(_comment, disagreement(each))
    for told in proposal.told:
        yield "#"
        yield _comment(told)


def disagreement(found: Disagreement) -> Iterator[str]:
    """Yield in words in what nodes differ, in lines."""
    yield f"{found.about}:"
    for number, camp in enumerate(found.camps):
        word = (" (proposed; as many have another)" if found.is_tied else " (proposed)") if number == 0 else ""
        yield f"  {', '.join(camp.nodes)}{word}: {camp.label}"
    if found.why_not is not None:
        yield f"  not declared: {found.why_not}"


def _spec(proposal: Proposal, farm: str) -> Iterator[str]:
    yield f"farm: {scalar(farm)}"
    yield from _block("machine_keys", [line for key in proposal.keys for line in _key(key)])
    yield from _block(
        "key_containers",
        [line for each in proposal.containers for line in _container(each)],
        [line for each in proposal.unread_containers for line in _unread_container(each)],
        _NOT_READ if proposal.unread_containers else (),
    )
    yield from _block(
        "certificates",
        [],
        [line for each in proposal.unread_certificates for line in _unread_certificate(each)],
        _NOT_READ if proposal.unread_certificates else (),
    )
    yield from _block(
        "applications",
        [line for each in proposal.applications if each.declares for line in _application(each)],
        [line for each in proposal.applications if not each.declares for line in _application(each)],
    )
    if proposal.machine is not None and proposal.machine_key is not None:
        lines = [
            f"level: {proposal.machine.level}",
            f"runtimes: [{', '.join(proposal.machine.runtimes)}]",
            f"machine_key: {scalar(proposal.machine_key)}",
        ]
        yield from _block("machine", lines)
    if proposal.timeouts:
        lines = [f"{name}: {value}ms" for name, value in proposal.timeouts.items()]
        yield from _block("smart_cards", ["transaction_timeout:", *_indented(lines)])


def _block(name: str, lines: list[str], offered: Iterable[str] = (), remarks: Iterable[str] = ()) -> Iterator[str]:
    """Yield what is declared under *name*, and what is *offered* behind it."""
    comments = [_comment(line) for line in offered]
    if lines or comments:
        yield ""
        yield from map(_comment, remarks)
        yield f"{name}:" if lines else f"# {name}:"
        yield from _indented([*lines, *comments])


def _key(key: ProposedKey) -> Iterator[str]:
    yield f"{scalar(key.name)}:  # {short(key.facts.fingerprint)}"
    lines = [
        f"validation: {key.facts.validation}",
        f"decryption: {scalar(key.facts.decryption)}",
        f"compatibility_mode: {key.facts.mode}",
        *_references(key.variable, "validation_key", "decryption_key"),
    ]
    lines += _references(key.variable, *key.facts.others)
    yield from _indented(lines)


def _references(variable: str, *names: str) -> list[str]:
    return [f'{name}: "{{{{ {variable}.{name} }}}}"' for name in names]


def _container(container: ProposedContainer) -> Iterator[str]:
    yield f"{scalar(container.name)}:  # public key {short(container.fingerprint)}"
    lines = [f'private_key: "{{{{ {container.variable} }}}}"']
    lines += [f"readers: [{', '.join(map(_quoted, container.readers))}]"] if container.readers else []
    lines += ["exportable: true"] if container.exportable else []
    yield from _indented(lines)


def _application(application: ProposedApplication) -> Iterator[str]:
    yield f"{scalar(application.name)}:"
    lines = [f"site: {scalar(application.site)}", f"path: {scalar(application.path)}"]
    # An application of which nothing is declared is a comment as a whole.
    key = application.machine_key or (None if application.declares else application.offered_key)
    if key is not None:
        lines.append(f"machine_key: {scalar(key)}")
    if application.uses_handler and application.machine_key is not None:
        lines.append(f"session_tokens: {{machine_key: {scalar(application.machine_key)}}}")
    if application.container is not None:
        container, sections = _quoted(application.container), ", ".join(map(_quoted, application.sections))
        lines.append(f"protected_sections: {{container: {container}, sections: [{sections}]}}")
    if application.app_pool:
        settings = (f"{name}: {'true' if value else 'false'}" for name, value in application.app_pool.items())
        lines.append(f"app_pool: {{{', '.join(settings)}}}")
    offered = application.offered_key
    notes = [f"machine_key: {scalar(offered)}"] if offered is not None and offered != key else []
    yield from _indented([*lines, *map(_comment, (*notes, *application.comments))])


def _unread_container(container: Unread) -> Iterator[str]:
    yield f"{scalar(container.name)}:"
    yield from _indented(f"# {fact}" for fact in container.facts)
    yield f'  private_key: "{{{{ vault_{identifier(container.name)}_key }}}}"'
    if container.readers:
        yield f"  readers: [{', '.join(map(_quoted, container.readers))}]"
    if container.exportable:
        yield "  exportable: true  # so aspnet_regiis -px NAME FILE -pri brings the key out"


def _unread_certificate(certificate: Unread) -> Iterator[str]:
    name = f"certificate_{certificate.name[:8].lower()}"
    yield f"{name}:"
    yield f"  # thumbprint {certificate.name}"
    yield from _indented(f"# {fact}" for fact in certificate.facts)
    yield f'  pfx: "{{{{ vault_{name}.pfx }}}}"'
    yield f'  password: "{{{{ vault_{name}.password }}}}"'


def _comment(line: str) -> str:
    return f"# {''.join(character if character.isprintable() else '?' for character in line)}"


def _quoted(text: str) -> str:
    """Answer *text* as YAML inside of brackets or a comment."""
    if is_expression(text):
        return scalar(text)
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" if line else "" for line in lines]
