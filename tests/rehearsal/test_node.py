"""What a sandbox node alone would not show as its original does, and what is done about it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keydeploy.errors import NodeError
from keydeploy.node import layout, paths
from keydeploy.node.contract import (
    Answer,
    AppPoolList,
    AppPoolSettings,
    ContainerState,
    FileState,
    JournalState,
    ListAppPools,
    ListBindings,
    ListCertificates,
    ReadAccount,
    ReadContainer,
    ReadFile,
    Reading,
    ReadRegistry,
    Response,
)
from keydeploy.observation import questions
from keydeploy.rehearsal import Copied, Copyist
from tests.engine import beside
from tests.engine.beside import SandboxAtWork
from tests.engine.declaring import certificate, container, issued
from tests.engine.farm import DECRYPTION_KEY, OTHER_KEYS, PASSWORD, VALIDATION_KEY
from tests.node.contract.under_test import SandboxNode
from tests.observation.farm import CSP, KSP, TIMEOUT
from tests.rehearsal.copying import Copy, folder_in

HOST = "C/Windows/System32/inetsrv/config/applicationHost.config"
KEYS = {"portal": {"validation_key": VALIDATION_KEY, "decryption_key": DECRYPTION_KEY}}
PORTAL = {"site": "Default Web Site", "path": "/portal"}
DENIED = NodeError("access_denied", "access is denied")

Change = Callable[[Reading, Answer], Answer | NodeError]


@pytest.fixture
def original(tmp_path: Path) -> Path:
    layout.create(tmp_path / "web1", {"/portal": OTHER_KEYS})
    return tmp_path / "web1"


def copy_of(original: Path, **value: Any) -> Copy:
    return Copy(folder_in(original.parent), original, {"machine_keys": KEYS, **value})


def answering(copy: Copy, change: Change) -> None:
    """Make the copy of a node that answers as the original with *change*."""
    response = copy.ask(copy.original, copy.spec)
    answers = [(each, change(each, response.to(each, each.answer))) for each in questions(copy.spec)]
    copy.__dict__["copied"] = copied_from(copy, Response(answers))


def copied_from(copy: Copy, response: Response, ahead: float = 0.0) -> Copied:
    """Make the copy of a node that answered *response*, with a clock that is *ahead*."""
    copyist = Copyist(copy.folder, copy.spec)
    copyist.declare(copy.value)
    return copyist.copy(response, ahead=ahead, accepted=False)


def failing(*kinds: type) -> Change:
    """Let the node be unable to answer questions of these kinds."""
    return lambda question, answer: DENIED if isinstance(question, kinds) else answer


def write_in(file: Path, old: str, new: str) -> None:
    text = file.read_bytes().decode()
    assert old in text
    file.write_bytes(text.replace(old, new).encode())


def refused(copy: Copy) -> set[str]:
    """Answer the addresses that are refused on the copy."""
    return {each["address"] for each in copy.plan_of_the_copy() if each["refusal"]}


def test_a_folder_behind_a_variable_that_only_the_node_knows_is_found(
    original: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_in(original / HOST, "%SystemDrive%\\inetpub\\portal", "%SITES%\\portal &amp; more")
    (original / "C/inetpub/portal").rename(original / "C/portal & more")
    copy = copy_of(original, applications={"portal": {**PORTAL, "machine_key": "portal"}})
    with monkeypatch.context() as there:
        there.setitem(paths.ENVIRONMENT, "sites", "C:")
        response = copy.ask(original, copy.spec)
        wanted = copy.plan_of_the_original()
    copy.__dict__["copied"] = copied_from(copy, response)

    assert copy.copied.unlike == ()
    assert copy.plan_of_the_copy() == wanted
    assert wanted[0]["target"] == "C:\\portal & more\\web.config"
    assert 'physicalPath="C:\\portal &amp; more"' in (copy.root / HOST).read_text("utf-8")


def test_pools_are_made_up_where_their_file_was_not_asked_for(original: Path) -> None:
    write_in(original / HOST, '"ApplicationPoolIdentity"', '"SpecificUser" userName="C\\&quot;x"')
    copy = copy_of(original, key_containers={"Sections": container("portal")})

    assert copy.copied.unlike == ()
    here, there = copy.ask(copy.root, copy.stand_in_spec), copy.ask(original, copy.spec)
    assert here.to(ListAppPools(), AppPoolList) == there.to(ListAppPools(), AppPoolList)


@pytest.mark.parametrize("wanted", [True, False])
def test_settings_that_a_schema_takes_for_granted_are_added(wanted: bool, original: Path) -> None:
    write_in(original / HOST, ' loadUserProfile="true" setProfileEnvironment="false"', "")
    granted = AppPoolSettings(load_user_profile=True, set_profile_environment=True)

    def grant(_: Reading, answer: Answer) -> Answer:
        if not isinstance(answer, AppPoolList):
            return answer
        return AppPoolList(app_pools=tuple(replace(pool, settings=granted) for pool in answer.app_pools))

    copy = copy_of(original, applications={"portal": {**PORTAL, "app_pool": {"load_user_profile": wanted}}})
    answering(copy, grant)

    assert copy.copied.unlike == ()
    (operation,) = copy.plan_of_the_copy()
    assert [each["found"] for each in operation["differences"]] == ([] if wanted else ["true"])


def test_values_of_the_registry_that_are_no_numbers_are_made_up(original: Path) -> None:
    registry = json.loads((original / "registry.json").read_text("utf-8"))
    registry["64"][CSP] = {TIMEOUT: {"kind": "string", "data": PASSWORD}}
    registry["64"][KSP] = {TIMEOUT: {"kind": "multi_string", "data": [PASSWORD]}}
    registry["32"][CSP] = {TIMEOUT: {"kind": "binary", "data": "c2VjcmV0"}}
    (original / "registry.json").write_text(json.dumps(registry), "utf-8")
    copy = copy_of(original, smart_cards={"transaction_timeout": "100ms"})

    assert copy.copied.unlike == ()
    text = (copy.root / "registry.json").read_text("utf-8")
    assert PASSWORD not in text
    assert "c2VjcmV0" not in text
    assert {json.loads(text)["64"][key][TIMEOUT]["kind"] for key in (CSP, KSP)} == {"string", "multi_string"}


def test_a_container_that_may_not_be_opened_may_not_be_opened_in_the_copy(original: Path) -> None:
    copy = copy_of(original, key_containers={"Sections": container("portal")})
    denied = ContainerState(state="denied")
    answering(copy, lambda question, answer: denied if isinstance(question, ReadContainer) else answer)

    assert copy.copied.unlike == ()
    assert refused(copy) == {"key_containers.Sections"}


def test_a_link_in_place_of_a_file_is_refused_in_the_copy(original: Path) -> None:
    def link(_: Reading, answer: Answer) -> Answer:
        is_own = isinstance(answer, FileState) and (answer.path or "").endswith("portal\\web.config")
        return replace(answer, attributes=("reparse_point",)) if is_own and isinstance(answer, FileState) else answer

    copy = copy_of(original, applications={"portal": {**PORTAL, "machine_key": "portal"}})
    answering(copy, link)

    assert copy.copied.unlike == ()
    assert refused(copy) == {"applications.portal.machine_key"}


@pytest.mark.parametrize(
    "kind", [ReadFile, ReadRegistry, ReadAccount, ReadContainer, ListCertificates, ListBindings, ListAppPools]
)
def test_what_the_node_could_not_answer_its_copy_cannot_answer_either(kind: type, original: Path) -> None:
    beside.add(SandboxAtWork(original), issued("bound"))
    copy = copy_of(
        original,
        smart_cards={"transaction_timeout": "100ms"},
        key_containers={"Sections": container("portal", readers=["CONTOSO\\portal"])},
        certificates={"tls": certificate(issued("tls"), readers=[])},
        bindings=[{"site": "Default Web Site", "certificate": "tls"}],
        applications={"portal": {**PORTAL, "machine_key": "portal", "app_pool": {"load_user_profile": True}}},
    )
    answering(copy, failing(kind))

    assert copy.copied.unlike == ()
    assert refused(copy)


def test_the_address_under_which_a_copy_is_not_like_its_node_is_told(original: Path) -> None:
    copy = copy_of(original, smart_cards={"transaction_timeout": "100ms"})
    answering(
        copy,
        lambda question, answer: DENIED if isinstance(question, ReadRegistry) and question.key == CSP else answer,
    )

    assert copy.copied.unlike == ("smart_cards.transaction_timeout.ksp",)


def test_a_run_that_is_unfinished_on_the_node_is_told_and_its_copy_is_at_rest(original: Path) -> None:
    def unfinished(_: Reading, answer: Answer) -> Answer:
        return replace(answer, run="run-7", phase="staged") if isinstance(answer, JournalState) else answer

    copy = copy_of(original, applications={"portal": {**PORTAL, "machine_key": "portal"}})
    answering(copy, unfinished)

    assert copy.copied.unfinished == "run-7"
    assert copy.ask(copy.root, copy.stand_in_spec).journal().run is None


def test_the_copy_keeps_the_time_of_its_node(original: Path) -> None:
    copy = copy_of(original, applications={"portal": {**PORTAL, "machine_key": "portal"}})
    copied_from(copy, copy.ask(original, copy.spec), ahead=123.456)
    behaviour = json.loads((copy.folder.node("web1") / "sandbox.json").read_text("utf-8"))

    assert behaviour["clock_offset"] == 123.5


def test_looking_leaves_no_trace_on_the_original(original: Path) -> None:
    before = SandboxNode.tree(SandboxAtWork(original))
    copy = copy_of(original, key_containers={"Sections": container("portal")}, applications={"portal": PORTAL})

    assert copy.copied
    assert SandboxNode.tree(SandboxAtWork(original)) == before
