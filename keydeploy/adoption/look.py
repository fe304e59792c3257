"""Reduces what one node answered to facts, and to the keys behind them.

Works where the node's answers are: in the worker that asked. The keys leave it sealed, or not at all.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from keydeploy import iis
from keydeploy.adoption import draft, material, questions
from keydeploy.adoption.application import Reader, Seen
from keydeploy.adoption.machine_files import Held, held
from keydeploy.adoption.model import ApplicationFacts, MachineFacts, NodeFacts
from keydeploy.errors import NodeError
from keydeploy.node.contract import FileState, ReadFile, Response
from keydeploy.observation import machine_level
from keydeploy.observation.files import Files, locations
from keydeploy.observation.section_keys import SectionKeys
from keydeploy.secret import Secret
from keydeploy.spec.model import Machine, Spec

_ANY_KEY = {
    "validation": "SHA1",
    "decryption": "AES",
    "compatibility_mode": "Framework20SP2",
    "validation_key": "00" * 20,
    "decryption_key": "00" * 16,
}
"""A key that every runtime knows, to find out whether one could be written; it is never sent anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one node shows."""

    facts: NodeFacts
    keys: Mapping[str, Mapping[str, Secret]]
    """What of the machine keys goes sealed, by the identity that the facts tell."""


def look(host: str, response: Response, spec: Spec, brought: Mapping[str, Secret]) -> Look:
    """Read a node's *response* to all questions; *spec* is `questions.everything`.

    *brought* are private keys of key containers, as PEM. Raises `DocumentError` where IIS' own configuration cannot be
    read, and `NodeError` where nothing can.
    """
    node = _Node(host, response, spec, material.containers(response, brought))
    return node.look()


class _Node:
    """One node while it is looked at."""

    def __init__(self, host: str, response: Response, spec: Spec, containers: Mapping[str, dict[str, Any]]) -> None:
        self._host = host
        self._response = response
        self._spec = spec
        self._containers = containers
        asked = {**locations(spec), **machine_level.locations(Machine(level="root_web_config"))}
        self._files = Files(asked, {key: self._read(ReadFile(at)) for key, at in asked.items()})
        self._iis = questions.application_host(response)

    def look(self) -> Look:
        """Answer what it shows."""
        reader = Reader(self._response, self._spec, self._files, self._iis)
        seen = {name: reader.read(name) for name in self._spec.applications}
        of_machine = held(self._files, SectionKeys(self._spec).document)
        value = self._declared(seen, of_machine)
        taken = draft.settle(value, self._host, self._response)
        against, against_handlers = self._obstacles()
        judge = _Judge(left=value["applications"], taken=taken, against=against, against_handlers=against_handlers)
        found = [each.key for each in seen.values()] + ([of_machine.found] if of_machine.found else [])
        timeouts = value.get("smart_cards", {}).get("transaction_timeout", {})
        facts = NodeFacts(
            applications=tuple(judge.judge(name, each) for name, each in seen.items()),
            machine=_machine(of_machine, value),
            machine_obstacles=tuple(why for address, why in against.items() if address.startswith("machine.")),
            csp=material.milliseconds(timeouts.get("csp")),
            ksp=material.milliseconds(timeouts.get("ksp")),
            smart_card_obstacles=tuple(
                address.rpartition(".")[2] for address in against if address.startswith("smart_cards.")
            ),
            containers=material.container_facts(self._response, self._containers, value, taken),
            certificates=material.certificate_facts(
                self._response, {_called(each.facts): each.document for each in seen.values() if each.document}
            ),
            told=(*of_machine.told, *_of_machine(taken), *self._unnamed()),
        )
        return Look(facts=facts, keys={each.facts.identity: each.secrets() for each in found if each.facts})

    def _read(self, question: ReadFile) -> FileState | NodeError:
        try:
            return self._response.to(question, FileState)
        except NodeError as error:
            return error

    def _unnamed(self) -> Iterator[str]:
        known = {(each.site, each.path) for each in self._spec.applications.values()}
        for site, path in iis.applications(self._iis) if self._iis is not None else ():
            if (site, path) not in known:
                yield f"an application of site {material.in_one_line(site)} has a path that a spec cannot name"

    def _declared(self, seen: Mapping[str, Seen], of_machine: Held) -> dict[str, Any]:
        """Answer the widest declaration of this node as it is."""
        found = [each.key for each in seen.values()] + ([of_machine.found] if of_machine.found else [])
        keys = {each.facts.identity: each.in_clear() for each in found if each.facts is not None}
        names = {identity: f"k{number}" for number, identity in enumerate(keys)}
        value: dict[str, Any] = {
            "machine_keys": {names[identity]: declared for identity, declared in keys.items()},
            "applications": {name: self._widest(name, each, names) for name, each in seen.items()},
            "key_containers": {name: {**each} for name, each in self._containers.items()},
        }
        timeouts = material.timeouts(self._response)
        if timeouts:
            value["smart_cards"] = {"transaction_timeout": timeouts}
        if of_machine.found is not None and of_machine.found.facts is not None:
            key = names[of_machine.found.facts.identity]
            value["machine"] = {"level": of_machine.level, "runtimes": [*of_machine.runtimes], "machine_key": key}
        return value

    def _widest(self, name: str, seen: Seen, names: Mapping[str, str]) -> dict[str, Any]:
        facts, declared = seen.facts, self._spec.applications[name]
        value: dict[str, Any] = {"site": declared.site, "path": declared.path}
        if seen.key.facts is not None:
            value["machine_key"] = names[seen.key.facts.identity]
            if facts.uses_handler:
                value["session_tokens"] = {"machine_key": value["machine_key"]}
        if facts.container is not None:
            value["protected_sections"] = {"container": facts.container, "sections": [*facts.sections]}
        return value

    def _obstacles(self) -> tuple[dict[str, str], dict[str, str]]:
        """Answer why what could not be written: of machine keys, files of .NET and smart cards, and of handlers."""
        applications = {
            name: {"site": each.site, "path": each.path, "machine_key": "any"}
            for name, each in self._spec.applications.items()
        }
        value = {
            "machine_keys": {"any": _ANY_KEY},
            "applications": applications,
            "key_containers": self._containers,
            "smart_cards": {"transaction_timeout": "100ms"},
        }
        handlers = {name: each | {"session_tokens": {"machine_key": "any"}} for name, each in applications.items()}
        machine = {"machine": {"level": "root_web_config", "machine_key": "any"}}
        found = draft.refusals(value, self._host, self._response)
        # Apart from the applications, whose files inherit from those of .NET.
        of_machine = draft.refusals({**value, **machine, "applications": {}}, self._host, self._response)
        return of_machine | found, draft.refusals({**value, "applications": handlers}, self._host, self._response)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    """What a plan would say of this node."""

    left: Mapping[str, Any]
    """The applications of the declaration that the node agrees with."""
    taken: Mapping[str, str]
    """Why something was taken out of it, by its address."""
    against: Mapping[str, str]
    """Why something could not be written, by its address."""
    against_handlers: Mapping[str, str]

    def judge(self, name: str, seen: Seen) -> ApplicationFacts:
        """Answer the facts of the application *name*."""
        address, left = f"applications.{name}", self.left.get(name, {})
        sections = left.get("protected_sections", {})
        of_sections = {each: self.taken.get(f"{address}.protected_sections.{each}") for each in seen.facts.sections}
        told = [*seen.told, *(f"{section}: {why}" for section, why in of_sections.items() if why is not None)]
        is_exact = "machine_key" in left
        handler = self.taken.get(f"{address}.session_tokens")
        if handler is not None and is_exact:
            told.append(f"session cookies of WIF: {handler}")
        obstacle = self.against.get(f"{address}.machine_key")
        why = seen.key.why or self.taken.get(f"{address}.machine_key") or self.taken.get(address) or obstacle
        return replace(
            seen.facts,
            key=seen.key.facts,
            is_exact=is_exact,
            why=None if is_exact else why,
            obstacle=obstacle,
            uses_handler="session_tokens" in left,
            handler_obstacle=self.against_handlers.get(f"{address}.session_tokens"),
            container=sections.get("container"),
            sections=tuple(sections.get("sections", ())),
            told=tuple(told),
        )


def _machine(of_machine: Held, left: Mapping[str, Any]) -> MachineFacts | None:
    found = of_machine.found
    if "machine" not in left or found is None or found.facts is None:
        return None
    return MachineFacts(level=of_machine.level, runtimes=of_machine.runtimes, key=found.facts)


def _of_machine(taken: Mapping[str, str]) -> Iterator[str]:
    for address, why in taken.items():
        if address.startswith(("machine.", "smart_cards.")):
            yield f"{address}: {why}"


def _called(facts: ApplicationFacts) -> str:
    return f"{facts.site}{facts.path}".rstrip("/")
