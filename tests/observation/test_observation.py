"""What is asked of a node, and what its answer becomes."""

import base64
import json
from pathlib import Path

import pytest

from keydeploy import render
from keydeploy.errors import NodeError
from keydeploy.node.contract import Pointer, ReadFile, ReadJournal, ReadSystem, Response
from keydeploy.observation import Observation, State, observe, questions
from tests.observation.farm import EQUAL, NOW, OLD, PASSWORD, PLANTED, PORTAL, Node, plan_of, planted_in, spec_of


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "web1", {"/portal": None})


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
    assert observation.unfinished is None


def test_an_unfinished_run_is_seen(node: Node) -> None:
    spec = spec_of()
    node.ask(render.stage(spec, plan_of(spec, node.observe(spec)), "run-1", "operator")).raise_for_error()
    assert node.observe(spec).unfinished == "run-1"


def test_fingerprints_tell_what_is_there_and_what_is_wanted(node: Node) -> None:
    spec = spec_of()
    (subject,) = node.observe(spec).subjects
    assert (subject.found, subject.wanted) == (None, spec.machine_keys["portal"].fingerprint)
    (after,) = node.roll_out(spec, plan_of(spec, node.observe(spec))).subjects
    assert after.found == after.wanted == subject.wanted
    assert after.target == "C:\\inetpub\\portal\\web.config"


def test_the_key_in_effect_may_be_inherited(node: Node) -> None:
    root = "C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\Config\\web.config"
    node.replace(root, '<compilation defaultLanguage="vb"/>', f"<machineKey {EQUAL}/>")
    (subject,) = node.observe(spec_of()).subjects
    assert subject.found == subject.wanted
    assert subject.differences  # it must be the application's own all the same


def test_a_node_that_cannot_read_a_file_is_not_observed(node: Node) -> None:
    faults = [{"at": "file.read", "do": "fail", "code": "access_denied"}]
    node.file("C:\\").with_name("sandbox.json").write_text(json.dumps({"faults": faults}))
    with pytest.raises(NodeError) as caught:
        node.observe(spec_of())
    assert caught.value.code == "access_denied"


def test_an_answer_to_other_questions_is_no_observation(node: Node) -> None:
    response = node.ask(render.observe(spec_of({}), "looking"))
    with pytest.raises(ValueError, match="zip"):
        observe(spec_of(), response)


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
    text = '{"contract": 1, "results": [{"error": {"code": "io", "message": "the file system failed"}}]}'
    with pytest.raises(NodeError, match="file system"):
        observe(spec_of({}), Response.from_json(text))
