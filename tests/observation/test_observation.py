"""What is asked of a node, and what its answer becomes."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from keydeploy import render
from keydeploy.errors import NodeError
from keydeploy.node.contract import (
    FileState,
    Pointer,
    ReadFile,
    ReadJournal,
    ReadSystem,
    Response,
    error_result,
    to_instant,
    to_text,
)
from keydeploy.node.contract.advice import ADVICE
from keydeploy.node.sandbox import files
from keydeploy.observation import Observation, State, observe, questions
from keydeploy.secret import Secret
from keydeploy.spec import Spec
from tests.observation.farm import (
    DECRYPTION_KEY,
    EQUAL,
    NOW,
    OLD,
    PASSWORD,
    PLANTED,
    PORTAL,
    VALIDATION_KEY,
    Node,
    plan_of,
    planted_in,
    spec_of,
)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "web1", {"/portal": None})


Deny = Callable[[str], None]
Mark = Callable[..., None]
HOST = "C:\\Windows\\System32\\inetsrv\\config\\applicationHost.config"
ROOT = "C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\Config\\web.config"
THREE = {
    "portal": PORTAL,
    "shop": {**PORTAL, "path": "/shop"},
    "service": {"web_config": "C:\\services\\web.config", "machine_key": "portal"},
}


@pytest.fixture
def farm_node(tmp_path: Path) -> Node:
    node = Node(tmp_path / "web1", dict.fromkeys(["/", "/portal", "/shop"]))
    node.write("C:\\services\\web.config", "<configuration/>")
    return node


@pytest.fixture
def deny(farm_node: Node, monkeypatch: pytest.MonkeyPatch) -> Deny:
    """Answer what makes a file unreadable, also for root, who runs the tests in a container."""
    denied: set[Path] = set()
    read = files.read_file

    def refuse(file: Path) -> bytes:
        if file in denied:
            raise PermissionError
        return read(file)

    monkeypatch.setattr(files, "read_file", refuse)
    return lambda path: denied.add(farm_node.file(path))


@pytest.fixture
def mark(monkeypatch: pytest.MonkeyPatch) -> Mark:
    """Answer what gives the file at a path attributes, of which the embedded node tells none."""
    attributes: dict[str | None, tuple[str, ...]] = {}
    read = files.Files.read

    def tell(own: files.Files, operation: ReadFile, tag_key: Secret) -> FileState:
        state = read(own, operation, tag_key)
        return replace(state, attributes=attributes.get(state.path, ()))

    monkeypatch.setattr(files.Files, "read", tell)
    return lambda path, *names: attributes.update({path: names})


def refusals(node: Node) -> dict[str, str | None]:
    """Answer why each of `THREE` is refused, None where it was compared."""
    return {subject.address.split(".")[1]: subject.refusal for subject in node.observe(spec_of(THREE)).subjects}


def fail(node: Node, operation: str) -> None:
    faults = [{"at": operation, "do": "fail", "code": "access_denied"}]
    (node.root / "sandbox.json").write_text(json.dumps({"faults": faults}))


def spec_with(key: dict[str, str]) -> Spec:
    """Answer a spec whose one key declares *key* too."""
    digits = {"validation_key": VALIDATION_KEY, "decryption_key": DECRYPTION_KEY}
    return spec_of(machine_keys={"portal": {**digits, **key}})


def files_of(applications: dict[str, object]) -> list[str]:
    """Answer the paths that are asked for without a pointer."""
    asked = [question.at for question in questions(spec_of(applications)) if isinstance(question, ReadFile)]
    return [at for at in asked if isinstance(at, str)]


def test_the_clock_is_read_last() -> None:
    first, *_, last = questions(spec_of())
    assert (first, last) == (ReadJournal(), ReadSystem())


def test_without_applications_no_file_is_read() -> None:
    assert questions(spec_of({})) == (ReadJournal(), ReadSystem())


def test_iis_is_asked_only_when_a_site_is_declared() -> None:
    service = {"web_config": "D:/services/web.config", "machine_key": "portal"}
    assert not any("inetsrv" in path for path in files_of({"service": service}))
    assert "D:\\services\\web.config" in files_of({"service": service})
    assert sum("inetsrv" in path for path in files_of({"service": service, "portal": PORTAL})) == 2


def test_every_application_above_is_asked_for() -> None:
    asked = questions(spec_of({"deep": {**PORTAL, "path": "/a/b/c"}}))
    pointers = [
        question.at for question in asked if isinstance(question, ReadFile) and isinstance(question.at, Pointer)
    ]
    paths = [pointer.walk[1].value for pointer in pointers if pointer.attribute == "physicalPath"]
    assert paths == ["/a/b/c", "/", "/a", "/a/b"]


def test_an_observation_names_its_node_its_spec_and_the_clock(node: Node) -> None:
    spec = spec_of()
    observation = node.observe(spec)
    assert (observation.node, observation.state, observation.spec) == ("web1", State.OBSERVED, spec.digest())
    assert observation.clock == NOW
    assert (observation.unfinished, observation.confirmed, observation.holder) == (None, None, None)


def test_an_unfinished_run_is_seen_with_the_holder_of_the_lock(node: Node) -> None:
    spec = spec_of()
    node.ask(render.stage(spec, plan_of(spec, node.observe(spec)), "run-1", "operator")).raise_for_error()
    observation = node.observe(spec)
    assert (observation.unfinished, observation.confirmed) == ("run-1", None)
    assert observation.holder == f"operator, since {to_instant(NOW)}"


def test_the_run_that_was_confirmed_last_is_seen(node: Node) -> None:
    spec = spec_of()
    node.roll_out(spec, plan_of(spec, node.observe(spec)))
    observation = node.observe(spec)
    assert (observation.unfinished, observation.confirmed, observation.holder) == (None, "run-1", None)


def test_fingerprints_tell_what_is_there_and_what_is_wanted(node: Node) -> None:
    spec = spec_of()
    (subject,) = node.observe(spec).subjects
    assert (subject.found, subject.wanted) == (None, spec.machine_keys["portal"].fingerprint)
    (after,) = node.roll_out(spec, plan_of(spec, node.observe(spec))).subjects
    assert after.found == after.wanted == subject.wanted
    assert after.target == "C:\\inetpub\\portal\\web.config"


def test_the_key_in_effect_may_be_inherited(node: Node) -> None:
    node.replace(ROOT, '<compilation defaultLanguage="vb"/>', f"<machineKey {EQUAL}/>")
    (subject,) = node.observe(spec_of()).subjects
    assert subject.found == subject.wanted
    assert subject.differences  # it must be the application's own all the same


def test_a_file_that_cannot_be_read_is_a_refusal_that_names_its_path(farm_node: Node, deny: Deny) -> None:
    deny("C:\\services\\web.config")
    assert refusals(farm_node) == {
        "portal": None,
        "shop": None,
        "service": f"C:\\services\\web.config cannot be read: access to the file is denied; {ADVICE['access_denied']}",
    }


def test_a_file_that_another_one_names_is_refused_as_such(farm_node: Node, deny: Deny) -> None:
    deny("C:\\inetpub\\portal\\web.config")
    refused = refusals(farm_node)
    told = "the file that IIS or configSource names cannot be read: access to the file is denied"
    assert refused["portal"] == f"{told}; {ADVICE['access_denied']}"
    assert (refused["shop"], refused["service"]) == (None, None)


def test_a_parent_that_cannot_be_read_is_the_refusal_of_those_below_it(farm_node: Node, deny: Deny) -> None:
    deny("C:\\inetpub\\wwwroot\\web.config")
    refused = refusals(farm_node)
    assert refused["portal"] == refused["shop"]
    assert "cannot be read" in (refused["portal"] or "")
    assert refused["service"] is None


def test_a_runtime_that_cannot_be_read_is_the_refusal_of_those_that_load_it(farm_node: Node, deny: Deny) -> None:
    farm_node.replace(HOST, '<add name="Shop" />', '<add name="Shop" enable32BitAppOnWin64="true" />')
    deny("C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\Config\\machine.config")
    refused = refusals(farm_node)
    assert "Framework64\\v4.0.30319\\Config\\machine.config cannot be read" in (refused["portal"] or "")
    assert (refused["shop"], refused["service"]) == (None, refused["portal"])


def test_without_the_sites_of_iis_only_a_declared_file_is_seen(farm_node: Node, deny: Deny) -> None:
    deny(HOST)
    refused = refusals(farm_node)
    assert "applicationHost.config cannot be read" in (refused["portal"] or "")
    assert (refused["shop"], refused["service"]) == (refused["portal"], None)


def test_a_web_config_that_is_a_link_is_refused_by_its_path(farm_node: Node, mark: Mark) -> None:
    mark("C:\\services\\web.config", "hidden", "reparse_point")
    assert refusals(farm_node) == {
        "portal": None,
        "shop": None,
        "service": "C:\\services\\web.config is a link, which a switch would replace; declare the file behind it",
    }
    assert "C:\\services\\web.config" not in {change.place for change in farm_node.observe(spec_of(THREE)).to_stage}


def test_a_link_that_iis_or_config_source_names_is_refused_by_its_path(farm_node: Node, mark: Mark) -> None:
    moved = '<system.web><machineKey configSource="keys.config"/></system.web>'
    farm_node.write("C:\\inetpub\\shop\\web.config", f"<configuration>{moved}</configuration>")
    farm_node.write("C:\\inetpub\\shop\\keys.config", f"<machineKey {OLD}/>")
    mark("C:\\inetpub\\portal\\web.config", "reparse_point")
    mark("C:\\inetpub\\shop\\keys.config", "reparse_point")
    refused = refusals(farm_node)
    assert (refused["portal"] or "").startswith("C:\\inetpub\\portal\\web.config is a link")
    assert (refused["shop"] or "").startswith("C:\\inetpub\\shop\\keys.config is a link")
    assert refused["service"] is None


def test_other_attributes_of_a_file_are_no_reason_to_refuse_it(farm_node: Node, mark: Mark) -> None:
    mark("C:\\services\\web.config", "read_only", "hidden", "system", "compressed", "encrypted")
    assert refusals(farm_node)["service"] is None


def test_a_node_that_can_read_no_file_still_tells_its_journal_and_clock(node: Node) -> None:
    fail(node, "file.read")
    observation = node.observe(spec_of())
    assert (observation.state, observation.clock, observation.to_stage) == (State.OBSERVED, NOW, ())
    assert all(subject.refusal for subject in observation.subjects)


@pytest.mark.parametrize("operation", ["journal.read", "system.read"])
def test_a_node_that_cannot_tell_its_journal_or_clock_is_not_observed(node: Node, operation: str) -> None:
    fail(node, operation)
    with pytest.raises(NodeError) as caught:
        node.observe(spec_of())
    assert caught.value.code == "access_denied"


def test_a_node_that_did_not_commit_is_not_observed(node: Node) -> None:
    spec = spec_of()
    node_plan = plan_of(spec, node.observe(spec))
    with pytest.raises(NodeError) as caught:
        observe(spec, node.ask(render.commit(spec, node_plan, "run-1", 1, NOW)))
    assert caught.value.code == "generation"


OLDER = {"validation": "SHA1", "compatibility_mode": "omit"}


@pytest.mark.parametrize("key", [OLDER, {**OLDER, "compatibility_mode": "Framework20SP2"}])
def test_a_pool_of_net_2_takes_a_key_that_it_knows(node: Node, key: dict[str, str]) -> None:
    node.replace(HOST, '<add name="Portal" />', '<add name="Portal" managedRuntimeVersion="v2.0" />')
    spec = spec_with(key)
    assert [subject.refusal for subject in node.observe(spec).subjects] == [None]
    assert node.roll_out(spec, plan_of(spec, node.observe(spec))).to_stage == ()


def test_a_mode_that_the_runtime_sets_cannot_be_left_out(node: Node) -> None:
    (subject,) = node.observe(spec_with(OLDER)).subjects  # the sandbox sets targetFramework, which is no mode
    assert subject.refusal is None
    node.replace(ROOT, '<compilation defaultLanguage="vb"/>', '<machineKey compatibilityMode="Framework20SP1"/>')
    (subject,) = node.observe(spec_with(OLDER)).subjects
    assert (subject.refusal or "").startswith("root web.config sets compatibilityMode")


def test_an_answer_to_other_questions_is_no_observation(node: Node) -> None:
    response = node.ask(render.observe(spec_of({}), "looking"))
    (subject,) = observe(spec_of(), response).subjects
    assert "lacks what was asked" in (subject.refusal or "")


def test_no_secret_of_the_spec_or_the_node_is_in_an_observation(node: Node) -> None:
    node.write(
        "C:\\inetpub\\portal\\web.config",
        f'<configuration><add connectionString="{PASSWORD}"/><system.web><machineKey {OLD} validation="{PASSWORD}"'
        f' compatibilityMode="{PASSWORD}" applicationName="{PASSWORD}" x="{PASSWORD}"/></system.web></configuration>',
    )
    spec = spec_of()
    observation = node.observe(spec)
    assert len(observation.subjects[0].differences) == 7
    assert planted_in(json.dumps(observation.to_json())) == []
    assert planted_in(repr(observation)) == []
    assert planted_in(repr(spec)) == []


def test_the_hunt_for_secrets_finds_each_of_them_in_each_form() -> None:
    for secret in PLANTED:
        assert secret in planted_in(f"<{secret}>")
        assert secret in planted_in(secret.lower().encode("utf-16-le"))
        for offset in range(3):
            assert secret in planted_in(base64.b64encode(b"." * offset + secret.encode() + b"/"))


def test_the_hunt_finds_the_keys_in_the_request_that_carries_them(node: Node) -> None:
    spec = spec_of()
    request = render.stage(spec, plan_of(spec, node.observe(spec)), "run", "operator")
    assert planted_in(request.to_json()) == list(PLANTED[:2])


def test_an_observation_that_failed_survives_json() -> None:
    failed = Observation(node="web1", state=State.UNREACHABLE, cause="no route", hint="look at the cable")
    assert Observation.from_json(json.loads(json.dumps(failed.to_json()))) == failed


def test_a_response_with_an_error_is_told_by_its_code() -> None:
    request = render.observe(spec_of({}), "run")
    failed = error_result(NodeError("io", "the file system failed"))
    with pytest.raises(NodeError, match="file system"):
        observe(spec_of({}), Response.from_json(to_text([failed] * len(request.operations)), request))
