"""From the facts of all nodes to what is proposed for the farm; pure.

What most nodes have is proposed, also where others would have to change for it. What some node could not take is
only offered: a plan would be refused for the whole farm.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from keydeploy.adoption import naming, unread
from keydeploy.adoption.majority import Notes, by_line, majority
from keydeploy.adoption.model import ApplicationFacts, KeyFacts, MachineFacts, NodeFacts
from keydeploy.adoption.proposal import Proposal, ProposedApplication, ProposedKey

_SETTINGS = ("load_user_profile", "set_profile_environment")
_WORDS = {True: "true", False: "false", None: "unknown"}


def agree(facts: Mapping[str, NodeFacts], brought: Collection[str] = (), taken: Collection[str] = ()) -> Proposal:
    """Answer what to declare for the nodes of *facts*, of which there is at least one; their order decides ties.

    The keys of the containers *brought* are known; no variable gets a name that is *taken*.
    """
    return _Agreement(facts, taken).propose(brought)


class _Agreement:
    """What has been found so far."""

    def __init__(self, facts: Mapping[str, NodeFacts], taken: Collection[str]) -> None:
        self._facts = facts
        self._nodes = tuple(facts)
        self._keys: dict[str, ProposedKey] = {}
        self._variables = [*taken]
        self._names: list[str] = []
        self._notes = Notes()

    def propose(self, brought: Collection[str]) -> Proposal:
        """Go over everything."""
        variables = {name: self._variable(f"{name}_key") for name in brought}
        containers = tuple(unread.brought(self._facts, variables, self._notes))
        declared = {container.name for container in containers}
        applications = tuple(self._application(site, path, declared) for site, path in self._known())
        machine = self._machine()
        of_machine = self._key("machine", machine.key) if machine is not None else None
        timeouts = {name: value for name in ("csp", "ksp") if (value := self._timeout(name)) is not None}
        return Proposal(
            nodes=self._nodes,
            keys=tuple(self._keys.values()),
            applications=applications,
            machine=machine,
            machine_key=of_machine,
            timeouts=timeouts,
            containers=containers,
            unread_containers=tuple(unread.containers(self._facts, declared)),
            unread_certificates=tuple(unread.certificates(self._facts)),
            disagreements=tuple(self._notes.disagreements),
            told=tuple(by_line({node: each.told for node, each in self._facts.items()}, self._nodes)),
        )

    def _known(self) -> Iterator[tuple[str, str]]:
        """Yield site and path of every application that any node has."""
        seen = set()
        for node in self._facts.values():
            for each in node.applications:
                if _place(each) not in seen:
                    seen.add(_place(each))
                    yield each.site, each.path

    def _application(self, site: str, path: str, containers: Collection[str]) -> ProposedApplication:
        place = site.lower(), path.lower()
        of_nodes = {
            node: next((each for each in facts.applications if _place(each) == place), None)
            for node, facts in self._facts.items()
        }
        present = {node: each for node, each in of_nodes.items() if each is not None}
        name = naming.of_application(site, path, self._names)
        self._names.append(name)
        address = f"applications.{name}"
        proposed = ProposedApplication(name=name, site=site, path=path, app_pool={})
        if len(present) < len(of_nodes):
            found = majority({node: node in present for node in of_nodes})
            why = "keydeploy makes no applications; it can be declared once all nodes have it"
            self._notes.note(address, found, lambda value: "IIS has it" if value else "IIS does not have it", why)
            proposed = replace(proposed, is_everywhere=False)
        key, why_not = self._agreed_key(address, present, containers, exists=proposed.is_everywhere)
        comments = [why_not] if why_not else []
        exact = key is not None and why_not is None
        called = self._key(name, key) if key is not None else None
        container, sections = self._agreed_sections(f"{address}.protected_sections", present)
        comments += by_line({node: each.told for node, each in present.items()}, self._nodes)
        return replace(
            proposed,
            machine_key=called if exact else None,
            offered_key=None if exact else called,
            uses_handler=exact and self._agreed_handler(f"{address}.session_tokens", present),
            container=container if container in containers else None,
            sections=sections if container in containers else (),
            app_pool=dict(self._pool(address, present)),
            comments=tuple(comments),
        )

    def _agreed_key(
        self,
        address: str,
        present: Mapping[str, ApplicationFacts],
        containers: Collection[str],
        *,
        exists: bool,
    ) -> tuple[KeyFacts | None, str | None]:
        """Answer the key of most nodes, and why it is not declared where it is not."""
        values = {node: _standing(each) for node, each in present.items()}
        found = majority(values, lambda value: value[0] is None)
        nodes = found.nodes
        facts = present[nodes[0]]
        blocked = [f"{node}: {each.obstacle}" for node, each in present.items() if each.obstacle and node not in nodes]
        sealed = facts.key.sealed_by if facts.key is not None else None
        why = facts.why if not facts.is_exact else "; ".join(blocked) or None
        if why is None and sealed is not None and sealed not in containers:
            why = f"it is encrypted with the key of container {sealed}, which is not declared"
        if why is None and not exists:
            why = "not all nodes have the application"
        labels = {value: _label(present[node], facts.key) for node, value in values.items()}
        self._notes.note(f"{address}.machine_key", found, labels.__getitem__, why)
        return facts.key, why

    def _agreed_handler(self, address: str, present: Mapping[str, ApplicationFacts]) -> bool:
        found = majority({node: each.uses_handler for node, each in present.items()})
        blocked = [each.handler_obstacle for node, each in present.items() if not each.uses_handler]
        why = next(filter(None, blocked), None) if found.value else None
        self._notes.note(address, found, lambda value: "by the machine key" if value else "not by the machine key", why)
        return found.value and why is None

    def _agreed_sections(
        self, address: str, present: Mapping[str, ApplicationFacts]
    ) -> tuple[str | None, tuple[str, ...]]:
        """Answer the brought container of most nodes, and the sections that it protects."""
        found = majority({node: (each.container, each.sections) for node, each in present.items()}, lambda v: not v[0])
        self._notes.note(address, found, lambda value: ", ".join(value[1]) or "none")
        return found.value

    def _pool(self, address: str, present: Mapping[str, ApplicationFacts]) -> Iterator[tuple[str, bool]]:
        """Yield the settings that are a pool's own somewhere; in force they count everywhere."""
        for setting in _SETTINGS:
            if not any(setting in each.explicit for each in present.values()):
                continue
            found = majority({node: _setting(each, setting) for node, each in present.items()}, lambda v: v is None)
            self._notes.note(f"{address}.app_pool.{setting}", found, _WORDS.__getitem__)
            if found.value is not None:
                yield setting, found.value

    def _machine(self) -> MachineFacts | None:
        values = {
            node: (each.machine.level, each.machine.runtimes, each.machine.key.identity) if each.machine else None
            for node, each in self._facts.items()
        }
        found = majority(values)
        machine = self._facts[found.nodes[0]].machine
        against = {node: each.machine_obstacles for node, each in self._facts.items() if node not in found.nodes}
        why = "; ".join(by_line(against, self._nodes)) or None if machine is not None else None
        labels = {value: _machine_label(self._facts[node].machine, machine) for node, value in values.items()}
        self._notes.note("machine.machine_key", found, labels.__getitem__, why)
        return machine if why is None else None

    def _timeout(self, provider: str) -> int | None:
        found = majority({node: _timeout(each, provider) for node, each in self._facts.items()})
        missing = [node for node, each in self._facts.items() if provider in each.smart_card_obstacles]
        why = f"{', '.join(missing)}: Windows has no such provider there" if found.value and missing else None
        address = f"smart_cards.transaction_timeout.{provider}"
        self._notes.note(address, found, lambda value: "not set" if value is None else f"{value}ms", why)
        return found.value if why is None else None

    def _key(self, name: str, key: KeyFacts) -> str:
        """Answer the name of *key*, which is first used by what is called *name*."""
        if key.identity not in self._keys:
            taken = [each.name for each in self._keys.values()]
            called = naming.unique([name], taken)
            holder = next(node for node, facts in self._facts.items() if key.identity in _identities(facts))
            proposed = ProposedKey(name=called, variable=self._variable(called), facts=key, holder=holder)
            self._keys[key.identity] = proposed
        return self._keys[key.identity].name

    def _variable(self, name: str) -> str:
        variable = naming.unique([f"vault_{naming.identifier(name)}"], self._variables)
        self._variables.append(variable)
        return variable


def _setting(facts: ApplicationFacts, name: str) -> bool | None:
    return facts.load_user_profile if name == "load_user_profile" else facts.set_profile_environment


def _timeout(facts: NodeFacts, provider: str) -> int | None:
    return facts.csp if provider == "csp" else facts.ksp


def _machine_label(facts: MachineFacts | None, proposed: MachineFacts | None) -> str:
    if facts is None:
        return "none"
    key = facts.key.beside(proposed.key if proposed is not None else None)
    return f"{facts.level}, {', '.join(facts.runtimes)}: {key}"


def _place(facts: ApplicationFacts) -> tuple[str, str]:
    return facts.site.lower(), facts.path.lower()


def _standing(facts: ApplicationFacts) -> tuple[str | None, bool, str]:
    """Answer what two nodes must have in common to be alike in the machine key of an application."""
    if facts.key is None:
        return None, False, facts.why or ""
    return facts.key.identity, facts.is_exact, "" if facts.is_exact else facts.why or ""


def _label(facts: ApplicationFacts, proposed: KeyFacts | None) -> str:
    if facts.key is None:
        return facts.why or "none"
    label = facts.key.beside(proposed)
    return label if facts.is_exact else f"{label} ({facts.why})"


def _identities(facts: NodeFacts) -> set[str]:
    keys = [each.key for each in facts.applications] + ([facts.machine.key] if facts.machine else [])
    return {key.identity for key in keys if key is not None}
