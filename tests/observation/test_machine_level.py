"""The machine key of .NET's own configuration files: every runtime that is installed gets it, and no other."""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keydeploy.edit import apply, fill_in
from keydeploy.errors import NodeError
from keydeploy.keys import rsa_key
from keydeploy.node.contract import FileState, Location, ReadFile, Request, Response
from keydeploy.node.sandbox import files as sandbox_files
from keydeploy.observation.files import Files, locations
from keydeploy.observation.machine_level import locations as of_machine
from keydeploy.observation.machine_level import observe
from keydeploy.observation.model import FileChange, Subject
from keydeploy.secret import Secret
from keydeploy.spec import Spec
from keydeploy.spec.model import Application, KeyContainer, Machine, ProtectedSections
from tests.observation.farm import EQUAL, OLD, PASSWORD, Node, planted_in, spec_of

NET = "C:\\Windows\\Microsoft.NET"
ROOT_32 = f"{NET}\\Framework\\v4.0.30319\\Config\\web.config"
ROOT_64 = f"{NET}\\Framework64\\v4.0.30319\\Config\\web.config"
MACHINE_32 = f"{NET}\\Framework\\v4.0.30319\\Config\\machine.config"
MACHINE_64 = f"{NET}\\Framework64\\v4.0.30319\\Config\\machine.config"
OLD_64 = f"{NET}\\Framework64\\v2.0.50727\\Config"
HOST = "C:\\Windows\\System32\\inetsrv\\config\\applicationHost.config"
ADDRESS_32, ADDRESS_64 = "machine.machine_key.Framework.v4.0", "machine.machine_key.Framework64.v4.0"
KEY = ["validation", "decryption", "compatibilityMode", "validationKey", "decryptionKey"]
IN_ROOT = '<compilation defaultLanguage="vb"/>'
IN_MACHINE = '<processModel autoConfig="true"/>'


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "web1", dict.fromkeys(["/", "/portal", "/portal/shop"]))


def spec_with(applications: Mapping[str, Application] | None = None, **machine: Any) -> Spec:
    """Answer a spec whose *machine* has the machine key `portal`."""
    declared = Machine(**{"level": "root_web_config", "machine_key": "portal", **machine})
    return replace(spec_of({}), machine=declared, applications=applications or {})


def with_older_key(spec: Spec) -> Spec:
    """Answer *spec* with a key that every version of .NET knows."""
    older = replace(spec.machine_keys["portal"], validation="SHA1", compatibility_mode=None)
    return replace(spec, machine_keys={"portal": older})


def read(node: Node, spec: Spec) -> Files:
    assert spec.machine is not None
    asked = {**locations(spec), **of_machine(spec.machine)}
    request = Request("looking", Secret(b"tag"), tuple(ReadFile(location) for location in asked.values()))
    response = node.ask(request)
    return Files(asked, {key: state(response, location) for key, location in asked.items()})


def state(response: Response, location: Location) -> FileState | NodeError:
    try:
        return response.to(ReadFile(location), FileState)
    except NodeError as error:
        return error


def look(node: Node, spec: Spec) -> dict[str, Subject]:
    """Answer what is seen of the machine, by address."""
    return {subject.address: subject for subject in observe(spec, read(node, spec))[0]}


def mend(node: Node, spec: Spec) -> list[FileChange]:
    """Make the changes that `observe` answers, and answer them."""
    changes = observe(spec, read(node, spec))[1]
    for change in changes:
        file = node.file(change.path)
        content = file.read_bytes() if file.exists() else b""
        splices = [fill_in(edit, change.encoding, spec.secrets().__getitem__) for edit in change.edits]
        file.write_bytes(apply(content, splices))
    return changes


def names(subject: Subject) -> list[str]:
    return [difference.name for difference in subject.differences]


@pytest.mark.parametrize(
    ("level", "paths", "before"),
    [("root_web_config", [ROOT_64, ROOT_32], IN_ROOT), ("machine_config", [MACHINE_64, MACHINE_32], IN_MACHINE)],
)
def test_every_installed_runtime_gets_the_key_once_and_nothing_else_changes(
    node: Node, level: str, paths: list[str], before: str
) -> None:
    spec = spec_with(level=level)
    texts = [node.file(path).read_bytes().decode() for path in paths]
    seen = look(node, spec)
    assert {address: (subject.target, names(subject)) for address, subject in seen.items()} == {
        ADDRESS_64: (paths[0], KEY),
        ADDRESS_32: (paths[1], KEY),
    }
    assert [change.path for change in mend(node, spec)] == paths
    for path, text in zip(paths, texts, strict=True):
        after = node.file(path).read_bytes().decode()
        start = text.index(before) + len(before)
        assert (after[:start], after[-len(text[start:]) :]) == (text[:start], text[start:])
        assert after[start:].startswith("\r\n    <machineKey validation=")
    again = look(node, spec)
    assert [(names(subject), subject.found == subject.wanted) for subject in again.values()] == [([], True)] * 2
    assert mend(node, spec) == []


def test_only_the_runtime_that_differs_is_changed(node: Node) -> None:
    mend(node, spec_with())
    node.replace(ROOT_32, "HMACSHA256", "SHA1")
    seen = look(node, spec_with())
    assert {address: names(subject) for address, subject in seen.items()} == {
        ADDRESS_32: ["validation"],
        ADDRESS_64: [],
    }
    assert [change.path for change in mend(node, spec_with())] == [ROOT_32]


def test_a_runtime_that_is_not_installed_is_nothing_to_do(node: Node) -> None:
    node.file(MACHINE_32).unlink()
    assert list(look(node, spec_with())) == [ADDRESS_64]


def test_a_root_web_config_that_is_absent_is_created(node: Node) -> None:
    node.file(ROOT_64).unlink()
    change = mend(node, spec_with())[0]
    assert (change.path, change.tag) == (ROOT_64, None)
    assert node.file(ROOT_64).read_bytes().startswith(b'<?xml version="1.0" encoding="utf-8"?>\r\n<configuration>')
    assert names(look(node, spec_with())[ADDRESS_64]) == []


def test_a_node_without_any_of_the_runtimes_is_refused(node: Node) -> None:
    (subject,) = look(node, with_older_key(spec_with(runtimes=("v2.0",)))).values()
    assert (subject.address, subject.target) == ("machine.machine_key", None)
    assert (subject.refusal or "").startswith("the node has no machine.config of a declared runtime")


def test_the_older_runtime_refuses_a_key_that_it_does_not_know_until_only_the_newer_is_declared(node: Node) -> None:
    node.write(f"{OLD_64}\\machine.config", "<configuration/>")
    seen = look(node, spec_with())
    refused = seen["machine.machine_key.Framework64.v2.0"]
    assert "declare runtimes: [v4.0]" in (refused.refusal or "")
    assert refused.target == f"{OLD_64}\\web.config"
    assert [seen[address].refusal for address in (ADDRESS_32, ADDRESS_64)] == [None, None]
    assert list(look(node, spec_with(runtimes=("v4.0",)))) == [ADDRESS_64, ADDRESS_32]


def test_a_key_that_all_runtimes_know_stands_in_all_of_them(node: Node) -> None:
    node.write(f"{OLD_64}\\machine.config", "<configuration/>")
    node.write(f"{OLD_64}\\web.config", "<configuration/>")
    spec = with_older_key(spec_with())
    assert [change.path for change in mend(node, spec)] == [f"{OLD_64}\\web.config", ROOT_64, ROOT_32]
    assert [names(subject) for subject in look(node, spec).values()] == [[], [], []]


def test_a_protector_of_machine_config_is_emptied_in_root_web_config(node: Node) -> None:
    node.replace(MACHINE_64, IN_MACHINE, '<machineKey dataProtectorType="Mine" applicationName="mine"/>')
    assert names(look(node, spec_with())[ADDRESS_64]) == [*KEY, "dataProtectorType", "applicationName"]
    mend(node, spec_with())
    assert names(look(node, spec_with())[ADDRESS_64]) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('<machineKey compatibilityMode="Framework20SP1"/>', r"machine\.config sets compatibilityMode"),
        ('<machineKey lockItem="true"/>', r"machineKey is locked by machine\.config"),
        ('<machineKey configProtectionProvider="x"/>', r"machine\.config: .* is encrypted"),
        ('<machineKey configSource="keys.config"/>', r"machine\.config: .* stands in another file"),
    ],
)
def test_what_machine_config_forbids_is_refused_there_alone(node: Node, content: str, reason: str) -> None:
    node.replace(MACHINE_64, IN_MACHINE, content)
    seen = look(node, with_older_key(spec_with()))
    assert re.search(reason, seen[ADDRESS_64].refusal or "it was not refused")
    assert seen[ADDRESS_32].refusal is None


@pytest.mark.parametrize(
    "content", ['<machineKey configProtectionProvider="x"/>', '<machineKey configSource="k.config"/>']
)
def test_a_section_that_cannot_be_read_is_refused(node: Node, content: str) -> None:
    node.replace(ROOT_64, IN_ROOT, content)
    assert look(node, spec_with())[ADDRESS_64].refusal is not None


def test_a_file_that_cannot_be_read_is_refused_by_its_path(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    real = sandbox_files.read_file

    def read_file(file: Path) -> bytes:
        if file == node.file(MACHINE_64):
            raise PermissionError
        return real(file)

    monkeypatch.setattr(sandbox_files, "read_file", read_file)
    seen = look(node, spec_with())
    assert "machine.config cannot be read: access to the file is denied" in (seen[ADDRESS_64].refusal or "")
    assert seen[ADDRESS_64].target == ROOT_64
    assert seen[ADDRESS_32].refusal is None
    refused = look(node, spec_with(level="machine_config"))[ADDRESS_64]
    assert refused.target == "%windir%\\Microsoft.NET\\Framework64\\v4.0.30319\\Config\\machine.config"


@pytest.mark.parametrize(
    ("content", "hidden"),
    [
        ('<machineKey validation="SHA1" decryptionKey="AutoGenerate"/>', "validation, decryptionKey"),
        ('<machineKey configProtectionProvider="x"/>', "all or a part"),
    ],
)
def test_a_root_web_config_that_hides_the_key_of_machine_config_is_pointed_out(
    node: Node, content: str, hidden: str
) -> None:
    node.replace(ROOT_64, IN_ROOT, content)
    seen = look(node, spec_with(level="machine_config"))
    assert seen[ADDRESS_64].warnings == (f"the machineKey of {ROOT_64} hides {hidden} of this one",)
    assert (seen[ADDRESS_64].refusal, seen[ADDRESS_32].warnings) == (None, ())


def portal(**others: Any) -> dict[str, Application]:
    return {"portal": Application(site="Default Web Site", path="/portal", **others)}


def test_the_own_key_of_an_application_is_pointed_out_in_the_runtime_that_it_loads(node: Node) -> None:
    path = "C:\\inetpub\\portal\\web.config"
    node.write(path, f"<configuration><system.web><machineKey {OLD}/></system.web></configuration>")
    spec = spec_with(portal())
    seen = look(node, spec)
    text = f"for applications.portal the machineKey of {path} hides validationKey, decryptionKey of this one"
    assert (seen[ADDRESS_64].warnings, seen[ADDRESS_32].warnings) == ((text,), ())
    node.replace(HOST, '<add name="Portal" />', '<add name="Portal" enable32BitAppOnWin64="true" />')
    seen = look(node, spec)
    assert (seen[ADDRESS_64].warnings, seen[ADDRESS_32].warnings) == ((), (text,))


def test_the_key_of_an_application_above_is_pointed_out_unless_it_is_not_handed_down(node: Node) -> None:
    path = "C:\\inetpub\\wwwroot\\web.config"
    section = f"<system.web><machineKey {OLD}/></system.web>"
    node.write(path, f"<configuration>{section}</configuration>")
    (text,) = look(node, spec_with(portal()))[ADDRESS_64].warnings
    assert text.startswith(f"for applications.portal the machineKey of {path} hides ")
    node.write(
        path, f'<configuration><location inheritInChildApplications="false">{section}</location></configuration>'
    )
    assert look(node, spec_with(portal()))[ADDRESS_64].warnings == ()


@pytest.mark.parametrize(
    ("declared", "warnings"),
    [("portal", ()), ("other", ("for applications.portal the declared machine_keys.other hides this one",))],
)
def test_a_declared_key_of_an_application_is_pointed_out_where_it_is_another(
    node: Node, declared: str, warnings: tuple[str, ...]
) -> None:
    node.write(
        "C:\\inetpub\\portal\\web.config",
        f"<configuration><system.web><machineKey {EQUAL}/></system.web></configuration>",
    )
    seen = look(node, spec_with(portal(machine_key=declared)))
    assert (seen[ADDRESS_64].warnings, seen[ADDRESS_32].warnings) == (warnings, ())


def test_an_application_that_cannot_be_read_may_hide_the_key(node: Node) -> None:
    node.write("C:\\inetpub\\portal\\web.config", "<configuration>")
    (text,) = look(node, spec_with(portal()))[ADDRESS_64].warnings
    assert text.startswith(
        "for applications.portal another machineKey may hide this one: C:\\inetpub\\portal\\web.config"
    )


def test_an_application_known_by_its_file_alone_is_taken_for_one_of_the_default_runtime(node: Node) -> None:
    path = "C:\\services\\web.config"
    node.write(path, f"<configuration><system.web><machineKey {OLD}/></system.web></configuration>")
    seen = look(node, spec_with({"service": Application(web_config=path)}))
    (text,) = seen[ADDRESS_64].warnings
    assert text.startswith(f"for applications.service the machineKey of {path} hides ")
    assert seen[ADDRESS_32].warnings == ()


def test_applications_see_the_files_as_they_will_be(node: Node) -> None:
    spec = spec_with(portal())
    files = read(node, spec)
    observe(spec, files)
    document = files.above("%windir%\\Microsoft.NET\\Framework64\\v4.0.30319\\Config", "web.config")
    assert document is not None
    assert [element.get("compatibilityMode") for element in document.root.walk() if element.name == "machineKey"] == [
        "Framework45"
    ]


def test_without_a_machine_nothing_is_looked_at(node: Node) -> None:
    spec = spec_with()
    files = read(node, spec)
    assert observe(replace(spec, machine=None), files) == ([], [])
    assert observe(spec_with(machine_key=None), files) == ([], [])


def test_no_secret_of_the_spec_or_the_node_is_in_what_is_seen(node: Node) -> None:
    for path in (ROOT_32, ROOT_64):
        node.replace(path, IN_ROOT, f'<machineKey {OLD} applicationName="{PASSWORD}" x="{PASSWORD}"/>')
    spec = spec_with(portal())
    subjects, changes = observe(spec, read(node, spec))
    assert [len(subject.differences) for subject in subjects] == [7, 7]
    text = json.dumps([[subject.to_json() for subject in subjects], [change.to_json() for change in changes]])
    assert planted_in(text) == planted_in(repr((subjects, changes))) == []


CONNECTIONS = f'<connectionStrings><add name="x" connectionString="Password={PASSWORD}"/></connectionStrings>'


@functools.cache
def container() -> KeyContainer:
    return KeyContainer(private_key=rsa_key.generate())


def with_protected(spec: Spec, *names: str) -> Spec:
    """Answer *spec* with the sections *names* of the machine encrypted."""
    assert spec.machine is not None
    protected = ProtectedSections(container="Machine", sections=names)
    machine = replace(spec.machine, protected_sections=protected)
    return replace(spec, machine=machine, key_containers={"Machine": container()})


def test_sections_of_all_runtimes_are_encrypted_and_a_machine_key_too(node: Node) -> None:
    for path in (ROOT_32, ROOT_64):
        node.replace(
            path, "  <system.web>\r\n    <compilation", f"  {CONNECTIONS}\r\n  <system.web>\r\n    <compilation"
        )
    spec = with_protected(spec_with(), "connectionStrings", "system.web/machineKey")
    addresses = ["machine_key", "protected_sections.connectionStrings", "protected_sections.system.web/machineKey"]
    subjects, changes = observe(spec, read(node, spec))
    assert [subject.address for subject in subjects] == [
        f"machine.{address}.{runtime}.v4.0" for runtime in ("Framework64", "Framework") for address in addresses
    ]
    encrypted = ["protection", "provider entry"]
    assert [names(subject) for subject in subjects[:3]] == [KEY, encrypted, encrypted]
    text = json.dumps([[subject.to_json() for subject in subjects], [change.to_json() for change in changes]])
    assert planted_in(text) == []
    assert [change.path for change in mend(node, spec)] == [ROOT_64, ROOT_32]
    for path in (ROOT_32, ROOT_64):
        assert planted_in(node.file(path).read_bytes()) == []
    again = look(node, spec)
    assert [(names(subject), subject.found == subject.wanted) for subject in again.values()] == [([], True)] * 6
    assert mend(node, spec) == []


def test_sections_are_encrypted_without_a_machine_key_too(node: Node) -> None:
    node.replace(MACHINE_64, "  <system.web>", f"  {CONNECTIONS}\r\n  <system.web>")
    spec = with_protected(spec_with(level="machine_config", machine_key=None), "connectionStrings")
    found = {subject.target: names(subject) for subject in look(node, spec).values()}
    assert found == {MACHINE_64: ["protection", "provider entry"], MACHINE_32: []}
    assert [change.path for change in mend(node, spec)] == [MACHINE_64]
    assert mend(node, spec) == []


def test_an_encrypted_machine_key_that_is_not_declared_so_stays_encrypted(node: Node) -> None:
    mend(node, with_protected(spec_with(), "system.web/machineKey"))
    assert [
        names(subject) for subject in look(node, replace(spec_with(), key_containers={"Machine": container()})).values()
    ] == [[], []]


def test_a_section_of_the_machine_that_stands_in_another_file_is_refused(node: Node) -> None:
    node.replace(
        ROOT_64,
        "  <system.web>\r\n    <compilation",
        '  <connectionStrings configSource="c.config"/>\r\n  <system.web>\r\n    <compilation',
    )
    seen = look(node, with_protected(spec_with(), "connectionStrings"))
    refused = [address for address, subject in seen.items() if "stands in another file" in (subject.refusal or "")]
    assert refused == [ADDRESS_64, "machine.protected_sections.connectionStrings.Framework64.v4.0"]


def test_its_files_are_those_that_applications_ask_for() -> None:
    spec = spec_with(portal())
    assert spec.machine is not None
    assert of_machine(spec.machine).items() <= locations(spec).items()
    assert {key[0] for key in of_machine(replace(spec.machine, runtimes=("v2.0",)))} == {
        "%windir%\\Microsoft.NET\\Framework64\\v2.0.50727\\Config",
        "%windir%\\Microsoft.NET\\Framework\\v2.0.50727\\Config",
    }
