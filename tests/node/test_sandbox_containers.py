"""What the containers and certificates of the embedded node promise beyond the contract."""

import json
import stat
from pathlib import Path
from typing import Any, NoReturn

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from keydeploy.node.contract import Commit, ListCertificates, ReadContainer, RollBack, StageContainer
from keydeploy.node.sandbox import containers as containers_module
from keydeploy.node.sandbox.containers import unique_name
from tests.node.contract.asking import done, journal_of, refusal, refused, roll_out, stage, switch
from tests.node.contract.material import NOT_AFTER, NOT_BEFORE, left_of, parts, rsa_key, self_signed, thumbprint
from tests.node.contract.test_certificates import adding, key_of
from tests.node.contract.test_certificates import prepare as prepare_certificate
from tests.node.contract.test_containers import (
    ACCESS,
    OTHER_ACCESS,
    container,
    creating,
    holds,
    look,
    names,
    prepare,
    seen,
)
from tests.node.contract.under_test import SandboxNode

NAME = "PortalConfiguration"


@pytest.fixture
def node(tmp_path: Path) -> SandboxNode:
    return SandboxNode(tmp_path / "web1")


def file_of(node: SandboxNode) -> Path:
    (file,) = (node.root / "containers").iterdir()
    return file


def alter(file: Path, **values: Any) -> None:
    """Let somebody else change what the JSON *file* says."""
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("NetFrameworkConfigurationKey", "d6d986f09a1ee04e24c949879fdb506c"),
        ("iisConfigurationKey", "6de9cb26d2b98c01ec4e9e8b34824aa2"),
        ("iisWasKey", "76944fb33636aeddb9590521c2e8815a"),
    ],
)
def test_a_container_is_called_as_windows_calls_its_file(name: str, published: str) -> None:
    assert unique_name(name, "guid") == f"{published}_guid"


def test_nodes_differ_in_the_name_of_the_file_alone(tmp_path: Path) -> None:
    first, second = (SandboxNode(tmp_path / name) for name in ("web1", "web2"))
    shown = []
    for node in (first, second):
        prepare(node, NAME)
        shown.append(look(node, NAME))
    assert shown[0].pop("unique_name") != shown[1].pop("unique_name")
    assert shown[0] == shown[1]


def test_a_key_is_for_the_owner_alone(node: SandboxNode) -> None:
    prepare(node, NAME)
    assert stat.S_IMODE(file_of(node).stat().st_mode) == 0o600
    assert stat.S_IMODE(file_of(node).parent.stat().st_mode) == 0o700


def test_a_key_lies_in_its_container_and_nowhere_else(node: SandboxNode) -> None:
    observed = prepare(node, NAME, exportable=True)
    roll_out(node, StageContainer(NAME, observed, container("second")))
    tree = {str(file): file.read_bytes() for file in node.root.rglob("*") if file.is_file()}
    assert [place for place in left_of(tree, "first") if not place.endswith(".before")] == []
    assert left_of(tree, "second") == [str(file_of(node))]


@pytest.mark.parametrize("provider_type", [1, 12, 24])
def test_a_container_tells_its_provider(node: SandboxNode, provider_type: int) -> None:
    roll_out(node, StageContainer(NAME, None, container("first", provider_type=provider_type)))
    assert look(node, NAME)["provider_type"] == provider_type
    assert look(node, NAME)["provider"].startswith("Microsoft ")


def test_a_container_without_a_key_is_as_good_as_none(node: SandboxNode) -> None:
    prepare(node, NAME)
    alter(file_of(node), public_key=None, key=None)
    assert look(node, NAME)["state"] == "keyless"
    assert refused(node, StageContainer(NAME, None, container(None))) == "changed"
    stage(node, creating(NAME, "second"))
    switch(node)
    assert holds(node, NAME, "second")
    done(node, RollBack())
    assert look(node, NAME)["state"] == "keyless"


def test_a_container_that_may_not_be_opened_is_not_absent(node: SandboxNode, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_file: Path) -> NoReturn:
        raise PermissionError

    prepare(node, NAME)
    monkeypatch.setattr(containers_module, "read_json", refuse)
    assert done(node, ReadContainer(NAME))["state"] == "denied"
    assert refused(node, creating(NAME)) == "access_denied"


def test_a_container_whose_access_somebody_changed_since_it_was_staged_is_left(node: SandboxNode) -> None:
    observed = prepare(node, NAME)
    stage(node, StageContainer(NAME, observed, container("second"), parts("first")))
    alter(file_of(node), sddl=OTHER_ACCESS)
    assert refusal(node, Commit(node.clock(), 2.0)) == "changed"
    done(node, RollBack())
    assert (holds(node, NAME, "first"), look(node, NAME)["sddl"]) == (True, OTHER_ACCESS)


def test_a_container_whose_access_somebody_changed_after_the_commit_is_left(node: SandboxNode) -> None:
    observed = prepare(node, NAME)
    stage(node, StageContainer(NAME, observed, container("second"), parts("first")))
    switch(node)
    alter(file_of(node), sddl=OTHER_ACCESS)
    assert refusal(node, RollBack()) == "changed"
    assert holds(node, NAME, "second")
    alter(file_of(node), sddl=ACCESS)
    done(node, RollBack())
    assert seen(node, NAME) == observed


def test_a_run_whose_key_is_lost_ends_once_somebody_has_brought_the_key(node: SandboxNode) -> None:
    observed = prepare(node, NAME)
    kept = file_of(node).read_text()
    stage(node, StageContainer(NAME, observed, container("second")))
    switch(node)
    assert refusal(node, RollBack()) == "irreversible"
    file_of(node).write_text(kept)
    done(node, RollBack())
    assert (holds(node, NAME, "first"), journal_of(node)["run"]) == (True, None)


def test_a_key_that_stays_can_become_exportable_and_go_back(node: SandboxNode) -> None:
    observed = prepare(node, NAME)
    stage(node, StageContainer(NAME, observed, container("first", exportable=True)))
    switch(node)
    assert look(node, NAME)["exportable"] is True
    done(node, RollBack())
    assert look(node, NAME)["exportable"] is False


def test_what_a_crash_left_beside_a_container_is_none(node: SandboxNode) -> None:
    prepare(node, NAME)
    file_of(node).with_suffix(".new").write_text("cut")
    assert names(node, "") == [NAME]


# Certificates


def test_a_key_of_another_kind_of_link_is_not_tried(node: SandboxNode) -> None:
    certificate = self_signed("first")
    prepare_certificate(node, certificate, NAME)
    file = node.root / "certificates/My" / f"{thumbprint(certificate)}.json"
    link = json.loads(file.read_text())["link"]
    alter(file, link={**link, "machine": False})
    assert key_of(node, certificate, prove=True)["usable"] is None


def test_a_certificate_lies_in_its_store(node: SandboxNode) -> None:
    certificate = self_signed("first")
    roll_out(node, adding(certificate, store="Root"))
    assert [file.name for file in (node.root / "certificates/Root").iterdir()] == [f"{thumbprint(certificate)}.json"]


@pytest.mark.parametrize(
    ("attributes", "written"),
    [
        ([(NameOID.COUNTRY_NAME, "DE"), (NameOID.COMMON_NAME, "web")], "CN=web, C=DE"),
        ([(NameOID.ORGANIZATION_NAME, "Contoso, Ltd.")], 'O="Contoso, Ltd."'),
        ([(NameOID.COMMON_NAME, 'the "web"')], 'CN="the ""web"""'),
        ([(NameOID.STATE_OR_PROVINCE_NAME, "Bayern"), (NameOID.EMAIL_ADDRESS, "a@b.c")], "E=a@b.c, S=Bayern"),
        ([(NameOID.POSTAL_CODE, "1")], "PostalCode=1"),
        ([(x509.ObjectIdentifier("2.5.4.97"), "1")], "OID.2.5.4.97=1"),
        ([], ""),
    ],
)
def test_a_name_is_written_as_windows_writes_it(
    node: SandboxNode, attributes: list[tuple[x509.ObjectIdentifier, str]], written: str
) -> None:
    name = x509.Name([x509.NameAttribute(*attribute) for attribute in attributes])
    key = rsa_key("first")
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), NOT_BEFORE, NOT_AFTER)
    ).sign(key, hashes.SHA256())
    roll_out(node, adding(certificate))
    (found,) = done(node, ListCertificates("My"))["certificates"]
    assert (found["subject"], found["issuer"]) == (written, written)
