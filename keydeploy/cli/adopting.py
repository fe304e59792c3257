"""Reads a farm, writes what it declares beside its inventory, and tells what comes next.

Keys are in clear in the memory of this process alone: workers seal them, `ansible-vault` gets them by a pipe.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from keydeploy import new_files
from keydeploy.adoption import places, text, vaulted
from keydeploy.adoption.agreement import agree
from keydeploy.adoption.model import NodeFacts
from keydeploy.adoption.places import Place
from keydeploy.adoption.sealing import Receiver
from keydeploy.cli import complain, screen, tell
from keydeploy.cli.generating.vault_password import vault_options
from keydeploy.cli.options import arguments, disclosed_keys
from keydeploy.cli.progress import progress
from keydeploy.disclosed import DisclosedList
from keydeploy.engine import Engine
from keydeploy.errors import EngineError, KeydeployError, KeyMaterialError
from keydeploy.keys import rsa_key
from keydeploy.new_files import NewFile
from keydeploy.report.adoption import READ, Adoption, NodeReading
from keydeploy.secret import Secret
from keydeploy.spec.declaration import Declaration
from keydeploy.spec.load import DEFAULT_FARM, problems_of
from keydeploy.vault import encrypt

_PUBLIC = (
    "this key is publicly known (on a list of disclosed keys), and will be refused: rotate it, or accept_disclosed"
)


@dataclass(slots=True)
class _Answers:
    """What Ansible answered."""

    survey: dict[str, Any] = field(default_factory=dict)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)

    def read(self) -> dict[str, dict[str, Any]]:
        """Answer the results of the nodes that were read, in the order of the inventory."""
        hosts = self.survey.get("hosts", ())
        return {host: self.results[host] for host in hosts if self.results.get(host, {}).get("state") == READ}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What the user has given, checked before anything is contacted."""

    options: argparse.Namespace
    brought: Mapping[str, tuple[str, Secret]]
    """Files of private keys, and the keys as PEM, by the names of their containers."""
    vault: list[str]
    """The options of `ansible-vault` that name the password."""
    public: DisclosedList
    receiver: Receiver = field(default_factory=Receiver)


def run(options: argparse.Namespace) -> int:
    """Adopt with *options*, print what there is to tell and answer the exit code."""
    _check_farm(options.farm)
    brought = _brought(options.container_key)
    given = _Given(options=options, brought=brought, vault=vault_options(options), public=disclosed_keys(options))
    answers = _ask(given)
    _check_survey(answers.survey, options)
    hosts = answers.survey["hosts"]
    farm = options.farm or _named(places.farm_of(answers.survey["groups"], hosts))
    nodes = tuple(NodeReading.of(host, answers.results.get(host, {})) for host in hosts)
    adoption = Adoption(farm=farm, nodes=nodes)
    found = answers.read()
    if found and (len(found) == len(hosts) or options.partial):
        adoption = _write_down(adoption, answers, given)
    _print(adoption, options)
    for note in given.public.notes if adoption.machine_keys and not options.quiet else ():
        tell(f"keydeploy: note: {note}")
    if adoption.proposal is None:
        told = "nothing was written: not every node could be read"
        complain(told, f"mend that and run it again{', or write from the others with --partial' if found else ''}")
    return int(adoption.exit_code)


def _write_down(adoption: Adoption, answers: _Answers, given: _Given) -> Adoption:
    """Write what the nodes of *answers* agree on, and answer *adoption* with it."""
    hosts, groups, found = answers.survey["hosts"], answers.survey["groups"], answers.read()
    place = places.choose(
        _inventories(given.options), given.options.output, groups=groups, hosts=hosts, farm=adoption.farm
    )
    facts = {host: NodeFacts.from_json(result["facts"]) for host, result in found.items()}
    opened = {host: given.receiver.open(result["sealed"], host) for host, result in found.items()}
    proposal = agree(facts, [*given.brought], answers.survey["taken"])
    public = vaulted.disclosed(proposal, opened, given.public.keys.holds) if given.public.keys is not None else ()
    proposal = replace(proposal, told=(*proposal.told, *(f"machine_keys.{name}: {_PUBLIC}" for name in public)))
    clear = vaulted.write(proposal, opened, {name: key for name, (_, key) in given.brought.items()})
    spec = text.write(proposal, adoption.farm, datetime.now(UTC).date().isoformat())
    files = [NewFile(path=place.spec, text=spec, about="what the nodes agree on")]
    if clear is not None:
        files.append(NewFile(path=place.vault, text=_encrypted(clear, given), about="its keys, encrypted"))
    if place.hosts is not None:
        files.append(NewFile(path=place.hosts, text=places.hosts_file(place.group, hosts), about="its hosts"))
    new_files.write(place.folder, files, hint=places.ELSEWHERE)
    written = tuple(str(place.folder / file.path) for file in files)
    return replace(adoption, proposal=proposal, disclosed=public, written=written, following=_following(given, place))


def _check_farm(name: str | None) -> None:
    for problem in problems_of(Declaration(host="", value={"farm": name})) if name is not None else ():
        raise KeydeployError(f"--farm: {problem.text}", hint="such as portal")


def _named(group: str | None) -> str:
    """Answer the name of a farm that is called as *group*, where a spec can call it so."""
    fits = group is not None and not problems_of(Declaration(host="", value={"farm": group}))
    return group if group is not None and fits else DEFAULT_FARM


def _brought(given: list[str]) -> dict[str, tuple[str, Secret]]:
    """Answer the files of the private keys that were named, and the keys as PEM, by the names of their containers."""
    found = {}
    for each in given:
        name, _, file = each.partition("=")
        if not name or not file:
            raise KeydeployError("--container-key is not NAME=FILE", hint="such as PortalConfiguration=portal.pem")
        try:
            key = rsa_key.load(Path(file).read_text("utf-8"))
        except (OSError, UnicodeDecodeError):
            raise KeydeployError(f"{file} cannot be read", hint="name a file with an RSA key as PEM") from None
        except KeyMaterialError as error:
            raise KeydeployError(f"{file}: {error.message}", hint=error.hint) from None
        for problem in problems_of(_declared_container(name, rsa_key.to_pem(key))):
            raise KeydeployError(f"--container-key: {problem.text}", hint="name it as programs open it")
        found[name] = (str(Path(file).absolute()), rsa_key.to_pem(key))
    return found


def _declared_container(name: str, pem: Secret) -> Declaration:
    return Declaration(host="", value={"key_containers": {name: {"private_key": pem.reveal().decode()}}})


def _ask(given: _Given) -> _Answers:
    options, keys = given.options, {name: file for name, (file, _) in given.brought.items()}
    messages = screen.standard_error(options)
    for_ansible = arguments(options)
    ours = json.dumps({"keydeploy_adoption_key": given.receiver.public, "keydeploy_container_keys": keys})
    engine = Engine("adopt", replace(for_ansible, extra_vars=[*for_ansible.extra_vars, ours]))
    answers = _Answers()
    try:
        with progress(messages) as show:
            for event in engine.events():
                show(event)
                if event.kind == "result" and event.name == "survey":
                    answers.survey = event.result
                elif event.kind == "result" and event.name == "adopt" and event.host:
                    answers.results[event.host] = event.result
    finally:
        engine.kill()
    return answers


def _check_survey(survey: Mapping[str, Any], options: argparse.Namespace) -> None:
    """Raise `KeydeployError` where there is nothing to adopt, or something is declared already."""
    if survey.get("state") == "declared":
        host, place = next(iter(survey["declared"].items()))
        where = f" ({place})" if place else ""
        inventory = shlex.join(_inventories(options))
        raise KeydeployError(
            f"{host} declares keydeploy already{where}; nothing was contacted",
            hint=f"keydeploy plan {inventory} compares it with the nodes; to adopt others, leave it out with -l",
        )
    if survey.get("state") != "ready":
        raise EngineError(survey.get("cause") or "Ansible did not tell which hosts there are", hint=survey.get("hint"))


def _inventories(options: argparse.Namespace) -> list[str]:
    return [name for name in (options.inventory, *options.more) if name is not None]


def _encrypted(clear: Secret, given: _Given) -> str:
    by = given.options.encrypt_vault_id
    return encrypt(clear, [*given.vault, *(["--encrypt-vault-id", by] if by else [])])


def _following(given: _Given, place: Place) -> str:
    """Answer the command that shows that the spec is true; what -e gave in clear is not repeated."""
    options = given.options
    first, *others = [*_inventories(options), *([str(place.folder / place.hosts)] if place.hosts is not None else [])]
    more = [part for each in others for part in ("-i", each)]
    more += [part for each in options.extra_vars if each.startswith("@") for part in ("-e", each)]
    more += [part for each in options.disclosed_keys for part in ("--disclosed-keys", each)]
    return shlex.join(["keydeploy", "plan", first, *more, *given.vault])


def _print(adoption: Adoption, options: argparse.Namespace) -> None:
    if options.format == "json":
        json.dump(adoption.to_json(datetime.now(UTC).isoformat(timespec="seconds")), sys.stdout, indent=2)
        sys.stdout.write("\n")
    elif screen.shows(options, adoption.exit_code):
        screen.write(screen.standard_output(options), adoption.lines())
