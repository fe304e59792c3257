"""Looks at one node: what the rules find there, and what it is compared by with the others of its farm."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import starmap

from keydeploy.keys.disclosed import DisclosedKeys
from keydeploy.lint import comparing, farm, nodes
from keydeploy.lint.farm import SeenNode
from keydeploy.lint.model import Application, Finding, Linted, Suppressed
from keydeploy.lint.nodes import Looked
from keydeploy.lint.rules import RULES, check, disclosed_key, judged_offline
from keydeploy.lint.settling import Settled, settle
from keydeploy.lint.sight import written
from keydeploy.lint.suppression import Suppression, in_document
from keydeploy.node.contract import Response
from keydeploy.spec.model import Spec
from keydeploy.webconfig.document import Document
from keydeploy.webconfig.machine_key import SECTION

_BETWEEN_NODES = frozenset(rule.id for rule in farm.RULES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """What may leave the worker: nothing of it is secret."""

    linted: Linted
    seen: SeenNode
    comments: tuple[Suppression, ...] = ()
    """Those in the node's files that are about what nodes differ in."""


def inspect(spec: Spec, response: Response, disclosed: DisclosedKeys | None, *, on_farm: bool) -> Inspected:
    """Look at what a node answered to `nodes.questions(spec)`; raises `NodeError` when it could not answer."""
    looked = nodes.look(spec, response, on_farm=on_farm)
    applications = tuple(_applications(looked))
    found = dict.fromkeys(finding for application in applications for finding in check(application, disclosed))
    accepted = {finding: reason for finding, reason in _accepted(spec, applications, disclosed) if finding in found}
    comments = tuple(_comments(applications))
    judged = {rule.id for rule in RULES} - _BETWEEN_NODES
    if disclosed is None:
        judged.discard(disclosed_key.RULE.id)
    if not on_farm:
        judged -= judged_offline(disclosed, on_farm=True) - judged_offline(disclosed, on_farm=False)
    settled = settle((finding for finding in found if finding not in accepted), comments, RULES, judged)
    suppressed = (*settled.suppressed, *starmap(_by_spec, accepted.items()))
    linted = Linted(
        findings=tuple(_on(spec.host, finding) for finding in settled.findings),
        suppressed=tuple(replace(each, finding=_on(spec.host, each.finding)) for each in suppressed),
        unread=looked.unread,
        notes=looked.notes,
    )
    between = tuple(each for each in comments if each.rule in _BETWEEN_NODES)
    return Inspected(linted=linted, seen=comparing.reduce(spec, looked), comments=between)


def compare(inspected: Sequence[tuple[SeenNode, Sequence[Suppression]]]) -> Settled:
    """Answer in what nodes differ, but for what a comment in the file of the node that differs accepts."""
    findings = tuple(farm.compare([seen for seen, _ in inspected]))
    parts = [
        settle([each for each in findings if each.node == seen.node], comments, RULES, _BETWEEN_NODES)
        for seen, comments in inspected
    ]
    return Settled(
        findings=tuple(
            _on(seen.node, each) for (seen, _), part in zip(inspected, parts, strict=True) for each in part.findings
        ),
        suppressed=tuple(each for part in parts for each in part.suppressed),
    )


def _applications(looked: Looked) -> Iterator[Application]:
    """Yield the applications, and the runtimes that none of them loads but whose files hold a machine key."""
    yield from looked.applications
    loaded = {application.node.runtime for application in looked.applications if application.node}
    for root in looked.roots:
        if root.node and root.node.runtime not in loaded and written(root, SECTION):
            yield root


def _accepted(
    spec: Spec, applications: Sequence[Application], disclosed: DisclosedKeys | None
) -> Iterator[tuple[Finding, str]]:
    """Yield what strikes only at keys that *spec* accepts although they are publicly known, with its reason."""
    if disclosed is None:
        return
    for name, acceptance in spec.acceptances.items():
        key = spec.machine_keys[name]
        others = disclosed.without((key.validation_key, key.decryption_key))
        for application in applications:
            left = {*disclosed_key.check(application, others)}
            found = disclosed_key.check(application, disclosed)
            yield from ((finding, acceptance.reason) for finding in found if finding not in left)


def _by_spec(finding: Finding, reason: str) -> Suppressed:
    return Suppressed(finding=finding, reason=reason, by="spec")


def _comments(applications: Sequence[Application]) -> Iterator[Suppression]:
    documents: dict[str, Document] = {}
    for application in applications:
        for file in application.files:
            documents.setdefault(file.path, file.level.document)
            for section in (SECTION, *file.moved):
                documents |= {part.path: part.document for part in written(application, section)}
    for path, document in documents.items():
        yield from in_document(path, document)


def _on(node: str, finding: Finding) -> Finding:
    """Answer *finding* as one of *node*; what is about the files of a runtime is about no application."""
    return replace(finding, node=node, application=finding.application or None)
